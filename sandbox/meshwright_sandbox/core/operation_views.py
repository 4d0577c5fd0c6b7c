"""Operations as the three families of APIs show them: compute, container, google.longrunning."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core import answers
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
        "status": _container_status(operation),
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


def _container_status(operation: Json) -> str:
    if operation["done"]:
        return "DONE"
    return "ABORTING" if operation.get("aborting") else "RUNNING"


def _longrunning(call: "Call", operation: Json) -> Json:
    view: Json = {"name": operation["name"], "metadata": _metadata(call, operation), "done": True}
    if not operation["done"]:
        del view["done"]  # false is not sent in JSON of protobuf messages
    elif operation["error"]:
        view["error"] = {key: operation["error"][key] for key in ("code", "message")}
    elif operation.get("response") is not None:
        view["response"] = operation["response"]
    elif operation["verb"] == "delete":
        view["response"] = {"@type": "type.googleapis.com/google.protobuf.Empty"}
    else:
        target = call.cloud.store.get(call.service.name, operation["target"]) or {}
        view["response"] = message(call, operation, target)
    return view


def message(call: "Call", about: Json, document: Json) -> Json:
    """A resource as a protobuf message of unknown type, which names its type.

    Args:
        call: any call of the service.
        about: the resource's `schema` and `type`, and the `version` of the API, e.g. an operation.
        document: the resource as it is stored.
    """
    version = about.get("version", "v1")
    name = about.get("schema", "Resource").removeprefix(_prefix(call, version))
    type_name = f"type.googleapis.com/{call.service.proto}.{version}.{name}"
    if not document:  # gone since, as what an old operation made may be
        return {"@type": type_name}
    shown = call.shown(about["type"], document)
    schemas, extra = call.document.schemas, call.service.extra_fields
    return {"@type": type_name} | answers.known(shown, about.get("schema", ""), schemas, extra)


def _prefix(call: "Call", version: str) -> str:
    """Some documents write the package before each message's name: GoogleCloudRunV2Service."""
    return "".join(part.capitalize() for part in [*call.service.proto.split("."), version])


def _metadata(call: "Call", operation: Json) -> Json:
    """What is said of an operation itself; clients cannot read fields that its message lacks."""
    if call.service.metadata:
        return call.service.metadata(call, operation)
    version = operation.get("version", "v1")
    fields: Json = {
        "createTime": _time(operation["started"]),
        "target": operation["target"],
        "verb": operation["verb"],
        "requestedCancellation": False,
        "cancelRequested": False,
        "apiVersion": version,
    }
    if operation["done"]:
        fields["endTime"] = _time(operation["finished"])
    schemas = call.document.schemas
    kind = "OperationMetadata"
    known = schemas.get(kind) or schemas.get(_prefix(call, call.version) + kind) or {}
    type_name = f"type.googleapis.com/{call.service.proto}.{version}.OperationMetadata"
    return (
        {"@type": type_name}
        | {name: value for name, value in fields.items() if name in known.get("properties", {})}
        | operation.get("metadata", {})
    )
