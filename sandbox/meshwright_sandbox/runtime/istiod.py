"""Runs istiods (``pilot-discovery``) outside the cluster that they serve.

Each listens on an address of the cluster's pod range inside the sandbox's network, and serves with
a certificate of the development CA, which is also the CA by which it signs workload certificates
(https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meshwright_sandbox.runtime.certificates import CertificateAuthority
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.probing import answers_well
from meshwright_sandbox.runtime.processes import ProcessTable, collection

NAMESPACE = "istio-system"
WEBHOOK_PORT = 15017
# The pods that run an istiod, by whichever installer; kwok leaves them to the sandbox.
POD_SELECTOR = "app=istiod"


@dataclass(frozen=True)
class Istiod:
    """What tells one istiod from another.

    ``name`` tells it from the cluster's other istiods, ``address`` is where it listens,
    ``environment`` its settings (https://istio.io/latest/docs/reference/commands/pilot-discovery/).
    """

    name: str
    revision: str
    address: str
    cluster_name: str
    environment: Mapping[str, str]
    namespace: str = NAMESPACE

    def serving_names(self) -> list[str]:
        """The names that webhooks and proxies dial."""
        services = ["istiod"]
        if self.revision not in ("", "default"):
            services.append(f"istiod-{self.revision}")
        names = [f"{s}.{self.namespace}{end}" for s in services for end in (".svc", "")]
        return [*names, self.address]


class Istiods:
    """The istiods of one cluster."""

    def __init__(
        self,
        group: str,
        folder: Path,
        *,
        tools: Path,
        kubeconfig: Path,
        authority: CertificateAuthority,
        network: Network,
        processes: ProcessTable,
    ) -> None:
        """``group`` prefixes the names of their processes, ``folder`` holds their files."""
        self._group = group
        self._folder = folder
        self._tools = tools
        self._kubeconfig = kubeconfig
        self._authority = authority
        self._network = network
        self._processes = processes

    def running(self, name: str) -> bool:
        """Whether the istiod of that name runs."""
        return self._processes.get(self._process(name)) is not None

    def log_path(self, name: str) -> Path:
        return self._processes.log_path(self._process(name))

    def run_istiod(self, istiod: Istiod) -> None:
        """Start it unless it runs, or has an address that only a namespace could give it."""
        if self.running(istiod.name) or not self._can_listen(istiod.address):
            return
        folder = self._folder / istiod.name
        self._write_certificates(istiod, folder)
        self._processes.spawn(
            self._process(istiod.name),
            self._network.command(self._command(istiod, folder)),
            environment=_environment(istiod, folder),
            directory=folder,
        )

    def answers(self, istiod: Istiod) -> bool:
        """Whether it is ready; one that cannot run on this machine is not waited for."""
        if not self._can_listen(istiod.address):
            return True
        return answers_well(self._network, [f"http://{istiod.address}:8080/ready"])

    def end_istiods(self, prefix: str, keep: set[str]) -> None:
        """End those whose name starts with ``prefix`` and is not in ``keep``."""
        kept = {self._process(name) for name in keep}
        entries = self._processes.entries(self._process(prefix))
        self._processes.stop(*(e for e in entries if e.name not in kept))

    def _can_listen(self, address: str) -> bool:
        return self._network.kind != "host" or ipaddress.ip_address(address).is_loopback

    def _process(self, name: str) -> str:
        return f"{self._group}/{name}"

    def _write_certificates(self, istiod: Istiod, folder: Path) -> None:
        serving = self._authority.issue(istiod.serving_names())
        root = self._authority.certificate
        for name, text in {
            "tls.crt": serving.certificate,
            "tls.key": serving.key,
            "cacerts/ca-cert.pem": root,
            "cacerts/ca-key.pem": self._authority.key,
            "cacerts/cert-chain.pem": root,
            "cacerts/root-cert.pem": root,
        }.items():
            write_private(folder / name, text)

    def _command(self, istiod: Istiod, folder: Path) -> list[str]:
        address = istiod.address
        return [
            str(self._tools / "pilot-discovery"),
            "discovery",
            f"--kubeconfig={self._kubeconfig}",
            f"--clusterID={istiod.cluster_name}",
            "--domain=cluster.local",
            f"--httpAddr={address}:8080",
            f"--grpcAddr={address}:15010",
            f"--secureGRPCAddr={address}:15012",
            f"--httpsAddr={address}:{WEBHOOK_PORT}",
            f"--monitoringAddr={address}:15014",
            f"--ctrlz_address={address}",
            f"--tlsCertFile={folder / 'tls.crt'}",
            f"--tlsKeyFile={folder / 'tls.key'}",
            f"--caCertFile={folder / 'cacerts' / 'root-cert.pem'}",
            "--keepaliveMaxServerConnectionAge=30m",
            "--shutdownDuration=1s",
            "--profile=false",
        ]


def _environment(istiod: Istiod, folder: Path) -> dict[str, str]:
    return {
        **istiod.environment,
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
        "POD_NAMESPACE": istiod.namespace,
        "POD_NAME": istiod.name,
        "SERVICE_ACCOUNT": "istiod",
        "REVISION": istiod.revision or "default",
        "CLUSTER_ID": istiod.cluster_name,
        "PILOT_CERT_PROVIDER": "istiod",
        "ROOT_CA_DIR": str(folder / "cacerts"),
        # Filters that only Istio's own build of Envoy has.
        "PILOT_ENABLE_METADATA_EXCHANGE": "false",
        "PILOT_ENABLE_ALPN_FILTER": "false",
        # kwok would report a sidecar among the init containers as finished.
        "ENABLE_NATIVE_SIDECARS": "false",
        "GOGC": collection(),
    }
