"""What must hold between the addresses of a cluster on premises, on whatever it stands."""

import ipaddress
from collections.abc import Collection, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import NotRequired, TypedDict

import pulumi

from ._validation import duplicates

Problems = Iterator[tuple[str, str]]
Span = tuple[IPv4Address, IPv4Address]
PODS_CIDR = "192.168.0.0/16"
SERVICES_CIDR = "10.96.0.0/20"


class LoadBalancerPoolArgs(TypedDict):
    """Addresses that the cluster's own load balancer (MetalLB) gives to Services."""

    name: str
    """Name of the pool, unique in the cluster."""
    addresses: list[str]
    """Ranges, `10.200.0.50/28` or `10.200.0.50-10.200.0.70`."""
    manual_assign: NotRequired[pulumi.Input[bool]]
    """Whether only Services that ask for an address of it get one. Default: false."""


def machine_problems(machines: Sequence[tuple[str, str]]) -> Problems:
    """Machines are given as path and address; each has an address of its own."""
    for path, node in machines:
        if address_of(node) is None:
            yield path, f"{node!r} is not an IPv4 address"
    for node in duplicates(node for _, node in machines):
        first, second = [path for path, other in machines if other == node][:2]
        yield second, f"{node!r} is {first} already; a machine has one role"


def vip_problems(
    control_plane_vip: str,
    ingress_vip: str,
    pools: Sequence[LoadBalancerPoolArgs],
    machines: Collection[str],
) -> Problems:
    """The virtual addresses, against the pools and the machines' own addresses."""
    for name in duplicates(pool["name"] for pool in pools):
        yield "load_balancer_pools", f"two address pools are named {name!r}"
    spans: list[Span] = []
    for number, pool in enumerate(pools):
        for index, text in enumerate(pool["addresses"]):
            span = _span(text)
            if span is None:
                path = f"load_balancer_pools[{number}].addresses[{index}]"
                yield path, f"{text!r} must be a range such as 10.0.0.50/28 or 10.0.0.50-10.0.0.70"
            else:
                spans.append(span)
    for field, vip in (("control_plane_vip", control_plane_vip), ("ingress_vip", ingress_vip)):
        if address_of(vip) is None:
            yield field, f"{vip!r} is not an IPv4 address"
        elif vip in machines:
            yield field, f"{vip!r} is the address of a machine; take a free one"
    if control_plane_vip == ingress_vip:
        yield "ingress_vip", "must differ from control_plane_vip"
    ingress, control = address_of(ingress_vip), address_of(control_plane_vip)
    if spans and ingress and not _inside(ingress, spans):
        yield "ingress_vip", f"{ingress} must be inside one of load_balancer_pools"
    if control and _inside(control, spans):
        yield "control_plane_vip", f"{control} must be outside every one of load_balancer_pools"


def range_problems(
    pods_cidr: str, services_cidr: str, machines: Sequence[tuple[str, str]]
) -> Problems:
    """The ranges of pods and Services, against each other and the machines."""
    ranges = {"pods_cidr": pods_cidr, "services_cidr": services_cidr}
    networks: dict[str, IPv4Network] = {}
    for path, text in ranges.items():
        try:
            networks[path] = IPv4Network(text)
        except ValueError as error:
            yield path, f"{text!r} is not an IPv4 range: {error}"
    if len(networks) == len(ranges) and networks["pods_cidr"].overlaps(networks["services_cidr"]):
        yield "services_cidr", f"{services_cidr} overlaps pods_cidr"
    for path, node in machines:
        address = address_of(node)
        for field, network in networks.items():
            if address and address in network:
                yield field, f"{network} holds {path}, {node}; machines have addresses of their own"


def address_of(text: str) -> IPv4Address | None:
    """The address that a text is, if it is one."""
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
