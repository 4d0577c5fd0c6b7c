"""Clusters: places that fit together, what each mode takes, versions, and how they are reached."""

from collections.abc import Iterator

from stacks import _places
from stacks._rules_names import known, unique_texts
from stacks._view import Problem, View


def check(spec: View) -> Iterator[Problem]:
    """What a cluster's fields say together, and with the networks."""
    networks = {n.text("name") or "": n for n in spec.each("networks")}
    owners: dict[tuple[str, str], str] = {}
    for cluster in spec.each("clusters"):
        yield from _subnet(cluster, networks, owners)
        yield from _zones(cluster)
        yield from _mode(cluster)
        yield from _version(cluster)
        yield from _access(cluster.part("access"))
        for pool in cluster.each("node_pools"):
            yield from least_and_most(pool, "min_nodes", "max_nodes")


def least_and_most(part: View, least: str, most: str) -> Iterator[Problem]:
    """A problem when the smallest number is above the largest."""
    low, high = part.integer(least), part.integer(most)
    if low is not None and high is not None and low > high:
        key = least if part.has(least) else most
        yield part.problem(key, f"{least} ({low}) must not be above {most} ({high})", "swap them")


def _subnet(
    cluster: View, networks: dict[str, View], owners: dict[tuple[str, str], str]
) -> Iterator[Problem]:
    network_name, subnet_name = cluster.text("network"), cluster.text("subnet")
    yield from known(cluster, "network", network_name, networks, "network")
    network = networks.get(network_name or "")
    if network is None or subnet_name is None:
        return
    subnets = {s.text("name") or "": s for s in network.each("subnets")}
    yield from known(cluster, "subnet", subnet_name, subnets, f"subnet of network {network_name}")
    subnet = subnets.get(subnet_name)
    if subnet is None:
        return
    region, home = cluster.text("region"), subnet.text("region")
    if region in _places.REGIONS and home in _places.REGIONS and region != home:
        fitting = [name for name, s in subnets.items() if s.text("region") == region]
        yield cluster.problem(
            "region",
            f"must be the region of its subnet {subnet_name}, {home}",
            f"write {home}" + (f", or take subnet {fitting[0]}" if fitting else ""),
        )
    owner = owners.setdefault((network_name or "", subnet_name), cluster.text("name") or "")
    if owner != (cluster.text("name") or ""):
        yield cluster.problem(
            "subnet",
            f"a subnet's pod and Service ranges serve one cluster; {owner} has them",
            "add a subnet for this cluster",
        )


def _zones(cluster: View) -> Iterator[Problem]:
    region = cluster.text("region")
    for part in (cluster, *cluster.each("node_pools")):
        yield from unique_texts(part, "zones", "zone")
        for index, zone in part.texts("zones"):
            known_places = _places.is_zone(zone) and region in _places.REGIONS
            if known_places and not zone.startswith(f"{region}-"):
                yield part.problem(
                    ("zones", index),
                    f"must lie in the cluster's region {region}",
                    f"one of {', '.join(_places.zones(region or ''))}",
                )


def _mode(cluster: View) -> Iterator[Problem]:
    mode = cluster.text("mode")
    if mode == "autopilot":
        for key in ("node_pools", "zones"):
            if cluster.has(key) and cluster.get(key):
                yield cluster.problem(
                    key, f"Autopilot chooses {key} itself", "remove it, or write mode: standard"
                )
    elif mode == "standard" and not cluster.get("node_pools"):
        yield cluster.problem(
            "node_pools", "a Standard cluster needs a node pool", "add one, or mode: autopilot"
        )


def _version(cluster: View) -> Iterator[Problem]:
    channel, pinned = cluster.text("release_channel"), cluster.has("version")
    if pinned and channel != "UNSPECIFIED":
        yield cluster.problem(
            "version",
            f"the release channel {channel} chooses the version, so none can be pinned",
            "remove it, or write release_channel: UNSPECIFIED",
        )
    if channel == "UNSPECIFIED" and not pinned:
        yield cluster.problem(
            "release_channel", "without a channel a version must be pinned", "add version"
        )


def _access(access: View) -> Iterator[Problem]:
    for allowed in access.each("authorized_networks"):
        if (allowed.text("cidr") or "").endswith("/0"):
            yield allowed.problem(
                "cidr", "must not let the whole internet in", "name the ranges that need it"
            )
    way = access.text("connect")
    if way == "ip" and not access.get("authorized_networks"):
        yield access.problem(
            "connect",
            "without authorized_networks there is no public address to connect to",
            "add the range that `pulumi up` runs in, or write connect: dns",
        )
    if way == "dns" and access.get("dns_endpoint") is False:
        yield access.problem(
            "connect", "the DNS endpoint is switched off", "remove dns_endpoint: false"
        )
