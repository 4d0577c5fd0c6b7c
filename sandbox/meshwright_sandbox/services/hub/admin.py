"""`POST /_sandbox/mesh`: hold a membership's mesh in a state, to see how its users take it."""

from typing import Any

from aiohttp import web

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.discovery import load
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.hub.names import HUB, by_id, membership_name

Json = dict[str, Any]


def _allowed(schema: str, field: str) -> list[str]:
    return load("gkehub.v1").schemas[schema]["properties"][field]["enum"]


def hold(cloud: Cloud, order: Json) -> Json:
    """Hold or release a membership.

    Args:
        cloud: where.
        order: `membership` (full name), and `state`, `implementation`, `conditions` as
            `membershipStates` writes them; without `state` the membership is released.

    Raises:
        ApiError: 404 for an unknown membership, 400 for a value that the API does not know.
    """
    text = str(order.get("membership", ""))
    name = membership_name(cloud, text)
    document = cloud.store.get(HUB, name) if name else None
    if name is None or document is None:
        raise ApiError(404, f"No membership '{text}': give projects/P/locations/L/memberships/M.")
    held: Json = {}
    for field in ("state", "implementation"):
        allowed = _allowed("ServiceMeshControlPlaneManagement", field)
        if field in order and order[field] not in allowed:
            raise ApiError(400, f"{field} must be one of {', '.join(allowed)}.")
        if field in order:
            held[field] = order[field]
    codes = _allowed("ServiceMeshCondition", "code")
    for condition in order.get("conditions", []):
        if condition.get("code") not in codes:
            raise ApiError(400, f"Unknown condition code '{condition.get('code')}'.")
        held.setdefault("conditions", []).append(condition)
    document.pop("_mesh_held", None)
    if "state" in held:
        document["_mesh_held"] = held | {"since": now()}
    cloud.store.put(HUB, name, document)
    return {"membership": by_id(cloud, name), "held": held if "state" in held else None}


def add_routes(app: web.Application, cloud: Cloud) -> None:
    """Mount the route."""

    async def mesh(request: web.Request) -> web.Response:
        try:
            return web.json_response(hold(cloud, await request.json()))
        except ApiError as error:
            return web.json_response(error.body("rpc"), status=error.code)

    app.router.add_post("/_sandbox/mesh", mesh)
