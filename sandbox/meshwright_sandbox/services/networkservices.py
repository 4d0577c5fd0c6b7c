"""Network Services: meshes and gateways of the service-routing API, and the routes on them."""

import re
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.service import Collection, Reference, Service
from meshwright_sandbox.core.stamps import self_link
from meshwright_sandbox.services import locations

Json = dict[str, Any]
_MESHES = "projects.locations.meshes"
_GATEWAYS = "projects.locations.gateways"
_BY_HOST = ("httpRoutes", "grpcRoutes")
_ROUTES = (*_BY_HOST, "tcpRoutes", "tlsRoutes")
# The document says so of the sister API `networksecurity` only; `CustomECS` is its own example.
_ID = r"[a-zA-Z][a-zA-Z0-9_-]{0,62}"
# As the descriptions of the two RetryPolicy schemas list them.
_RETRY_CONDITIONS = {
    "httpRoutes": (
        "5xx",
        "gateway-error",
        "reset",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
    ),
    "grpcRoutes": (
        "connect-failure",
        "refused-stream",
        "cancelled",
        "deadline-exceeded",
        "resource-exhausted",
        "unavailable",
    ),
}
_BACKEND = re.compile(
    r"projects/([^/]+)/(?:locations/|regions/|(?=global/))([^/]+)/backendServices/([^/]+)$"
)


def _linked(call: Call, document: Json) -> None:
    document["selfLink"] = self_link(call.service, call.version, call.name)


def _check_route(call: Call, route: Json) -> None:
    """Backends must exist, and what a route says must make sense. It may hang on nothing yet.

    Raises:
        ApiError: 400 for a route or a rule that the API refuses.
    """
    if not route.get("rules"):
        raise invalid("rules: At least one rule must be supplied.")
    if call.type.endswith(_BY_HOST):
        _check_hostnames(call, route)
    for index, rule in enumerate(route["rules"]):
        where, action = f"rules[{index}]", rule.get("action", {})
        _check_destinations(call, where, action.get("destinations", []))
        mirror = action.get("requestMirrorPolicy", {}).get("destination", {}).get("serviceName")
        if "/" in (mirror or ""):  # a bare name is taken as it is
            _require_backend(call, mirror, f"{where}.request_mirror_policy")
        _check_policies(call, where, action)


def _check_hostnames(call: Call, route: Json) -> None:
    """Two routes of a mesh must not claim the same host."""
    hosts = set(route.get("hostnames", []))
    if not hosts:
        raise invalid("hostnames: At least one hostname must be supplied.")
    for kind in _BY_HOST:
        for row in call.cloud.store.of_type("networkservices", f"projects.locations.{kind}"):
            shared = set(row.doc.get("meshes", [])) & set(route.get("meshes", []))
            taken = hosts & set(row.doc.get("hostnames", []))
            if row.name != call.name and shared and taken:
                raise invalid(
                    f"hostnames: '{min(taken)}' is already routed by '{row.name}' in the mesh "
                    f"'{min(shared)}'; the routes of a mesh must have unique hostnames."
                )


def _check_destinations(call: Call, where: str, destinations: list[Json]) -> None:
    for destination in destinations:
        _require_backend(call, destination.get("serviceName", ""), where)
        if destination.get("weight", 0) < 0:
            raise invalid(f"{where}: a weight must not be negative.")
    if len({"weight" in destination for destination in destinations}) > 1:
        raise invalid(f"{where}: weights must be given for all destinations, or for none.")


def _check_policies(call: Call, where: str, action: Json) -> None:
    fault, retry = action.get("faultInjectionPolicy", {}), action.get("retryPolicy")
    for part in ("delay", "abort"):
        if not 0 <= fault.get(part, {}).get("percentage", 0) <= 100:
            raise invalid(f"{where}.fault_injection_policy.{part}: a percentage is 0 to 100.")
    if "abort" in fault and not 200 <= fault["abort"].get("httpStatus", 0) <= 599:
        raise invalid(f"{where}.fault_injection_policy.abort: http_status is 200 to 599.")
    if retry is None:
        return
    if retry.get("numRetries", 1) < 1:
        raise invalid(f"{where}.retry_policy: num_retries must be greater than 0.")
    allowed = _RETRY_CONDITIONS.get(call.type.rpartition(".")[2], ())
    for condition in retry.get("retryConditions", []):
        if condition not in allowed:
            raise invalid(f"{where}.retry_policy: '{condition}' is not a retry condition.")


def _require_backend(call: Call, value: str, where: str) -> None:
    """The service-routing API writes backend services as `projects/P/locations/global/...`.

    It takes links as Compute Engine has them too, those of regions among them.
    """
    match = _BACKEND.search(value)
    if not match:
        raise invalid(f"{where}: '{value}' does not name a backend service.")
    project = call.cloud.projects.id(match[1])
    place = "global" if match[2] == "global" else f"regions/{match[2]}"
    name = f"projects/{project}/{place}/backendServices/{match[3]}"
    if call.cloud.store.get("compute", name) is None:
        raise ApiError(
            400, f"{where}: the backend service '{value}' does not exist.", refusal="reference"
        )


def _attachments() -> tuple[Reference, ...]:
    scope = "projects/{project}/locations/global"
    return (
        Reference("meshes[]", "networkservices", f"{scope}/meshes/{{id}}", status=400),
        Reference("gateways[]", "networkservices", f"{scope}/gateways/{{id}}", status=400),
    )


SERVICE = Service(
    name="networkservices",
    versions={"v1": "networkservices.v1", "v1beta1": "networkservices.v1beta1"},
    proto="google.cloud.networkservices",
    must_be_enabled=True,
    id_pattern=_ID,
    not_found="Resource '{}' was not found".format,
    already_exists="Resource '{}' already exists".format,
    collections=(
        Collection(_MESHES, latency="network", defaults=_linked),
        Collection(_GATEWAYS, latency="network", defaults=_linked),
        *(
            Collection(
                f"projects.locations.{kind}",
                latency="network",
                references=_attachments(),
                defaults=_linked,
                check=_check_route,
            )
            for kind in _ROUTES
        ),
    ),
    methods=locations.methods("global"),
)
