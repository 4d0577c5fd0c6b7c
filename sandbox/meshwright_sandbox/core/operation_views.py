"""Operations as the three families of APIs show them: compute, container, google.longrunning."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core.stamps import numeric_id, self_link

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Call

Json = dict[str, Any]
_CONTAINER_TYPE = {
    "projects.locations.clusters": {
        "create": "CREATE_CLUSTER",
        "update": "UPDATE_CLUSTER",
        "delete": "DELETE_CLUSTER",
    },
    "projects.locations.clusters.nodePools": {
        "create": "CREATE_NODE_POOL",
        "update": "UPGRADE_NODES",
        "delete": "DELETE_NODE_POOL",
    },
}


def render(call: "Call", operation: Json) -> Json:
    """The API's answer about an operation of the called service, in that service's shape."""
    views = {"compute": _compute, "container": _container}
    return views.get(call.service.operations, _longrunning)(call, operation)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def _compute(call: "Call", operation: Json) -> Json:
    service = call.service
    target = call.cloud.store.get(service.name, operation["target"]) or {}
    done = operation["done"]
    view: Json = {
        "kind": "compute#operation",
        "id": numeric_id(operation["name"]),
        "name": operation["id"],
        "operationType": operation["method"],
        "targetLink": self_link(service, "v1", operation["target"]),
        "targetId": target.get("id") or operation.get("target_id") or "0",
        "status": "DONE" if done else "RUNNING",
        "user": "developer@example.com",
        "progress": 100 if done else 0,
        "insertTime": _time(operation["started"]),
        "startTime": _time(operation["started"]),
        "selfLink": self_link(service, "v1", operation["name"]),
    }
    if operation["location"] != "global":
        scope = operation["name"].rpartition("/operations/")[0]
        view[operation["scope"].removesuffix("s")] = self_link(service, "v1", scope)
    if done:
        view["endTime"] = _time(operation["finished"])
    if operation["error"]:
        error = operation["error"]
        view["error"] = {"errors": [{"code": _compute_code(error), "message": error["message"]}]}
        view["httpErrorStatusCode"] = 503 if error["status"] == "RESOURCE_EXHAUSTED" else 500
        view["httpErrorMessage"] = error["status"].replace("_", " ")
    return view


def _compute_code(error: Json) -> str:
    return {"RESOURCE_EXHAUSTED": "ZONE_RESOURCE_POOL_EXHAUSTED"}.get(
        error["status"], "INTERNAL_ERROR"
    )


def _container(call: "Call", operation: Json) -> Json:
    service = call.service
    number = call.cloud.projects.number(operation["project"])
    scope = f"projects/{number}/locations/{operation['location']}"
    version = operation.get("version", "v1")
    target = operation["target"].replace(f"projects/{operation['project']}/", f"projects/{number}/")
    types = _CONTAINER_TYPE.get(operation["type"], {})
    view: Json = {
        "name": operation["id"],
        "operationType": operation.get("operation_type")
        or types.get(operation["verb"], "UPDATE_CLUSTER"),
        "status": "DONE" if operation["done"] else "RUNNING",
        "selfLink": self_link(service, version, f"{scope}/operations/{operation['id']}"),
        "targetLink": self_link(service, version, target),
        "startTime": _time(operation["started"]),
        "location": operation["location"],
        "zone": operation["location"],
    }
    if operation["done"]:
        view["endTime"] = _time(operation["finished"])
        view["progress"] = {}
    if operation["error"]:
        view["error"] = {key: operation["error"][key] for key in ("code", "message")}
        view["statusMessage"] = operation["error"]["message"]
    return view


def _longrunning(call: "Call", operation: Json) -> Json:
    service = call.service
    version = operation.get("version", "v1")
    package = f"type.googleapis.com/{service.proto}.{version}"
    metadata: Json = {
        "@type": f"{package}.OperationMetadata",
        "createTime": _time(operation["started"]),
        "target": operation["target"],
        "verb": operation["verb"],
        "requestedCancellation": False,
        "apiVersion": version,
    } | operation.get("metadata", {})
    view: Json = {"name": operation["name"], "metadata": metadata, "done": operation["done"]}
    if not operation["done"]:
        del view["done"]  # false is not sent in JSON of protobuf messages
        return view
    metadata["endTime"] = _time(operation["finished"])
    if operation["error"]:
        view["error"] = {key: operation["error"][key] for key in ("code", "message")}
    elif operation.get("response") is not None:
        view["response"] = operation["response"]
    elif operation["verb"] == "delete":
        view["response"] = {"@type": "type.googleapis.com/google.protobuf.Empty"}
    else:
        target = call.cloud.store.get(service.name, operation["target"]) or {}
        type_name = f"{package}.{operation.get('schema', 'Resource')}"
        view["response"] = {"@type": type_name} | call.shown(operation["type"], target)
    return view
