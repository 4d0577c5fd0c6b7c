"""Plays the GKE Gateway controller for HTTPRoutes: which Gateways take them, and what they lack.

https://cloud.google.com/kubernetes-engine/docs/concepts/gateway-api#gateway_controller and
https://gateway-api.sigs.k8s.io/reference/spec/#routeparentstatus
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from meshwright_sandbox.runtime.api import Api, ApiError, Object
from meshwright_sandbox.runtime.gateway_api import CONTROLLER

_CLASS_PREFIX = "gke-l7-"
_GROUP = "gateway.networking.k8s.io"
_ROUTES = f"/apis/{_GROUP}/v1"


class RouteController:
    """Watches HTTPRoutes; what hangs on a Service or on Istio's Gateways is istiod's to judge.

    A Gateway or Service that comes after its route is seen when the watch starts over.
    """

    path = f"{_ROUTES}/httproutes"

    def present(self, items: list[Object]) -> None:
        """Nothing is kept for a route."""

    def reconcile(self, api: Api, item: Object) -> None:
        metadata, spec = item["metadata"], item["spec"]
        generation, namespace = metadata.get("generation", 1), metadata["namespace"]
        shown: list[Object] = item.get("status", {}).get("parents", [])
        ours = [entry for entry in shown if entry["controllerName"] == CONTROLLER]
        parents = list(self._parents(api, spec, namespace))
        backends = _backends(api, item) if parents else ("ResolvedRefs", True, "ResolvedRefs")
        found = [_status(parent, generation, [taken, backends]) for parent, taken in parents]
        if _said(found) == _said(ours):
            return
        others = [entry for entry in shown if entry["controllerName"] != CONTROLLER]
        # istiod writes to the same list: the version makes sure that nothing of it is undone.
        body = {
            "metadata": {"resourceVersion": metadata["resourceVersion"]},
            "status": {"parents": others + found},
        }
        place = f"{_ROUTES}/namespaces/{namespace}/httproutes/{metadata['name']}/status"
        api.merge(place, body)

    def _parents(
        self, api: Api, spec: Object, namespace: str
    ) -> Iterator[tuple[Object, tuple[str, bool, str]]]:
        """The Gateways of GKE's classes among the parents, and whether each takes the route."""
        for parent in spec.get("parentRefs", []):
            if parent.get("kind", "Gateway") != "Gateway":
                continue
            home = parent.get("namespace", namespace)
            gateway = _get(api, f"{_ROUTES}/namespaces/{home}/gateways/{parent['name']}")
            if gateway is None or not gateway["spec"]["gatewayClassName"].startswith(_CLASS_PREFIX):
                continue
            listeners = gateway["spec"].get("listeners", [])
            wanted = parent.get("sectionName")
            named = [one for one in listeners if wanted in (None, one["name"])]
            if not named:
                yield parent, ("Accepted", False, "NoMatchingParent")
            elif any(_allows(api, one, home, namespace) for one in named):
                yield parent, ("Accepted", True, "Accepted")
            else:
                yield parent, ("Accepted", False, "NotAllowedByListeners")


def _allows(api: Api, listener: Object, home: str, namespace: str) -> bool:
    """Whether a listener takes routes of a namespace: by default of its own only."""
    allowed = listener.get("allowedRoutes", {}).get("namespaces", {})
    match allowed.get("from", "Same"):
        case "All":
            return True
        case "Selector":
            labels = api.get(f"/api/v1/namespaces/{namespace}")["metadata"].get("labels", {})
            wanted = allowed.get("selector", {}).get("matchLabels", {})
            return wanted.items() <= labels.items()
        case _:
            return home == namespace


def _backends(api: Api, route: Object) -> tuple[str, bool, str]:
    """Whether every backend of the route is there."""
    namespace = route["metadata"]["namespace"]
    for rule in route["spec"].get("rules", []):
        mirrors = [
            entry["requestMirror"]["backendRef"]
            for entry in rule.get("filters", [])
            if "requestMirror" in entry
        ]
        for backend in [*rule.get("backendRefs", []), *mirrors]:
            home = f"namespaces/{backend.get('namespace', namespace)}"
            match backend.get("group", ""), backend.get("kind", "Service"):
                case "", "Service":
                    place = f"/api/v1/{home}/services/{backend['name']}"
                case "net.gke.io", "ServiceImport":
                    place = f"/apis/net.gke.io/v1/{home}/serviceimports/{backend['name']}"
                case _:
                    return "ResolvedRefs", False, "InvalidKind"
            if _get(api, place) is None:
                return "ResolvedRefs", False, "BackendNotFound"
    return "ResolvedRefs", True, "ResolvedRefs"


def _said(entries: list[Object]) -> list[Object]:
    """The entries without the times, by which alone a status is not worth writing."""
    return [
        entry | {"conditions": [c | {"lastTransitionTime": ""} for c in entry["conditions"]]}
        for entry in entries
    ]


def _get(api: Api, place: str) -> Object | None:
    try:
        return api.get(place)
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _status(
    parent: Object, generation: int, conditions: list[tuple[str, bool, str]]
) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "parentRef": parent,
        "controllerName": CONTROLLER,
        "conditions": [
            {
                "type": kind,
                "status": str(holds),
                "reason": reason,
                "message": "",
                "observedGeneration": generation,
                "lastTransitionTime": now,
            }
            for kind, holds, reason in conditions
        ],
    }
