"""One member's role on a resource, inside the resource's IAM policy.

The whole policy is read, changed and written back with its etag, again whenever somebody else was
faster, see https://cloud.google.com/iam/docs/retry-strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tenacity

from meshwright_sandbox.plugins.gcp.cloud import CloudError
from meshwright_sandbox.plugins.gcp.work import Work

Policy = dict[str, Any]
_RACES = (409, 412)
_TRIES = 15
# BigQuery keeps its basic roles under older names.
_DATASET_ROLES = {
    "roles/bigquery.dataOwner": "OWNER",
    "roles/bigquery.dataEditor": "WRITER",
    "roles/bigquery.dataViewer": "READER",
}
_DATASET_MEMBERS = {
    "user": "userByEmail",
    "serviceAccount": "userByEmail",
    "group": "groupByEmail",
    "domain": "domain",
    "iamMember": "iamMember",
}


def _owner(work: Work) -> str:
    return work.kind.owner.format(**work.inputs)


def _call(work: Work, verb: str, body: Any) -> dict[str, Any]:
    kind, owner = work.kind, _owner(work)
    query: dict[str, Any] = {
        "resource": owner.removeprefix("projects/") if kind.collection == "projects" else owner,
        "bucket": owner.removeprefix("b/"),
        "options_requestedPolicyVersion": 3,
        "optionsRequestedPolicyVersion": 3,
    }
    if kind.api.startswith("bigquery"):
        query = {"projectId": work.inputs["project"], "datasetId": work.inputs["datasetId"]}
    method = f"{kind.collection}.{verb}"
    return work.cloud.call(kind.api, method, query, body, deadline=work.deadline)


def _read_policy(work: Work) -> Policy:
    if work.kind.api.startswith("bigquery"):
        return _call(work, "get", None)
    body = (
        {"options": {"requestedPolicyVersion": 3}} if work.kind.collection == "projects" else None
    )
    return _call(work, "getIamPolicy", body)


def _write_policy(work: Work, policy: Policy) -> None:
    if work.kind.api.startswith("bigquery"):
        _call(work, "patch", {"access": policy.get("access", []), "etag": policy.get("etag")})
        return
    if any(binding.get("condition") for binding in policy.get("bindings", [])):
        policy["version"] = 3
    direct = work.kind.api.startswith("storage")
    _call(work, "setIamPolicy", policy if direct else {"policy": policy})


def _access(work: Work) -> dict[str, Any]:
    role, member = work.inputs["role"], work.inputs["member"]
    prefix, _, who = member.partition(":")
    field = _DATASET_MEMBERS.get(prefix, "specialGroup")
    return {"role": _DATASET_ROLES.get(role, role), field: who or prefix}


def _holds(work: Work, policy: Policy) -> bool:
    if work.kind.api.startswith("bigquery"):
        wanted = _access(work)
        return any(wanted.items() <= entry.items() for entry in policy.get("access", []))
    binding = _binding(work, policy)
    member = work.inputs["member"].casefold()
    return bool(binding) and member in [m.casefold() for m in binding.get("members", [])]


def _binding(work: Work, policy: Policy) -> dict[str, Any]:
    for binding in policy.get("bindings", []):
        same_condition = (binding.get("condition") or None) == (
            work.inputs.get("condition") or None
        )
        if binding["role"] == work.inputs["role"] and same_condition:
            return binding
    return {}


def _add(work: Work, policy: Policy) -> None:
    if work.kind.api.startswith("bigquery"):
        policy.setdefault("access", []).append(_access(work))
        return
    binding = _binding(work, policy)
    if not binding:
        binding = {"role": work.inputs["role"], "members": []}
        if work.inputs.get("condition"):
            binding["condition"] = work.inputs["condition"]
        policy.setdefault("bindings", []).append(binding)
    binding["members"] = [*binding.get("members", []), work.inputs["member"]]


def _remove(work: Work, policy: Policy) -> None:
    if work.kind.api.startswith("bigquery"):
        wanted = _access(work)
        policy["access"] = [e for e in policy["access"] if not wanted.items() <= e.items()]
        return
    binding, member = _binding(work, policy), work.inputs["member"].casefold()
    binding["members"] = [m for m in binding["members"] if m.casefold() != member]
    policy["bindings"] = [b for b in policy["bindings"] if b.get("members")]


def _change(work: Work, doing: str, wanted: bool, change: Callable[[Work, Policy], None]) -> None:
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(
            lambda e: isinstance(e, CloudError) and e.status in _RACES
        ),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=5.0),
        stop=tenacity.stop_after_attempt(_TRIES)
        | tenacity.stop_when_event_set(work.cloud.cancelled),
        sleep=tenacity.sleep_using_event(work.cloud.cancelled),
        reraise=True,
    )

    def once() -> None:
        policy = _read_policy(work)
        if _holds(work, policy) is not wanted:
            change(work, policy)
            _write_policy(work, policy)

    with work.cloud.turn(f"policy/{_owner(work)}"):
        try:
            retrying(once)
        except CloudError as error:
            error.args = (f"{work.describe(doing)}: {error}",)
            raise


def _id(work: Work) -> str:
    condition = work.inputs.get("condition")
    return f"{work.id}/{condition['title']}" if condition else work.id


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Grant the role; one that is granted already is taken as it is."""
    _change(work, "granting", True, _add)
    return _id(work), read(work, _id(work)) or dict(work.inputs)


def read(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the outputs, or None if the role is not granted."""
    try:
        policy = _read_policy(work)
    except CloudError as error:
        if error.status in (403, 404):
            return None
        error.args = (f"{work.describe('reading')}: {error}",)
        raise
    if not _holds(work, policy):
        return None
    return {**work.inputs, "etag": policy.get("etag", "")}


def update(
    work: Work, identifier: str, outputs: Mapping[str, Any], old: Mapping[str, Any]
) -> dict[str, Any]:
    """Grant the role again: a grant has nothing that could change in place."""
    return create(work)[1]


def delete(work: Work, identifier: str, outputs: Mapping[str, Any]) -> None:
    """Take the role away; one that is not granted is no error."""
    try:
        _change(work, "revoking", False, _remove)
    except CloudError as error:
        if error.status != 404:
            raise
