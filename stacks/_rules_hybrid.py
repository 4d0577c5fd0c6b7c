"""What joins beside GKE: other clouds, premises, VMs and Cloud Run."""

from collections.abc import Iterator

from stacks import _places, _rules_on_prem
from stacks._rules_clusters import least_and_most
from stacks._rules_names import known, unique_texts
from stacks._rules_routes import sticky_by_one_thing
from stacks._view import Problem, View


def check(spec: View) -> Iterator[Problem]:
    """Every part of a hybrid mesh."""
    for cluster in spec.each("attached_clusters"):
        yield from _one_cloud(cluster)
        for key in ("admin_users", "admin_groups"):
            yield from unique_texts(cluster, key, "one")
    yield from _rules_on_prem.check(spec)
    for group in spec.each("vm_groups"):
        yield from _in_subnet(spec, group)
        yield from least_and_most(group, "min_replicas", "max_replicas")
        yield from _joined(spec, group)
        yield from _of_service_proxy(spec, group)
    for service in spec.each("cloud_run_services"):
        yield from _in_subnet(spec, service)
        yield from least_and_most(service, "min_instances", "max_instances")
        yield from _cloud_run(spec, service)


def mesh_of(spec: View, cluster: View) -> str | None:
    """The kind of a cluster's control plane."""
    return cluster.text("mesh") or spec.part("mesh").text("kind")


def _one_cloud(cluster: View) -> Iterator[Problem]:
    clouds = [key for key in ("eks", "aks") if cluster.has(key)]
    if len(clouds) != 1:
        yield cluster.problem(
            "name",
            f"an attached cluster is in exactly one cloud, this names {len(clouds)}",
            "keep one of eks and aks",
        )


def _in_subnet(spec: View, part: View) -> Iterator[Problem]:
    """The network and subnet exist, and the subnet is in the part's region."""
    networks = {n.text("name") or "": n for n in spec.each("networks")}
    name = part.text("network")
    yield from known(part, "network", name, networks, "network")
    network = networks.get(name or "")
    if network is None:
        return
    subnets = {s.text("name") or "": s for s in network.each("subnets")}
    yield from known(part, "subnet", part.text("subnet"), subnets, f"subnet of network {name}")
    subnet = subnets.get(part.text("subnet") or "")
    region, home = part.text("region"), subnet.text("region") if subnet else None
    if region in _places.REGIONS and home in _places.REGIONS and region != home:
        yield part.problem("region", f"must be the region of its subnet, {home}", f"write {home}")


def _joined(spec: View, group: View) -> Iterator[Problem]:
    keys = ("cluster", "namespace", "service", "version", "discovery_address")
    own = [key for key in keys if group.has(key)]
    if group.text("mode") != "workload-group":
        for key in own:
            yield group.problem(
                key, "Google's service proxy joins no cluster", "remove it, or mode: workload-group"
            )
        return
    clusters = {c.text("name") or "": c for c in spec.each("clusters")}
    spaces = {n.text("name") or "": n for n in spec.each("namespaces")}
    for key in ("cluster", "namespace", "discovery_address"):
        if not group.has(key):
            yield group.problem(key, f"a workload group needs {key}", f"add {key}")
    address = group.text("discovery_address")
    if address is not None and not _rules_on_prem.is_address(address):
        yield group.problem(
            "discovery_address", "must be an IPv4 address", "write it like 10.0.0.10"
        )
    cluster = clusters.get(group.text("cluster") or "")
    yield from known(group, "cluster", group.text("cluster"), clusters, "cluster")
    yield from known(group, "namespace", group.text("namespace"), spaces, "namespace")
    space = spaces.get(group.text("namespace") or "")
    if space is not None and cluster is not None:
        here = [text for _, text in space.texts("clusters")]
        yield from known(group, "cluster", group.text("cluster"), here, "cluster of its namespace")
    if cluster is not None and mesh_of(spec, cluster) == "managed":
        yield group.problem(
            "mode",
            "the managed control plane takes no WorkloadGroup",
            "write mode: service-proxy, or name a cluster with Istio inside",
        )
    if space is not None:
        yield from _beside_pods(group, space)


