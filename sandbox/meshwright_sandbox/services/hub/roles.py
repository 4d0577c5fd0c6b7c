"""What a fleet's features bring into its clusters: multi-cluster Services, and the config cluster.

Features and memberships come and go in any order; after each change every cluster of the fleet is
told what holds for it now.
"""

from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.runtime.interface import FleetRole
from meshwright_sandbox.services.hub.names import (
    HUB,
    MEMBERSHIPS,
    cluster_of,
    feature_name,
    membership_name,
)

Json = dict[str, Any]
_SERVICES, _INGRESS = "multiclusterservicediscovery", "multiclusteringress"


def feature_changed(work: Work) -> None:
    """`Collection.create_work` and `update_work` of features."""
    if work.name.rpartition("/")[2] in (_SERVICES, _INGRESS):
        _tell_all(work.cloud, work.name.split("/")[1], without="")


def feature_gone(work: Work) -> None:
    """The part of `Collection.delete_work` of features; the feature is still stored then."""
    short = work.name.rpartition("/")[2]
    if short in (_SERVICES, _INGRESS):
        _tell_all(work.cloud, work.name.split("/")[1], without=short)


def member_came(cloud: Cloud, membership: str) -> None:
    """Tell a new member's cluster what holds for it."""
    _tell(cloud, membership, without="")


def member_left(cloud: Cloud, cluster: str | None) -> None:
    """Nothing of the fleet holds for a cluster that is no member any more."""
    if cluster and cloud.store.get("container", cluster):
        _, project, _, location, _, name = cluster.split("/")
        cloud.runtime.set_fleet_role(project, location, name, None)


def _tell_all(cloud: Cloud, project: str, *, without: str) -> None:
    for row in cloud.store.of_type(HUB, MEMBERSHIPS):
        if row.project == project:
            _tell(cloud, row.name, without=without)


def _tell(cloud: Cloud, membership: str, *, without: str) -> None:
    cluster = cluster_of(cloud.store.get(HUB, membership) or {})
    if not cluster or not cloud.store.get("container", cluster):
        return
    fleet = membership.split("/")[1]
    features = {
        name: cloud.store.get(HUB, feature_name(fleet, name))
        for name in (_SERVICES, _INGRESS)
        if name != without
    }
    ingress = features.get(_INGRESS) or {}
    config: str = ingress.get("spec", {}).get(_INGRESS, {}).get("configMembership", "")
    _, project, _, location, _, name = cluster.split("/")
    role = FleetRole(
        fleet=fleet,
        services=features.get(_SERVICES) is not None,
        config_cluster=membership_name(cloud, config) == membership,
    )
    cloud.runtime.set_fleet_role(project, location, name, role)
