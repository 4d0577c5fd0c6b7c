"""Resource Manager: projects in both API versions, and their IAM policies."""

from typing import Any

from meshwright_sandbox.core import labels, listing, masks
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, precondition
from meshwright_sandbox.core.filters import compile_filter
from meshwright_sandbox.core.projects import ABSENT_PREFIX, ID
from meshwright_sandbox.core.service import Collection, Service

Json = dict[str, Any]


def _project(call: Call, document: Json) -> None:
    """A stored project in the called version's shape."""
    number, project = document["_number"], document["projectId"]
    if call.version == "v1":
        shape: Json = {
            "projectNumber": number,
            "projectId": project,
            "lifecycleState": document["state"],
            "name": document["displayName"],
            "createTime": document["createTime"],
        }
    else:
        shape = {
            "name": f"projects/{number}",
            "projectId": project,
            "state": document["state"],
            "displayName": document["displayName"],
            "createTime": document["createTime"],
            "etag": f'W/"{number}"',
        }
    if document.get("labels"):
        shape["labels"] = document["labels"]
    document.clear()
    document.update(shape)


def _list(call: Call) -> Json:
    rows = call.cloud.store.of_type("cloudresourcemanager", "projects")
    wanted = compile_filter(call.query.get("query") or call.query.pop("filter", ""))
    chosen: list[Json] = []
    for row in rows:
        shown = call.shown("projects", row.doc)
        # What filters call so, whatever the version of the API does.
        named = {"id": row.doc["projectId"], "name": row.doc["displayName"]}
        if wanted(shown | named):
            chosen.append(shown)
    return listing.answer(call, chosen)


def _create(call: Call) -> Json:
    project = call.body.get("projectId", "")
    if not ID.fullmatch(project) or project.startswith(ABSENT_PREFIX):
        raise invalid(f"Invalid value for field 'project_id': '{project}'.")
    name = f"projects/{project}"
    if call.cloud.store.get("cloudresourcemanager", name) is not None:
        raise ApiError(409, "Requested entity already exists")
    call.cloud.projects.ensure(project)
    document = call.cloud.store.get("cloudresourcemanager", name) or {}
    document |= {key: call.body[key] for key in ("labels", "displayName") if key in call.body}
    labels.check(call, document)
    call.project, call.name = project, name
    call.put(name, document)
    return call.start("create", name)


def _update(call: Call) -> Json:
    """The older version replaces name and labels, the newer one what its mask names."""
    before = call.get()
    if call.version == "v1":
        named = {"displayName": call.body.get("name"), "labels": call.body.get("labels", {})}
        document = before | named
    else:
        fields = {name: call.schema_properties[name] for name in ("displayName", "labels")}
        mask = call.query.get("updateMask") or ",".join(fields.keys() & call.body.keys())
        document = masks.apply_mask(before, call.body, mask, fields, merge=False)
    document["displayName"] = document.get("displayName") or before["displayName"]
    labels.check(call, document)
    call.put(call.name, document)
    return call.start("update") if call.version == "v3" else call.shown("projects", document)


def _delete(call: Call) -> Json:
    _move(call, "ACTIVE", "DELETE_REQUESTED")
    return call.start("shut-down") if call.version == "v3" else {}


def _undelete(call: Call) -> Json:
    """A deleted project can be had back for 30 days."""
    _move(call, "DELETE_REQUESTED", "ACTIVE")
    return call.start("restore") if call.version == "v3" else {}


def _move(call: Call, start: str, end: str) -> None:
    project = call.get()
    if project["state"] != start:
        raise precondition(f"{call.name} must be {start}, but it is {project['state']}.")
    call.put(call.name, project | {"state": end})


def _ancestry(call: Call) -> Json:
    return {"ancestor": [{"resourceId": {"type": "project", "id": call.project}}]}


_METADATA = {
    "create": "CreateProject",
    "restore": "UndeleteProject",
    "shut-down": "DeleteProject",
    "update": "UpdateProject",
}


def _metadata(call: Call, operation: Json) -> Json:
    if operation["type"] != "projects":
        return {}
    kind = f"{_METADATA[operation['verb']]}Metadata"
    metadata: Json = {"@type": f"type.googleapis.com/google.cloud.resourcemanager.v3.{kind}"}
    if operation["verb"] == "create":
        created = call.get(operation["target"])["createTime"]
        metadata |= {"createTime": created, "gettable": True, "ready": operation["done"]}
    return metadata


def _operation_name(project: str, _location: str, short: str) -> str:
    return f"operations/cp.{short.removeprefix('operation-')}.{project}"


SERVICE = Service(
    name="cloudresourcemanager",
    versions={"v1": "cloudresourcemanager.v1", "v3": "cloudresourcemanager.v3"},
    proto="google.cloud.resourcemanager",
    metadata=_metadata,
    operation_name=_operation_name,
    not_found=lambda name: f"Project '{name.partition('/')[2]}' not found or permission denied.",
    collections=(Collection("projects", view=_project, schema="Project", system=True),),
    methods={
        "projects.list": _list,
        "projects.search": _list,
        "projects.create": _create,
        "projects.update": _update,
        "projects.patch": _update,
        "projects.delete": _delete,
        "projects.undelete": _undelete,
        "projects.getAncestry": _ancestry,
    },
)
