"""What must hold between the machines and ranges of a cluster on bare metal."""

from ipaddress import IPv4Network

from ._bare_metal import BareMetalClusterArgs
from ._names import NODE_POOL, name_problem
from ._on_prem_addresses import (
    PODS_CIDR,
    SERVICES_CIDR,
    Problems,
    machine_problems,
    range_problems,
    vip_problems,
)
from ._validation import duplicates

_MOST_CONTROL_PLANE_NODES = 5


def bare_metal_problems(args: BareMetalClusterArgs) -> Problems:
    """Each contradiction, with the path of the argument inside `bare_metal`."""
    machines = _machines(args)
    yield from _node_problems(args)
    yield from machine_problems(machines)
    yield from vip_problems(
        args["control_plane_vip"],
        args["ingress_vip"],
        args["load_balancer_pools"],
        {node for _, node in machines},
    )
    pods = args.get("pods_cidr", PODS_CIDR)
    yield from range_problems(pods, args.get("services_cidr", SERVICES_CIDR), machines)
    yield from _size_problems(args, pods)
    for name in duplicates(pool["name"] for pool in args["node_pools"]):
        yield "node_pools", f"two node pools are named {name!r}"


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
        if problem := name_problem(NODE_POOL, pool["name"]):
            yield f"node_pools[{number}].name", problem
        if not pool["nodes"]:
            yield f"node_pools[{number}].nodes", "must have an entry"


def _size_problems(args: BareMetalClusterArgs, pods_cidr: str) -> Problems:
    """Each node takes a block of at least twice as many addresses as it may have pods."""
    most = args.get("max_pods_per_node", 110)
    if not 32 <= most <= 250:
        yield "max_pods_per_node", f"{most} is not within 32 to 250"
        return
    try:
        pods = IPv4Network(pods_cidr)
    except ValueError:
        return  # the range's own mistake
    block = 1 << (2 * most - 1).bit_length()
    nodes = len(_machines(args))
    if nodes * block > pods.num_addresses:
        yield (
            "pods_cidr",
            f"{pods} has {pods.num_addresses} addresses; {nodes} nodes of {most} pods take "
            f"{nodes} blocks of {block}",
        )
