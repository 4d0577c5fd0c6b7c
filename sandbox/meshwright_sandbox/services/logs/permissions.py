"""Whether a sink's writer may write to its destination: a sink without leave routes nothing.

Roles are compared by name with the predefined ones that hold the permission; of conditions only
`resource.name.endsWith(...)` and `startsWith(...)` are understood, and any other lets nobody in.
https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from meshwright_sandbox.core.cloud import Cloud

Json = dict[str, Any]
_EVERYTHING = frozenset({"roles/owner", "roles/editor"})
_CONDITION = re.compile(r"resource\.name\.(endsWith|startsWith)\((['\"])(.+)\2\)")


class _Destination(NamedTuple):
    service: str
    thing: str
    roles: tuple[str, ...]


# Roles of the service that let write, without `roles/SERVICE.`.
_DESTINATIONS = {
    "logging.googleapis.com": _Destination("logging", "bucket", ("bucketWriter", "admin")),
    "bigquery.googleapis.com": _Destination(
        "bigquery", "dataset", ("dataEditor", "dataOwner", "admin")
    ),
    "storage.googleapis.com": _Destination(
        "storage",
        "bucket",
        ("objectCreator", "objectUser", "objectAdmin", "admin", "legacyBucketWriter"),
    ),
    "pubsub.googleapis.com": _Destination("pubsub", "topic", ("publisher", "editor", "admin")),
}
_ROUTER_ROLES = ("logWriter", "admin")
# What datasets call them in their own access lists.
_DATASET_ROLES = frozenset({"WRITER", "OWNER", "roles/bigquery.dataEditor"})


def problem(cloud: Cloud, project: str, sink: Json) -> str | None:
    """The code of the error that keeps a sink from writing, or None."""
    host, _, name = sink["destination"].partition("/")
    destination = _DESTINATIONS[host]
    home = name.split("/")[1] if name.startswith("projects/") else project
    name = _stored_name(cloud, destination.service, name)
    document = cloud.store.get(destination.service, name)
    is_router = destination.service == "logging" and name.count("/") == 1
    if not is_router and (document is None or document.get("lifecycleState", "ACTIVE") != "ACTIVE"):
        return f"{destination.thing}_not_found"
    writer = sink.get("writerIdentity")
    if writer is None:  # inside its own project, it writes as Logging itself
        return None
    if destination.service == "bigquery" and document and _in_access(document, writer):
        return None
    bindings = [
        *_bindings(cloud, destination.service, name),
        *_bindings(cloud, "cloudresourcemanager", f"projects/{cloud.projects.id(home)}"),
    ]
    named = _ROUTER_ROLES if is_router else destination.roles
    roles = _EVERYTHING | {f"roles/{destination.service}.{role}" for role in named}
    if any(_lets_in(binding, roles, writer, name) for binding in bindings):
        return None
    return f"{destination.thing}_permission_denied"


def _stored_name(cloud: Cloud, service: str, name: str) -> str:
    if service == "storage":
        return f"b/{name}"
    head, project, *rest = name.split("/")
    return "/".join([head, cloud.projects.id(project), *rest])


def _bindings(cloud: Cloud, service: str, name: str) -> Iterator[Json]:
    policy = cloud.store.policy(service, name) or {}
    yield from policy.get("bindings", [])


def _lets_in(binding: Json, roles: frozenset[str], writer: str, name: str) -> bool:
    if binding["role"] not in roles or writer not in binding["members"]:
        return False
    condition = binding.get("condition")
    if not condition:
        return True
    match = _CONDITION.fullmatch(condition.get("expression", "").strip())
    if not match:
        return False
    return name.endswith(match[3]) if match[1] == "endsWith" else name.startswith(match[3])


def _in_access(dataset: Json, writer: str) -> bool:
    email = writer.partition(":")[2]
    return any(
        entry.get("role") in _DATASET_ROLES
        and (entry.get("userByEmail") == email or entry.get("iamMember") == writer)
        for entry in dataset.get("access", [])
    )
