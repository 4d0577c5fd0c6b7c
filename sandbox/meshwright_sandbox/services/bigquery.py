"""BigQuery: datasets, with their access lists, and tables."""

import re
from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.encryption import require_key
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.policies import check_member
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.service_agents import service_account
from meshwright_sandbox.core.stamps import milliseconds, self_link
from meshwright_sandbox.services import rows

Json = dict[str, Any]
# A dataset takes both words for its basic roles, and gives back the older one.
_LEGACY_ROLES = {
    "roles/bigquery.dataOwner": "OWNER",
    "roles/bigquery.dataEditor": "WRITER",
    "roles/bigquery.dataViewer": "READER",
}
_NAME = re.compile(r"[A-Za-z0-9_]{1,1024}")


def _dataset(call: Call, dataset: Json) -> None:
    short = call.name.rpartition("/")[2]
    if not _NAME.fullmatch(short):
        raise invalid(
            f'Invalid dataset ID "{short}". Dataset IDs must be alphanumeric (plus underscores) '
            "and must be at most 1024 characters long."
        )
    stamp = milliseconds()
    dataset |= {
        "kind": "bigquery#dataset",
        "id": f"{call.project}:{short}",
        "selfLink": self_link(call.service, call.version, call.name),
        "datasetReference": {"datasetId": short, "projectId": call.project},
        "creationTime": stamp,
        "lastModifiedTime": stamp,
        "type": "DEFAULT",
        "maxTimeTravelHours": dataset.get("maxTimeTravelHours", "168"),
    }
    dataset.setdefault("location", "US")
    dataset.setdefault(
        "access",
        [
            {"role": "WRITER", "specialGroup": "projectWriters"},
            {"role": "OWNER", "specialGroup": "projectOwners"},
            {"role": "OWNER", "userByEmail": "developer@example.com"},
            {"role": "READER", "specialGroup": "projectReaders"},
        ],
    )


def _account(call: Call) -> str:
    return service_account("bigquery", call.cloud.projects.number(call.project))


def _service_account(call: Call) -> Json:
    kind = "bigquery#getServiceAccountResponse"
    return {"kind": kind, "email": _account(call)}


def _check_dataset(call: Call, dataset: Json) -> None:
    key = dataset.get("defaultEncryptionConfiguration", {}).get("kmsKeyName")
    if key:
        require_key(call, key, _account(call), dataset["location"])
    for entry in dataset.get("access", []):
        if "role" in entry:
            entry["role"] = _LEGACY_ROLES.get(entry["role"], entry["role"])
        email = entry.get("userByEmail", "")
        if email.endswith(".gserviceaccount.com"):
            check_member(call, f"serviceAccount:{email}")
    if call.before:
        dataset["lastModifiedTime"] = milliseconds()


def _update_dataset(call: Call) -> Json:
    """The request names its dataset again; without an access list the present one stays."""
    before = call.get()
    named = call.body.pop("datasetReference", {}).get("datasetId")
    if named not in (None, before["datasetReference"]["datasetId"]):
        raise invalid(f"Dataset {call.name} cannot be renamed to {named}.")
    for field in ("access", "datasetReference", "location", "maxTimeTravelHours", "type"):
        call.body.setdefault(field, before[field])
    return generic.update(call)


def _delete_dataset(call: Call) -> Json:
    call.get()
    if call.query.get("deleteContents") != "true" and call.cloud.store.below("bigquery", call.name):
        raise ApiError(
            400,
            f"Dataset {call.project}:{call.name.rpartition('/')[2]} is still in use",
            reason="resourceInUse",
        )
    return generic.delete(call)


def _table(call: Call, table: Json) -> None:
    short = call.name.rpartition("/")[2]
    parent = call.name.partition("/tables/")[0]
    dataset = parent.rpartition("/")[2]
    home = call.cloud.store.get("bigquery", parent)
    if home is None:
        raise ApiError(404, call.service.not_found(parent), refusal="reference")
    stamp = milliseconds()
    table |= {
        "kind": "bigquery#table",
        "id": f"{call.project}:{dataset}.{short}",
        "tableReference": {"projectId": call.project, "datasetId": dataset, "tableId": short},
        "type": "TABLE",
        "creationTime": stamp,
        "lastModifiedTime": stamp,
        "location": home["location"],
    }


SERVICE = Service(
    name="bigquery",
    versions={"v2": "bigquery.v2"},
    proto="google.cloud.bigquery",
    style="legacy",
    operations="none",
    name_field="none",
    not_found="Not found: {}".format,
    already_exists="Already Exists: {}".format,
    # The official provider names the dataset in each entry of the list that is part of it.
    extra_fields={"Dataset.AccessEntry": {"datasetId": {"type": "string", "readOnly": True}}},
    collections=(
        Collection(
            "datasets",
            id_from="body:datasetReference.datasetId",
            defaults=_dataset,
            check=_check_dataset,
            immutable=("location",),
        ),
        Collection("tables", id_from="body:tableReference.tableId", defaults=_table),
    ),
    methods={
        "datasets.delete": _delete_dataset,
        "datasets.update": _update_dataset,
        "projects.getServiceAccount": _service_account,
        "tabledata.list": rows.list_,
    },
)
