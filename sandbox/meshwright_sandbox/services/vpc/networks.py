"""Networks, subnetworks and the routes that come with them."""

from typing import Any

from meshwright_sandbox.core import generic, stamps
from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import ApiError, invalid, required
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.services.vpc import peerings, ranges
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]


def _network_defaults(call: Call, network: Json) -> None:
    network.setdefault("autoCreateSubnetworks", "IPv4Range" not in network)
    network.setdefault("mtu", 1460)
    network.setdefault("networkFirewallPolicyEnforcementOrder", "AFTER_CLASSIC_FIREWALL")
    routing = network.setdefault("routingConfig", {})
    routing.setdefault("routingMode", "REGIONAL")
    routing.setdefault("bgpBestPathSelectionMode", "LEGACY")
    network["selfLinkWithId"] = stamps.self_link(
        call.service, call.version, f"{call.name.rpartition('/')[0]}/{network['id']}"
    )
    if network["autoCreateSubnetworks"]:
        auto_subnetworks(call.cloud, call.project, network["name"])


def _network_view(call: Call, network: Json) -> None:
    name = f"projects/{_project(network)}/global/networks/{network['name']}"
    subnetworks = [
        stamps.self_link(call.service, call.version, user)
        for service, user in call.cloud.store.users("compute", name)
        if service == "compute" and "/subnetworks/" in user
    ]
    if subnetworks:
        network["subnetworks"] = subnetworks
    peerings.show(call, network, name)


def _project(document: Json) -> str:
    return document["selfLink"].partition("/projects/")[2].partition("/")[0]


def _is_automatic(call: Call, name: str) -> bool:
    parent = name.rpartition("/")[0]
    rows = call.cloud.store.children("compute", parent)
    return any(row.name == name and row.system and row.type == "subnetworks" for row in rows)


def delete_network(call: Call) -> Json:
    """Delete a network; its automatic subnetworks go with it."""
    call.get()
    for service, user in call.cloud.store.users("compute", call.name):
        if service == "compute" and _is_automatic(call, user):
            users = call.cloud.store.users("compute", user)
            if not users:
                call.cloud.store.delete("compute", user)
    return generic.delete(call)


def switch_to_custom(call: Call) -> Json:
    """Turn an auto-mode network into a custom one; its subnetworks stay."""
    before = call.get()
    call.put(call.name, before | {"autoCreateSubnetworks": False})
    return call.start("switchToCustomMode", before=before)


def auto_subnetworks(cloud: Cloud, project: str, network: str) -> None:
    """The subnetwork in each region that an auto-mode network brings."""
    compute = cloud.services["compute"]
    target = f"projects/{project}/global/networks/{network}"
    for region, (_, cidr) in REGIONS.items():
        name = f"projects/{project}/regions/{region}/subnetworks/{network}"
        if cloud.store.get("compute", name) is not None:
            continue
        document: Json = {
            "kind": "compute#subnetwork",
            "id": stamps.numeric_id(name),
            "name": network,
            "network": stamps.self_link(compute, "v1", target),
            "region": stamps.self_link(compute, "v1", f"projects/{project}/regions/{region}"),
            "selfLink": stamps.self_link(compute, "v1", name),
            "creationTimestamp": stamps.now(),
            "ipCidrRange": cidr,
        }
        _complete_subnetwork(document)
        document["fingerprint"] = stamps.fingerprint(document)
        cloud.store.put(
            "compute", name, document, type_="subnetworks", project=project, system=True
        )
        cloud.store.set_uses("compute", name, {("compute", target): True})


def seed(cloud: Cloud, project: str) -> None:
    """The network `default` that every new project has."""
    compute = cloud.services["compute"]
    name = f"projects/{project}/global/networks/default"
    document: Json = {
        "kind": "compute#network",
        "id": stamps.numeric_id(name),
        "name": "default",
        "description": "Default network for the project",
        "selfLink": stamps.self_link(compute, "v1", name),
        "selfLinkWithId": stamps.self_link(
            compute, "v1", f"{name.rpartition('/')[0]}/{stamps.numeric_id(name)}"
        ),
        "creationTimestamp": stamps.now(),
        "autoCreateSubnetworks": True,
        "mtu": 1460,
        "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
        "routingConfig": {"routingMode": "REGIONAL", "bgpBestPathSelectionMode": "LEGACY"},
    }
    cloud.store.put("compute", name, document, type_="networks", project=project, system=True)
    auto_subnetworks(cloud, project, "default")


def _complete_subnetwork(document: Json) -> None:
    if document.get("ipCidrRange"):
        document["gatewayAddress"] = str(
            ranges.network_of(document["ipCidrRange"]).network_address + 1
        )
    document.setdefault("purpose", "PRIVATE")
    document.setdefault("stackType", "IPV4_ONLY")
    document.setdefault("privateIpGoogleAccess", False)
    document.setdefault("privateIpv6GoogleAccess", "DISABLE_GOOGLE_ACCESS")
    _complete_flow_logs(document)


