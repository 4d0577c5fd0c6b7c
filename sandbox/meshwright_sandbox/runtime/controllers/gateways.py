"""Plays the GKE Gateway controller: it accepts the ``gke-l7-*`` classes, and a Gateway of one gets
status and address.

https://cloud.google.com/kubernetes-engine/docs/concepts/gateway-api#gateway_controller
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from meshwright_sandbox.runtime.api import Api, Object
from meshwright_sandbox.runtime.controllers.load_balancer import AddressPool
from meshwright_sandbox.runtime.gateway_api import CONTROLLER

_CLASS_PREFIX = "gke-l7-"
_CLASSES = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"


class GatewayClasses:
    """Watches GatewayClasses; those of other controllers are theirs to accept."""

    path = _CLASSES

    def present(self, items: list[Object]) -> None:
        """Nothing is kept for a class."""

    def reconcile(self, api: Api, item: Object) -> None:
        if item["spec"]["controllerName"] != CONTROLLER:
            return
        metadata = item["metadata"]
        shown = item.get("status", {}).get("conditions", [])
        # A new class brings "Unknown" with it: the definition's default.
        said = {c["type"]: (c["status"], c.get("observedGeneration")) for c in shown}
        if said.get("Accepted") != ("True", metadata["generation"]):
            conditions = _conditions(metadata["generation"], "Accepted")
            api.merge(
                f"{_CLASSES}/{metadata['name']}/status", {"status": {"conditions": conditions}}
            )


class GatewayController:
    """Watches Gateways of the Gateway API; Istio's own classes are istiod's to serve."""

    path = "/apis/gateway.networking.k8s.io/v1/gateways"

    def __init__(self, addresses: AddressPool) -> None:
        self._addresses = addresses

    def present(self, items: list[Object]) -> None:
        self._addresses.keep_only({_owner(o) for o in items}, "gateway")

    def reconcile(self, api: Api, item: Object) -> None:
        chosen = item["spec"]["gatewayClassName"]
        if not chosen.startswith(_CLASS_PREFIX):
            return
        # Classes across clusters are in a fleet's config cluster alone; elsewhere nobody answers.
        api.get(f"{_CLASSES}/{chosen}")
        metadata, status = item["metadata"], item.get("status", {})
        generation = metadata.get("generation", 1)
        seen = [c.get("observedGeneration") for c in status.get("conditions", [])]
        if status.get("addresses") and seen and set(seen) == {generation}:
            return
        shown = status.get("addresses") or [{}]
        address = self._addresses.take(_owner(item), shown[0].get("value", ""))
        place = (
            f"/apis/gateway.networking.k8s.io/v1/namespaces/{metadata['namespace']}"
            f"/gateways/{metadata['name']}/status"
        )
        listeners = [
            {
                "name": listener["name"],
                "attachedRoutes": 0,
                "supportedKinds": [
                    {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"},
                ],
                "conditions": _conditions(generation, "Accepted", "Programmed", "ResolvedRefs"),
            }
            for listener in item["spec"].get("listeners", [])
        ]
        body = {
            "addresses": [{"type": "IPAddress", "value": address}],
            "conditions": _conditions(generation, "Accepted", "Programmed"),
            "listeners": listeners,
        }
        api.merge(place, {"status": body})


def _owner(item: Object) -> str:
    return f"gateway/{item['metadata']['uid']}"


def _conditions(generation: int, *types: str) -> list[dict[str, Any]]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        {
            "type": kind,
            "status": "True",
            "reason": kind,
            "message": "",
            "observedGeneration": generation,
            "lastTransitionTime": now,
        }
        for kind in types
    ]
