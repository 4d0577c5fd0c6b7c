"""Services and gateways: where they run, and by which hosts they are reached."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from meshwright import gateway as one_cluster
from meshwright import multicluster_gateway as across_clusters
from meshwright._gateway_api_limits import MOST
from stacks._rules_clusters import least_and_most
from stacks._rules_names import known, unique, unique_texts
from stacks._view import Problem, View

RESERVED_NAMESPACES = ("default", "istio-system", "gke-", "gmp-", "kube-", "asm-")
"""Namespaces that Kubernetes, GKE and the mesh own; a trailing dash: all that begin so."""


def check(spec: View) -> Iterator[Problem]:
    """What namespaces, services and gateways say together."""
    clusters = [cluster.text("name") or "" for cluster in spec.each("clusters")]
    gateways = {_reference(g.text("namespace"), g): g for g in spec.each("gateways")}
    homes = {n.text("name") or "": n for n in spec.each("namespaces")}
    taken: dict[tuple[str, str], str] = {}
    for namespace in spec.each("namespaces"):
        yield from _reserved(namespace)
        yield from unique_texts(namespace, "clusters", "cluster")
        for index, name in namespace.texts("clusters"):
            yield from known(namespace, ("clusters", index), name, clusters, "cluster")
        for service in namespace.each("services"):
            yield from _placed(service, namespace)
            route = service.part("route")
            if service.has("route"):
                yield from _exposed(namespace, service, route, gateways, homes, taken)
                yield from _together(namespace, service, route, gateways, homes, set(clusters))
    for gateway in [*spec.each("gateways"), *spec.each("egress_gateways")]:
        home = gateway.text("namespace")
        yield from known(gateway, "namespace", home, homes, "namespace")
        if home in homes:
            yield from _placed(gateway, homes[home])
        yield from unique_texts(gateway, "hosts", "host")
        yield from least_and_most(gateway, "min_replicas", "max_replicas")
    for gateway in spec.each("gateways"):
        yield from _balanced(gateway)
    for gateway in spec.each("multi_cluster_gateways"):
        yield from unique_texts(gateway, "hosts", "host")
        yield from _load_balancer(gateway, across_clusters.CLASSES, across=True)
    for gateway in spec.each("egress_gateways"):
        yield from _leaving(spec, gateway)
    yield from _one_way_out(spec, homes)


def clusters_of(part: View, namespace: View | None) -> set[str]:
    """The clusters that run a service or gateway: its own list, or its namespace's."""
    own = {name for _, name in part.texts("clusters")}
    return own or {name for _, name in namespace.texts("clusters")} if namespace else own


def _reference(namespace: str | None, part: View) -> str:
    return f"{namespace}/{part.text('name')}"


def _reserved(namespace: View) -> Iterator[Problem]:
    name = namespace.text("name") or ""
    for reserved in RESERVED_NAMESPACES:
        if name == reserved or (reserved.endswith("-") and name.startswith(reserved)):
            yield namespace.problem(
                "name",
                "belongs to Kubernetes, GKE or the mesh itself",
                "choose a namespace of your own",
            )


def _placed(part: View, namespace: View) -> Iterator[Problem]:
    yield from unique_texts(part, "clusters", "cluster")
    allowed = [name for _, name in namespace.texts("clusters")]
    what = f"cluster of namespace {namespace.text('name')}"
    for index, name in part.texts("clusters"):
        yield from known(part, ("clusters", index), name, allowed, what)


def _balanced(gateway: View) -> Iterator[Problem]:
    """What only one of the two kinds of load balancer has."""
    own = gateway.has("load_balancer")
    if own:
        yield from _load_balancer(gateway, one_cluster.CLASSES, across=False)
    if own or gateway.get("exported") is True:
        for key in ("internal", "allowed_cidrs"):
            if gateway.get(key):
                yield gateway.problem(
                    key, "is the network load balancer's, and there is none", "remove it"
                )


