"""Rules for GKE clusters: who is let in by which credential, and with which rights."""

from collections.abc import Iterator
from typing import Final

from meshwright_policies.gke_settings import (
    CLUSTERS,
    Setting,
    Wanted,
    cluster,
    judged,
    mended,
)
from meshwright_policies.rule import (
    CLUSTER,
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, each, unjudged

BINDINGS: Final = (
    r"kubernetes:rbac\.authorization\.k8s\.io/\w+:(Cluster)?RoleBinding(List|Patch|ListPatch)?$"
)
# Everybody: without a name, or with any Google account at all.
EVERYBODY: Final = ("system:anonymous", "system:unauthenticated", "system:authenticated")
# What Kubernetes itself binds to some of them: health, version and one's own rights.
DEFAULT_ROLES: Final = ("system:public-info-viewer", "system:discovery", "system:basic-user")


def _abac(resource: Resource) -> Wanted:
    for place in cluster(resource):
        yield place, Setting("enableLegacyAbac", (False,), unset_holds=True)


@resource_rule(
    "GKE-06",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.8.3, CKV_GCP_7, trivy GCP-0062",
    title="Legacy ABAC is off, so that rights come from RBAC and IAM alone and nodes hold no "
    "standing ones.",
    types=CLUSTERS,
    remedy=lambda resource, settings: mended(resource, _abac(resource)),
)
def no_legacy_abac(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Off by default."""
    return judged(_abac(resource))


def _certificate(resource: Resource) -> Wanted:
    issue = Setting(
        "masterAuth.clientCertificateConfig.issueClientCertificate", (False,), unset_holds=True
    )
    for place in cluster(resource):
        yield place, issue


@resource_rule(
    "GKE-07",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.8.1, CKV_GCP_13/19, trivy GCP-0064",
    title="Callers sign in with Google identities and not with client certificates or passwords, "
    "so that access ends when it is taken away: those cannot be revoked.",
    types=CLUSTERS,
    remedy=lambda resource, settings: mended(resource, _certificate(resource)),
)
def no_static_credentials(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Off by default; basic authentication is there on old clusters only."""
    yield from judged(_certificate(resource))
    for key in ("username", "password"):
        if at(resource.properties, "masterAuth", key):
            yield Violation(
                f"masterAuth.{key}",
                "is set, so the cluster takes a password",
                "Remove it, and let callers sign in with gke-gcloud-auth-plugin",
            )


@resource_rule(
    "GKE-17",
    severity=Severity.MEDIUM,
    source="CIS GKE 1.9 5.8.2, 4.1.8-10",
    title="RBAC names Google Groups and never everybody, so that a person who changes teams "
    "changes rights, and a stranger has none.",
    types=rf"{CLUSTER}$|{BINDINGS}",
)
def named_subjects(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Clusters: groups on, bindings for everybody refused. Bindings: none for everybody."""
    if resource.type == CLUSTER:
        yield from judged(_groups(resource))
        return
    items = list(each(resource.properties, "items"))
    yield from unjudged(resource.properties, "items")
    for index, item in items:
        yield from _subjects(item, f"items[{index}].")
    if not items:
        yield from _subjects(resource.properties, "")


def _groups(resource: Resource) -> Wanted:
    group = Setting(
        "authenticatorGroupsConfig.securityGroup", mend="Set it to gke-security-groups@YOUR-DOMAIN"
    )
    for place in cluster(resource):
        yield place, group
        for everybody in ("SystemAuthenticated", "SystemUnauthenticated"):
            key = f"rbacBindingConfig.enableInsecureBinding{everybody}"
            yield place, Setting(key, (False,), unset_holds=True)


def _subjects(binding: object, prefix: str) -> Iterator[Finding]:
    role = at(binding, "roleRef", "name")
    yield from unjudged(binding, "subjects", prefix=prefix)
    for index, subject in each(binding, "subjects"):
        path = f"{prefix}subjects[{index}].name"
        name = at(subject, "name")
        if name is UNKNOWN:
            yield Unjudged(path)
        elif name not in EVERYBODY:
            continue
        elif role is UNKNOWN and name != "system:anonymous":
            yield Unjudged(f"{prefix}roleRef.name")
        elif role not in DEFAULT_ROLES or name == "system:anonymous":
            who = "anybody with a Google account" if name == EVERYBODY[2] else "anybody at all"
            yield Violation(
                path,
                f"is {name!r}, so {who} has the role {role}",
                "Name a group, a person or a service account",
            )
