"""Network Services: meshes and gateways of the service-routing API, and the routes on them."""

import re
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.service import Collection, Reference, Service
from meshwright_sandbox.core.stamps import self_link

Json = dict[str, Any]
_MESHES = "projects.locations.meshes"
_GATEWAYS = "projects.locations.gateways"
_ROUTES = ("httpRoutes", "grpcRoutes", "tcpRoutes", "tlsRoutes")


def _linked(call: Call, document: Json) -> None:
    document["selfLink"] = self_link(call.service, call.version, call.name)


def _mesh(call: Call, mesh: Json) -> None:
    mesh.setdefault("interceptionPort", 15001)
    _linked(call, mesh)


def _check_route(call: Call, route: Json) -> None:
    """Backends must exist, and a route must hang on something.

    Raises:
        ApiError: 400 for a route or a rule that the API refuses.
    """
    if not route.get("meshes") and not route.get("gateways"):
        raise invalid("A route must be attached to at least one mesh or gateway.")
    for index, rule in enumerate(route.get("rules", [])):
        action = rule.get("action", {})
        for destination in action.get("destinations", []):
            _require_backend(call, destination.get("serviceName", ""), f"rules[{index}]")
            if destination.get("weight", 0) < 0:
                raise invalid(f"rules[{index}]: a weight must not be negative.")
        mirror = action.get("requestMirrorPolicy", {}).get("destination", {}).get("serviceName")
        if mirror:
            _require_backend(call, mirror, f"rules[{index}].request_mirror_policy")


def _require_backend(call: Call, value: str, where: str) -> None:
    """The service-routing API writes backend services as `projects/P/locations/global/...`."""
    match = re.search(r"projects/([^/]+)/(?:locations/)?global/backendServices/([^/]+)$", value)
    if not match:
        raise invalid(f"{where}: '{value}' does not name a backend service.")
    project = call.cloud.projects.id(match[1])
    name = f"projects/{project}/global/backendServices/{match[2]}"
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
    not_found="Resource '{}' was not found".format,
    already_exists="Resource '{}' already exists".format,
    collections=(
        Collection(_MESHES, latency="network", defaults=_mesh),
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
)
