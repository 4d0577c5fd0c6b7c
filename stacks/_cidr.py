"""Arithmetic on IPv4 ranges: what Google's VPC and GKE accept, and how much fits in a range.

Sources: https://cloud.google.com/vpc/docs/subnets#valid-ranges and
https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips (sizes of node, pod and service
ranges), https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr (pods per node).
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from meshwright._ranges import range_problem

PRIVATE_RANGES = tuple(
    IPv4Network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
    )
)
"""What may stand inside a VPC without being announced to the internet.

RFC 1918, RFC 6598 (shared address space), RFC 6890, RFC 2544 and class E.
"""

RESERVED_NODE_ADDRESSES = 4
"""Google keeps the first two and the last two addresses of a subnet's primary range."""

CONTROL_PLANE_PREFIX = 28


def parse(text: str) -> IPv4Network | None:
    """The network that a text names, or None; host bits, IPv6 and bad prefixes are all None."""
    return None if range_problem(text, only_ipv4=True) else IPv4Network(text)


def why_not(text: str) -> tuple[str, str]:
    """What is wrong with a range that `parse` refuses: (rule, fix)."""
    address, slash, prefix = text.partition("/")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        if slash and prefix.isdecimal() and int(prefix[:4]) > 32 and ":" not in address:
            return "a prefix length of an IPv4 range is 0..32", "choose a length from 8 to 29"
        return "must be an IPv4 range in CIDR form", "write it like 10.0.0.0/16"
    if isinstance(network, IPv6Network):
        return "must be an IPv4 range, this is IPv6", "write it like 10.0.0.0/16"
    if not prefix.isdecimal():
        return "must be an IPv4 range in CIDR form", f"did you mean {network}?"
    return "bits beyond the prefix length must be zero", f"did you mean {network}?"


def is_private(network: IPv4Network) -> bool:
    """Whether a range lies in an address space that is not routed on the internet."""
    return any(network.subnet_of(private) for private in PRIVATE_RANGES)


def addresses_per_node(max_pods: int) -> int:
    """How many pod addresses GKE sets aside for each node: twice its pods, up to a power of two."""
    return 1 << (2 * max_pods - 1).bit_length()


def nodes_that_fit(pods: IPv4Network, max_pods: int) -> int:
    """How many nodes a pod range can serve."""
    return pods.num_addresses // addresses_per_node(max_pods)


def pod_prefix_for(nodes: int, max_pods: int) -> int:
    """The longest prefix (the smallest pod range) that serves that many nodes."""
    return 32 - (nodes * addresses_per_node(max_pods) - 1).bit_length()


def node_addresses(network: IPv4Network) -> int:
    """How many nodes a subnet's primary range has addresses for."""
    return max(0, network.num_addresses - RESERVED_NODE_ADDRESSES)


def suggest_private(network: IPv4Network) -> str:
    """A private range of the same size."""
    prefix = max(network.prefixlen, 8)
    return str(IPv4Network((IPv4Address("10.0.0.0"), prefix)))
