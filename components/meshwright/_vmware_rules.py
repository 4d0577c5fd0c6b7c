"""What must hold between the addresses and machines of a cluster on VMware."""

from ipaddress import IPv4Network

from ._names import NODE_POOL, name_problem
from ._on_prem_addresses import (
    PODS_CIDR,
    SERVICES_CIDR,
    Problems,
    address_of,
    machine_problems,
    range_problems,
    vip_problems,
)
from ._validation import duplicates
from ._vmware import LEAST_NODES, VmwareClusterArgs, VmwareNodePoolArgs


def vmware_problems(args: VmwareClusterArgs) -> Problems:
    """Each contradiction, with the path of the argument inside `vmware`."""
    machines = _machines(args)
    yield from _control_plane_problems(args)
    yield from machine_problems(machines)
    yield from vip_problems(
        args["control_plane_vip"],
        args["ingress_vip"],
        args["load_balancer_pools"],
        {node for _, node in machines},
    )
    yield from range_problems(
        args.get("pods_cidr", PODS_CIDR), args.get("services_cidr", SERVICES_CIDR), machines
    )
    yield from _network_problems(args)
    yield from _pool_problems(args)


def _machines(args: VmwareClusterArgs) -> list[tuple[str, str]]:
    """Path and address of each machine whose address is given."""
    return [
        (f"{field}[{index}]", node)
        for field, nodes in (
            ("control_plane_addresses", args["control_plane_addresses"]),
            ("node_addresses", args.get("node_addresses", [])),
        )
        for index, node in enumerate(nodes)
    ]


def _control_plane_problems(args: VmwareClusterArgs) -> Problems:
    count = len(args["control_plane_addresses"])
    if count not in (1, 3):
        yield "control_plane_addresses", f"has {count} addresses; a control plane takes 1 or 3"
    for field in ("dns_servers", "ntp_servers"):
        if not args[field]:
            yield field, "must have an entry; machines with addresses of their own are told it"


def _network_problems(args: VmwareClusterArgs) -> Problems:
    """Machines, their gateway and the control plane's virtual address share one network."""
    try:
        network = IPv4Network(f"{args['gateway']}/{args['netmask']}", strict=False)
    except ValueError as error:
        field = "gateway" if address_of(args["gateway"]) is None else "netmask"
        yield field, f"{args[field]!r} does not fit: {error}"
        return
    named = [*_machines(args), ("control_plane_vip", args["control_plane_vip"])]
    for path, text in named:
        address = address_of(text)
        if address and address not in network:
            yield path, f"{text} is outside {network}, the network of gateway {args['gateway']}"
        elif address and text == args["gateway"]:
            yield path, f"{text} is the gateway; take a free address"


def _pool_problems(args: VmwareClusterArgs) -> Problems:
    pools = args["node_pools"]
    if not pools:
        yield "node_pools", "must have an entry; workloads need machines"
    for name in duplicates(pool["name"] for pool in pools):
        yield "node_pools", f"two node pools are named {name!r}"
    for index, pool in enumerate(pools):
        if problem := name_problem(NODE_POOL, pool["name"]):
            yield f"node_pools[{index}].name", problem
        least, most = _limits(pool)
        if not 1 <= least <= most:
            yield f"node_pools[{index}].max_nodes", f"{most} is less than min_nodes, {least}"
    if pools and not any(pool.get("load_balancer", True) for pool in pools):
        yield "node_pools", "no pool has load_balancer; nothing would announce ingress_vip"
    if "node_addresses" in args:
        needed = sum(_limits(pool)[1] for pool in pools) + 1
        have = len(args["node_addresses"])
        if have < needed:
            yield (
                "node_addresses",
                f"has {have} addresses; the pools may need {needed}, one of them for upgrades",
            )


def _limits(pool: VmwareNodePoolArgs) -> tuple[int, int]:
    least = pool.get("min_nodes", LEAST_NODES)
    return least, pool.get("max_nodes", least)
