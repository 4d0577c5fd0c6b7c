"""A cluster's place in its network: VPC, subnetwork, pod, service and control plane ranges."""

import hashlib
import ipaddress
from collections.abc import Iterator
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.services.gke.places import region_of
from meshwright_sandbox.services.vpc import ranges, sharing

Json = dict[str, Any]
# What GKE gives clusters that name no range: services Google's own block, which is the same for
# every cluster, as it is never routed; pods, and services that want a size, a part of 10/8.
_MANAGED_SERVICES = "34.118.224.0/20"
_MANAGED = ipaddress.IPv4Network("10.0.0.0/8")
_POD_PREFIX = 14
_CONTROL_PLANE_PREFIX = 28


def short_hash(text: str) -> str:
    """Eight hex digits, the same for the same cluster, as in the names GKE makes up."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def attach(call: Call, cluster: Json) -> None:
    """Resolve network and subnetwork, and fill in the ranges.

    Raises:
        ApiError: 404 or 400 when something does not exist or does not fit.
    """
    network = _network(call, cluster)
    subnetwork, document = _subnetwork(call, cluster, network)
    sharing.require_access(call, network, subnetwork)
    cluster["network"] = network.rpartition("/")[2]
    cluster["subnetwork"] = subnetwork.rpartition("/")[2]
    config = cluster.setdefault("networkConfig", {})
    config |= {"network": network, "subnetwork": subnetwork}
    _control_plane_range(call, cluster, document)
    _ranges(call, cluster, document)


def _network(call: Call, cluster: Json) -> str:
    wanted = str(cluster.get("network") or "default")
    name = resource_name(call, wanted) or f"projects/{call.project}/global/networks/{wanted}"
    if call.cloud.store.get("compute", name) is None:
        project, short = name.split("/")[1], name.rpartition("/")[2]
        raise ApiError(
            404,
            f'Not found: project "{project}" does not have a network named "{short}".',
            refusal="reference",
        )
    return name


def _subnetwork(call: Call, cluster: Json, network: str) -> tuple[str, Json]:
    store, region = call.cloud.store, region_of(call.location)
    wanted = str(cluster.get("subnetwork") or network.rpartition("/")[2])
    scope = f"projects/{network.split('/')[1]}/regions/{region}/subnetworks"
    name = resource_name(call, wanted) or f"{scope}/{wanted}"
    document = store.get("compute", name)
    short, project = name.rpartition("/")[2], name.split("/")[1]
    if f"/regions/{region}/" not in name:
        raise invalid(
            f'Subnetwork "{name}" is not in the region "{region}" of the cluster "{call.location}".'
        )
    if document is None:
        raise ApiError(
            404,
            f'Not found: project "{project}" does not have a subnetwork named "{short}" '
            f'in region "{region}".',
            refusal="reference",
        )
    if not str(document.get("network", "")).endswith(network):
        raise invalid(
            f'Subnetwork "{short}" is not part of the network "{network.rpartition("/")[2]}".'
        )
    return name, document


def _ranges(call: Call, cluster: Json, subnetwork: Json) -> None:
    policy = cluster.setdefault("ipAllocationPolicy", {})
    policy["useIpAliases"] = True  # routes-based clusters can no longer be made
    identity = short_hash(f"{call.project}/{call.location}/{cluster['name']}")
    for kind in ("cluster", "services"):
        label = "pods" if kind == "cluster" else "services"
        name = policy.get(f"{kind}SecondaryRangeName")
        block = policy.get(f"{kind}Ipv4CidrBlock") or policy.get(f"{kind}Ipv4Cidr")
        if name:
            block = _secondary_range(cluster, subnetwork, name)
        elif kind == "cluster" or block:
            policy[f"{kind}SecondaryRangeName"] = f"gke-{cluster['name']}-{label}-{identity}"
            pods = [policy["clusterIpv4CidrBlock"]] if kind == "services" else []
            block = _free(call, str(block or f"/{_POD_PREFIX}"), pods)
        else:
            block = _MANAGED_SERVICES
        policy[f"{kind}Ipv4Cidr"] = policy[f"{kind}Ipv4CidrBlock"] = block
    policy.setdefault("stackType", "IPV4")
    policy.setdefault("podCidrOverprovisionConfig", {})
    policy["defaultPodIpv4RangeUtilization"] = 0.001
    cluster["clusterIpv4Cidr"] = policy["clusterIpv4CidrBlock"]
    cluster["servicesIpv4Cidr"] = policy["servicesIpv4CidrBlock"]


def add_pod_ranges(call: Call, cluster: Json, value: Json) -> None:
    """Let new node pools take pods from more secondary ranges of the cluster's subnetwork."""
    subnetwork = call.cloud.store.get("compute", cluster["networkConfig"]["subnetwork"]) or {}
    added = value.get("podRangeNames", [])
    for name in added:
        _secondary_range(cluster, subnetwork, name)
    _set_pod_ranges(cluster, [*_pod_ranges(cluster), *added])


