"""Rules for how pods come into the mesh: injection, its labels, and ways around the proxy."""

from collections.abc import Iterator

from meshwright_policies.mesh_objects import (
    INJECTION_LABELS,
    NAMESPACE,
    NAMESPACE_PATCH,
    by_cluster,
    is_system,
    joins_mesh,
    key,
    labels,
    mapping,
    meshes,
    name,
    of_kind,
    text,
)
from meshwright_policies.pods import WORKLOADS, WORKLOADS_AND_PATCHES, Pod, containers, pods
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
    stack_rule,
)
from meshwright_policies.values import UNKNOWN, at

INJECT = "sidecar.istio.io/inject"
# Annotations that take some of a pod's traffic from its proxy, and the value that takes none.
AROUND_THE_PROXY = {
    "traffic.sidecar.istio.io/excludeInboundPorts": "",
    "traffic.sidecar.istio.io/excludeOutboundPorts": "",
    "traffic.sidecar.istio.io/excludeOutboundIPRanges": "",
    "traffic.sidecar.istio.io/excludeInterfaces": "",
    "traffic.sidecar.istio.io/includeInboundPorts": "*",
    "traffic.sidecar.istio.io/includeOutboundIPRanges": "*",
}


@stack_rule(
    "MESH-07",
    severity=Severity.HIGH,
    source="Google asm-policy bundle 1.1.2",
    title="Every workload of a cluster in the mesh gets a proxy, so that none is left without "
    "identity, encryption and authorization.",
)
def injected_workloads(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """A workload is in by its namespace's label or its own; pods on the host's network cannot."""
    for objects in meshes(resources).values():
        namespaces = {name(n): n for n in of_kind(objects, NAMESPACE)}
        outside: dict[str, Resource] = {}
        for workload in of_kind(objects, WORKLOADS):
            if workload.properties is UNKNOWN:
                yield Unjudged("spec", workload.urn)
            for pod in pods(workload):
                if is_system(pod.namespace) or at(pod.spec, "hostNetwork") is True:
                    continue
                yield from _refused(workload, pod)
                if pod.namespace is UNKNOWN and workload.properties is not UNKNOWN:
                    yield Unjudged("metadata.namespace", workload.urn)
                    continue
                home = namespaces.get(text(pod.namespace) or "default")
                if home and not _asks(pod) and not joins_mesh(mapping(labels(home))):
                    outside[home.urn] = home
        for namespace in outside.values():
            yield from _no_injection(namespace)


@resource_rule(
    "MESH-08",
    severity=Severity.MEDIUM,
    source="Google asm-policy bundle 1.1.1",
    title="Only gateways carry the label istio=ingressgateway, so that no other pod is given the "
    "routes and certificates that gateways get.",
    types=WORKLOADS_AND_PATCHES,
)
def gateway_label(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """A gateway is a pod that Istio fills in after its gateway template, or that runs its proxy."""
    for pod in pods(resource):
        found = at(pod.metadata, "labels", "istio")
        if found is UNKNOWN and pod.metadata is not UNKNOWN:
            yield Unjudged(f"{pod.path}metadata.labels")
        elif found == "ingressgateway" and not pod.gateway and not _runs_proxy(pod):
            yield Violation(
                f"{pod.path}metadata.labels.istio",
                "is 'ingressgateway' on a pod that is no gateway",
                "Give the pod another label, or make it a gateway by the annotation "
                "inject.istio.io/templates: gateway",
            )


@resource_rule(
    "MESH-15",
    severity=Severity.MEDIUM,
    source="Istio's security best practices",
    title="All of a pod's traffic goes through its proxy, so that none of it escapes encryption "
    "and authorization.",
    types=WORKLOADS_AND_PATCHES,
)
def no_way_around_the_proxy(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Where some port must be left out, an exemption says which and why."""
    for pod in pods(resource):
        path = f"{pod.path}metadata.annotations"
        annotations = at(pod.metadata, "annotations")
        if annotations is UNKNOWN:
            yield Unjudged(path)
        for annotation, harmless in AROUND_THE_PROXY.items():
            value = mapping(annotations).get(annotation)
            if value is UNKNOWN:
                yield Unjudged(key(path, annotation))
            elif value is not None and value != harmless:
                yield Violation(
                    key(path, annotation),
                    f"is {value!r}, which takes that traffic from the proxy",
                    "Remove it, or have an exemption say why this traffic may pass unseen",
                )


@stack_rule(
    "MESH-20",
    severity=Severity.MEDIUM,
    source="ours, after Istio's rules for injection labels",
    title="A namespace's injection label has one owner and one kind, so that it is plain which "
    "control plane injects and no two programs undo each other.",
)
def one_injection_owner(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """Namespaces and patches of them, by what each says about injection."""
    for objects in by_cluster(resources).values():
        owners: dict[object, list[Resource]] = {}
        for namespace in of_kind(objects, NAMESPACE, NAMESPACE_PATCH):
            found = labels(namespace)
            if found is UNKNOWN or name(namespace) is UNKNOWN:
                yield Unjudged("metadata.labels", namespace.urn)
            kinds = [label for label in INJECTION_LABELS if mapping(found).get(label) is not None]
            if len(kinds) > 1:
                yield Violation(
                    key("metadata.labels", kinds[1]),
                    f"stands beside {kinds[0]}, of which only one takes effect",
                    "Keep the one whose control plane is meant, and remove the other",
                    namespace.urn,
                )
            if kinds and isinstance(name(namespace), str):
                owners.setdefault(name(namespace), []).append(namespace)
        for others in owners.values():
            for namespace in others[1:]:
                yield Violation(
                    "metadata.labels",
                    f"sets an injection label that {others[0].name} sets already",
                    "Leave the label to one resource",
                    namespace.urn,
                )


def _asks(pod: Pod) -> bool:
    """Whether a pod itself asks for a proxy; what is not known yet counts."""
    found = mapping(at(pod.metadata, "labels"))
    unknown = at(pod.metadata, "labels") is UNKNOWN
    return unknown or found.get(INJECT) in ("true", UNKNOWN) or joins_mesh(found)


def _refused(workload: Resource, pod: Pod) -> Iterator[Finding]:
    """Where a pod says that it wants no proxy."""
    for place in ("labels", "annotations"):
        value = mapping(at(pod.metadata, place)).get(INJECT)
        where = key(f"{pod.path}metadata.{place}", INJECT)
        if value is UNKNOWN:
            yield Unjudged(where, workload.urn)
        elif value in ("false", False):
            yield Violation(
                where, "is 'false', which keeps the proxy out", "Remove it", workload.urn
            )


def _no_injection(namespace: Resource) -> Iterator[Finding]:
    found = labels(namespace)
    if found is UNKNOWN:
        yield Unjudged("metadata.labels", namespace.urn)
        return
    yield Violation(
        "metadata.labels",
        "has workloads of this stack and no injection label, in a cluster that is in the mesh",
        "Set istio.io/rev to the control plane's revision, or istio-injection: enabled",
        namespace.urn,
    )


def _runs_proxy(pod: Pod) -> bool:
    """Whether a container is Istio's proxy, or its image is not known yet."""
    images = [at(container.body, "image") for container in containers(pod)]
    return any(
        image is UNKNOWN or (isinstance(image, str) and "proxyv2" in image) for image in images
    )
