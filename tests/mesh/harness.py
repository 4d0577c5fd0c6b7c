"""A cluster of the sandbox whose pods run, seen from a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes import client

from meshwright_sandbox.runtime.interface import ClusterAccess
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.traffic.calls import Answer, Call
from meshwright_sandbox.traffic.cluster import ClusterTraffic
from meshwright_sandbox.traffic.echo import IMAGE, PORT
from meshwright_sandbox.traffic.istio_machines import IstioMachine
from meshwright_sandbox.traffic.logging_agent import WriteEntries
from meshwright_toolchain import module_dir
from tests.sandbox.runtime.conftest import MESH, PROJECT, connect, request_for

_BOOTSTRAP = "tools/packaging/common/envoy_bootstrap.json"


class MeshCluster:
    """A cluster with the managed mesh, connected to the others of its mesh."""

    def __init__(
        self,
        runtime: LocalRuntime,
        name: str,
        location: str,
        block: int,
        *,
        gateway_api: bool = False,
    ) -> None:
        self.name = name
        wanted = request_for(name, block, location=location, gateway_api=gateway_api)
        access: ClusterAccess = runtime.start(wanted)
        runtime.start_mesh(PROJECT, location, name, MESH)
        self.api = connect(access, runtime.home / f"{name}.pem")
        self.core = client.CoreV1Api(self.api)
        (record,) = (r for r in runtime.records.all() if r.request.name == name)
        self.private_address = record.private_address
        # Machines that there are; those that name this cluster run.
        self.machines: list[IstioMachine] = []
        self.network = runtime.network
        self.kubeconfig = runtime.kubeconfig(record)
        # What takes the log entries of the cluster's pods; a test that reads any sets another.
        self.write_entries: WriteEntries = lambda _: None
        self._new_traffic = partial(
            ClusterTraffic,
            runtime,
            record,
            module_dir("istio") / _BOOTSTRAP,
            write_entries=lambda entries: self.write_entries(entries),
            machines=lambda: list(self.machines),
        )
        self.carry_traffic()
        options = {"metadata": {"name": "asm-options"}, "data": {"multicluster_mode": "connected"}}
        self.core.create_namespaced_config_map("istio-system", options)

    def configure(self, **settings: str) -> None:
        """Change settings of the whole mesh, as an installation of Istio says them."""
        name = f"istio-{MESH.revision}"
        found = self.core.read_namespaced_config_map(name, "istio-system").data["mesh"]
        data = {"mesh": yaml.safe_dump({**yaml.safe_load(found), **settings})}
        self.core.patch_namespaced_config_map(name, "istio-system", {"data": data})

    def carry_traffic(self) -> None:
        """Run the cluster's pods from now on."""
        self.traffic = self._new_traffic()
        self.traffic.start()

    def namespace(self, name: str, **labels: str) -> None:
        """Make a namespace; it is in the mesh unless labels say otherwise."""
        labels = labels or {"istio.io/rev": "asm-managed"}
        self.core.create_namespace({"metadata": {"name": name, "labels": labels}})

    def deploy(
        self,
        namespace: str,
        app: str,
        *,
        account: str = "default",
        version: str = "",
        image: str = "",
        **env: str,
    ) -> None:
        """One echo pod of this app, which says the version, or else the cluster's name."""
        if account != "default":
            self.core.create_namespaced_service_account(namespace, {"metadata": {"name": account}})
        container = {
            "name": "app",
            "image": image or f"{IMAGE}:{self.name}",
            "env": [{"name": name, "value": value} for name, value in env.items()],
            "ports": [{"containerPort": PORT}],
        }
        pod = {"serviceAccountName": account, "containers": [container]}
        self._deploy(namespace, app, pod, {"version": version} if version else {}, {})

    def deploy_gateway(self, namespace: str, app: str) -> None:
        """One pod of nothing but a proxy, which istiod makes a gateway."""
        annotations = {"inject.istio.io/templates": "gateway"}
        pod = {"containers": [{"name": "istio-proxy", "image": "auto"}]}
        labels = {"sidecar.istio.io/inject": "true", **gateway_selector(namespace, app)}
        self._deploy(namespace, app, pod, labels, annotations)

    def _deploy(
        self,
        namespace: str,
        app: str,
        pod: Mapping[str, Any],
        labels: Mapping[str, str],
        annotations: Mapping[str, str],
    ) -> None:
        meta = {"labels": {"app": app, **labels}, "annotations": dict(annotations)}
        body = {
            "metadata": {"name": "-".join(filter(None, (app, labels.get("version"))))},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": meta["labels"]},
                "template": {"metadata": meta, "spec": pod},
            },
        }
        client.AppsV1Api(self.api).create_namespaced_deployment(namespace, body)

    def wait(self, namespace: str, *apps: str) -> None:
        """Until the pods of these apps run, with their proxies."""
        for app in apps:
            self.traffic.wait_until_ready(namespace, app)

    def description(self) -> str:
        """Of each pod that runs its place, its status and its problem; where Services lead."""
        lines = []
        for pod in self.traffic.workloads():
            metadata, status = pod["metadata"], pod["status"]
            ready = [c["status"] for c in status.get("conditions", []) if c["type"] == "Ready"]
            place = f"{metadata['namespace']}/{metadata['name']} {status.get('podIP')}"
            lines.append(f"{place} Ready={ready} problem={self.traffic.problem(pod)!r}")
        slices = client.DiscoveryV1Api(self.api).list_endpoint_slice_for_all_namespaces().items
        for item in slices:
            ends = [(e.addresses, e.conditions.ready) for e in item.endpoints or []]
            lines.append(f"{item.metadata.namespace}/{item.metadata.name}: {ends}")
        return "\n".join(lines)

    def serve(self, namespace: str, app: str) -> None:
        """A Service of the app's pods."""
        ports = [{"name": "http", "port": 80, "targetPort": PORT}]
        spec = {"selector": {"app": app}, "ports": ports}
        self.core.create_namespaced_service(namespace, {"metadata": {"name": app}, "spec": spec})

    def scale(self, namespace: str, app: str, replicas: int) -> None:
        body = {"spec": {"replicas": replicas}}
        client.AppsV1Api(self.api).patch_namespaced_deployment_scale(app, namespace, body)

    def create(self, namespace: str, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        """Make an object of one of Istio's kinds, or a route of the Gateway API."""
        group, plural = _KINDS[kind]
        body = {
            "apiVersion": f"{group}/v1",
            "kind": kind.partition(" ")[0],
            "metadata": {"name": name},
            "spec": dict(spec),
        }
        objects = client.CustomObjectsApi(self.api)
        objects.create_namespaced_custom_object(group, "v1", namespace, plural, body)

    def apply(self, namespace: str, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        """Make an object of one of Istio's kinds, or give it this spec."""
        try:
            self.create(namespace, kind, name, spec)
        except client.ApiException as error:
            if error.status != 409:
                raise
            group, plural = _KINDS[kind]
            # In one step: whoever writes the object's status meanwhile is not in the way.
            changed = [{"op": "replace", "path": "/spec", "value": dict(spec)}]
            client.CustomObjectsApi(self.api).patch_namespaced_custom_object(
                group, "v1", namespace, plural, name, changed,
                _content_type="application/json-patch+json",
            )  # fmt: skip

    def delete(self, namespace: str, kind: str, name: str) -> None:
        group, plural = _KINDS[kind]
        objects = client.CustomObjectsApi(self.api)
        objects.delete_namespaced_custom_object(group, "v1", namespace, plural, name)

    def address(self, namespace: str, service: str) -> str:
        """The Service's own address."""
        return self.core.read_namespaced_service(service, namespace).spec.cluster_ip

    @property
    def istiod(self) -> str:
        """The address of the managed control plane, as its webhooks name it."""
        found = client.AdmissionregistrationV1Api(self.api).list_validating_webhook_configuration()
        urls = [hook.client_config.url for item in found.items for hook in item.webhooks]
        return next(str(urlsplit(url).hostname) for url in urls if url)

    def call_pod(self, caller: tuple[str, str], pod: tuple[str, str]) -> Answer:
        """Call a pod by its own address; both are given by namespace and app."""
        address = self.traffic.pods(*pod)[0]["status"]["podIP"]
        (answer,) = self.traffic.call(*caller, Call(f"http://{address}:{PORT}/"))
        return answer

    def call(self, namespace: str, caller: str, service: str, count: int) -> list[Answer]:
        """Call a Service of the same namespace from the pod of ``caller``."""
        url = f"http://{self.address(namespace, service)}/"
        headers = {"host": f"{service}.{namespace}"}
        return self.traffic.call(namespace, caller, Call(url, headers=headers, count=count))


_KINDS = {
    "Gateway": ("networking.istio.io", "gateways"),
    "VirtualService": ("networking.istio.io", "virtualservices"),
    "DestinationRule": ("networking.istio.io", "destinationrules"),
    "WorkloadGroup": ("networking.istio.io", "workloadgroups"),
    "Gateway of the Gateway API": ("gateway.networking.k8s.io", "gateways"),
    "HTTPRoute": ("gateway.networking.k8s.io", "httproutes"),
    "PeerAuthentication": ("security.istio.io", "peerauthentications"),
    "Telemetry": ("telemetry.istio.io", "telemetries"),
    "AuthorizationPolicy": ("security.istio.io", "authorizationpolicies"),
}


def gateway_selector(namespace: str, app: str) -> dict[str, str]:
    """By which a Gateway names its pods: Istio looks for them in every namespace."""
    return {"app": app, "gateway": f"{namespace}-{app}"}


def statuses(answers: list[Answer]) -> Counter[int]:
    """How often each status came; 0 is for no answer at all."""
    return Counter(answer.status for answer in answers)


def versions(answers: list[Answer]) -> Counter[str]:
    """How often each version answered; what was not answered with 200 is left out."""
    return Counter(a.json()["version"] for a in answers if a.status == 200)


def identity(namespace: str, account: str) -> str:
    """The SPIFFE id of a workload."""
    return f"spiffe://{MESH.trust_domain}/ns/{namespace}/sa/{account}"


def caller_of(answer: Answer) -> str:
    """Whom the answering proxy took its caller for, by the caller's certificate."""
    certificate = answer.json()["headers"].get("x-forwarded-client-cert", "")
    return certificate.rpartition("URI=")[2]