def remove_pod_ranges(_: Call, cluster: Json, value: Json) -> None:
    """Undo :func:`add_pod_ranges`."""
    removed = value.get("podRangeNames", [])
    _set_pod_ranges(cluster, [name for name in _pod_ranges(cluster) if name not in removed])


def _pod_ranges(cluster: Json) -> list[str]:
    config = cluster["ipAllocationPolicy"].get("additionalPodRangesConfig", {})
    return config.get("podRangeNames", [])


def _set_pod_ranges(cluster: Json, names: list[str]) -> None:
    config = {"podRangeNames": list(dict.fromkeys(names))} if names else {}
    cluster["ipAllocationPolicy"]["additionalPodRangesConfig"] = config


def _secondary_range(cluster: Json, subnetwork: Json, name: str) -> str:
    """The block of a secondary range of the cluster's subnetwork."""
    for known in subnetwork.get("secondaryIpRanges", []):
        if known["rangeName"] == name:
            return str(ranges.network_of(known["ipCidrRange"]))
    raise ApiError(
        400,
        f'Secondary range "{name}" does not exist in network "{cluster["network"]}", '
        f'subnetwork "{cluster["subnetwork"]}".',
        refusal="reference",
    )


def _free(call: Call, wanted: str, own: list[str]) -> str:
    """A block as it was asked for, or the first free one of the size that was asked for."""
    if not wanted.startswith("/"):
        return str(_network_of(wanted))
    taken = [*_taken(call), *map(_network_of, own)]
    for block in _MANAGED.subnets(new_prefix=_prefix(wanted)):
        if not any(block.overlaps(other) for other in taken):
            return str(block)
    raise invalid(f"No free range of size {wanted} is left in {_MANAGED}.")


def _prefix(wanted: str) -> int:
    """The length in a size like `/22`."""
    size = wanted[1:]
    if not size.isdecimal() or not _MANAGED.prefixlen <= int(size) <= _MANAGED.max_prefixlen:
        raise invalid(f'Invalid CIDR block size "{wanted}".')
    return int(size)


def _taken(call: Call) -> Iterator[ipaddress.IPv4Network]:
    for row in call.cloud.store.of_type("compute", "subnetworks"):
        yield ranges.network_of(row.doc["ipCidrRange"])
        for secondary in row.doc.get("secondaryIpRanges", []):
            yield ranges.network_of(secondary["ipCidrRange"])
    for row in call.cloud.store.of_type("container", "projects.locations.clusters"):
        yield _network_of(row.doc["clusterIpv4Cidr"])
        yield _network_of(row.doc["servicesIpv4Cidr"])


def _control_plane_range(call: Call, cluster: Json, subnetwork: Json) -> None:
    wanted = cluster.get("privateClusterConfig", {}).get("masterIpv4CidrBlock")
    if not wanted:
        return
    block = _network_of(wanted)
    if block.prefixlen != _CONTROL_PLANE_PREFIX:
        raise invalid(f"Invalid master CIDR block size /{block.prefixlen}: must be a /28.")
    network = cluster["networkConfig"]["network"]
    for row in call.cloud.store.of_type("container", "projects.locations.clusters"):
        other = row.doc.get("privateClusterConfig", {}).get("masterIpv4CidrBlock")
        same = row.doc["networkConfig"]["network"] == network
        if other and same and block.overlaps(_network_of(other)):
            raise invalid(
                f"The given master_ipv4_cidr {wanted} overlaps with an existing network {other}."
            )
    primary = subnetwork["ipCidrRange"]
    if block.overlaps(ranges.network_of(primary)):
        raise invalid(
            f"The given master_ipv4_cidr {wanted} overlaps with an existing network {primary}."
        )


def _network_of(text: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        raise invalid(f'Invalid CIDR block "{text}": {error}.') from error
