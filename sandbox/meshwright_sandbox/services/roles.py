"""IAM's predefined roles, as far as the sandbox knows them, and who may be given which.

Google has some two thousand; `predefined_roles.yaml` has those that a platform meets here.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid

Json = dict[str, Any]
CUSTOM = "projects.roles"
_TABLE = Path(__file__).with_name("predefined_roles.yaml")
_ETAG = "AA=="  # nobody changes them
_PERMISSIONS_BY_DEFAULT, _MOST_PERMISSIONS = 100, 1000
_PROJECT = re.compile(r"//cloudresourcemanager\.googleapis\.com/projects/(?P<project>[^/]+)")


def get(call: Call) -> Json:
    """`roles.get`: a predefined role with its permissions, where the sandbox knows them."""
    role = _predefined().get(call.name)
    if role is None:
        raise ApiError(
            404,
            f"{call.service.not_found(call.name)} Of Google's predefined roles the local cloud "
            f"knows the {len(_predefined())} that `roles.list` names.",
        )
    return role


def list_(call: Call) -> Json:
    """`roles.list`: the predefined roles, or a project's own."""
    parent = call.query.get("parent", "")
    if not parent:
        return listing.answer(call, _in_view(call, list(_predefined().values())))
    kind, _, project = parent.partition("/")
    if kind != "projects":
        raise ApiError(501, "The sandbox has no custom roles of organizations.")
    return listing.answer(call, _in_view(call, _custom(call, project)))


def list_custom(call: Call) -> Json:
    """`projects.roles.list`: a project's own roles."""
    return listing.answer(call, _in_view(call, _custom(call, call.project)))


def query_grantable(call: Call) -> Json:
    """`roles.queryGrantableRoles`: what may be granted on a project.

    Raises:
        ApiError: 501 for any other resource, of which the sandbox's table says nothing.
    """
    project = _queried_project(call, "grantable roles")
    return listing.answer(call, _in_view(call, [*_predefined().values(), *_custom(call, project)]))


def query_testable(call: Call) -> Json:
    """`permissions.queryTestablePermissions`: those that the sandbox's table of roles names.

    Google tells thousands, and of each its title and stage, of which the table says nothing.

    Raises:
        ApiError: 501 for any other resource than a project.
    """
    _queried_project(call, "testable permissions")
    size = int(call.query.get("pageSize", "0")) or _PERMISSIONS_BY_DEFAULT
    if not 0 < size <= _MOST_PERMISSIONS:
        raise invalid(f"Invalid page size: {size}. It must be within [0, {_MOST_PERMISSIONS}].")
    call.query["pageSize"] = str(size)
    names = {n for role in _predefined().values() for n in role.get("includedPermissions", [])}
    return listing.answer(call, [{"name": name} for name in sorted(names)])


def _queried_project(call: Call, asked: str) -> str:
    """The project that a query is about, once its pages are asked for as those of lists are."""
    resource: str = call.body.get("fullResourceName", "")
    match = _PROJECT.fullmatch(resource)
    if not resource.startswith("//"):
        raise invalid(f"Invalid resource name: '{resource}'. It must begin with //.")
    if match is None:
        raise ApiError(501, f"The sandbox knows no {asked} but those of projects: {resource}.")
    call.query |= {k: str(v) for k, v in call.body.items() if k != "fullResourceName"}
    return match[1]


@cache
def _predefined() -> dict[str, Json]:
    table: dict[str, Json] = YAML(typ="safe").load(_TABLE.read_text(encoding="utf-8"))
    return {name: _role(name, entry) for name, entry in table.items()}


def _role(name: str, entry: Json) -> Json:
    role = {
        "name": name,
        "title": entry["title"],
        "description": entry["description"],
        "stage": entry.get("stage", "GA"),
        "etag": _ETAG,
    }
    return role | ({"includedPermissions": entry["permissions"]} if "permissions" in entry else {})


def _custom(call: Call, project: str) -> list[Json]:
    parent = f"projects/{call.cloud.projects.id(project)}/roles"
    return [call.shown(CUSTOM, row.doc) for row in call.cloud.store.children("iam", parent)]


def _in_view(call: Call, roles: list[Json]) -> list[Json]:
    """Without their permissions, unless the call asks for everything."""
    if call.query.get("view") == "FULL":
        return roles
    return [{k: v for k, v in role.items() if k != "includedPermissions"} for role in roles]


METHODS = {
    "roles.get": get,
    "roles.list": list_,
    "roles.queryGrantableRoles": query_grantable,
    "permissions.queryTestablePermissions": query_testable,
    f"{CUSTOM}.list": list_custom,
}