def _load_balancer(
    gateway: View, classes: Mapping[str, bool], *, across: bool
) -> Iterator[Problem]:
    """Names, class and certificates; `classes` says which take a map of Certificate Manager."""
    hosts, balancer = gateway.texts("hosts"), gateway.part("load_balancer")
    if len(hosts) > MOST:
        yield gateway.problem(
            "hosts",
            f"a load balancer's route takes at most {MOST} names, these are {len(hosts)}",
            "use wildcards, or another gateway for the rest",
        )
    ways = ("certificate_map", "managed_certificate", "certificate_secrets")
    named = [key for key in ways if balancer.get(key) not in (None, False, [])]
    name = balancer.text("gateway_class")
    if len(named) != 1:
        yield balancer.problem(
            "certificate_map",
            f"HTTPS takes certificates in exactly one way, this names {len(named)}",
            f"keep one of {', '.join(ways)}",
        )
    elif named[0] in ways[:2] and not classes.get(name or "", True):
        yield balancer.problem(
            named[0],
            f"{name} takes no map of Certificate Manager, where these certificates are",
            "name certificate_secrets, or take a global external class",
        )
    if name is not None and name.endswith("-mc") != across:
        yield balancer.problem(
            "gateway_class",
            f"a class {'across clusters ends' if across else 'of one cluster does not end'} in -mc",
            f"write {name.removesuffix('-mc')}{'-mc' if across else ''}",
        )
    elif name is not None and name.startswith("gke-l7-") and name not in classes:
        near = get_close_matches(name, classes, n=1)
        fix = f"did you mean {near[0]}?" if near else f"one of {', '.join(classes)}"
        yield balancer.problem("gateway_class", "GKE has no such class", fix)


def _leaving(spec: View, gateway: View) -> Iterator[Problem]:
    """An egress gateway's callers exist; each host is named once."""
    services = {
        f"{namespace.text('name')}/{service.text('name')}"
        for namespace in spec.each("namespaces")
        for service in namespace.each("services")
    }
    for host in gateway.each("hosts"):
        yield from unique_texts(host, "callers", "service")
        for index, name in host.texts("callers"):
            yield from known(host, ("callers", index), name, services, "service")
        if (host.text("host") or "").startswith("*."):
            yield host.problem(
                "host", "a wildcard does not say what may be called", "name each host"
            )
        if host.get("originate_tls") is True and host.get("port") == 80:
            yield host.problem(
                "port", "callers speak plain HTTP to port 80", "write where the host speaks TLS"
            )
    yield from unique(gateway.each("hosts"), "host of this gateway", "host")


def _one_way_out(spec: View, homes: dict[str, View]) -> Iterator[Problem]:
    """The proxies of one namespace are led to one gateway for a host, whoever its callers are."""
    ways: dict[tuple[str, str, str], str] = {}
    for gateway in spec.each("egress_gateways"):
        name = _reference(gateway.text("namespace"), gateway)
        for host in gateway.each("hosts"):
            called = host.text("host") or ""
            for index, caller in host.texts("callers"):
                home = caller.partition("/")[0]
                runs = clusters_of(gateway, homes.get(gateway.text("namespace") or ""))
                taken = {ways.setdefault((cluster, home, called), name) for cluster in runs}
                for other in sorted(taken - {name}):
                    yield host.problem(
                        ("callers", index),
                        f"calls of namespace {home} to this host are led to {other} already",
                        "name all callers of a namespace at one gateway",
                    )


def _exposed(
    namespace: View,
    service: View,
    route: View,
    gateways: dict[str, View],
    homes: dict[str, View],
    taken: dict[tuple[str, str], str],
) -> Iterator[Problem]:
    name = route.text("gateway")
    hosts = route.texts("hosts")
    if name is None:
        if hosts:
            yield route.problem("hosts", "only a gateway serves public hosts", "add gateway")
        return
    yield from known(route, "gateway", name, gateways, "gateway")
    gateway = gateways.get(name)
    if gateway is None:
        return
    if not hosts:
        yield route.problem("hosts", "a gateway needs a host to route by", "add one of its hosts")
    served = [host for _, host in gateway.texts("hosts")]
    me = f"{namespace.text('name')}/{service.text('name')}"
    for index, host in hosts:
        if not any(serves(pattern, host) for pattern in served):
            yield from known(route, ("hosts", index), host, served, f"host that {name} serves")
        owner = taken.setdefault((name, host), me)
        if owner != me:
            yield route.problem(
                ("hosts", index), f"{owner} has this host at the gateway", "choose another host"
            )


def _together(
    namespace: View,
    service: View,
    route: View,
    gateways: dict[str, View],
    homes: dict[str, View],
    clusters: set[str],
) -> Iterator[Problem]:
    """A mesh's subsets count in the cluster of the gateway: the service must run there too."""
    gateway = gateways.get(route.text("gateway") or "")
    if gateway is None:
        return
    doors = clusters_of(gateway, homes.get(gateway.text("namespace") or ""))
    missing = (doors - clusters_of(service, namespace)) & clusters
    if missing:
        yield route.problem(
            "gateway",
            f"the gateway also runs in {', '.join(sorted(missing))}, where this service does not",
            "run the service there too, or the gateway in fewer clusters",
        )


def serves(pattern: str, host: str) -> bool:
    """Whether a gateway's host, or its wildcard, is that host."""
    return host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))
