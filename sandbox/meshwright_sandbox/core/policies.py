"""IAM policies on any resource: read, replace with etag check, test."""

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core.errors import ApiError, aborted, invalid
from meshwright_sandbox.core.service_agents import AGENTS, OWN_DOMAINS, agent_exists
from meshwright_sandbox.core.stamps import new_etag, same_token

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Call

Json = dict[str, Any]
_EMPTY_ETAG = "ACAB"
_CONDITIONAL = 3  # the version of policies that may hold conditions
_ABOUT_VERSIONS = (
    "For more information, please refer to https://cloud.google.com/iam/docs/policies#versions."
)
_ROLE = re.compile(r"(projects/[^/]+/|organizations/[^/]+/)?roles/[\w.]+")
_MEMBER = re.compile(
    r"(deleted:)?(user|serviceAccount|group|domain|principal|principalSet|projectOwner|"
    r"projectEditor|projectViewer):.+"
)
_ACCOUNT = re.compile(
    r"serviceAccount:(?P<email>[^@\[\]]+@(?P<domain>[^.]+)\.iam\.gserviceaccount\.com)"
)
_WORKLOAD = re.compile(r"serviceAccount:(?P<pool>(?P<project>[^.\[]+)\.svc\.id\.goog)\[.+/.+\]")
_AGENT_DOMAINS = frozenset((*AGENTS.values(), *OWN_DOMAINS))


def get_policy(call: "Call", name: str | None = None) -> Json:
    """The policy of a resource; an empty one when none was set.

    A client that does not ask for version 3 is not shown conditions, but roles of other names:
    https://cloud.google.com/iam/docs/policies#versions

    Raises:
        ApiError: 404 when there is no such resource, 400 for a version that does not exist.
    """
    options = ("options.requestedPolicyVersion", "optionsRequestedPolicyVersion")
    asked = [call.query[option] for option in options if option in call.query]
    asked.append(call.body.get("options", {}).get("requestedPolicyVersion", 0))
    version = int(asked[0])
    _require_version(version)
    policy = _stored(call, name)
    if version == _CONDITIONAL or not _has_conditions(policy):
        return policy
    bindings = [_without_condition(binding) for binding in policy["bindings"]]
    return policy | {"version": 1, "bindings": bindings}


def _stored(call: "Call", name: str | None) -> Json:
    name = name or call.name
    if "get" in call.document.verbs(call.type):
        call.get(name)
    return call.cloud.store.policy(call.service.name, name) or {"etag": _EMPTY_ETAG}


def set_policy(call: "Call", name: str | None = None) -> Json:
    """Replace a policy.

    Raises:
        ApiError: 404 when there is no such resource, 409 for a stale etag, 400 for a wrong role,
            a wrong member, a custom role or service account that does not exist, or a version
            without conditions for a policy that has them.
    """
    name = name or call.name
    policy = call.body.get("policy", call.body)
    current = _stored(call, name)
    version = policy.get("version", 0)
    _require_version(version)
    if version != _CONDITIONAL and _has_conditions(policy):
        raise invalid(
            f"Specified policy version ({version}) cannot hold conditional role bindings: they "
            f"need version {_CONDITIONAL}. {_ABOUT_VERSIONS}"
        )
    if version != _CONDITIONAL and policy.get("etag") and _has_conditions(current):
        raise invalid(
            f"Specified policy version ({version}) cannot be less than the existing policy "
            f"version ({_CONDITIONAL}). {_ABOUT_VERSIONS}"
        )
    if policy.get("etag") and not same_token(policy["etag"], current["etag"]):
        raise aborted(
            "There were concurrent policy changes. Please retry the whole read-modify-write with "
            "exponential backoff. The request's ETag "
            f"'{policy['etag']}' did not match the current policy's ETag '{current['etag']}'."
        )
    known = {m for binding in current.get("bindings", []) for m in binding["members"]}
    bindings = merged_bindings(call, policy.get("bindings", []), known)
    _require_roles(call, bindings, current.get("bindings", []))
    changed: Json = {"version": 1, "etag": new_etag()}
    if bindings:
        changed["bindings"] = bindings
    if _has_conditions(changed):
        changed["version"] = _CONDITIONAL
    masked = call.body.get("updateMask", "auditConfigs")
    audit = policy if "auditConfigs" in masked or "audit_configs" in masked else current
    if audit.get("auditConfigs"):
        changed["auditConfigs"] = audit["auditConfigs"]
    call.cloud.store.set_policy(call.service.name, name, changed)
    return changed


