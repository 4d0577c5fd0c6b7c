"""Rules for how pods come into the mesh: injection, its labels, and ways around the proxy."""

from collections.abc import Iterator, Mapping

from meshwright_policies.mesh_objects import (
    AMBIENT,
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
    names_revision,
    of_kind,
    refuses_sidecars,
    text,
)
from meshwright_policies.pods import WORKLOADS_AND_PATCHES, Pod, containers, pods
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
# What Istio's injector takes for true or for nothing said; any other word keeps the proxy out:
# https://github.com/istio/istio/blob/master/pkg/kube/inject/inject.go (injectRequired)
LETS_IN = ("", "y", "yes", "true", "on")
# Annotations that take some of a pod's traffic from its proxy, and the values that take none.
AROUND_THE_PROXY = {
    "traffic.sidecar.istio.io/excludeInboundPorts": ("",),
    "traffic.sidecar.istio.io/excludeOutboundPorts": ("",),
    "traffic.sidecar.istio.io/excludeOutboundIPRanges": ("",),
    "traffic.sidecar.istio.io/excludeInterfaces": ("",),
    "traffic.sidecar.istio.io/includeInboundPorts": ("*",),
    "traffic.sidecar.istio.io/includeOutboundIPRanges": ("*",),
    "sidecar.istio.io/interceptionMode": ("REDIRECT", "TPROXY"),
    "ambient.istio.io/bypass-inbound-capture": ("false",),
}


@stack_rule(
    "MESH-07",
    severity=Severity.HIGH,
    source="Google asm-policy bundle 1.1.2",
    title="Every workload of a cluster in the mesh gets a proxy, so that none is left without "
    "identity, encryption and authorization.",
)
def injected_workloads(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """A workload is in by its namespace's label or its own; pods on the host's network cannot. Who
    is in by ambient mode may refuse a sidecar.
    """
    for objects in meshes(resources).values():
        namespaces = {name(n): n for n in of_kind(objects, NAMESPACE)}
        known = _labels_by_namespace(objects)
        outside: dict[str, Resource] = {}
        for workload in of_kind(objects, WORKLOADS_AND_PATCHES):
            if workload.properties is UNKNOWN:
                yield Unjudged("spec", workload.urn)
            for pod in pods(workload):
                if is_system(pod.namespace) or at(pod.spec, "hostNetwork") is True:
                    continue
                around = known.get(text(pod.namespace) or "default", {})
                yield from _refused(workload, pod, around)
                if workload.is_patch:
                    continue  # what it leaves out, the workload itself may say
                if pod.namespace is UNKNOWN and workload.properties is not UNKNOWN:
                    yield Unjudged("metadata.namespace", workload.urn)
                    continue
                home = namespaces.get(text(pod.namespace) or "default")
                if home and not _asks(pod, around) and not joins_mesh(around):
                    outside[home.urn] = home
        for namespace in outside.values():
            yield from _no_injection(namespace, known.get(name(namespace), {}))


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
            elif value is not None and value not in harmless:
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
            rivals = _rivals(kinds, mapping(found))
            if len(rivals) > 1:
                yield Violation(
                    key("metadata.labels", rivals[1]),
                    f"stands beside {rivals[0]}, of which only one takes effect",
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


def _labels_by_namespace(objects: list[Resource]) -> dict[object, Mapping[str, object]]:
    """The labels of each namespace, those that patches add to it included."""
    known: dict[object, dict[str, object]] = {}
    for item in of_kind(objects, NAMESPACE, NAMESPACE_PATCH):
        known.setdefault(name(item), {}).update(mapping(labels(item)))
    for patch in of_kind(objects, NAMESPACE_PATCH):
        # A patch of which nothing is known may bring the namespace in.
        if labels(patch) is UNKNOWN:
            known[name(patch)].setdefault(AMBIENT, UNKNOWN)
    return {**known}


def _rivals(kinds: list[str], found: Mapping[str, object]) -> list[str]:
    """Those of a namespace's injection labels that contend for its pods."""
    if found.get(AMBIENT) == "none":
        return [label for label in kinds if label != AMBIENT]
    if AMBIENT in kinds and found.get("istio-injection") == "disabled":
        return [label for label in kinds if label != "istio-injection"]
    return kinds


def _asks(pod: Pod, around: Mapping[str, object]) -> bool:
    """Whether a pod itself asks for a proxy and gets it; what is not known yet counts.

    Args:
        pod: the pod.
        around: the labels of its namespace.
    """
    found = mapping(at(pod.metadata, "labels"))
    if at(pod.metadata, "labels") is UNKNOWN or found.get(AMBIENT) in ("ambient", UNKNOWN):
        return True
    return not refuses_sidecars(around) and _asks_for_sidecar(found)


def _asks_for_sidecar(found: Mapping[str, object]) -> bool:
    return found.get(INJECT) in ("true", UNKNOWN) or names_revision(found)


def _refused(workload: Resource, pod: Pod, around: Mapping[str, object]) -> Iterator[Finding]:
    """Where a pod says that it wants no proxy; ambient mode does not ask it about sidecars."""
    own = mapping(at(pod.metadata, "labels"))
    mode = around.get(AMBIENT) if own.get(AMBIENT) is None else own.get(AMBIENT)
    if mode == "ambient":
        return
    if mode == "none" and around.get(AMBIENT) == "ambient" and not _asks_for_sidecar(own):
        where = key(f"{pod.path}metadata.labels", AMBIENT)
        what = "is 'none', which keeps the pod out of its ambient namespace's mesh"
        yield Violation(where, what, "Remove it", workload.urn)
    # Where a label says it, the annotation does not count any more.
    for place in ("labels",) if own.get(INJECT) is not None else ("labels", "annotations"):
        value = mapping(at(pod.metadata, place)).get(INJECT)
        where = key(f"{pod.path}metadata.{place}", INJECT)
        refuses = value is False or (isinstance(value, str) and value.lower() not in LETS_IN)
        if value is UNKNOWN or (refuses and mode is UNKNOWN):
            yield Unjudged(where, workload.urn)
        elif refuses:
            yield Violation(
                where, f"is {value!r}, which keeps the proxy out", "Remove it", workload.urn
            )


def _no_injection(namespace: Resource, around: Mapping[str, object]) -> Iterator[Finding]:
    if labels(namespace) is UNKNOWN:
        yield Unjudged("metadata.labels", namespace.urn)
        return
    what = "has workloads of this stack and no injection label, in a cluster that is in the mesh"
    mend = "Set istio.io/rev to the control plane's revision, or istio-injection: enabled"
    if refuses_sidecars(around):
        what = (
            f"has istio-injection: {around['istio-injection']}, which keeps proxies out of all "
            "workloads of this stack there, whatever else asks for one"
        )
        mend = (
            "Remove it and set istio.io/rev to the control plane's revision, or set it to enabled"
        )
    yield Violation("metadata.labels", what, mend, namespace.urn)


def _runs_proxy(pod: Pod) -> bool:
    """Whether a container is Istio's proxy, or its image is not known yet."""
    images = [at(container.body, "image") for container in containers(pod)]
    return any(
        image is UNKNOWN or (isinstance(image, str) and "proxyv2" in image) for image in images
    )
