"""Cloud Storage: buckets, their IAM policies, and objects."""

import re
from typing import Any

from meshwright_sandbox.core import generic, listing, policies
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.emulated import not_emulated
from meshwright_sandbox.core.encryption import require_key
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.service_agents import service_account
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.objects import changes, copies, stored, uploads
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]
_NAME = re.compile(r"[a-z0-9](?:[-_.a-z0-9]{1,61})[a-z0-9]")
_MULTI_REGIONS = ("ASIA", "EU", "US")
_CLASSES = (
    *("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "RAPID"),
    *("MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY"),
)
_PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
_RETENTION_SECONDS = "604800"


def _in_project(call: Call) -> None:
    """Bucket names are global: the project of a call is in the query, or is the bucket's own."""
    if call.query.get("project"):
        call.project = call.cloud.projects.id(call.query["project"])
        call.cloud.projects.ensure(call.project)
        return
    bucket = call.cloud.store.get("storage", "/".join(call.name.split("/")[:2]))
    if bucket:
        call.project = bucket["_project"]


def _before(call: Call) -> None:
    _in_project(call)
    _require_metageneration(call)


def _require_metageneration(call: Call) -> None:
    """Who names the bucket's state that a call is meant for is refused once it is another."""
    wanted = call.query.get("ifMetagenerationMatch")
    bucket = call.cloud.store.get("storage", call.name) if call.type == "buckets" else None
    if wanted and bucket and wanted != bucket["metageneration"]:
        raise ApiError(412, "At least one of the pre-conditions you specified did not hold.")


def _bucket(call: Call, bucket: Json) -> None:
    name = call.name.rpartition("/")[2]
    if not _NAME.fullmatch(name) or name.startswith("goog") or "google" in name:
        raise invalid(f"Invalid bucket name: '{name}'")
    location = bucket.get("location", "US").upper()
    if location.lower() not in REGIONS and location not in _MULTI_REGIONS:
        raise invalid("The specified location constraint is not valid.")
    stamp = now()
    bucket |= {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "_project": call.project,
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}",
        "projectNumber": call.cloud.projects.number(call.project),
        "location": location,
        "locationType": "multi-region" if location in _MULTI_REGIONS else "region",
        "timeCreated": stamp,
        "updated": stamp,
        "metageneration": "1",
        "generation": "1",
    }


def _settings(bucket: Json) -> None:
    """What a bucket has where neither its creation nor an update says anything."""
    bucket.setdefault("storageClass", "STANDARD")
    bucket.setdefault(
        "softDeletePolicy",
        {"retentionDurationSeconds": _RETENTION_SECONDS, "effectiveTime": bucket["timeCreated"]},
    )
    access = bucket.setdefault("iamConfiguration", {})
    for field in ("uniformBucketLevelAccess", "bucketPolicyOnly"):
        access.setdefault(field, {"enabled": False})
    access["bucketPolicyOnly"] = dict(access["uniformBucketLevelAccess"])
    access.setdefault("publicAccessPrevention", "inherited")
    if bucket["location"] in _MULTI_REGIONS:
        bucket.setdefault("rpo", "DEFAULT")
    else:
        bucket.pop("rpo", None)


def _check(call: Call, bucket: Json) -> None:
    _settings(bucket)
    if bucket["storageClass"] not in _CLASSES:
        raise invalid(f"Invalid argument: unknown storage class '{bucket['storageClass']}'.")
    key = bucket.get("encryption", {}).get("defaultKmsKeyName")
    if key:
        require_key(call, key, account_of(call), bucket["location"])
    if call.before:
        bucket["updated"] = now()
        bucket["metageneration"] = str(int(call.before["metageneration"]) + 1)


def _list(call: Call) -> Json:
    if not call.query.get("project"):
        raise ApiError(400, "Required parameter: project", reason="required", location="project")
    rows = call.cloud.store.of_type("storage", "buckets")
    prefix = call.query.get("prefix", "")
    mine = [
        call.shown("buckets", row.doc)
        for row in rows
        if row.project == call.project and row.doc["name"].startswith(prefix)
    ]
    return listing.answer(call, mine)


def _layout(call: Call) -> Json:
    """Where a bucket lies and how, which clients ask before they move objects."""
    bucket = call.get("/".join(call.name.split("/")[:2]))
    return {
        "kind": "storage#storageLayout",
        "bucket": bucket["name"],
        "location": bucket["location"],
        "locationType": bucket["locationType"],
        "hierarchicalNamespace": bucket.get("hierarchicalNamespace", {"enabled": False}),
    }


def _policy(call: Call, answer: Json) -> Json:
    bucket = call.name.rpartition("/")[2]
    return {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{bucket}",
        "version": 1,
    } | answer


def _get_policy(call: Call) -> Json:
    call.get()
    return _policy(call, policies.get_policy(call))


def _set_policy(call: Call) -> Json:
    access = call.get()["iamConfiguration"]
    members = {m for binding in call.body.get("bindings", []) for m in binding.get("members", [])}
    if access["publicAccessPrevention"] == "enforced" and members & _PUBLIC:
        raise ApiError(
            412,
            "The member bindings allUsers and allAuthenticatedUsers are not allowed since public "
            "access prevention is enforced.",
        )
    return _policy(call, policies.set_policy(call))


def _test_permissions(call: Call) -> Json:
    call.get()
    return {
        "kind": "storage#testIamPermissionsResponse",
        "permissions": call.query.get("permissions", "").split(","),
    }


def _delete(call: Call) -> Json:
    call.get()
    stored.require_empty(call)
    return generic.delete(call)


def account_of(call: Call) -> str:
    """The account as which Cloud Storage encrypts and notifies for the call's project."""
    return service_account("storage", call.cloud.projects.number(call.project))


def _service_account(call: Call) -> Json:
    return {"kind": "storage#serviceAccount", "email_address": account_of(call)}


def _not_found(name: str) -> str:
    bucket, is_object, path = name.removeprefix("b/").partition("/o/")
    if is_object:
        return f"No such object: {bucket}/{path}"
    return "The specified bucket does not exist." if name.startswith("b/") else f"No such {name}."


# Of hierarchical namespaces, which buckets have not here: a folder would be a name and no more.
_FOLDERS = {
    f"{type_}.{verb}": not_emulated
    for type_ in ("folders", "managedFolders")
    for verb in ("insert", "get", "list", "update", "delete", "getIamPolicy", "setIamPolicy")
}

SERVICE = Service(
    name="storage",
    versions={"v1": "storage.v1"},
    proto="google.storage",
    style="legacy",
    operations="none",
    name_field="none",
    before=_before,
    not_found=_not_found,
    wrong_label=lambda wrong: f"Invalid argument. {wrong.said()}",
    already_exists=lambda _: (
        "Your previous request to create the named bucket succeeded and you already own it."
    ),
    collections=(
        Collection(
            "buckets",
            defaults=_bucket,
            check=_check,
            immutable=("location",),
            output_only=("generation", "locationType", "projectNumber", "timeCreated"),
        ),
    ),
    extra_parameters=frozenset({"uploadId"}),
    uploads=frozenset({"objects.insert"}),
    methods=stored.METHODS
    | uploads.METHODS
    | copies.METHODS
    | changes.METHODS
    | _FOLDERS
    | {
        "buckets.list": _list,
        "buckets.getStorageLayout": _layout,
        "buckets.getIamPolicy": _get_policy,
        "buckets.setIamPolicy": _set_policy,
        "buckets.testIamPermissions": _test_permissions,
        "buckets.insert": generic.create,
        "buckets.delete": _delete,
        "projects.serviceAccount.get": _service_account,
    },
)
