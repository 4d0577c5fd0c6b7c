"""GKE On-Prem: user clusters on bare metal and their node pools; nothing is installed anywhere.

Rules follow
https://cloud.google.com/kubernetes-engine/distributed-cloud/reference/on-prem-api-overview
and the argument reference of the provider's resources.
"""

import hashlib
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.service import Collection, Reference, Service
from meshwright_sandbox.services.hub import managed
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]
_CLUSTERS = "projects.locations.bareMetalClusters"
_POOLS = f"{_CLUSTERS}.bareMetalNodePools"
_LOAD_BALANCERS = ("manualLbConfig", "metalLbConfig", "bgpLbConfig")
_NEEDED = ("bareMetalVersion", "networkConfig", "controlPlane", "loadBalancer", "storage")


def _complete(call: Call, cluster: Json) -> None:
    """`Collection.defaults` of clusters."""
    if call.location not in REGIONS:
        raise invalid(f"Location {call.location} is not found or not available.")
    _check(call, cluster)
    short = call.name.rpartition("/")[2]
    membership = managed.claim(call.cloud, call.project, short)
    mark = hashlib.sha256(call.name.encode()).hexdigest()[:8]
    cluster |= {
        "state": "PROVISIONING",
        "endpoint": cluster["loadBalancer"]["vipConfig"]["controlPlaneVip"],
        "fleet": {"membership": membership},
        "localName": short,
        "localNamespace": f"cluster-{short}-{mark}",
        "adminClusterName": "",
        "_short": short,
    }


def _check(call: Call, cluster: Json) -> None:
    """`Collection.check` of clusters: what the API refuses before it looks at a machine."""
    for field in _NEEDED:
        if not cluster.get(field):
            raise invalid(f"{field}: is required.")
    if not cluster.get("adminClusterMembership"):
        raise invalid("adminClusterMembership: is required.")
    balancer = cluster["loadBalancer"]
    if sum(bool(balancer.get(kind)) for kind in _LOAD_BALANCERS) != 1:
        raise invalid(f"loadBalancer: exactly one of {', '.join(_LOAD_BALANCERS)} must be set.")
    vips = balancer.get("vipConfig", {})
    if not vips.get("controlPlaneVip") or not vips.get("ingressVip"):
        raise invalid("loadBalancer.vipConfig: controlPlaneVip and ingressVip are required.")
    control = cluster["controlPlane"].get("controlPlaneNodePoolConfig", {})
    _check_nodes(control.get("nodePoolConfig", {}), "controlPlane.controlPlaneNodePoolConfig")
    if len(control["nodePoolConfig"]["nodeConfigs"]) % 2 == 0:
        raise invalid("controlPlane: the number of control plane nodes must be odd.")


def _check_nodes(pool: Json, where: str) -> None:
    nodes = [node.get("nodeIp") for node in pool.get("nodeConfigs", [])]
    if not nodes or not all(nodes):
        raise invalid(f"{where}.nodeConfigs: at least one node with its address is required.")
    if len(set(nodes)) < len(nodes):
        raise invalid(f"{where}.nodeConfigs: a node is named twice.")


def _installed(work: Work) -> Json:
    """The machines have become a cluster, which is a member of the fleet."""
    managed.register(
        work.cloud,
        work.project,
        work.resource["_short"],
        owner=work.name,
        endpoint={
            "onPremCluster": {
                "resourceLink": f"//gkeonprem.googleapis.com/{work.name}",
                "clusterType": "USER",
                "adminCluster": False,
            }
        },
    )
    return {"state": "RUNNING"}


def _running(work: Work) -> Json:
    return {"state": "RUNNING"}


def _gone(work: Work) -> None:
    """The membership goes with the cluster."""
    managed.unregister(work.cloud, work.project, work.resource["_short"])


def _pools(call: Call, name: str) -> list[str]:
    """Node pools, which keep their cluster unless the call forces it."""
    if call.query.get("force") == "true":
        return []
    return [row.name for row in call.cloud.store.below("gkeonprem", name)]


def _check_pool(call: Call, pool: Json) -> None:
    _check_nodes(pool.get("nodePoolConfig", {}), "nodePoolConfig")


def _complete_pool(call: Call, pool: Json) -> None:
    pool["state"] = "PROVISIONING"


SERVICE = Service(
    name="gkeonprem",
    versions={"v1": "gkeonprem.v1"},
    proto="google.cloud.gkeonprem",
    must_be_enabled=True,
    collections=(
        Collection(
            _CLUSTERS,
            id_pattern=r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?",
            references=(
                Reference(
                    "adminClusterMembership",
                    "gkehub",
                    "projects/{project}/locations/global/memberships/{id}",
                    status=400,
                ),
            ),
            defaults=_complete,
            check=_check,
            immutable=("adminClusterMembership",),
            latency="cluster",
            blockers=_pools,
            create_work=_installed,
            delete_work=_gone,
        ),
        Collection(
            _POOLS,
            id_pattern=r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?",
            defaults=_complete_pool,
            check=_check_pool,
            latency="nodePool",
            create_work=_running,
        ),
    ),
)
