"""Flagger on a cluster of the sandbox, which judges a service as its users do.

https://docs.flagger.app/tutorials/istio-progressive-delivery
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes import client

from meshwright_sandbox.runtime.kube import Kubectl
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.traffic.echo import PORT
from meshwright_sandbox.traffic.metrics import Prometheus
from meshwright_toolchain import module_dir
from tests.mesh.harness import MeshCluster, gateway_selector
from tests.mesh.shop import GATEWAY, SERVICE

HOST = "flagger.example.com"
_NAMESPACE = "flagger"
_NAME = "cluster/flagger"  # as the runtime's own processes, so that it ends with them
_LOOP = "1s"
_DOOR, _OWN_PORT = 8080, 10080
_LONGEST_SECONDS = 240
_CANARIES = ("flagger.app", "v1beta1", _NAMESPACE, "canaries")


class Flagger:
    """One Flagger, and a service whose new versions it tries."""

    host = HOST

    def __init__(
        self, runtime: LocalRuntime, cluster: MeshCluster, prometheus: Prometheus, error_rate: float
    ) -> None:
        self._runtime, self._cluster, self._prometheus = runtime, cluster, prometheus
        self._error_rate, self._versions = error_rate, 0
        self._objects = client.CustomObjectsApi(cluster.api)

    @contextmanager
    def running(self) -> Iterator[Flagger]:
        """Flagger beside the cluster, with its administrator's rights."""
        runtime, record = self._runtime, self._cluster.traffic.record
        crds = module_dir("flagger") / "artifacts" / "flagger" / "crd.yaml"
        kubectl = Kubectl(runtime.tools, runtime.kubeconfig(record))
        kubectl.apply(crds.read_text(encoding="utf-8"))
        kubectl.run("wait", "--for=condition=Established", f"--filename={crds}")
        command = [
            str(runtime.tools / "flagger"), "-mesh-provider=istio", "-log-level=info",
            f"-kubeconfig={runtime.inner_kubeconfig(record)}",
            f"-metrics-server={self._prometheus.inner_url}", f"-control-loop-interval={_LOOP}",
            f"-port={_OWN_PORT}",
        ]  # fmt: skip
        entry = runtime.processes.spawn(_NAME, runtime.network.command(command))
        try:
            yield self
        finally:
            runtime.processes.stop(entry)

    @property
    def url(self) -> str:
        """Where the gateway's pod takes calls."""
        (pod,) = self._cluster.traffic.pods(_NAMESPACE, GATEWAY)
        return f"http://{pod['status']['podIP']}:{_DOOR}/"

    def open(self, *, interval_seconds: float, share: int) -> None:
        """The service behind a gateway of its own; its first version serves."""
        cluster = self._cluster
        cluster.namespace(_NAMESPACE)
        cluster.deploy(_NAMESPACE, SERVICE)
        cluster.deploy_gateway(_NAMESPACE, GATEWAY)
        server = {"port": {"number": _DOOR, "name": "http", "protocol": "HTTP"}, "hosts": [HOST]}
        spec = {"selector": gateway_selector(_NAMESPACE, GATEWAY), "servers": [server]}
        cluster.create(_NAMESPACE, "Gateway", GATEWAY, spec)
        cluster.wait(_NAMESPACE, SERVICE, GATEWAY)
        canary = {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": SERVICE},
            "spec": _canary(f"{interval_seconds:g}s", share),
        }
        self._objects.create_namespaced_custom_object(*_CANARIES, canary)
        self._until(lambda: self._phase() == "Initialized", "Flagger did not take the service over")

    def release_a_bad_version(self) -> None:
        """A new version that fails; returns once Flagger has taken it back."""
        self._versions += 1
        settings = {
            "ECHO_ERROR_RATE": str(self._error_rate), "RELEASE": str(self._versions),
        }  # fmt: skip
        env = [{"name": name, "value": value} for name, value in settings.items()]
        container = {"name": "app", "env": env}
        body = {"spec": {"template": {"spec": {"containers": [container]}}}}
        apps = client.AppsV1Api(self._cluster.api)
        apps.patch_namespaced_deployment(SERVICE, _NAMESPACE, body)
        self._until(lambda: self._phase() == "Progressing", "Flagger did not see the new version")
        self._until(lambda: self._phase() == "Failed", "Flagger did not take the version back")

    def _phase(self) -> str:
        found = self._objects.get_namespaced_custom_object(*_CANARIES, SERVICE)
        return str(found.get("status", {}).get("phase", ""))

    def _until(self, reached: Callable[[], bool], problem: str) -> None:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not reached():
            if time.monotonic() > deadline or self._runtime.processes.get(_NAME) is None:
                log = self._runtime.processes.log_path(_NAME).read_text(encoding="utf-8")
                sys.exit(f"{problem}: {log[-2000:]}")
            time.sleep(0.2)


def _canary(interval: str, share: int) -> dict[str, Any]:
    return {
        "provider": "istio",
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": SERVICE},
        "progressDeadlineSeconds": _LONGEST_SECONDS,
        "service": {
            "port": 80,
            "targetPort": PORT,
            "gateways": [f"{_NAMESPACE}/{GATEWAY}"],
            "hosts": [HOST],
        },
        "analysis": {
            "interval": interval,
            "threshold": 1,
            "stepWeight": share,
            "maxWeight": share,
            "metrics": [
                {
                    "name": "request-success-rate",
                    "thresholdRange": {"min": 99},
                    "interval": interval,
                }
            ],
        },
    }
