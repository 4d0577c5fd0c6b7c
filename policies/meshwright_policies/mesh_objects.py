"""What rules about the mesh read alike: kinds, names, labels, and which clusters are in it."""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from meshwright_policies.rule import Resource, Settings, Unjudged
from meshwright_policies.values import UNKNOWN, at, each, unjudged


def kind(group: str, kind: str) -> re.Pattern[str]:
    """The type tokens of a kind, in whichever version of its API."""
    return re.compile(rf"kubernetes:{re.escape(group)}/\w+:{kind}$")


MESH_OBJECT = re.compile(r"kubernetes:(networking|security|telemetry|extensions)\.istio\.io/")
PEER_AUTHENTICATION = kind("security.istio.io", "PeerAuthentication")
AUTHORIZATION_POLICY = kind("security.istio.io", "AuthorizationPolicy")
REQUEST_AUTHENTICATION = kind("security.istio.io", "RequestAuthentication")
GATEWAY = kind("networking.istio.io", "Gateway")
VIRTUAL_SERVICE = kind("networking.istio.io", "VirtualService")
DESTINATION_RULE = kind("networking.istio.io", "DestinationRule")
SERVICE_ENTRY = kind("networking.istio.io", "ServiceEntry")
SIDECAR = kind("networking.istio.io", "Sidecar")
API_GATEWAY = kind("gateway.networking.k8s.io", "Gateway")
NETWORK_POLICY = kind("networking.k8s.io", "NetworkPolicy")
NAMESPACE = re.compile(r"kubernetes:core/v1:Namespace$")
NAMESPACE_PATCH = re.compile(r"kubernetes:core/v1:NamespacePatch$")
SERVICE = re.compile(r"kubernetes:core/v1:Service$")
# Namespaces of Kubernetes, of GKE and of the mesh itself: none of them holds a team's workloads.
_SYSTEM = re.compile(r"(kube|gke|gmp|asm)-[a-z0-9-]+$|(istio|gatekeeper|config-management)-system$")
AMBIENT = "istio.io/dataplane-mode"
INJECTION_LABELS = ("istio-injection", "istio.io/rev", AMBIENT)


def or_patch(kind: re.Pattern[str]) -> str:
    """The type tokens of a kind and of patches of it, which say a part of an object only."""
    return kind.pattern.removesuffix("$") + "(Patch)?$"


def of_kind(resources: Iterable[Resource], *kinds: re.Pattern[str] | str) -> list[Resource]:
    """Those of the resources that are of one of the kinds."""
    return [r for r in resources if any(_is(kind, r.type) for kind in kinds)]


@functools.lru_cache(maxsize=8192)
def _is(kind: re.Pattern[str] | str, type_: str) -> bool:
    """Whether a type is of a kind. There are few types, however many resources there are."""
    return bool(re.match(kind, type_))


def by_cluster(resources: Iterable[Resource]) -> dict[str, list[Resource]]:
    """The Kubernetes objects of each cluster."""
    clusters: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource.cluster:
            clusters.setdefault(resource.cluster, []).append(resource)
    return clusters


def meshes(resources: Iterable[Resource]) -> dict[str, list[Resource]]:
    """The objects of each cluster that is in the mesh: it has objects of Istio's API, or a
    namespace that is injected.
    """
    return {
        cluster: objects
        for cluster, objects in by_cluster(resources).items()
        if any(shows_mesh(item) for item in objects)
    }


def shows_mesh(resource: Resource) -> bool:
    """Whether an object shows that its cluster is in a mesh."""
    if _is(MESH_OBJECT, resource.type):
        return True
    labelled = _is(NAMESPACE, resource.type) or _is(NAMESPACE_PATCH, resource.type)
    return labelled and joins_mesh(mapping(labels(resource)))


def joins_mesh(found: Mapping[str, object]) -> bool:
    """Whether labels of a namespace bring its pods into the mesh.

    A label whose value is not known yet counts; whose key is absent does not. Where istio-injection
    stands, in whichever value, Istio's webhooks do not ask for a revision.
    """
    if found.get(AMBIENT) in ("ambient", UNKNOWN):
        return True
    injection = found.get("istio-injection")
    if injection is not None:
        return injection in ("enabled", UNKNOWN)
    return names_revision(found)


