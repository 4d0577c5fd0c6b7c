"""Rules for GKE clusters and their node pools."""

import ipaddress
from collections.abc import Iterator

from meshwright_policies.rule import (
    CLUSTER,
    NODE_POOL,
    Resource,
    Settings,
    Severity,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, differs, each

# A wider range than this is no list of known callers any more.
WIDEST_PREFIX = 8


@resource_rule(
    "GKE-01",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.6.5, CKV_GCP_64, trivy GCP-0059",
    title="Nodes have private addresses only, so that nothing on the internet reaches them.",
)
def private_nodes(resource: Resource, settings: Settings) -> Iterator[Violation]:
    """Clusters say so for all nodes; a pool may not take it back."""
    mend = "Set it to true and give the network a Cloud NAT for outgoing calls"
    if resource.type == CLUSTER:
        found = at(resource.properties, "privateClusterConfig", "enablePrivateNodes")
        if differs(found, True):
            yield Violation("privateClusterConfig.enablePrivateNodes", _said(found), mend)
    for path, pool in _pools(resource):
        if at(pool, "networkConfig", "enablePrivateNodes") is False:
            yield Violation(f"{path}networkConfig.enablePrivateNodes", "is false", mend)


@resource_rule(
    "GKE-02",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.6.3/5.6.4, CKV_GCP_18/20, trivy GCP-0053/0061",
    title="Only named networks reach the control plane's address, so that a leaked credential or "
    "an API server bug is not open to the whole internet.",
)
def authorized_control_plane(resource: Resource, settings: Settings) -> Iterator[Violation]:
    """A cluster whose control plane has no IP endpoint at all, only the DNS one, holds too."""
    if resource.type != CLUSTER:
        return
    endpoints = at(resource.properties, "controlPlaneEndpointsConfig", "ipEndpointsConfig")
    if at(endpoints, "enabled") is False:
        return
    key = "masterAuthorizedNetworksConfig"
    networks = at(resource.properties, key)
    if networks is None:
        yield Violation(
            key,
            "is not set",
            "Set it, with the ranges that administrators and CI call from, or empty for none",
        )
    if at(networks, "gcpPublicCidrsAccessEnabled") is True:
        yield Violation(
            f"{key}.gcpPublicCidrsAccessEnabled",
            "is true, which lets in every virtual machine of Google Cloud, anyone's",
            "Set it to false",
        )
    for index, block in each(networks, "cidrBlocks"):
        if _too_wide(cidr := at(block, "cidrBlock")):
            yield Violation(
                f"{key}.cidrBlocks[{index}].cidrBlock",
                f"{cidr} is open to a large part of the internet",
                "Name the ranges that administrators and CI call from",
            )


@resource_rule(
    "GKE-03",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.2.2/5.4.1, CKV_GCP_69, trivy GCP-0057",
    title="Pods get their own Google identity and not the node's, so that one compromised pod "
    "does not hold the node's permissions.",
)
def workload_identity(resource: Resource, settings: Settings) -> Iterator[Violation]:
    """The cluster has a workload pool, its node pools serve its metadata; Autopilot has both."""
    if resource.type == CLUSTER and at(resource.properties, "enableAutopilot") is True:
        return
    if resource.type == CLUSTER:
        found = at(resource.properties, "workloadIdentityConfig", "workloadPool")
        if found is not UNKNOWN and not found:
            yield Violation(
                "workloadIdentityConfig.workloadPool", "is not set", "Set it to PROJECT.svc.id.goog"
            )
    for path, pool in _pools(resource):
        mode = at(pool, "nodeConfig", "workloadMetadataConfig", "mode")
        if differs(mode, "GKE_METADATA"):
            yield Violation(
                f"{path}nodeConfig.workloadMetadataConfig.mode",
                _said(mode),
                'Set it to "GKE_METADATA"',
            )


def _pools(resource: Resource) -> Iterator[tuple[str, object]]:
    """The node pools that a resource describes, each with the path that leads to it.

    The default pool of a cluster counts unless it is removed at birth.
    """
    if resource.type == NODE_POOL:
        yield "", resource.properties
    if resource.type == CLUSTER and at(resource.properties, "enableAutopilot") is not True:
        inline = list(each(resource.properties, "nodePools"))
        for index, pool in inline:
            yield f"nodePools[{index}].", pool
        if not inline and not at(resource.properties, "removeDefaultNodePool"):
            yield "", resource.properties


def _too_wide(cidr: object) -> bool:
    """Whether a range holds so much of the internet that it is no restriction."""
    if not isinstance(cidr, str):
        return False
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False  # the API refuses it; not this rule's business
    return network.prefixlen < WIDEST_PREFIX


def _said(value: object) -> str:
    return "is not set" if value is None else f"is {value!r}"