def _require_roles(call: "Call", bindings: list[Json], current: list[Json]) -> None:
    """Refuse a project's role that it does not have; one that it had may still be bound.

    Predefined roles go by their form: there are more of them than the sandbox knows.
    """
    for role in {each["role"] for each in bindings} - {each["role"] for each in current}:
        if role.startswith("projects/") and call.cloud.store.get("iam", role) is None:
            raise ApiError(
                400,
                f"Role ({role}) does not exist in the resource's hierarchy.",
                refusal="reference",
            )


def _has_conditions(policy: Json) -> bool:
    return any(binding.get("condition") for binding in policy.get("bindings", []))


def _without_condition(binding: Json) -> Json:
    if not binding.get("condition"):
        return binding
    text = json.dumps(binding["condition"], sort_keys=True).encode()
    mark = hashlib.sha256(text).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{mark}", "members": binding["members"]}


def _require_version(version: int) -> None:
    if version not in (0, 1, _CONDITIONAL):
        raise invalid(f"Invalid policy version: {version}. {_ABOUT_VERSIONS}")


def test_permissions(call: "Call") -> Json:
    """Every permission is held: the sandbox's caller is the owner.

    On what does not exist none is, and the older APIs say so.
    """
    exists = call.cloud.store.get(call.service.name, call.name) is not None
    if "get" in call.document.verbs(call.type) and not exists:
        if call.service.style == "legacy":
            raise ApiError(404, call.service.not_found(call.name))
        return {}
    return {"permissions": call.body.get("permissions", [])}


def merged_bindings(call: "Call", bindings: list[Json], known: set[str]) -> list[Json]:
    """Bindings, one for each role and condition, members sorted; new members are checked."""
    merged: dict[tuple[str, str], Json] = {}
    for binding in bindings:
        role, condition = binding.get("role", ""), binding.get("condition")
        if not _ROLE.fullmatch(role):
            raise invalid(f"Invalid role: '{role}'. Role is not supported for this resource.")
        key = (role, str(condition))
        entry = merged.setdefault(key, {"role": role, "members": []})
        if condition:
            entry["condition"] = condition
        for member in binding.get("members", []):
            if member not in known:
                check_member(call, member)
            if member not in entry["members"]:
                entry["members"].append(member)
    kept = [entry | {"members": sorted(entry["members"])} for entry in merged.values()]
    return sorted(
        (entry for entry in kept if entry["members"]), key=lambda entry: str(entry["role"])
    )


def check_member(call: "Call", member: str) -> None:
    """Refuse a member of a wrong form, and a service account that does not exist."""
    if member in ("allUsers", "allAuthenticatedUsers"):
        return
    if not _MEMBER.fullmatch(member):
        raise invalid(
            f"The member {member} is of an unknown type. Please set a valid type prefix for the "
            "member."
        )
    workload = _WORKLOAD.fullmatch(member)
    if workload and not _pool_exists(call, workload["project"], workload["pool"]):
        raise invalid(
            f"Identity Pool does not exist ({workload['pool']}). Please check that you specified a "
            "valid resource name as returned in the `name` attribute in the configuration API."
        )
    account = _ACCOUNT.fullmatch(member)
    if not account:
        return
    email, domain = account["email"], account["domain"]
    if domain.startswith("gcp-sa-") or domain in _AGENT_DOMAINS:
        exists = agent_exists(call.cloud, email)
    else:
        exists = call.cloud.store.get("iam", f"projects/{domain}/serviceAccounts/{email}")
    if not exists:
        raise ApiError(400, f"Service account {email} does not exist.", refusal="reference")


def _pool_exists(call: "Call", project: str, pool: str) -> bool:
    """A workload identity pool appears with the first cluster that uses it."""
    clusters = call.cloud.store.of_type("container", "projects.locations.clusters")
    return any(
        row.project == project
        and row.doc.get("workloadIdentityConfig", {}).get("workloadPool") == pool
        for row in clusters
    )