def names_revision(found: Mapping[str, object]) -> bool:
    """Whether labels of a namespace, or of a pod, name the revision that injects."""
    revision = found.get("istio.io/rev")
    return bool(revision) or revision is UNKNOWN


def refuses_sidecars(found: Mapping[str, object]) -> bool:
    """Whether labels of a namespace keep sidecars out of it, whatever its pods ask for."""
    return found.get("istio-injection") not in (None, "enabled", UNKNOWN)


def mapping(value: object) -> Mapping[str, object]:
    """The value as a mapping; empty where it is missing or not known."""
    return cast(Mapping[str, object], value) if isinstance(value, Mapping) else {}


def selected(value: object) -> Mapping[str, object]:
    """The labels that a selector wants, each with its value or UNKNOWN."""
    return {label: item for label, item in mapping(value).items() if text(item) is not None}


def items(value: object, *path: str) -> list[object]:
    """The list at a path; empty where it is missing or not known."""
    found = at(value, *path)
    return cast(list[object], found) if isinstance(found, list) else []


def labels(resource: Resource) -> object:
    """The labels of an object: a mapping, None or UNKNOWN."""
    return at(resource.properties, "metadata", "labels")


def text(value: object) -> object:
    """The value if it is text, or UNKNOWN; a value of another type is for the API to refuse."""
    return value if value is UNKNOWN or isinstance(value, str) else None


def name(resource: Resource) -> object:
    """The name of an object in its cluster: a string, None or UNKNOWN."""
    return text(at(resource.properties, "metadata", "name"))


def namespace(resource: Resource) -> object:
    """The namespace of an object; where none is written, Kubernetes takes `default`."""
    found = text(at(resource.properties, "metadata", "namespace"))
    return "default" if found is None else found


def is_system(namespace: object) -> bool:
    """Whether a namespace belongs to Kubernetes, GKE or the mesh."""
    return isinstance(namespace, str) and bool(_SYSTEM.match(namespace))


def mesh_wide(resource: Resource, settings: Settings) -> bool:
    """Whether a policy applies to all namespaces: it is in the root one and selects nothing."""
    where = at(resource.properties, "metadata", "namespace")
    spec = at(resource.properties, "spec")
    # A selector without labels selects all, as none does.
    selectors = (at(spec, "selector", "matchLabels"), at(spec, "targetRef"), at(spec, "targetRefs"))
    return (where is UNKNOWN or where == settings.root_namespace) and not any(selectors)


def not_known(resource: Resource, *path: str) -> Iterator[Unjudged]:
    """Says of a resource of a stack that what stands at a path is not known yet."""
    if at(resource.properties, *path) is UNKNOWN:
        yield Unjudged(".".join(path), resource.urn)


def key(path: str, name: str) -> str:
    """The path of a mapping's entry whose name is no plain word, as Pulumi writes it."""
    return f'{path}["{name}"]'


def unknown_conditions(spec: object) -> Iterator[Unjudged]:
    """The parts of an AuthorizationPolicy's rules that are not known yet, each by its outer end."""
    yield from unjudged(spec, "rules", prefix="spec.")
    for index, rule in each(spec, "rules"):
        path = f"spec.rules[{index}]"
        if rule is UNKNOWN:
            yield Unjudged(path)
            continue
        for key, inner in (("from", "source"), ("to", "operation"), ("when", "")):
            yield from unjudged(rule, key, prefix=f"{path}.")
            for place, item in each(rule, key):
                where = f"{path}.{key}[{place}]"
                if item is UNKNOWN:
                    yield Unjudged(where)
                elif inner:
                    yield from unjudged(item, inner, prefix=f"{where}.")


def authorization_fields(spec: object) -> Iterator[tuple[str, str, object]]:
    """Every condition of an AuthorizationPolicy: its path, its field and its values."""
    for index, rule in each(spec, "rules"):
        path = f"spec.rules[{index}]"
        for place, source in each(rule, "from"):
            for field, value in mapping(at(source, "source")).items():
                yield f"{path}.from[{place}].source.{field}", field, value
        for place, target in each(rule, "to"):
            for field, value in mapping(at(target, "operation")).items():
                yield f"{path}.to[{place}].operation.{field}", field, value
        for place, condition in each(rule, "when"):
            if condition is UNKNOWN:
                continue
            for field in ("values", "notValues"):
                yield f"{path}.when[{place}].{field}", field, at(condition, field)
