"""Rules for namespaces: the pods that they let in, and the calls."""

import re
from collections.abc import Iterator
from typing import Final

from meshwright_policies.mesh_objects import items, mapping, text
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

NAMESPACE: Final = "kubernetes:core/v1:Namespace"
ENFORCE: Final = "pod-security.kubernetes.io/enforce"
# Kubernetes' and Google's own agents run there, with the rights that they need.
SYSTEM: Final = re.compile(r"kube-(system|public|node-lease)$|(gke|gmp|config-management)-")
POLICY: Final = re.compile(
    r"kubernetes:(networking\.k8s\.io/\w+:NetworkPolicy|cilium\.io/\w+:CiliumNetworkPolicy)$"
)
CLUSTER_POLICY: Final = re.compile(
    r"kubernetes:(policy\.networking\.k8s\.io/\w+:(Baseline|Cluster)\w*NetworkPolicy"
    r"|cilium\.io/\w+:CiliumClusterwideNetworkPolicy)$"
)
RELEASE: Final = "kubernetes:helm.sh/v3:Release"
# How a Release groups the names of its objects: kind and group, then the version.
POLICY_IN_RELEASE: Final = re.compile(
    r"(NetworkPolicy\.networking\.k8s\.io|CiliumNetworkPolicy\.cilium\.io)/"
)


@resource_rule(
    "K8S-01",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 4.2.1, Pod Security Standards",
    title="A namespace refuses pods that do not hold Pod Security's baseline at least, so that "
    "nothing reaches the node from there, whoever deploys it.",
    types=rf"{NAMESPACE}(Patch)?$",
)
def pod_security(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """The label decides; a patch is judged by the label it sets, if any."""
    name = at(resource.properties, "metadata", "name")
    labels = at(resource.properties, "metadata", "labels")
    level = at(labels, ENFORCE)
    where = f"metadata.labels[{ENFORCE!r}]"
    if isinstance(name, str) and SYSTEM.match(name):
        return
    if labels is UNKNOWN or level is UNKNOWN:
        yield Unjudged(where)
    elif level not in ("restricted", "baseline") and not (level is None and resource.is_patch):
        what = "is not set" if level is None else f"is {level!r}"
        yield Violation(where, what, 'Set it to "restricted", or to "baseline" where pods need it')


@stack_rule(
    "K8S-04",
    severity=Severity.MEDIUM,
    source="CIS GKE 1.9 4.3.2",
    title="Each namespace but the mesh's root one has a network policy, so that a pod that was "
    "broken into reaches only what its namespace calls anyway.",
)
def namespace_network_policies(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """For the namespaces that the stack makes; a policy for the whole cluster covers all of it, and
    one in a Helm Release its namespace: a Release tells the names of its objects once it is there.

    The mesh's root namespace is left out: every proxy and the API server call what runs there.
    """
    for objects in _by_cluster(resources).values():
        if any(CLUSTER_POLICY.match(item.type) for item in objects):
            continue
        releases = [item for item in objects if item.type == RELEASE]
        covered = {settings.root_namespace, *_covered_by(objects)}
        covered.update(home for item in releases for home in _covered_by_release(item))
        possible = {_home(item) for item in releases if _names(item) is UNKNOWN}
        for item in objects:
            if item.type == NAMESPACE:
                yield from _covered(item, covered, possible)


def _covered(namespace: Resource, covered: set[object], possible: set[object]) -> Iterator[Finding]:
    name = text(at(namespace.properties, "metadata", "name"))
    if isinstance(name, str) and (SYSTEM.match(name) or name in covered):
        return
    # A policy whose namespace is not known yet may be the one of this namespace.
    if name is UNKNOWN or UNKNOWN in covered or {name, UNKNOWN} & possible:
        yield Unjudged("metadata.name", namespace.urn)
    else:
        yield Violation(
            "metadata.name",
            f"{name!r} has no NetworkPolicy in this stack",
            "Add one that selects all pods and allows only the calls they need",
            namespace.urn,
        )


def _covered_by(objects: list[Resource]) -> Iterator[object]:
    """The names of namespaces that have a policy, and UNKNOWN for each that has no name yet."""
    for item in objects:
        name = at(item.properties, "metadata", "namespace")
        if POLICY.match(item.type) and (isinstance(name, str) or name is UNKNOWN):
            yield name


def _covered_by_release(release: Resource) -> Iterator[object]:
    """The namespaces that have a policy in a chart, which writes another's as namespace/name."""
    for kind, names in mapping(_names(release)).items():
        for name in items(names) if POLICY_IN_RELEASE.match(kind) else []:
            home, slash, _ = name.partition("/") if isinstance(name, str) else ("", "", "")
            yield home if slash else _home(release)


def _names(release: Resource) -> object:
    return at(release.properties, "resourceNames")


def _home(release: Resource) -> object:
    found = text(at(release.properties, "namespace"))
    return "default" if found is None else found


def _by_cluster(resources: list[Resource]) -> dict[str, list[Resource]]:
    clusters: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource.cluster:
            clusters.setdefault(resource.cluster, []).append(resource)
    return clusters
