"""Control planes, their revisions, and what crosses clusters."""

from collections.abc import Iterator

from stacks._rules_hybrid import mesh_of
from stacks._rules_names import known, unique
from stacks._rules_services import serves
from stacks._view import Problem, View
from stacks.spec_mesh import google_revision


def check(spec: View) -> Iterator[Problem]:
    """Revisions against namespaces, exports and multi-cluster gateways against the fleet."""
    mesh = spec.part("mesh")
    clusters = {c.text("name") or "": c for c in spec.each("clusters")}
    revisions = "revision of this control plane"
    yield from unique(mesh.part("istio").each("revisions"), revisions)
    yield from unique(mesh.part("in_cluster").each("revisions"), revisions, "version")
    yield from _authorities(spec)
    for namespace in spec.each("namespaces"):
        yield from _revision(spec, namespace, clusters)
    yield from _sampling(spec, clusters)
    yield from _exports(spec)
    config = spec.part("fleet").text("multi_cluster_gateway")
    yield from known(spec.part("fleet"), "multi_cluster_gateway", config, clusters, "cluster")
    for gateway in spec.each("multi_cluster_gateways"):
        yield from _across(spec, gateway, config)


def _authorities(spec: View) -> Iterator[Problem]:
    """Clusters and their authorities; those of one mesh trust each other by one root."""
    made = {ca.text("name") or "": ca for ca in reversed(spec.each("certificate_authorities"))}
    first: tuple[str | None, View] | None = None
    for cluster in spec.each("clusters"):
        name, kind = cluster.text("certificate_authority"), mesh_of(spec, cluster)
        what = "authority of certificate_authorities"
        yield from known(cluster, "certificate_authority", name, made, what)
        region = made[name].text("region") if name in made else None
        if region is not None and region != cluster.text("region"):
            yield cluster.problem(
                "certificate_authority",
                f"an authority serves clusters of its region, {region}",
                f"name one in {cluster.text('region')}, or none",
            )
        if name is not None and kind == "istio":
            yield cluster.problem(
                "certificate_authority", "open-source Istio signs by itself", "remove it"
            )
        if kind == "managed":
            if first is not None and first[0] != name:
                yield cluster.problem(
                    "certificate_authority",
                    f"clusters of one mesh have one authority; {first[1].text('name')} has "
                    f"{first[0] or 'Mesh CA'}",
                    "name the same at each, or at none",
                )
            first = first or (name, cluster)


def _revision(spec: View, namespace: View, clusters: dict[str, View]) -> Iterator[Problem]:
    """A namespace's revision runs in each of its clusters."""
    name = namespace.text("revision")
    if name is None:
        return
    for _, cluster_name in namespace.texts("clusters"):
        cluster = clusters.get(cluster_name)
        kind = mesh_of(spec, cluster) if cluster else None
        if kind == "managed":
            yield namespace.problem(
                "revision",
                f"cluster {cluster_name} has the managed mesh, whose channel is its revision",
                "remove it",
            )
            return
        if kind in ("istio", "in_cluster"):
            plane = spec.part("mesh").part(kind)
            names = [
                r.text("name") or google_revision(r.text("version") or "") or ""
                for r in plane.each("revisions")
            ]
            found = list(known(namespace, "revision", name, names, f"revision of mesh.{kind}"))
            yield from found
            if found:
                return


def _sampling(spec: View, clusters: dict[str, View]) -> Iterator[Problem]:
    managed = [name for name, cluster in clusters.items() if mesh_of(spec, cluster) == "managed"]
    telemetry = spec.part("telemetry")
    spaces = [n.text("name") or "" for n in spec.each("namespaces")]
    if telemetry.has("trace_sampling_percent"):
        if managed:
            yield telemetry.problem(
                "trace_sampling_percent",
                f"the managed mesh takes no sampling rate, and {', '.join(managed)} has it",
                "remove it",
            )
        if telemetry.get("tracing") is not True:
            yield telemetry.problem(
                "trace_sampling_percent", "nothing is traced", "remove it, or write tracing: true"
            )
    for other in telemetry.each("namespaces"):
        yield from known(other, "namespace", other.text("namespace"), spaces, "namespace")
    yield from unique(telemetry.each("namespaces"), "namespace's telemetry", "namespace")


def _exports(spec: View) -> Iterator[Problem]:
    on = spec.part("fleet").get("multi_cluster_services") is True
    for namespace in spec.each("namespaces"):
        for service in namespace.each("services"):
            if service.get("exported") is True and not on:
                yield service.problem(
                    "exported",
                    "the fleet has no multi-cluster Services",
                    "write fleet.multi_cluster_services: true",
                )


def _across(spec: View, gateway: View, config: str | None) -> Iterator[Problem]:
    spaces = {n.text("name") or "": n for n in spec.each("namespaces")}
    home = gateway.text("namespace")
    yield from known(gateway, "namespace", home, spaces, "namespace")
    if config is None:
        yield gateway.problem(
            "name",
            "the fleet has no config cluster for it",
            "write fleet.multi_cluster_gateway: CLUSTER",
        )
    elif home in spaces and config not in [t for _, t in spaces[home].texts("clusters")]:
        yield gateway.problem(
            "namespace", f"is not in the config cluster {config}", f"add {config} to its clusters"
        )
    doors = {g.text("name") or "": g for g in spec.each("gateways") if g.text("namespace") == home}
    name = gateway.text("gateway")
    yield from known(gateway, "gateway", name, doors, f"gateway of namespace {home}")
    door = doors.get(name or "")
    if door is None:
        return
    if door.get("exported") is not True:
        yield gateway.problem("gateway", "is not exported", "write exported: true at that gateway")
    served = [host for _, host in door.texts("hosts")]
    for index, host in gateway.texts("hosts"):
        if not any(serves(pattern, host) for pattern in served):
            yield from known(gateway, ("hosts", index), host, served, f"host that {name} serves")
