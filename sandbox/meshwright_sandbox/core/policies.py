"""IAM policies on any resource: read, replace with etag check, test."""

import re
from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core.errors import ApiError, aborted, invalid
from meshwright_sandbox.core.service_agents import AGENTS, OWN_DOMAINS, agent_exists
from meshwright_sandbox.core.stamps import new_etag, same_token

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Call

Json = dict[str, Any]
_EMPTY_ETAG = "ACAB"
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

    Raises:
        ApiError: 404 when there is no such resource.
    """
    name = name or call.name
    if "get" in call.document.verbs(call.type):
        call.get(name)
    return call.cloud.store.policy(call.service.name, name) or {"etag": _EMPTY_ETAG}


def set_policy(call: "Call", name: str | None = None) -> Json:
    """Replace a policy.

    Raises:
        ApiError: 404 when there is no such resource, 409 for a stale etag, 400 for a wrong role,
            a wrong member, or a service account that does not exist.
    """
    name = name or call.name
    policy = call.body.get("policy", call.body)
    current = get_policy(call, name)
    if policy.get("etag") and not same_token(policy["etag"], current["etag"]):
        raise aborted(
            "There were concurrent policy changes. Please retry the whole read-modify-write with "
            "exponential backoff. The request's ETag "
            f"'{policy['etag']}' did not match the current policy's ETag '{current['etag']}'."
        )
    known = {m for binding in current.get("bindings", []) for m in binding["members"]}
    bindings = merged_bindings(call, policy.get("bindings", []), known)
    changed: Json = {"version": policy.get("version", 1), "etag": new_etag()}
    if bindings:
        changed["bindings"] = bindings
    masked = call.body.get("updateMask", "auditConfigs")
    audit = policy if "auditConfigs" in masked or "audit_configs" in masked else current
    if audit.get("auditConfigs"):
        changed["auditConfigs"] = audit["auditConfigs"]
    call.cloud.store.set_policy(call.service.name, name, changed)
    return changed


def test_permissions(call: "Call") -> Json:
    """Every permission is held: the sandbox's caller is the owner."""
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
