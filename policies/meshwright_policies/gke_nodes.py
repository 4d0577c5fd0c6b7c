"""Rules for the nodes of GKE clusters: whose identity they have, and what they boot."""

from collections.abc import Iterator

from meshwright_policies.gke_settings import (
    CLUSTERS_AND_POOLS,
    Setting,
    Wanted,
    judged,
    mended,
    nodes,
    pools,
    said,
    standard_cluster,
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
from meshwright_policies.values import UNKNOWN, at

# What Google calls every project's default account, which has the role Editor on the project.
DEFAULT_ACCOUNT = "-compute@developer.gserviceaccount.com"
LEGACY_ENDPOINTS = "disable-legacy-endpoints"


@resource_rule(
    "GKE-03",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.2.2/5.4.1, CKV_GCP_69, trivy GCP-0057",
    title="Pods get their own Google identity and not the node's, so that one compromised pod "
    "does not hold the node's permissions.",
    types=CLUSTERS_AND_POOLS,
)
def workload_identity(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """The cluster has a workload pool, its node pools serve its metadata; Autopilot has both."""
    pool = Setting("workloadIdentityConfig.workloadPool", mend="Set it to PROJECT.svc.id.goog")
    metadata = Setting("nodeConfig.workloadMetadataConfig.mode", ("GKE_METADATA",))
    yield from judged((place, pool) for place in standard_cluster(resource))
    yield from judged((place, metadata) for place in pools(resource))


@resource_rule(
    "GKE-04",
    severity=Severity.MEDIUM,
    source="CIS GKE 1.9 5.2.1, trivy GCP-0050",
    title="Nodes have a service account of their own, so that a stolen node does not hold the "
    "Compute Engine default account's wide roles.",
    types=CLUSTERS_AND_POOLS,
)
def own_node_account(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Of each pool, and of the nodes that auto-provisioning or Autopilot makes."""
    for place in nodes(resource, autopilot=True):
        account = at(place.holder, "serviceAccount")
        path = place.path("serviceAccount")
        if account is UNKNOWN:
            yield Unjudged(path)
        elif not account or account == "default" or _is_default(account):
            yield Violation(
                path,
                f"{said(account)}, which is the Compute Engine default account",
                "Name an account with no role but roles/container.defaultNodeServiceAccount",
            )


def _shielded(resource: Resource) -> Wanted:
    nodes_of_cluster = Setting("enableShieldedNodes", (True,), unset_holds=True)
    secure_boot = Setting("shieldedInstanceConfig.enableSecureBoot", (True,))
    integrity = Setting(
        "shieldedInstanceConfig.enableIntegrityMonitoring", (True,), unset_holds=True
    )
    for place in standard_cluster(resource):
        yield place, nodes_of_cluster
    for place in nodes(resource):
        yield place, secure_boot
        yield place, integrity


@resource_rule(
    "GKE-05",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.5.5-7, CKV_GCP_68/71/72, trivy GCP-0055",
    title="Nodes prove what they are and boot only signed software, so that no root kit survives "
    "a restart and no machine poses as a node.",
    types=CLUSTERS_AND_POOLS,
    remedy=lambda resource, settings: mended(resource, _shielded(resource)),
)
def shielded_nodes(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Shielded nodes, secure boot, integrity monitoring; Autopilot fixes all three."""
    return judged(_shielded(resource))


def _without_legacy_endpoints(resource: Resource) -> Wanted:
    for place in nodes(resource):
        # GKE adds the key to metadata that nobody set, and takes it away from metadata without it.
        if at(place.holder, "metadata") is not None:
            yield place, Setting(f"metadata.{LEGACY_ENDPOINTS}", ("true", True))


@resource_rule(
    "GKE-08",
    severity=Severity.HIGH,
    source="trivy GCP-0048, GoogleCloudPlatform/policy-library",
    title="Nodes do not serve the legacy metadata endpoints, so that a forged request from a pod "
    "does not read the node's credentials.",
    types=CLUSTERS_AND_POOLS,
    remedy=lambda resource, settings: mended(resource, _without_legacy_endpoints(resource)),
)
def no_legacy_endpoints(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """They are off unless the nodes' metadata is set without saying so; Autopilot fixes it."""
    return judged(_without_legacy_endpoints(resource))


def _image(resource: Resource) -> Wanted:
    image = Setting("imageType", ("COS_CONTAINERD",), unset_holds=True)
    for place in nodes(resource):
        yield place, image


def _image_remedy(resource: Resource, settings: Settings) -> dict[str, object] | None:
    """Windows nodes run Windows containers, which no other image can."""
    return mended(
        resource,
        (
            (place, image)
            for place, image in _image(resource)
            if not _is_windows(at(place.holder, "imageType"))
        ),
    )


@resource_rule(
    "GKE-14",
    severity=Severity.LOW,
    source="CIS GKE 1.9 5.5.1, CKV_GCP_22, trivy GCP-0054",
    title="Nodes run Container-Optimized OS with containerd, so that they carry little that can "
    "be attacked and Google patches it.",
    types=CLUSTERS_AND_POOLS,
    remedy=_image_remedy,
)
def container_optimized_image(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Google's default image is this one; Autopilot fixes it."""
    return judged(_image(resource))


def _is_default(account: object) -> bool:
    return isinstance(account, str) and account.endswith(DEFAULT_ACCOUNT)


def _is_windows(image: object) -> bool:
    return isinstance(image, str) and image.upper().startswith("WINDOWS")
