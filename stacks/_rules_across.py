"""Calls and clusters: whoever calls finds what he calls in each cluster that he runs in."""

from collections.abc import Iterator, Mapping

from stacks._rules_hybrid import mesh_of
from stacks._rules_services import clusters_of
from stacks._view import Problem, View


def check(spec: View) -> Iterator[Problem]:
    """Permissions against where both ends run, and callers against their ways out."""
    homes = {namespace.text("name") or "": namespace for namespace in spec.each("namespaces")}
    kinds = {c.text("name") or "": mesh_of(spec, c) for c in spec.each("clusters")}
    services: dict[str, tuple[View, View]] = {}
    runs: dict[str, set[str]] = {}
    for home, namespace in homes.items():
        for service in namespace.each("services"):
            reference = f"{home}/{service.text('name')}"
            services[reference] = namespace, service
            runs[reference] = clusters_of(service, namespace) & kinds.keys()
    for gateway in spec.each("gateways"):
        home = gateway.text("namespace") or ""
        runs[f"{home}/{gateway.text('name')}"] = (
            clusters_of(gateway, homes.get(home)) & kinds.keys()
        )
    for call in spec.part("security").each("calls"):
        caller, callee = call.text("from") or "", call.text("to") or ""
        if caller in runs and callee in services:
            yield from _found(call, runs[caller], runs[callee], *services[callee], kinds)
    for gateway in spec.each("egress_gateways"):
        here = clusters_of(gateway, homes.get(gateway.text("namespace") or ""))
        for host in gateway.each("hosts"):
            for index, caller in host.texts("callers"):
                yield from _way_out(host, index, runs.get(caller, set()) - here if here else set())


def _found(
    call: View,
    callers: set[str],
    callees: set[str],
    home: View,
    callee: View,
    kinds: Mapping[str, str | None],
) -> Iterator[Problem]:
    """In a cluster without the callee's pods its name leads to those of others, or nowhere."""
    managed = {cluster for cluster, kind in kinds.items() if kind == "managed"}
    joined = managed if managed & callees else set[str]()
    reach = {*kinds} if callee.get("exported") is True else joined
    lost = callers - callees if callees else set[str]()
    # Where a mesh or the fleet knows the service, its name is one of a namespace of the cluster.
    if nameless := (lost & reach) - {name for _, name in home.texts("clusters")}:
        yield call.problem(
            "to",
            f"the caller also runs in {_listed(nameless)}, where this service's namespace is not, "
            "so that its name leads nowhere",
            f"add {_listed(nameless)} to the clusters of namespace {home.text('name')}, or run the "
            "caller in fewer clusters",
        )
    elif apart := lost - reach:
        yield call.problem(
            "to",
            f"the caller also runs in {_listed(apart)}, whose mesh knows nothing of this service",
            "run the service there too, or the caller in fewer clusters",
        )


def _way_out(host: View, index: int, without: set[str]) -> Iterator[Problem]:
    if without:
        yield host.problem(
            ("callers", index),
            f"also runs in {_listed(without)}, where this gateway does not, so that its calls are "
            "refused there",
            "run the gateway there too, or the caller in fewer clusters",
        )


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
