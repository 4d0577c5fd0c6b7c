"""Rules for GKE clusters: what is encrypted, which images start, and what cannot be destroyed."""

from collections.abc import Iterator

from meshwright_policies.gke_settings import (
    CLUSTERS,
    CLUSTERS_AND_POOLS,
    Setting,
    Wanted,
    cluster,
    judged,
    mended,
    nodes,
)
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, is_production

ENCRYPTED = ("ENCRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED")
ENFORCING = (
    "PROJECT_SINGLETON_POLICY_ENFORCE",
    "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE",
)


@resource_rule(
    "GKE-11",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.3.1",
    title="Secrets are encrypted with a Cloud KMS key before they are stored, so that a copy of "
    "etcd is worth nothing and the key can be taken away.",
    types=CLUSTERS,
)
def encrypted_secrets(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Autopilot leaves this to the key's owner, too."""
    for place in cluster(resource):
        mend = 'Set it to "ENCRYPTED", and databaseEncryption.keyName to a key in its region'
        yield from judged([(place, Setting("databaseEncryption.state", ENCRYPTED, mend))])
        encryption = at(place.holder, "databaseEncryption")
        if at(encryption, "state") in ENCRYPTED and at(encryption, "keyName") in (None, ""):
            yield Violation(
                "databaseEncryption.keyName",
                "is not set",
                "Name a key in the cluster's region, projects/P/locations/L/keyRings/R/"
                "cryptoKeys/K",
            )


@resource_rule(
    "GKE-12",
    severity=Severity.MEDIUM,
    source="CIS GKE 1.9 5.1.4, CKV_GCP_66",
    title="Binary Authorization decides which images start, so that an image that nobody vouched "
    "for does not run.",
    types=CLUSTERS,
)
def binary_authorization(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Older programs say so by `binaryAuthorization.enabled`, or `enableBinaryAuthorization`."""
    for place in cluster(resource):
        older = (
            Setting("binaryAuthorization.enabled", (True,)),
            Setting("enableBinaryAuthorization", (True,)),
        )
        found = [at(place.holder, *setting.key.split(".")) for setting in older]
        if at(place.holder, "binaryAuthorization", "evaluationMode") is None:
            if True in found:
                continue
            if UNKNOWN in found:
                yield Unjudged(older[found.index(UNKNOWN)].key)
                continue
        yield from judged([(place, Setting("binaryAuthorization.evaluationMode", ENFORCING))])


def _deletion(resource: Resource, settings: Settings) -> Wanted:
    if is_production(resource.urn, settings):
        for place in cluster(resource):
            yield place, Setting("deletionProtection", (True,), unset_holds=True)


@resource_rule(
    "GKE-21",
    severity=Severity.MEDIUM,
    source="CIS GKE 1.9 5.9.2; deletion protection: our judgement",
    title="Production clusters refuse to be destroyed, and nodes' disks are encrypted with one's "
    "own key, so that no slip takes the cluster and no copy of a disk is readable.",
    types=CLUSTERS_AND_POOLS,
    remedy=lambda resource, settings: mended(resource, _deletion(resource, settings)),
)
def kept_and_encrypted(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """The provider protects clusters by default; Autopilot fixes the nodes' disks."""
    yield from judged(_deletion(resource, settings))
    key = Setting(
        "bootDiskKmsKey",
        mend="Name a key in the cluster's region that Compute Engine's service agent may use",
    )
    yield from judged((place, key) for place in nodes(resource))