def _complete_flow_logs(document: Json) -> None:
    logs = document.get("logConfig")
    if logs is None and "enableFlowLogs" in document:
        logs = document["logConfig"] = {"enable": document["enableFlowLogs"]}
    if logs and logs.get("enable"):
        logs.setdefault("aggregationInterval", "INTERVAL_5_SEC")
        logs.setdefault("flowSampling", 0.5)
        logs.setdefault("metadata", "INCLUDE_ALL_METADATA")
        logs.setdefault("filterExpr", "true")
    document["enableFlowLogs"] = bool(logs and logs.get("enable"))


def _subnetwork_defaults(call: Call, subnetwork: Json) -> None:
    if not subnetwork.get("network"):
        raise required("resource.network")
    if "ipCidrRange" in subnetwork:
        ranges.parse_range(subnetwork["ipCidrRange"], "resource.ipCidrRange")
    elif subnetwork.get("stackType") != "IPV6_ONLY":
        raise required("resource.ipCidrRange")
    _complete_subnetwork(subnetwork)


def _subnetwork_check(call: Call, subnetwork: Json) -> None:
    network = resource_name(call, subnetwork["network"]) or ""
    names = [entry.get("rangeName") for entry in subnetwork.get("secondaryIpRanges", [])]
    for name in names:
        if names.count(name) > 1:
            raise invalid(
                f"Invalid value for field 'resource.secondaryIpRanges': '{name}'. "
                "Secondary range names must be unique within the subnetwork."
            )
    _require_free(call, subnetwork, network)
    if call.before is not None:
        _keep_used_ranges(call, subnetwork)
        if call.method.verb == "patch" and not call.body.get("fingerprint"):
            raise ApiError(412, "Fingerprint is required to update the subnetwork.")
    _complete_flow_logs(subnetwork)


def _require_free(call: Call, subnetwork: Json, network: str) -> None:
    """Refuse ranges that are taken in the network or in one that it is connected with."""
    for each in (network, *peerings.connected(call, network)):
        ranges.require_free(call, subnetwork, each)


def _keep_used_ranges(call: Call, subnetwork: Json) -> None:
    """A secondary range that a cluster's pods or services use cannot go."""
    kept = {entry.get("rangeName") for entry in subnetwork.get("secondaryIpRanges", [])}
    for row in call.cloud.store.of_type("container", "projects.locations.clusters"):
        if resource_name(call, row.doc.get("subnetwork", "")) != call.name and (
            row.doc.get("networkConfig", {}).get("subnetwork") != call.name
        ):
            continue
        policy = row.doc.get("ipAllocationPolicy", {})
        for field in ("clusterSecondaryRangeName", "servicesSecondaryRangeName"):
            used = policy.get(field)
            had = {e.get("rangeName") for e in (call.before or {}).get("secondaryIpRanges", [])}
            if used in had and used not in kept:
                raise ApiError(
                    400,
                    f"The subnetwork resource '{call.name}' secondary range '{used}' is already "
                    f"being used by '{row.name}'",
                    reason="resourceInUseByAnotherResource",
                )


def expand_range(call: Call) -> Json:
    """Widen a subnetwork's primary range."""
    before = call.get()
    wanted = ranges.parse_range(call.body.get("ipCidrRange"), "ipCidrRange")
    current = ranges.network_of(before["ipCidrRange"])
    if not current.subnet_of(wanted) or current == wanted:
        raise invalid(
            f"Invalid IPCidrRange: {wanted}. The new range must contain the current {current}."
        )
    after = before | {"ipCidrRange": str(wanted)}
    _require_free(call, after, resource_name(call, before["network"]) or "")
    _complete_subnetwork(after)
    return _store(call, "expandIpCidrRange", before, after)


def set_google_access(call: Call) -> Json:
    """Switch Private Google Access."""
    before = call.get()
    after = before | {"privateIpGoogleAccess": call.body.get("privateIpGoogleAccess", False)}
    return _store(call, "setPrivateIpGoogleAccess", before, after)


def _store(call: Call, verb: str, before: Json, after: Json) -> Json:
    after["fingerprint"] = stamps.fingerprint(after)
    call.put(call.name, after)
    return call.start(verb, before=before)


COLLECTIONS = (
    Collection(
        "networks",
        latency="network",
        defaults=_network_defaults,
        view=_network_view,
        output_only=("subnetworks", "peerings"),
        immutable=("autoCreateSubnetworks", "description", "IPv4Range"),
    ),
    Collection(
        "subnetworks",
        latency="network",
        defaults=_subnetwork_defaults,
        check=_subnetwork_check,
        immutable=("network", "ipCidrRange", "name", "description", "purpose"),
    ),
)
METHODS = {
    **peerings.METHODS,
    "networks.delete": delete_network,
    "networks.switchToCustomMode": switch_to_custom,
    "subnetworks.expandIpCidrRange": expand_range,
    "subnetworks.setPrivateIpGoogleAccess": set_google_access,
}
