"""How the fleet API names memberships, features and clusters."""

import re
from typing import Any

from meshwright_sandbox.core.cloud import Cloud

Json = dict[str, Any]
HUB = "gkehub"
MEMBERSHIPS = "projects.locations.memberships"
FEATURES = "projects.locations.features"
FLEETS = "projects.locations.fleets"
NAMESPACES = "projects.locations.scopes.namespaces"
MESH_FEATURE = "servicemesh"
_MEMBERSHIP = re.compile(
    r"(?://gkehub\.googleapis\.com/)?(projects/[^/]+/locations/[^/]+/memberships/[^/]+)"
)
# gcloud composes the link from the endpoint it is told, which here has a path.
_CLUSTER = re.compile(
    r"(?:(?:https:)?//(?:container\.googleapis\.com|[^/]+/container)/(?:v1/|v1beta1/)?)?"
    r"(projects/[^/]+)/(?:locations|zones)/([^/]+)/clusters/([^/]+)"
)


def by_id(cloud: Cloud, name: str) -> str:
    """A resource name with the project's id."""
    head, project, *rest = name.split("/")
    return "/".join([head, cloud.projects.id(project), *rest])


def by_number(cloud: Cloud, name: str) -> str:
    """A resource name with the project's number, as keys of a feature's maps are written."""
    head, project, *rest = name.split("/")
    return "/".join([head, cloud.projects.number(cloud.projects.id(project)), *rest])


def membership_name(cloud: Cloud, text: str) -> str | None:
    """The stored name of the membership that a text names; None when it is no such name."""
    match = _MEMBERSHIP.fullmatch(text)
    return by_id(cloud, match[1]) if match else None


def cluster_name(cloud: Cloud, link: str) -> str | None:
    """The stored name of the GKE cluster that a link names; None when it is no such link."""
    match = _CLUSTER.fullmatch(link)
    if not match:
        return None
    return by_id(cloud, f"{match[1]}/locations/{match[2]}/clusters/{match[3]}")


def cluster_of(membership: Json) -> str | None:
    """The stored name of a membership's GKE cluster, if it is one."""
    return membership.get("_cluster")


def feature_name(project: str, feature: str) -> str:
    """The stored name of a fleet's feature."""
    return f"projects/{project}/locations/global/features/{feature}"
