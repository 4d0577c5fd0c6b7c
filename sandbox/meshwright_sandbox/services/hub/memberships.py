"""Memberships of a fleet: what they show of their cluster, and how the two are tied."""

import hashlib
import uuid
from typing import Any

from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.runtime.interface import issuer_of
from meshwright_sandbox.services.hub import mesh, roles
from meshwright_sandbox.services.hub.names import (
    FLEETS,
    HUB,
    MEMBERSHIPS,
    by_number,
    cluster_name,
    feature_name,
    membership_name,
)

Json = dict[str, Any]


def complete(call: Call, membership: Json) -> None:
    """`Collection.defaults` of memberships.

    Raises:
        ApiError: 400 when the cluster does not exist or is already a member of a fleet.
    """
    endpoint = membership.get("endpoint", {})
    link = endpoint.get("gkeCluster", {}).get("resourceLink")
    membership |= {"state": {"code": "READY"}, "uniqueId": str(uuid.uuid4()), "_name": call.name}
    ensure_fleet(call.cloud, call.project)
    if not link:
        return
    name = cluster_name(call.cloud, link)
    cluster = call.cloud.store.get("container", name) if name else None
    if name is None or cluster is None:
        raise ApiError(
            400,
            "InvalidValueError for field endpoint.gke_cluster.resource_link: cluster resource "
            f'"{link}" does not exist.',
            refusal="reference",
        )
    if cluster.get("fleet", {}).get("membership"):
        raise ApiError(
            400,
            f'GKE cluster "{name}" is already registered as membership '
            f'"{cluster["fleet"]["membership"]}".',
            status="FAILED_PRECONDITION",
        )
    describe_cluster(call.cloud, membership, name, cluster)
    fleet = {
        "project": call.project,
        "membership": f"//gkehub.googleapis.com/{by_number(call.cloud, call.name)}",
        "preRegistered": True,
    }
    call.cloud.store.put("container", name, cluster | {"fleet": fleet})


def check(call: Call, membership: Json) -> None:
    """`Collection.check` of memberships: an issuer is cleared before there can be another.

    Raises:
        ApiError: 400 for an issuer that is no https address, or that takes another's place.
    """
    issuer = membership.get("authority", {}).get("issuer", "")
    before = (call.before or {}).get("authority", {}).get("issuer", issuer)
    if issuer and not issuer.startswith("https://"):
        raise invalid(
            f'InvalidValueError for field authority.issuer: "{issuer}" must start with "https://".'
        )
    if issuer and before and before != issuer:
        raise invalid(
            "InvalidValueError for field authority.issuer: it cannot be directly modified; it must "
            "be cleared before using a new issuer."
        )


def describe_cluster(cloud: Cloud, membership: Json, name: str, cluster: Json) -> None:
    """Fill in what a membership shows of its GKE cluster."""
    project = name.split("/")[1]
    issuer = issuer_of(name)
    pool = cluster.get("workloadIdentityConfig", {}).get("workloadPool")
    membership["_cluster"] = name
    membership.setdefault("endpoint", {})
    membership["endpoint"] |= {
        "gkeCluster": {"resourceLink": f"//container.googleapis.com/{name}"},
        "googleManaged": False,
        "kubernetesMetadata": {
            "kubernetesApiServerVersion": f"v{cluster['currentMasterVersion']}",
            "updateTime": now(),
        },
    }
    if pool:
        membership["authority"] = {
            "issuer": issuer,
            "workloadIdentityPool": pool,
            "identityProvider": issuer,
        }
    membership["monitoringConfig"] = {
        "projectId": project,
        "location": cluster["location"],
        "cluster": cluster["name"],
        "kubernetesMetricsPrefix": "kubernetes.io",
        "clusterHash": hashlib.sha256(name.encode()).hexdigest()[:32],
    }
    membership["clusterTier"] = "STANDARD"
    membership["lastConnectionTime"] = now()


def ensure_fleet(cloud: Cloud, project: str) -> None:
    """The first member makes its project a fleet, if nobody did."""
    name = f"projects/{project}/locations/global/fleets/default"
    if cloud.store.get(HUB, name) is None:
        stamp = now()
        document = {
            "name": name,
            "uid": str(uuid.uuid4()),
            "createTime": stamp,
            "updateTime": stamp,
            "state": {"code": "READY"},
        }
        cloud.store.put(HUB, name, document, type_=FLEETS, project=project, system=True)


def store_new(cloud: Cloud, name: str, membership: Json) -> None:
    """Store a membership that came with its cluster; it is no resource of its own."""
    stamp = now()
    document = membership | {
        "name": name,
        "createTime": stamp,
        "updateTime": stamp,
        "state": {"code": "READY"},
        "uniqueId": str(uuid.uuid4()),
        "_name": name,
    }
    project = name.split("/")[1]
    cloud.store.put(HUB, name, document, type_=MEMBERSHIPS, project=project, system=True)


def forget(cloud: Cloud, name: str) -> None:
    """Remove what points at a membership that goes: the mesh's spec, the cluster's `fleet`."""
    membership = cloud.store.get(HUB, name) or {}
    project = name.split("/")[1]
    feature = cloud.store.get(HUB, feature_name(project, "servicemesh"))
    key = by_number(cloud, name)
    if feature and key in feature.get("membershipSpecs", {}):
        del feature["membershipSpecs"][key]
        cloud.store.put(HUB, feature_name(project, "servicemesh"), feature)
    cluster_key = membership.get("_cluster")
    cluster = cloud.store.get("container", cluster_key) if cluster_key else None
    if cluster_key and cluster and "fleet" in cluster:
        del cluster["fleet"]
        cloud.store.put("container", cluster_key, cluster)


def delete_check(call: Call, name: str) -> list[str]:
    """What keeps a membership from being deleted: the cluster that another service keeps it for,
    and subresources, unless the call forces it.
    """
    owner = call.get(name).get("_owner")
    if owner:
        return [owner]
    if call.query.get("force") == "true":
        return []
    return [row.name for row in call.cloud.store.below(HUB, name)]


def joined(work: Any) -> None:
    """`Collection.create_work` of memberships: its cluster learns what its fleet has."""
    roles.member_came(work.cloud, work.name)


def released(work: Any) -> None:
    """`Collection.delete_work` of memberships: its mesh ends, its cluster is free."""
    roles.member_left(work.cloud, work.resource.get("_cluster"))
    with work.cloud.store.transaction():
        forget(work.cloud, work.name)
    mesh.reconcile(work.cloud, work.name)


def view(call: Call, membership: Json) -> None:
    """Show the state of the moment."""
    running = call.cloud.store.unfinished(HUB, membership["_name"])
    verbs = {operation["verb"] for operation in running if not operation.get("hidden")}
    for verb, code in (("create", "CREATING"), ("delete", "DELETING"), ("update", "UPDATING")):
        if verb in verbs:
            membership["state"] = {"code": code}


def existing(cloud: Cloud, text: str) -> str:
    """The stored name of a membership that must exist.

    Raises:
        ApiError: 400 when it does not.
    """
    name = membership_name(cloud, text)
    if name is None or cloud.store.get(HUB, name) is None:
        raise ApiError(
            400,
            f'InvalidValueError for field membership_specs["{text}"]: no such membership.',
            refusal="reference",
        )
    return name
