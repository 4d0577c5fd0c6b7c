"""One member's role on a resource, inside the resource's IAM policy.

The whole policy is read, changed and written back with its etag, again whenever somebody else was
faster, see https://cloud.google.com/iam/docs/retry-strategy.
"""

from __future__ import annotations

from typing import Any

import tenacity

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.cloud import CloudError
from meshwright_sandbox.plugins.gcp.convert import BASIC_ROLES
from meshwright_sandbox.plugins.gcp.work import Work

Policy = dict[str, Any]
_RACES = (409, 412)
_TRIES = 15
# Only who asks for this version is shown conditions, and keeps those of others when writing. An API
# knows one of the two names.
_VERSION_ASKED = ("options.requestedPolicyVersion", "optionsRequestedPolicyVersion")
# BigQuery keeps grants in the dataset.
_DATASET_MEMBERS = {
    "user": "userByEmail",
    "serviceAccount": "userByEmail",
    "group": "groupByEmail",
    "domain": "domain",
}


def _is_dataset(work: Work) -> bool:
    return work.kind.api.startswith("bigquery")


def _owner(work: Work) -> str:
    return work.kind.owner.format(**work.inputs)


def _call(work: Work, verb: str, body: Any, what: str) -> Policy:
    names = ("bucket", "datasetId", "project", "region")
    places = {name: work.inputs.get(name) for name in names}
    places["projectId"] = places["project"]
    query = {"resource": _owner(work), **dict.fromkeys(_VERSION_ASKED, 3), **places}
    method = f"{work.kind.collection}.{verb}"
    return operations.run(work.cloud, work.kind.api, method, query, body, work.deadline, what)


def _read_policy(work: Work, what: str) -> Policy:
    if _is_dataset(work):
        return _call(work, "get", None, what)
    wanted = {"options": {"requestedPolicyVersion": 3}}
    return _call(work, "getIamPolicy", wanted if work.kind.collection == "projects" else None, what)


def _write_policy(work: Work, policy: Policy, what: str) -> None:
    if _is_dataset(work):
        _call(work, "patch", {"access": policy["access"], "etag": policy.get("etag")}, what)
        return
    policy = {k: v for k, v in policy.items() if k not in ("kind", "resourceId")} | {"version": 3}
    bare = work.kind.api.startswith("storage")
    _call(work, "setIamPolicy", policy if bare else {"policy": policy}, what)


def _access(work: Work) -> dict[str, Any]:
    prefix, _, who = work.inputs["member"].partition(":")
    role = work.inputs["role"]
    return {"role": BASIC_ROLES.get(role, role), _DATASET_MEMBERS.get(prefix, "iamMember"): who}


def _binding(work: Work, policy: Policy) -> dict[str, Any]:
    condition = work.inputs.get("condition") or None
    for binding in policy.get("bindings", []):
        if (
            binding["role"] == work.inputs["role"]
            and (binding.get("condition") or None) == condition
        ):
            return binding
    return {}


def _holds(work: Work, policy: Policy) -> bool:
    if _is_dataset(work):
        return any(_access(work).items() <= entry.items() for entry in policy.get("access", []))
    members = _binding(work, policy).get("members", [])
    return work.inputs["member"].casefold() in map(str.casefold, members)


def _add(work: Work, policy: Policy) -> None:
    if _is_dataset(work):
        policy.setdefault("access", []).append(_access(work))
    elif binding := _binding(work, policy):
        binding["members"].append(work.inputs["member"])
    else:
        made = {"role": work.inputs["role"], "members": [work.inputs["member"]]}
        if work.inputs.get("condition"):
            made["condition"] = work.inputs["condition"]
        policy.setdefault("bindings", []).append(made)


def _remove(work: Work, policy: Policy) -> None:
    if _is_dataset(work):
        wanted = _access(work).items()
        policy["access"] = [entry for entry in policy["access"] if not wanted <= entry.items()]
        return
    binding, member = _binding(work, policy), work.inputs["member"].casefold()
    binding["members"] = [m for m in binding["members"] if m.casefold() != member]
    policy["bindings"] = [b for b in policy["bindings"] if b.get("members")]


def _set(work: Work, *, held: bool) -> None:
    """Bring the grant about, or take it away."""
    what = work.describe("granting" if held else "revoking")
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda e: getattr(e, "status", 0) in _RACES),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=5.0),
        stop=tenacity.stop_after_attempt(_TRIES),
        sleep=tenacity.sleep_using_event(work.cloud.cancelled),
        reraise=True,
    )
    with work.cloud.turn(f"policy/{_owner(work)}"):
        for attempt in retrying:
            with attempt:
                policy = _read_policy(work, what)
                if _holds(work, policy) is not held:
                    (_add if held else _remove)(work, policy)
                    _write_policy(work, policy, what)


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Grant the role; one that is granted already is taken as it is."""
    _set(work, held=True)
    condition = work.inputs.get("condition")
    identifier = f"{work.id}/{condition['title']}" if condition else work.id
    return identifier, read(work, identifier) or dict(work.inputs)


def read(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the outputs, or None if the role is not granted."""
    try:
        policy = _read_policy(work, work.describe("reading"))
    except CloudError as error:
        if error.status == 404:
            return None
        raise
    return {**work.inputs, "etag": policy.get("etag", "")} if _holds(work, policy) else None


def update(work: Work, identifier: str, outputs: Any, old: Any) -> dict[str, Any]:
    """Grant the role again: a grant has nothing that could change in place."""
    return create(work)[1]


def delete(work: Work, identifier: str) -> None:
    """Take the role away; one that is not granted is no error."""
    try:
        _set(work, held=False)
    except CloudError as error:
        if error.status != 404:
            raise