def _of_service_proxy(spec: View, group: View) -> Iterator[Problem]:
    """Where callers go among the VMs, which Google's service proxy alone is told."""
    if group.text("mode") == "workload-group":
        for key in ("failover_groups", "sticky"):
            if group.get(key):
                yield group.problem(
                    key, "Istio's own objects decide for its proxies", "remove it, or use route"
                )
        return
    if group.has("sticky"):
        yield from sticky_by_one_thing(group.part("sticky"))
    yield from unique_texts(group, "failover_groups", "group")
    groups = {other.text("name") or "": other for other in spec.each("vm_groups")}
    proxied = {name for name in groups if groups[name].text("mode") != "workload-group"}
    others = proxied - {group.text("name") or ""}
    for index, name in group.texts("failover_groups"):
        key = ("failover_groups", index)
        yield from known(group, key, name, others, "other group of VMs with service-proxy")
        if name in others:
            yield from _stands_in(group, key, groups[name])


def _stands_in(group: View, key: tuple[str, int], other: View) -> Iterator[Problem]:
    """VMs of another group that answer for this one's."""
    name = other.text("name")
    if other.text("region") == group.text("region"):
        yield group.problem(
            key, "is in the same region", "name a group of another region, or raise max_replicas"
        )
    port = group.integer("port")
    if port is not None and other.integer("port") not in (None, port):
        yield group.problem(key, "listens on another port", f"let {name} listen on {port}")
    if other.texts("failover_groups"):
        yield group.problem(
            key,
            "has failover_groups of its own, and each is of one service",
            f"name all groups here, and none in {name}",
        )


def _beside_pods(group: View, space: View) -> Iterator[Problem]:
    """The service that VMs answer for together with pods."""
    services = {s.text("name") or "": s for s in space.each("services")}
    if not group.has("service"):
        if group.has("version"):
            yield group.problem("version", "is one of a service's", "add service, or remove it")
        if group.text("name") in services:
            yield group.problem(
                "name",
                "is that of a service of its namespace",
                f"add service: {group.text('name')} to answer for it beside its pods, or choose "
                "another name",
            )
        return
    what = f"service of namespace {space.text('name')}"
    yield from known(group, "service", group.text("service"), services, what)
    service = services.get(group.text("service") or "")
    if service is None:
        return
    here = [text for _, text in service.texts("clusters")] or [
        text for _, text in space.texts("clusters")
    ]
    yield from known(group, "cluster", group.text("cluster"), here, "cluster of its service")
    versions = [version.text("name") or "" for version in service.each("versions")]
    if group.has("version"):
        what = f"version of {service.text('name')}"
        yield from known(group, "version", group.text("version"), versions, what)
    elif len(versions) > 1:
        yield group.problem(
            "service", "has several versions", f"add version: {' or '.join(versions)}"
        )
    port = service.integer("port")
    if port is not None and group.integer("port") not in (None, port):
        yield group.problem("port", "must be that of its service", f"write {port}")


def _cloud_run(spec: View, service: View) -> Iterator[Problem]:
    targets = {
        f"{namespace.text('name')}/{target.text('name')}"
        for namespace in spec.each("namespaces")
        for target in namespace.each("services")
    }
    excepted = {e.text("service") for e in spec.part("security").each("plaintext")}
    yield from unique_texts(service, "calls", "service")
    for index, name in service.texts("calls"):
        yield from known(service, ("calls", index), name, targets, "service")
        if name in targets and name not in excepted:
            yield service.problem(
                ("calls", index),
                "Cloud Run calls into GKE in plaintext, and this service takes none",
                f"add {name} to security.plaintext with reason and expires",
            )
