"""The sandbox's own surface, `/_sandbox/...`: what exists, what was asked, faults, the clock."""

import asyncio
from typing import Any

from aiohttp import web

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.errors import ApiError

Json = dict[str, Any]
# Settings of a project rather than resources in it.
_NOT_INVENTORY = frozenset({("serviceusage", "services"), ("cloudresourcemanager", "projects")})


def inventory(cloud: Cloud) -> list[Json]:
    """Everything that a client made and that still exists, IAM members included, sorted."""
    entries = [
        {"service": row.service, "type": row.type, "name": row.name, "project": row.project}
        for row in cloud.store.everything()
        if not row.system and (row.service, row.type) not in _NOT_INVENTORY
    ]
    for service, name, policy in cloud.store.policies():
        project = name.split("/")[1] if name.startswith("projects/") else ""
        for binding in policy.get("bindings", []):
            entries += [
                {
                    "service": service,
                    "type": "iamMember",
                    "name": f"{name} {binding['role']} {member}",
                    "project": project,
                }
                for member in binding["members"]
            ]
    return sorted(entries, key=lambda entry: (entry["service"], entry["type"], entry["name"]))


def add_routes(app: web.Application, cloud: Cloud) -> None:
    """Mount the admin surface."""

    async def health(_: web.Request) -> web.Response:
        return web.json_response(
            {
                "status": "ok",
                "scale": cloud.scale,
                "services": sorted(cloud.services),
                "operations_running": len(cloud.store.unfinished()),
            }
        )

    async def show_inventory(_: web.Request) -> web.Response:
        return web.json_response(inventory(cloud))

    async def requests(request: web.Request) -> web.Response:
        return web.json_response(cloud.store.requests(int(request.query.get("since", "0"))))

    async def list_faults(_: web.Request) -> web.Response:
        return web.json_response(cloud.faults.list())

    async def add_fault(request: web.Request) -> web.Response:
        order = await request.json()
        try:
            fault = cloud.faults.add(
                str(order.get("method", "*")),
                str(order.get("path_pattern", "")),
                int(order.get("count", 1)),
                str(order.get("action", "")),
                int(order.get("skip", 0)),
            )
        except ApiError as error:
            return web.json_response(error.body("rpc"), status=error.code)
        return web.json_response({"id": fault.id})

    async def clear_faults(_: web.Request) -> web.Response:
        cloud.faults.clear()
        return web.json_response({})

    async def clock(request: web.Request) -> web.Response:
        scale = (await request.json()).get("scale")
        if not isinstance(scale, int | float) or isinstance(scale, bool) or scale < 0:
            error = ApiError(400, f"scale must be a number >= 0, not {scale!r}")
            return web.json_response(error.body("rpc"), status=400)
        cloud.scale = float(scale)
        cloud.operations.clock_changed()
        return web.json_response({"scale": cloud.scale})

    async def reset(_: web.Request) -> web.Response:
        cloud.faults.clear()
        clusters = cloud.store.of_type("container", "projects.locations.clusters")
        for forget in cloud.on_reset:  # before the store: what ends may write a last time
            await asyncio.to_thread(forget)
        cloud.store.clear()
        for row in clusters:
            project, location, name = row.name.split("/")[1::2]
            await asyncio.to_thread(cloud.runtime.stop, project, location, name)
        return web.json_response({})

    app.router.add_get("/_sandbox/health", health)
    app.router.add_get("/_sandbox/inventory", show_inventory)
    app.router.add_get("/_sandbox/requests", requests)
    app.router.add_get("/_sandbox/faults", list_faults)
    app.router.add_post("/_sandbox/faults", add_fault)
    app.router.add_delete("/_sandbox/faults", clear_faults)
    app.router.add_post("/_sandbox/clock", clock)
    app.router.add_post("/_sandbox/reset", reset)
