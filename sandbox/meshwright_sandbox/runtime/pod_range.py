"""Who has which addresses of a cluster's pod range.

GKE lets clusters of one subnet share a secondary range, and no two pods in it have one address:
https://cloud.google.com/kubernetes-engine/docs/how-to/multi-pod-cidr. Here each of them begins in
another eighth, its ``part``; a range of its own is part 0 of it.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator

_PARTS = 8
_NODE_PREFIX = 24
_MOST_NODES = 1000


def node_ranges(pod_range: str, part: int) -> list[str]:
    """The ranges that nodes get: a /24 each as in GKE, less where the cluster's range is small.

    The last one is left out: the control planes have their addresses there.
    """
    network = ipaddress.ip_network(pod_range)
    subnets = network.subnets(new_prefix=_node_prefix(network.prefixlen))
    ranges = [str(r) for r in itertools.islice(subnets, _MOST_NODES + 1)][:-1]
    first = _begin(len(ranges), part)
    return [*ranges[first:], *ranges[:first]]


def control_plane_addresses(pod_range: str, part: int) -> Iterator[str]:
    """The addresses for istiods, from the range's end: the first is the managed one's."""
    network = ipaddress.ip_network(pod_range)
    size = 2 ** (network.max_prefixlen - _node_prefix(network.prefixlen))
    first = int(network.broadcast_address) - 1 - _begin(size, part)
    return (str(ipaddress.ip_address(a)) for a in range(first, int(network[0]), -1))


def _node_prefix(prefix: int) -> int:
    return max(_NODE_PREFIX, min(prefix + 4, 28))


def _begin(places: int, part: int) -> int:
    return places * (part % _PARTS) // _PARTS
