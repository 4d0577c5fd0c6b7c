"""Clusters on premises: what their addresses must be, and which admin cluster makes them."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from pydantic import ValidationError

from meshwright.onprem import bare_metal_problems, vmware_problems
from stacks import _on_prem_arguments
from stacks._rules_clusters import least_and_most
from stacks._rules_names import known, unique_texts
from stacks._view import Problem, View
from stacks.spec_hybrid import OnPremCluster

_MADE = ("bare_metal", "vmware")


def check(spec: View) -> Iterator[Problem]:
    """Every cluster on premises."""
    clusters = spec.each("on_prem_clusters")
    existing = [c.text("name") or "" for c in clusters if not any(map(c.has, _MADE))]
    for cluster in clusters:
        kinds = [kind for kind in _MADE if cluster.has(kind)]
        if len(kinds) > 1:
            yield cluster.problem(
                "name", "a cluster stands on one of bare_metal and vmware", "keep one of them"
            )
        for kind in kinds:
            part = cluster.part(kind)
            what = "cluster of on_prem_clusters that exists already"
            yield from known(part, "admin_cluster", part.text("admin_cluster"), existing, what)
            own = [*_virtual(part), *(_bare_metal if kind == "bare_metal" else _vmware)(part)]
            yield from own or _refused(cluster, part)
        if kinds and cluster.has("membership"):
            yield cluster.problem(
                "membership", "what is made here has no membership yet", "remove it"
            )


def _refused(cluster: View, part: View) -> Iterator[Problem]:
    """What the component would refuse beyond the rules above."""
    try:
        whole = OnPremCluster.model_validate(cluster.raw)
    except ValidationError:
        return  # each field tells its own mistake
    found: list[tuple[str, str]] = []
    if whole.bare_metal is not None:
        found += bare_metal_problems(_on_prem_arguments.bare_metal(whole, whole.bare_metal, ""))
    elif whole.vmware is not None:
        found += vmware_problems(_on_prem_arguments.vmware(whole, whole.vmware, ""))
    for path, text in found:
        plain = path.partition("[")[0]
        key = _on_prem_arguments.PLACES.get(plain, plain)
        if part.get(key) is not None:
            yield part.problem(key, text, "correct it, or what it does not fit")
        else:
            yield cluster.problem("name", f"{path}: {text}", "correct it")


def _virtual(part: View) -> Iterator[Problem]:
    """The addresses that stand for the control plane, ingress and Services."""
    for key in ("control_plane_vip", "ingress_vip"):
        yield from _address(part, key)
    for index, text in part.texts("load_balancer_addresses"):
        yield from _pool(part, index, text)


def _address(part: View, key: str) -> Iterator[Problem]:
    text = part.text(key)
    if text is not None and not is_address(text):
        yield part.problem(key, "must be an IPv4 address", "write it like 10.200.0.10")


def _machines(part: View, key: str) -> Iterator[Problem]:
    yield from unique_texts(part, key, "machine")
    for index, text in part.texts(key):
        if not is_address(text):
            yield part.problem((key, index), "must be an IPv4 address", "write it like 10.200.0.11")


def _vmware(part: View) -> Iterator[Problem]:
    yield from _address(part, "gateway")
    for key in ("control_plane_addresses", "worker_addresses", "dns_servers"):
        yield from _machines(part, key)
    if len(part.texts("control_plane_addresses")) == 2:
        yield part.problem(
            "control_plane_addresses",
            "two of them have no majority when one is lost",
            "take 1 or 3",
        )
    yield from least_and_most(part, "min_workers", "max_workers")
    most, have = part.integer("max_workers"), len(part.texts("worker_addresses"))
    if part.has("worker_addresses") and most is not None and have <= most:
        yield part.problem(
            "worker_addresses",
            f"{most} workers need {most + 1} addresses, one for upgrades; this has {have}",
            "add addresses, or leave it out for DHCP",
        )
    yield from _in_network(part)


def _in_network(part: View) -> Iterator[Problem]:
    """Machines and the control plane's virtual address are in the gateway's network."""
    gateway, netmask = part.text("gateway") or "", part.text("netmask")
    if netmask is None or not is_address(gateway):
        return
    try:
        network = IPv4Network(f"{gateway}/{netmask}", strict=False)
    except ValueError:
        yield part.problem("netmask", "must be a network's mask", "write it like 255.255.255.0")
        return
    places: list[tuple[tuple[str | int, ...], str]] = [
        ((key, index), text)
        for key in ("control_plane_addresses", "worker_addresses")
        for index, text in part.texts(key)
    ]
    places.append((("control_plane_vip",), part.text("control_plane_vip") or ""))
    for place, text in places:
        if is_address(text) and IPv4Address(text) not in network:
            yield part.problem(
                place, f"must be in the machines' network, {network}", f"take one of {network}"
            )


def _bare_metal(metal: View) -> Iterator[Problem]:
    for key in ("control_plane_nodes", "worker_nodes"):
        yield from _machines(metal, key)
    controls = {text for _, text in metal.texts("control_plane_nodes")}
    for index, text in metal.texts("worker_nodes"):
        if text in controls:
            yield metal.problem(
                ("worker_nodes", index), "is a control plane's machine", "name another machine"
            )
    if metal.texts("control_plane_nodes") and len(metal.texts("control_plane_nodes")) % 2 == 0:
        yield metal.problem(
            "control_plane_nodes",
            "an even number of them has no majority when half is lost",
            "take 1, 3 or 5",
        )


def _pool(metal: View, index: int, text: str) -> Iterator[Problem]:
    first, dash, last = text.partition("-")
    lawful = dash and is_address(first) and is_address(last)
    if not lawful or IPv4Address(first) > IPv4Address(last):
        yield metal.problem(
            ("load_balancer_addresses", index),
            "must be two IPv4 addresses, the lower one first",
            "write it like 10.200.0.50-10.200.0.70",
        )


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 address."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True
