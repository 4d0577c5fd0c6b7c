"""Rules for namespaces: the pods that they let in, and the calls."""

import re
from collections.abc import Iterator
from typing import Final

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
    """For the namespaces that the stack makes; a policy for the whole cluster covers all of it.

    The mesh's root namespace is left out: every proxy and the API server call what runs there.
    """
    for objects in _by_cluster(resources).values():
        if any(CLUSTER_POLICY.match(item.type) for item in objects):
            continue
        covered = {settings.root_namespace, *_covered_by(objects)}
        for item in objects:
            if item.type == NAMESPACE:
                yield from _covered(item, covered)


def _covered(namespace: Resource, covered: set[object]) -> Iterator[Finding]:
    name = at(namespace.properties, "metadata", "name")
    if isinstance(name, str) and (SYSTEM.match(name) or name in covered):
        return
    # A policy whose namespace is not known yet may be the one of this namespace.
    if name is UNKNOWN or UNKNOWN in covered:
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


def _by_cluster(resources: list[Resource]) -> dict[str, list[Resource]]:
    clusters: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource.cluster:
            clusters.setdefault(resource.cluster, []).append(resource)
    return clusters
