"""A service `checkout` in two versions behind a gateway, routed by what TrafficRoute renders."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from typing import Any

from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.traffic.calls import Answer, Call, call
from meshwright_sandbox.traffic.echo import PORT, REQUESTS_PATH, SETTINGS_PATH
from tests.mesh.harness import MeshCluster, gateway_selector, statuses, versions
from tests.mesh.load import calls_go_on
from tests.sandbox.runtime.conftest import eventually
from tests.unit.routes import arguments, made

HOST, SERVICE, GATEWAY, CALLER = "shop.example.com", "checkout", "entrance", "web"
_DOOR = 8080
# Calls of one process while others change something: it takes longer to start than to make a few.
_AT_A_TIME = 250
_ROUTES = "http://127.0.0.1:15000/config_dump?resource=dynamic_route_configs"


def ask(network: Network, url: str, body: str = "") -> str:
    """One call from inside a network: GET, or PUT where there is a ``body``."""
    headers = {"content-type": "application/json"}
    asked = Call(url, "PUT" if body else "GET", headers, body, timeout_seconds=60)
    (answer,) = call(network, asked)
    assert answer.status == 200, answer
    return answer.body


def rendered(rendering: str = "istio", **more: Any) -> dict[str, Any]:
    """What TrafficRoute makes of these arguments: the spec of each kind of its objects."""
    found = objects(rendering, **more)
    return {kind: spec for (kind, _), spec in found.items() if kind != "Service"}


def objects(rendering: str, **more: Any) -> dict[tuple[str, str], Any]:
    """The spec of each object in a cluster, by kind and name."""
    specs: dict[tuple[str, str], Any] = {}
    for item in made(arguments(rendering, **more)).registrations:
        kind = item.type.rsplit(":", 1)[-1]
        if kind in ("DestinationRule", "VirtualService", "HTTPRoute", "Service"):
            body = item.body()
            specs[kind, body["metadata"]["name"]] = body["spec"]
    return specs


class Shop:
    """The service, its gateway, and a caller in the mesh; all in one namespace of a cluster."""

    door = _DOOR

    def __init__(self, cluster: MeshCluster, namespace: str) -> None:
        self.cluster, self.namespace = cluster, namespace
        self._applied: dict[str, Any] = {}

    @property
    def gateway(self) -> str:
        """Its gateway, as routes name it."""
        return f"{self.namespace}/{GATEWAY}"

    @property
    def url(self) -> str:
        """Where the gateway's pod takes calls."""
        (pod,) = self.cluster.traffic.pods(self.namespace, GATEWAY)
        return f"http://{pod['status']['podIP']}:{self.door}/"

    def open(self, *, routed: bool = True) -> None:
        """Have it all run; without a route nobody gets past the gateway."""
        cluster, namespace = self.cluster, self.namespace
        cluster.namespace(namespace)
        for version in ("v1", "v2"):
            cluster.deploy(namespace, SERVICE, version=version)
        cluster.deploy(namespace, CALLER)
        cluster.serve(namespace, SERVICE)
        cluster.deploy_gateway(namespace, GATEWAY)
        server = {"port": {"number": _DOOR, "name": "http", "protocol": "HTTP"}, "hosts": [HOST]}
        gateway = {"selector": gateway_selector(namespace, GATEWAY), "servers": [server]}
        cluster.create(namespace, "Gateway", GATEWAY, gateway)
        cluster.wait(namespace, SERVICE, CALLER, GATEWAY)
        if routed:
            self.route(active="v1")

    def route(self, **more: Any) -> None:
        """Make the route with these arguments, and wait until the gateway goes by it."""
        before, there = self._known(), self._applied
        self.apply(**more)

        def known() -> None:
            assert all(now != then for now, then in zip(self._known(), before, strict=True))

        if self._applied != there:
            eventually(known)

    def apply(self, **more: Any) -> None:
        """Make the route with these arguments."""
        given = {"namespace": self.namespace, "hosts": [HOST], "port": 80}
        self._applied = rendered(**given, gateways=[self.gateway], **more)
        for kind, spec in self._applied.items():
            self.cluster.apply(self.namespace, kind, SERVICE, spec)

    def _known(self) -> list[str]:
        """What the gateway and the caller's sidecar know of routes."""
        found = [
            ask(self.cluster.traffic.network_of(self.namespace, app), _ROUTES)
            for app in (GATEWAY, CALLER)
        ]
        # When they learnt it does not matter.
        return [re.sub(r'"(last_updated|version_info)": "[^"]*"', "", body) for body in found]

    def call(self, count: int = 1, *, concurrency: int = 4, **headers: str) -> list[Answer]:
        """Call the service by way of the gateway, from outside of the mesh."""
        return call(self.cluster.network, self._call(count, concurrency, headers))

    def call_each(self, *headers: dict[str, str], count: int) -> list[list[Answer]]:
        """As `call`, for each of these headers one after the other."""
        answers = call(self.cluster.network, *(self._call(count, 4, h) for h in headers))
        return [answers[start : start + count] for start in range(0, len(answers), count)]

    def call_inside(self, count: int) -> list[Answer]:
        """Call the service from a workload of the mesh, by way of its sidecar."""
        url = f"http://{self.cluster.address(self.namespace, SERVICE)}/"
        headers = {"host": f"{SERVICE}.{self.namespace}"}
        planned = Call(url, headers=headers, count=count, concurrency=4, keep_alive=True)
        return self.cluster.traffic.call(self.namespace, CALLER, planned)

    def called_meanwhile(
        self, at_least: int, *headers: dict[str, str]
    ) -> AbstractContextManager[list[Answer]]:
        """Call on and on, with each of these headers by turns; the list is whole at the end."""
        by_turns = [self._call(10, 4, given) for given in headers or ({},)]
        planned = by_turns * max(1, _AT_A_TIME // (10 * len(by_turns)))
        return calls_go_on(self.cluster.network, planned, at_least)

    def settings(self, version: str, **settings: object) -> None:
        """How a version answers from now on."""
        url = f"http://{self._address(version)}:{PORT}{SETTINGS_PATH}"
        ask(self.cluster.network, url, json.dumps(settings))

    def requests(self, version: str) -> int:
        """How many calls have reached a version."""
        url = f"http://{self._address(version)}:{PORT}{REQUESTS_PATH}"
        return int(json.loads(ask(self.cluster.network, url))["requests"])

    def _address(self, version: str) -> str:
        pods = self.cluster.traffic.pods(self.namespace, SERVICE)
        (pod,) = [pod for pod in pods if pod["metadata"]["labels"]["version"] == version]
        return str(pod["status"]["podIP"])

    def _call(self, count: int, concurrency: int, headers: dict[str, str]) -> Call:
        given = {"host": HOST, **headers}
        return Call(self.url, headers=given, count=count, concurrency=concurrency, keep_alive=True)


class GatewayApiShop(Shop):
    """The same service and pods by what TrafficRoute renders for the Gateway API.

    GKE's own classes are load balancers that the sandbox has on paper, so the route's Gateway is
    one of class `istio` at another port of the same gateway; its other parent, the Service, is for
    callers in the mesh. istiod serves both.
    """

    door = 8081

    def open(self) -> None:
        """Take the place of what Istio's own kinds say of the service."""
        cluster, namespace = self.cluster, self.namespace
        ports = [{"name": "http", "port": self.door, "targetPort": self.door}]
        spec = {"selector": {"app": GATEWAY}, "ports": ports}
        cluster.core.create_namespaced_service(
            namespace, {"metadata": {"name": GATEWAY}, "spec": spec}
        )
        listener = {"name": "http", "port": self.door, "protocol": "HTTP", "hostname": HOST}
        host = f"{GATEWAY}.{namespace}.svc.cluster.local"
        gateway = {
            "gatewayClassName": "istio",
            "listeners": [listener],
            "addresses": [{"type": "Hostname", "value": host}],
        }
        cluster.create(namespace, "Gateway of the Gateway API", GATEWAY, gateway)
        for kind in ("VirtualService", "DestinationRule"):
            cluster.delete(namespace, kind, SERVICE)
        self.apply(weights={"v1": 50, "v2": 50})

        def served() -> None:
            """By the Services of both versions, which are as new as the route."""
            for answers in (self.call(20), self.call_inside(20)):
                assert set(statuses(answers)) == {200}
                assert set(versions(answers)) == {"v1", "v2"}

        eventually(served)

    def close(self) -> None:
        """Take the route away, with its Gateway."""
        self.cluster.delete(self.namespace, "HTTPRoute", SERVICE)
        self.cluster.delete(self.namespace, "Gateway of the Gateway API", GATEWAY)

    def apply(self, **more: Any) -> None:
        """Make the route with these arguments, and a Service for each version."""
        given = {
            "namespace": self.namespace,
            "hosts": [HOST],
            "port": 80,
            "target_port": PORT,
            "selector": {"app": SERVICE},
            "versions": [{"name": "v1"}, {"name": "v2"}],
        }
        made_ = objects("gateway-api", **given, gateways=[self.gateway], **more)
        for (kind, name), spec in made_.items():
            if kind == "HTTPRoute":
                self.cluster.apply(self.namespace, kind, SERVICE, spec)
            elif not self._applied:
                body = {"metadata": {"name": name}, "spec": spec}
                self.cluster.core.create_namespaced_service(self.namespace, body)
        self._applied = {f"{kind}/{name}": spec for (kind, name), spec in made_.items()}
