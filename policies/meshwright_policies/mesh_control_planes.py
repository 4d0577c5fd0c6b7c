"""Tells which control plane a cluster's mesh has: Google's managed one, or one of its own."""

import re
from collections.abc import Iterable

import yaml

from meshwright_policies.mesh_objects import NAMESPACE, items, labels, mapping, of_kind, or_patch
from meshwright_policies.rendered import types_of_parents
from meshwright_policies.rule import Resource, Settings
from meshwright_policies.values import UNKNOWN, at

FEATURE = re.compile(r"gcp:gkehub/feature:Feature$")
FEATURE_MEMBERSHIP = re.compile(r"gcp:gkehub/featureMembership:FeatureMembership$")
CHART = re.compile(r"kubernetes:helm\.sh/v[34]:(Release|Chart)$")
CONFIG_MAP = re.compile(r"kubernetes:core/v1:ConfigMap(Patch)?$")
DEPLOYMENT = re.compile(r"kubernetes:apps/v1:Deployment$")
AUTOMATIC = "MANAGEMENT_AUTOMATIC"
# By its name in a repository of charts, or by its folder among Istio's own sources.
_ISTIOD_CHART = re.compile(r"(^|/)(istiod|istio-discovery)(-\d[\w.-]*\.tgz)?$")
_MESH_CONFIG_MAP = re.compile(r"istio(-[a-z0-9-]+)?$")
# Where Google publishes its builds of Istio's control plane.
_GOOGLE_HUB = re.compile(r"gcr\.io/(gke-release/)?asm\b")


def mesh_features(resources: Iterable[Resource]) -> list[Resource]:
    """The fleet's feature for the mesh."""
    return [f for f in of_kind(resources, FEATURE) if at(f.properties, "name") == "servicemesh"]


def mesh_memberships(resources: Iterable[Resource]) -> list[Resource]:
    """What turns the mesh on, or off, for single members of the fleet."""
    return [
        member
        for member in of_kind(resources, FEATURE_MEMBERSHIP)
        if at(member.properties, "feature") == "servicemesh" or at(member.properties, "mesh")
    ]


def on_by_default(resources: Iterable[Resource]) -> bool:
    """Whether each cluster that joins the fleet gets the managed mesh."""
    steps = ("fleetDefaultMemberConfig", "mesh", "management")
    return any(at(f.properties, *steps) == AUTOMATIC for f in mesh_features(resources))


def turned_on(resources: list[Resource]) -> bool:
    """Whether the stack turns the managed mesh on, for the fleet or for a member."""
    return on_by_default(resources) or any(
        at(member.properties, "mesh", "management") == AUTOMATIC
        for member in mesh_memberships(resources)
    )


def revisions(objects: Iterable[Resource]) -> list[str]:
    """The revisions that the namespaces of a cluster ask for."""
    namespaces = of_kind(objects, or_patch(NAMESPACE))
    found = (mapping(labels(item)).get("istio.io/rev") for item in namespaces)
    return [revision for revision in found if isinstance(revision, str)]


def asks_for_managed(objects: Iterable[Resource]) -> bool:
    """Whether some namespace is labelled for the managed control plane."""
    return any(revision.startswith("asm-managed") for revision in revisions(objects))


def control_planes(objects: Iterable[Resource]) -> list[Resource]:
    """The control planes that a stack installs in clusters: charts and Deployments of istiod."""
    return [item for item in of_kind(objects, CHART, DEPLOYMENT) if _is_istiod(item)]


def possible_control_planes(objects: Iterable[Resource]) -> list[Resource]:
    """Charts and Deployments of which nothing is known yet, so that they may be istiod.

    A Chart shows none of its inputs, ever: where some of its objects are there, they tell.
    """
    objects = list(objects)
    rendered = types_of_parents(objects)
    return [
        item
        for item in of_kind(objects, CHART, DEPLOYMENT)
        if item.properties is UNKNOWN and item.type not in rendered
    ]


def has_own(objects: list[Resource]) -> bool:
    """Whether a cluster's mesh is run from inside it, as far as the stack shows."""
    others = [r for r in revisions(objects) if not r.startswith("asm-managed")]
    return bool(control_planes(objects) or others)


def is_googles(control_plane: Resource) -> bool:
    """Whether an istiod in a cluster is Google's build of it."""
    properties = control_plane.properties
    places = [at(properties, "values", "global", "hub")]
    for container in items(properties, "spec", "template", "spec", "containers"):
        places.append(at(container, "image"))
    return any(isinstance(place, str) and _GOOGLE_HUB.search(place) for place in places)


def mesh_config(resource: Resource, settings: Settings) -> tuple[str, object] | None:
    """The mesh config that an object holds, with its path; None if it holds none.

    istiod reads it from a ConfigMap of the root namespace, and its chart writes it there.
    """
    properties = resource.properties
    if CHART.match(resource.type):
        found = at(properties, "values", "meshConfig")
        return ("values.meshConfig", found) if _is_istiod(resource) else None
    if not CONFIG_MAP.match(resource.type):
        return None
    name = at(properties, "metadata", "name")
    in_root = at(properties, "metadata", "namespace") == settings.root_namespace
    if not in_root or not isinstance(name, str):
        return None
    text = at(properties, "data", "mesh")
    if not _MESH_CONFIG_MAP.match(name) or text is None:
        return None
    return "data.mesh", text if text is UNKNOWN else parsed(text)


def parsed(text: object) -> object:
    """What a text in YAML says; None if it is none."""
    try:
        return yaml.safe_load(text) if isinstance(text, str) else None
    except yaml.YAMLError:
        return None  # Istio refuses it, which is not for these rules to say


def _is_istiod(item: Resource) -> bool:
    if CHART.match(item.type):
        chart = at(item.properties, "chart")
        return isinstance(chart, str) and bool(_ISTIOD_CHART.search(chart))
    name = at(item.properties, "metadata", "name")
    return bool(DEPLOYMENT.match(item.type)) and isinstance(name, str) and name.startswith("istiod")
