"""Address ranges: none overlaps another, control planes are a /28, and the nodes fit."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from stacks import _cidr, _secrets
from stacks._view import Problem, View

PODS_PER_NODE = 110
"""GKE's default for Standard clusters."""

SURGE_NODES = 1
"""What an upgrade adds to each pool for a while."""

SUGGESTIONS = 20
"""How many overlaps come with a free range: finding one looks at all others."""

_OWN = IPv4Network("10.0.0.0/8")


class Range(NamedTuple):
    """One range of the spec and where it stands."""

    network: IPv4Network
    part: View
    key: str

    @property
    def place(self) -> str:
        """Path and range, as errors name it."""
        return f"{_secrets.path((*self.part.loc, self.key))} ({self.network})"


def check(spec: View) -> Iterator[Problem]:
    """Overlaps across the whole spec, sizes and shapes."""
    ranges = list(_ranges(spec))
    yield from _overlaps(ranges)
    for item in ranges:
        yield from _shape(item)
    subnets = {
        (network.text("name"), subnet.text("name")): subnet
        for network in spec.each("networks")
        for subnet in network.each("subnets")
    }
    for cluster in spec.each("clusters"):
        subnet = subnets.get((cluster.text("network"), cluster.text("subnet")))
        if subnet is not None and cluster.text("mode") == "standard":
            yield from _capacity(cluster, subnet)


def free_range(prefix: int, taken: list[IPv4Network]) -> str | None:
    """The first range of that size in 10.0.0.0/8 that overlaps none of the given ones."""
    size = 1 << (32 - prefix)
    start, end = int(_OWN.network_address), int(_OWN.broadcast_address)
    for used in sorted(taken, key=lambda network: int(network.network_address)):
        if start + size - 1 < int(used.network_address):
            break
        after = int(used.broadcast_address) + 1
        start = max(start, -(-after // size) * size)
    return str(IPv4Network((IPv4Address(start), prefix))) if start + size - 1 <= end else None


def _ranges(spec: View) -> Iterator[Range]:
    for network in spec.each("networks"):
        for subnet in network.each("subnets"):
            for key in ("cidr", "pod_cidr", "service_cidr"):
                yield from _range(subnet, key)
        for peer in network.each("peers"):
            yield from _range(peer, "cidr")
    for cluster in spec.each("clusters"):
        yield from _range(cluster, "control_plane_cidr")


def _range(part: View, key: str) -> Iterator[Range]:
    network = _cidr.parse(part.text(key) or "")
    if network is not None:
        yield Range(network, part, key)


def _overlaps(ranges: list[Range]) -> Iterator[Problem]:
    """Each range that overlaps one before it, in the order of addresses: n log n, not n squared."""
    taken = [item.network for item in ranges]
    found = 0
    widest: tuple[int, Range] | None = None
    by_address = sorted(enumerate(ranges), key=_address)
    for position, item in by_address:
        if widest is not None and item.network.overlaps(widest[1].network):
            # The one that stands later in the spec is the one to change.
            (_, early), (_, late) = sorted((widest, (position, item)), key=_position)
            found += 1
            free = free_range(late.network.prefixlen, taken) if found <= SUGGESTIONS else None
            fix = f"a free one is {free}" if free else "move or shrink one of the two"
            yield late.part.problem(late.key, f"must not overlap {early.place}", fix)
        if widest is None or (item.network.broadcast_address > widest[1].network.broadcast_address):
            widest = position, item


def _address(entry: tuple[int, Range]) -> tuple[int, int]:
    network = entry[1].network
    return int(network.network_address), network.prefixlen


def _position(entry: tuple[int, Range]) -> int:
    return entry[0]


def _shape(item: Range) -> Iterator[Problem]:
    prefix = item.network.prefixlen
    if item.key == "control_plane_cidr" and prefix != _cidr.CONTROL_PLANE_PREFIX:
        yield item.part.problem(
            item.key,
            f"a control plane takes exactly a /28, this is a /{prefix}",
            f"write {item.network.network_address}/28",
        )
    longest = {"cidr": 29, "pod_cidr": 24, "service_cidr": 28}.get(item.key)
    if longest and prefix > longest and "peers" not in item.part.loc:
        yield item.part.problem(
            item.key,
            f"must be at least a /{longest}",
            f"write {item.network.network_address}/{longest}",
        )


def _capacity(cluster: View, subnet: View) -> Iterator[Problem]:
    """Nodes x pods against the ranges, with the node that an upgrade adds to each pool."""
    pools = cluster.each("node_pools")
    nodes = sum((pool.integer("max_nodes") or 0) + SURGE_NODES for pool in pools)
    primary, pods = (_cidr.parse(subnet.text(key) or "") for key in ("cidr", "pod_cidr"))
    who = (
        f"cluster {cluster.text('name')} grows to {nodes} nodes (max_nodes and one each to upgrade)"
    )
    if primary is not None and nodes > _cidr.node_addresses(primary):
        prefix = 32 - (nodes + _cidr.RESERVED_NODE_ADDRESSES - 1).bit_length()
        yield subnet.problem(
            "cidr",
            f"{who}, this has room for {_cidr.node_addresses(primary)}",
            f"take a /{prefix} or lower max_nodes",
        )
    if pods is not None and nodes > _cidr.nodes_that_fit(pods, PODS_PER_NODE):
        prefix = _cidr.pod_prefix_for(nodes, PODS_PER_NODE)
        yield subnet.problem(
            "pod_cidr",
            f"{who}, each with {_cidr.addresses_per_node(PODS_PER_NODE)} pod addresses; this has "
            f"room for {_cidr.nodes_that_fit(pods, PODS_PER_NODE)}",
            f"take a /{prefix} or lower max_nodes",
        )
