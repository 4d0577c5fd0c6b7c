"""Rules for GKE clusters: who reaches control plane, nodes and pods, and what is seen of it."""

import ipaddress
from collections.abc import Iterator

from meshwright_policies.gke_settings import (
    CLUSTERS,
    CLUSTERS_AND_POOLS,
    Place,
    Setting,
    cluster,
    judged,
    pools,
    said,
    standard_cluster,
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

# A wider range than this is no list of known callers any more.
WIDEST_PREFIX = 8
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
# Subnets of other purposes hold load balancers' proxies or translated addresses, no nodes.
NODE_PURPOSES = (None, "PRIVATE", "PRIVATE_RFC_1918")


@resource_rule(
    "GKE-01",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.6.5, CKV_GCP_64, trivy GCP-0059",
    title="Nodes have private addresses only, so that nothing on the internet reaches them.",
    types=CLUSTERS_AND_POOLS,
)
def private_nodes(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Clusters say so for all nodes; a pool may not take it back."""
    mend = "Set it to true and give the network a Cloud NAT for outgoing calls"
    whole = Setting("privateClusterConfig.enablePrivateNodes", (True,), mend)
    yield from judged((place, whole) for place in cluster(resource))
    of_pool = Setting("networkConfig.enablePrivateNodes", (True,), mend, unset_holds=True)
    yield from judged((place, of_pool) for place in pools(resource))


@resource_rule(
    "GKE-02",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 5.6.3/5.6.4, CKV_GCP_18/20, trivy GCP-0053/0061",
    title="Only named networks reach the control plane's address, so that a leaked credential or "
    "an API server bug is not open to the whole internet.",
    types=CLUSTERS,
)
def authorized_control_plane(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """A cluster whose control plane has no IP endpoint at all, only the DNS one, holds too."""
    endpoint = ("controlPlaneEndpointsConfig", "ipEndpointsConfig", "enabled")
    if at(resource.properties, *endpoint) is UNKNOWN:
        yield Unjudged(".".join(endpoint))
    elif at(resource.properties, *endpoint) is not False:
        yield from _authorized_networks(resource.properties)


def _authorized_networks(properties: object) -> Iterator[Finding]:
    key = "masterAuthorizedNetworksConfig"
    networks = at(properties, key)
    yield from unjudged(properties, key)
    if networks is None:
        yield Violation(
            key,
            "is not set",
            "Set it, with the ranges that administrators and CI call from, or empty for none",
        )
    if networks is None or networks is UNKNOWN:
        return
    whole_cloud = Setting(
        "gcpPublicCidrsAccessEnabled",
        (False,),
        "Set it to false: otherwise every virtual machine of Google Cloud, anyone's, gets in",
        unset_holds=True,
    )
    yield from judged([(Place((key,), networks), whole_cloud)])
    yield from unjudged(networks, "cidrBlocks", prefix=f"{key}.")
    for index, block in each(networks, "cidrBlocks"):
        path = f"{key}.cidrBlocks[{index}]."
        yield from unjudged(block, "cidrBlock", prefix=path)
        if _too_wide(cidr := at(block, "cidrBlock")):
            yield Violation(
                f"{path}cidrBlock",
                f"{cidr} is open to a large part of the internet",
                "Name the ranges that administrators and CI call from",
            )


def _too_wide(cidr: object) -> bool:
    """Whether a range holds so much of the internet that it is no restriction."""
    if not isinstance(cidr, str):
        return False
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False  # the API refuses it; not this rule's business
    return network.prefixlen < WIDEST_PREFIX


@resource_rule(
    "GKE-09",
    severity=Severity.MEDIUM,
    source="CIS GKE 1.9 4.3.1, CKV_GCP_12, trivy GCP-0056",
    title="The cluster enforces network policies, so that a NetworkPolicy closes what it says and "
    "is not ignored in silence.",
    types=CLUSTERS,
)
def network_policies(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Dataplane V2, which Autopilot always has, or the older add-on together with its nodes."""
    for place in standard_cluster(resource):
        datapath = at(place.holder, "datapathProvider")
        enabled = at(place.holder, "networkPolicy", "enabled")
        addon_off = at(place.holder, "addonsConfig", "networkPolicyConfig", "disabled")
        if datapath == "ADVANCED_DATAPATH" or (enabled is True and addon_off in (None, False)):
            continue
        if datapath is UNKNOWN:
            yield Unjudged("datapathProvider")
        elif enabled is True and addon_off is True:
            yield Violation(
                "addonsConfig.networkPolicyConfig.disabled",
                "is true, so the control plane lacks what networkPolicy.enabled needs",
                'Set it to false, or datapathProvider to "ADVANCED_DATAPATH"',
            )
        elif UNKNOWN in (enabled, addon_off):
            decides = ("networkPolicy", "enabled")
            if enabled is not UNKNOWN:
                decides = ("addonsConfig", "networkPolicyConfig", "disabled")
            yield Unjudged(".".join(decides))
        else:
            yield Violation(
                "datapathProvider",
                f"{said(datapath)}, and networkPolicy.enabled {said(enabled)}",
                'Set it to "ADVANCED_DATAPATH" (Dataplane V2), which enforces them by itself',
            )


@resource_rule(
    "GKE-10",
    severity=Severity.LOW,
    source="CIS GKE 1.9 5.6.2, CKV_GCP_23, trivy GCP-0049",
    title="Pods have addresses of the VPC (VPC-native), so that firewall rules, flow logs and the "
    "mesh's load balancing see pods and not nodes.",
    types=CLUSTERS,
)
def vpc_native(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Google makes new clusters VPC-native unless they ask for routes."""
    mode = Setting("networkingMode", ("VPC_NATIVE",), unset_holds=True)
    return judged((place, mode) for place in cluster(resource))


@resource_rule(
    "GKE-16",
    severity=Severity.LOW,
    source="CIS GKE 1.9 5.6.1, CKV_GCP_61, CKV_GCP_26",
    title="The network sees and logs the flows between pods, so that one can tell afterwards who "
    "talked to whom.",
    types=rf"({CLUSTER}|{SUBNETWORK})$",
)
def visible_flows(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Intranode visibility on clusters (Autopilot has it), VPC flow logs on subnets of nodes."""
    visibility = Setting("enableIntranodeVisibility", (True,))
    yield from judged((place, visibility) for place in standard_cluster(resource))
    if resource.type == SUBNETWORK:
        yield from _flow_logs(resource.properties)


def _flow_logs(properties: object) -> Iterator[Finding]:
    purpose = at(properties, "purpose")
    yield from unjudged(properties, "purpose")
    if purpose not in NODE_PURPOSES:
        return
    yield from unjudged(properties, "logConfig")
    if at(properties, "logConfig") is None:
        yield Violation(
            "logConfig", "is not set", "Set it, such as to {flowSampling: 0.5}, for VPC flow logs"
        )
    sampling = at(properties, "logConfig", "flowSampling")
    if sampling == 0:
        yield Violation(
            "logConfig.flowSampling", "is 0, so no flow is logged", "Set it, such as to 0.5"
        )
