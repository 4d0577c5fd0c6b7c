"""Rules for the mesh as a whole: encryption and authorization that every cluster in it needs."""

import re
from collections.abc import Iterator
from typing import cast

from meshwright_policies.rule import Resource, Settings, Severity, Violation, stack_rule
from meshwright_policies.values import UNKNOWN, at

MESH_OBJECT = re.compile(r"kubernetes:(networking|security|telemetry|extensions)\.istio\.io/")
PEER_AUTHENTICATION = re.compile(r"kubernetes:security\.istio\.io/\w+:PeerAuthentication$")
AUTHORIZATION_POLICY = re.compile(r"kubernetes:security\.istio\.io/\w+:AuthorizationPolicy$")
NAMESPACE = "kubernetes:core/v1:Namespace"


@stack_rule(
    "MESH-01",
    severity=Severity.CRITICAL,
    source="Google asm-policy bundle 1.3.1",
    title="Workloads accept mutual TLS only, mesh-wide, so that no call is readable or "
    "unauthenticated on the wire.",
)
def strict_mtls(resources: list[Resource], settings: Settings) -> Iterator[Violation]:
    """Each cluster in the mesh has a mesh-wide PeerAuthentication, and all of them say STRICT."""
    for cluster, objects in _meshes(resources).items():
        wide = [o for o in objects if _mesh_wide(o, PEER_AUTHENTICATION, settings)]
        for item in wide:
            mode = at(item.properties, "spec", "mtls", "mode")
            if mode is not UNKNOWN and mode != "STRICT":
                yield Violation(
                    "spec.mtls.mode",
                    f"is {mode!r} for the whole mesh" if mode else "is not set",
                    "Set it to STRICT; weaken single workloads by their own policy if you must",
                    item.urn,
                )
        if not wide:
            yield _absent(cluster, objects, "PeerAuthentication", "spec {mtls: {mode: STRICT}}")


@stack_rule(
    "MESH-03",
    severity=Severity.HIGH,
    source="Google asm-policy bundle 1.2.1",
    title="Calls are denied unless a rule allows them, mesh-wide, so that a new workload is closed "
    "until somebody opens it.",
)
def default_deny(resources: list[Resource], settings: Settings) -> Iterator[Violation]:
    """Each cluster in the mesh has a mesh-wide AuthorizationPolicy that allows nothing."""
    for cluster, objects in _meshes(resources).items():
        wide = [o for o in objects if _mesh_wide(o, AUTHORIZATION_POLICY, settings)]
        if not any(_allows_nothing(item) for item in wide):
            yield _absent(cluster, objects, "AuthorizationPolicy", "an empty spec")


def _meshes(resources: list[Resource]) -> dict[str, list[Resource]]:
    """The objects of each cluster that is in the mesh: it has objects of Istio's API, or a
    namespace that is injected.
    """
    clusters: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource.cluster:
            clusters.setdefault(resource.cluster, []).append(resource)
    return {
        cluster: objects
        for cluster, objects in clusters.items()
        if any(MESH_OBJECT.match(o.type) or _injected(o) for o in objects)
    }


def _injected(resource: Resource) -> bool:
    labels = at(resource.properties, "metadata", "labels")
    if resource.type != NAMESPACE or not isinstance(labels, dict):
        return False
    known = cast(dict[str, object], labels)
    return known.get("istio-injection") == "enabled" or "istio.io/rev" in known


def _mesh_wide(resource: Resource, kind: re.Pattern[str], settings: Settings) -> bool:
    """Whether it is of that kind and applies to all namespaces: in the root one, no selector."""
    if not kind.match(resource.type):
        return False
    namespace = at(resource.properties, "metadata", "namespace")
    spec = at(resource.properties, "spec")
    selectors = (at(spec, "selector"), at(spec, "targetRef"), at(spec, "targetRefs"))
    in_root = namespace is UNKNOWN or namespace == settings.root_namespace
    return in_root and not any(selectors)


def _allows_nothing(policy: Resource) -> bool:
    """Whether it is an ALLOW policy (the default action) without rules.

    What is not known yet gets the benefit of the doubt; the update judges it again.
    """
    spec = at(policy.properties, "spec")
    action, rules = at(spec, "action"), at(spec, "rules")
    return action in (None, "ALLOW", UNKNOWN) and not rules


def _absent(cluster: str, objects: list[Resource], kind: str, spec: str) -> Violation:
    example = next(o for o in objects if MESH_OBJECT.match(o.type) or _injected(o))
    return Violation(
        f"cluster {cluster}",
        f"has mesh objects (such as {example.name}) but no mesh-wide {kind} that does this",
        f"Add one with {spec} and no selector in the mesh's root namespace",
        example.urn,
    )
