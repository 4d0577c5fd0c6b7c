"""Clusters that ask for a fleet when they are created become members by themselves."""

from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.services.gke.places import region_of
from meshwright_sandbox.services.hub import memberships, mesh, roles
from meshwright_sandbox.services.hub.names import HUB, by_number, feature_name, membership_name

Json = dict[str, Any]
_HOST = "//gkehub.googleapis.com/"


def register(cloud: Cloud, cluster: Json) -> str:
    """Make a cluster a member of `fleet.project`'s fleet, in the cluster's region; idempotent.

    Args:
        cloud: where.
        cluster: stored document of the cluster.

    Returns:
        Full name of the membership, as `fleet.membership` shows it.
    """
    project = cloud.projects.id(cluster["fleet"]["project"])
    region = region_of(cluster["location"])
    scope = f"projects/{project}/locations/{region}/memberships"
    name = f"{scope}/{cluster['name']}"
    with cloud.store.transaction():
        present = cloud.store.get(HUB, name)
        if present and present.get("_cluster") != cluster["_name"]:
            # Two clusters of one name in a region (one of them zonal, or of another project).
            name = f"{scope}/{cluster['name']}-{cluster['id'][:8]}"
            present = cloud.store.get(HUB, name)
        if not present:
            memberships.ensure_fleet(cloud, project)
            membership: Json = {}
            memberships.describe_cluster(cloud, membership, cluster["_name"], cluster)
            memberships.store_new(cloud, name, membership)
            _apply_fleet_default(cloud, project, name)
    roles.member_came(cloud, name)
    return f"{_HOST}{by_number(cloud, name)}"


def _apply_fleet_default(cloud: Cloud, project: str, membership: str) -> None:
    """New members get the fleet's default configuration of the mesh."""
    name = feature_name(project, "servicemesh")
    feature = cloud.store.get(HUB, name)
    default = (feature or {}).get("fleetDefaultMemberConfig", {}).get("mesh")
    if not feature or not default:
        return
    specs = feature.setdefault("membershipSpecs", {})
    specs[by_number(cloud, membership)] = {"mesh": default, "origin": {"type": "FLEET"}}
    cloud.store.put(HUB, name, feature)
    mesh.schedule(cloud, membership)


def unregister(cloud: Cloud, cluster: Json) -> None:
    """Take a cluster out of its fleet; nothing happens if it is in none."""
    name = membership_name(cloud, cluster.get("fleet", {}).get("membership", ""))
    if name:
        with cloud.store.transaction():
            memberships.forget(cloud, name)
            cloud.store.delete(HUB, name)
