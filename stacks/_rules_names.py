"""Names: unique where they must be, and short enough once they are composed."""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from stacks import _names, _secrets
from stacks._view import Problem, View


def check(spec: View) -> Iterator[Problem]:
    """Duplicates of every list that is keyed by a name, and the length of composed names."""
    for network in spec.each("networks"):
        yield from unique(network.each("subnets"), "subnet of this network")
        yield from unique(network.each("peers"), "peer of this network")
    for cluster in spec.each("clusters"):
        yield from unique(cluster.each("node_pools"), "node pool of this cluster")
    for key, what in (
        ("networks", "network"),
        ("namespaces", "namespace"),
        ("encryption_keys", "key"),
        ("certificate_authorities", "authority"),
        ("mesh_routes", "route"),
        ("log_sinks", "log sink"),
    ):
        yield from unique(spec.each(key), what)
    # All are members of one fleet.
    kinds = ("clusters", "attached_clusters", "on_prem_clusters")
    yield from unique([part for key in kinds for part in spec.each(key)], "cluster")
    # Routes name both as versions.
    outside = [*spec.each("vm_groups"), *spec.each("cloud_run_services")]
    yield from unique(outside, "group or service")
    yield from unique(spec.part("monitoring").each("objectives"), "objective")
    for sink in spec.each("log_sinks"):
        yield from unique(sink.each("exclusions"), "exclusion of this sink")
    yield from _workloads(spec)
    yield from _composed(spec)


def unique(parts: Iterable[View], what: str, key: str = "name") -> Iterator[Problem]:
    """A problem for each part whose name an earlier one has."""
    first: dict[str, View] = {}
    for part in parts:
        name = part.text(key)
        if name is None:
            continue
        if name in first:
            yield part.problem(
                key,
                f"must be unique; {_secrets.path(first[name].loc)} has it already",
                f"choose another name for this {what}",
            )
        else:
            first[name] = part


def unique_texts(part: View, key: str, what: str) -> Iterator[Problem]:
    """A problem for each text of a list that stands there already."""
    seen: set[str] = set()
    for index, text in part.texts(key):
        if text in seen:
            yield part.problem((key, index), f"names the same {what} twice", "remove one of them")
        seen.add(text)


def known(
    part: View,
    key: str | tuple[str | int, ...],
    name: str | None,
    names: Collection[str],
    what: str,
) -> Iterator[Problem]:
    """A problem when a name refers to nothing."""
    if name is None or name in names:
        return
    choices = sorted(names)
    near = get_close_matches(name, choices, n=1)
    listed = ", ".join(choices[:10]) or "there is none"
    fix = f"did you mean {near[0]}?" if near else f"known are: {listed}"
    yield part.problem(key, f"must name a {what} of this spec", fix)


def _workloads(spec: View) -> Iterator[Problem]:
    """Services and gateways of a namespace share its service accounts, so they share its names."""
    kinds = ("gateways", "egress_gateways", "multi_cluster_gateways")
    gateways = [gateway for kind in kinds for gateway in spec.each(kind)]
    for namespace in spec.each("namespaces"):
        here = [g for g in gateways if g.text("namespace") == namespace.text("name")]
        yield from unique([*namespace.each("services"), *here], "workload of its namespace")
        for service in namespace.each("services"):
            yield from unique(service.each("versions"), "version of this service")
    placed = {namespace.text("name") for namespace in spec.each("namespaces")}
    yield from unique([g for g in gateways if g.text("namespace") not in placed], "gateway")


def _composed(spec: View) -> Iterator[Problem]:
    prefix = spec.text("prefix") or ""
    if prefix and _names.why_not(prefix):
        return  # the prefix is wrong by itself, and what it composes too
    for cluster in spec.each("clusters"):
        name = cluster.text("name") or ""
        yield from _fits(
            cluster, prefix, name, _names.CLUSTER_LIMIT, "the cluster's name", counted=name
        )
        account = f"{name}-nodes"
        yield from _fits(
            cluster,
            prefix,
            account,
            _names.SERVICE_ACCOUNT_LIMIT,
            "the name of the nodes' service account",
            counted=name,
        )
    for network in spec.each("networks"):
        name = network.text("name") or ""
        # The longest name that hangs on a network is its firewall rule's or its subnet's.
        for subnet in network.each("subnets"):
            yield from _fits(
                subnet,
                prefix,
                f"{name}-{subnet.text('name') or ''}",
                _names.RESOURCE_LIMIT,
                "the subnet's name",
                counted=subnet.text("name"),
            )
    for sink in spec.each("log_sinks"):
        name = sink.text("name") or ""
        yield from _fits(sink, prefix, name, _names.LOG_LIMIT, "the sink's name", counted=name)
    for key, suffix, what in (
        ("vm_groups", "vm", "the name of the VMs' service account"),
        ("cloud_run_services", "run", "the name of its service account"),
    ):
        limit = _names.SERVICE_ACCOUNT_LIMIT
        for part in spec.each(key):
            name = part.text("name") or ""
            yield from _fits(part, prefix, f"{name}-{suffix}", limit, what, counted=name)
    yield from _deployments(spec)


def _deployments(spec: View) -> Iterator[Problem]:
    for namespace in spec.each("namespaces"):
        for service in namespace.each("services"):
            for version in service.each("versions"):
                composed = f"{service.text('name') or ''}-{version.text('name') or ''}"
                yield from _fits(
                    version,
                    "",
                    composed,
                    _names.RESOURCE_LIMIT,
                    "the Deployment's name",
                    counted=version.text("name"),
                )


def _fits(
    part: View, prefix: str, name: str, limit: int, what: str, *, counted: str | None
) -> Iterator[Problem]:
    composed = _names.compose(prefix, name)
    if counted and len(composed) > limit and len(counted) <= _names.RESOURCE_LIMIT:
        over = len(composed) - limit
        yield part.problem(
            "name",
            f"{what} is at most {limit} characters; composed it is {composed!r}, {len(composed)}",
            f"shorten it or the prefix by {over}",
        )
