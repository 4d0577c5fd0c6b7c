"""SEC-02: who gets which rights on Google Cloud."""

import json
from collections.abc import Iterator

from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, as_secret_as, at, each, unjudged

# Member, Binding and Policy of every service: projects/iAMMember:IAMMember, cloudrunv2/...
_GRANTS = r"\w+/\w*[iI][aA][mM](Member|Binding|Policy):\w+"
_KEYS = r"serviceaccount/key:Key|serviceAccount/key:Key|storage/hmacKey:HmacKey"
_ENTITIES = r"storage/(\w+AccessControl|\w+ACL|\w+Acl):\w+"
_DATASETS = r"bigquery/(dataset:Dataset|datasetAccess:DatasetAccess)"
_SERVICES = r"cloudrunv2/(service:Service|workerPool:WorkerPool)"
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
BASIC_ROLES = ("roles/owner", "roles/editor")
PUBLIC_ACLS = ("publicRead", "publicReadWrite", "authenticatedRead")
_MEND_MEMBER = "Name the people, groups or service accounts that need it"
_MEND_KEY = "Let workloads use Workload Identity, and CI Workload Identity Federation"


@resource_rule(
    "SEC-02",
    severity=Severity.HIGH,
    source="CIS GCP 3.0 1.4/1.5/5.1, CKV_GCP_28/102/115/116/117, trivy GCP-0001/0007",
    title="Rights on Google Cloud go to named principals, by roles no wider than the work, without "
    "keys that can be copied, so that nobody has what nobody gave him.",
    types=rf"gcp:({_GRANTS}|{_KEYS}|{_ENTITIES}|{_DATASETS}|{_SERVICES})$",
)
def named_principals(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Grants of every service, lists of access of buckets and datasets, and keys."""
    properties, service = resource.properties, resource.type.removeprefix("gcp:")
    if service.startswith(("bigquery/dataset:", "bigquery/datasetAccess:")):
        yield from _dataset(properties)
    elif service.startswith(("cloudrunv2/service:", "cloudrunv2/workerPool:")):
        yield from _invoker(properties)
    elif service.endswith("Policy"):
        yield from _policy(properties)
    elif service.endswith(("Member", "Binding")):
        yield from _grant(properties, "")
    elif service.endswith("Key"):
        yield from _key(resource)
    else:
        yield from _access_list(properties)


def _grant(grant: object, prefix: str) -> Iterator[Finding]:
    """A role and whom it goes to; one member or several."""
    yield from unjudged(grant, "role", prefix=prefix)
    yield from unjudged(grant, "member", prefix=prefix)
    yield from unjudged(grant, "members", prefix=prefix)
    role = at(grant, "role")
    if role in BASIC_ROLES:
        what = f"is {role!r}, which reaches every service"
        yield Violation(f"{prefix}role", what, "Use the roles of the services that are needed")
    yield from _member(at(grant, "member"), f"{prefix}member", role)
    for index, member in each(grant, "members"):
        where = f"{prefix}members[{index}]"
        if member is UNKNOWN:
            yield Unjudged(where)
        yield from _member(member, where, role)


def _member(member: object, where: str, role: object) -> Iterator[Finding]:
    if member in EVERYBODY:
        given = f" {role!r}" if isinstance(role, str) else ""
        yield Violation(where, f"gives{given} to {member!r}, the whole world", _MEND_MEMBER)


def _policy(properties: object) -> Iterator[Finding]:
    """A whole policy, as the text that Google's API takes."""
    yield from unjudged(properties, "policyData")
    text = at(properties, "policyData")
    try:
        policy: object = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return  # the API refuses it; not this rule's business
    for index, binding in each(policy, "bindings"):
        role = at(binding, "role")
        grant: dict[str, object] = (
            {"role": as_secret_as(text, role)} if isinstance(role, str) else {}
        )
        grant["members"] = at(binding, "members")
        yield from _grant(grant, f"policyData.bindings[{index}].")


def _key(resource: Resource) -> Iterator[Finding]:
    where = "serviceAccountId" if resource.type.endswith(":Key") else "serviceAccountEmail"
    kind = "HMAC key" if resource.type.endswith("HmacKey") else "key"
    yield Violation(where, f"gets a {kind}, which works for whoever copies it", _MEND_KEY)


def _dataset(properties: object) -> Iterator[Finding]:
    """BigQuery's own lists: of a dataset, or one entry as a resource."""
    yield from unjudged(properties, "accesses")
    entries = [(f"accesses[{i}].", entry) for i, entry in each(properties, "accesses")]
    for prefix, entry in [("", properties), *entries]:
        for key in ("iamMember", "specialGroup"):
            yield from unjudged(entry, key, prefix=prefix)
            yield from _member(at(entry, key), prefix + key, at(entry, "role"))


def _access_list(properties: object) -> Iterator[Finding]:
    """Cloud Storage's lists: one entry, several as ROLE:entity, or one that Google predefines."""
    yield from unjudged(properties, "entity")
    yield from _member(at(properties, "entity"), "entity", at(properties, "role"))
    acl = at(properties, "predefinedAcl")
    yield from unjudged(properties, "predefinedAcl")
    if acl in PUBLIC_ACLS:
        yield Violation("predefinedAcl", f"is {acl!r}, the whole world", _MEND_MEMBER)
    yield from unjudged(properties, "roleEntities")
    for index, entry in each(properties, "roleEntities"):
        where = f"roleEntities[{index}]"
        if entry is UNKNOWN:
            yield Unjudged(where)
        else:
            role, _, entity = entry.partition(":") if isinstance(entry, str) else ("", "", "")
            yield from _member(entity, where, role)


def _invoker(properties: object) -> Iterator[Finding]:
    """Cloud Run serves callers without asking who they are, where this says so."""
    key = "invokerIamDisabled"
    yield from unjudged(properties, key)
    if at(properties, key) is True:
        mend = "Set it to false, and give roles/run.invoker to those who call it"
        yield Violation(key, "is true, so that everybody who reaches it may call it", mend)
