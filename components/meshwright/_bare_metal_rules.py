"""What must hold between the addresses of a cluster on bare metal."""

import ipaddress
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from ._bare_metal import BareMetalClusterArgs
from ._validation import duplicates

Problems = Iterator[tuple[str, str]]
Span = tuple[IPv4Address, IPv4Address]
_MOST_CONTROL_PLANE_NODES = 5


def bare_metal_problems(args: BareMetalClusterArgs) -> Problems:
    """Each contradiction, with the path of the argument inside `bare_metal`."""
    yield from _node_problems(args)
    yield from _vip_problems(args)
    yield from _range_problems(args)
    for name in duplicates(pool["name"] for pool in args["node_pools"]):
        yield "node_pools", f"two node pools are named {name!r}"
    for name in duplicates(pool["name"] for pool in args["load_balancer_pools"]):
        yield "load_balancer_pools", f"two address pools are named {name!r}"


def _machines(args: BareMetalClusterArgs) -> list[tuple[str, str]]:
    """Path and address of each machine."""
    found = [
        (f"control_plane_nodes[{index}]", node)
        for index, node in enumerate(args["control_plane_nodes"])
    ]
    for number, pool in enumerate(args["node_pools"]):
        path = f"node_pools[{number}].nodes"
        found += [(f"{path}[{index}]", node) for index, node in enumerate(pool["nodes"])]
    return found


def _node_problems(args: BareMetalClusterArgs) -> Problems:
    count = len(args["control_plane_nodes"])
    if count % 2 == 0 or count > _MOST_CONTROL_PLANE_NODES:
        yield "control_plane_nodes", f"has {count} machines; a quorum takes 1, 3 or 5"
    if not args["node_pools"]:
        yield "node_pools", "must have an entry; workloads need machines"
    for number, pool in enumerate(args["node_pools"]):
        if not pool["nodes"]:
            yield f"node_pools[{number}].nodes", "must have an entry"
    machines = _machines(args)
    for path, node in machines:
        if _address(node) is None:
            yield path, f"{node!r} is not an IPv4 address"
    for node in duplicates(node for _, node in machines):
        first, second = [path for path, other in machines if other == node][:2]
        yield second, f"{node!r} is {first} already; a machine has one role"


def _vip_problems(args: BareMetalClusterArgs) -> Problems:
    spans: list[Span] = []
    for number, pool in enumerate(args["load_balancer_pools"]):
        for index, text in enumerate(pool["addresses"]):
            span = _span(text)
            if span is None:
                path = f"load_balancer_pools[{number}].addresses[{index}]"
                yield path, f"{text!r} must be a range such as 10.0.0.50/28 or 10.0.0.50-10.0.0.70"
            else:
                spans.append(span)
    machines = {node for _, node in _machines(args)}
    for field in ("control_plane_vip", "ingress_vip"):
        if _address(args[field]) is None:
            yield field, f"{args[field]!r} is not an IPv4 address"
        elif args[field] in machines:
            yield field, f"{args[field]!r} is the address of a machine; take a free one"
    if args["control_plane_vip"] == args["ingress_vip"]:
        yield "ingress_vip", "must differ from control_plane_vip"
    ingress, control = _address(args["ingress_vip"]), _address(args["control_plane_vip"])
    if spans and ingress and not _inside(ingress, spans):
        yield "ingress_vip", f"{ingress} must be inside one of load_balancer_pools"
    if control and _inside(control, spans):
        yield "control_plane_vip", f"{control} must be outside every one of load_balancer_pools"


def _range_problems(args: BareMetalClusterArgs) -> Problems:
    ranges = {
        "pods_cidr": args.get("pods_cidr", "192.168.0.0/16"),
        "services_cidr": args.get("services_cidr", "10.96.0.0/20"),
    }
    networks: dict[str, IPv4Network] = {}
    for path, text in ranges.items():
        try:
            networks[path] = IPv4Network(text)
        except ValueError as error:
            yield path, f"{text!r} is not an IPv4 range: {error}"
    if len(networks) == len(ranges) and networks["pods_cidr"].overlaps(networks["services_cidr"]):
        yield "services_cidr", f"{ranges['services_cidr']} overlaps pods_cidr"
    for path, node in _machines(args):
        address = _address(node)
        for field, network in networks.items():
            if address and address in network:
                yield field, f"{network} holds {path}, {node}; machines have addresses of their own"
    most = args.get("max_pods_per_node", 110)
    if not 32 <= most <= 250:
        yield "max_pods_per_node", f"{most} is not within 32 to 250"
    elif "pods_cidr" in networks:
        yield from _size_problems(args, networks["pods_cidr"], most)


def _size_problems(args: BareMetalClusterArgs, pods: IPv4Network, most: int) -> Problems:
    """Each node takes a block of at least twice as many addresses as it may have pods."""
    block = 1 << (2 * most - 1).bit_length()
    nodes = len(_machines(args))
    if nodes * block > pods.num_addresses:
        yield (
            "pods_cidr",
            f"{pods} has {pods.num_addresses} addresses; {nodes} nodes of {most} pods take "
            f"{nodes} blocks of {block}",
        )


def _address(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except ValueError:
        return None


def _span(text: str) -> Span | None:
    """First and last address of a range in either notation."""
    first, dash, last = text.partition("-")
    try:
        if dash:
            start, end = IPv4Address(first), IPv4Address(last)
            return (start, end) if start <= end else None
        network = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None
    return network[0], network[-1]


def _inside(address: IPv4Address, spans: list[Span]) -> bool:
    return any(first <= address <= last for first, last in spans)
