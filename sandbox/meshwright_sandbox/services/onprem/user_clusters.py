"""What user clusters on bare metal and on VMware have in common: admin cluster, fleet, pools."""

import hashlib
from collections.abc import Callable, Collection
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.service import Collection as Resources
from meshwright_sandbox.core.service import Reference
from meshwright_sandbox.services.hub import managed
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]
Check = Callable[[Call, Json], None]
_ID = r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?"


def clusters(path: str, check: Check) -> Resources:
    """The collection of a kind of user cluster; `check` knows what is its own."""

    def complete(call: Call, cluster: Json) -> None:
        if call.location not in REGIONS:
            raise invalid(f"Location {call.location} is not found or not available.")
        check(call, cluster)
        _join(call, cluster)

    return Resources(
        path,
        id_pattern=_ID,
        references=(
            Reference(
                "adminClusterMembership",
                "gkehub",
                "projects/{project}/locations/global/memberships/{id}",
                status=400,
            ),
        ),
        defaults=complete,
        check=check,
        immutable=("adminClusterMembership",),
        latency="cluster",
        blockers=_pools,
        create_work=_installed,
        delete_work=_gone,
    )


def node_pools(path: str, check: Check) -> Resources:
    """The collection of a kind of node pool."""
    return Resources(
        path,
        id_pattern=_ID,
        defaults=_complete_pool,
        check=check,
        latency="nodePool",
        create_work=_running,
    )


def require(cluster: Json, fields: Collection[str]) -> None:
    """Refuse a cluster without one of the fields."""
    for field in (*fields, "adminClusterMembership"):
        if not cluster.get(field):
            raise invalid(f"{field}: is required.")


def check_load_balancer(balancer: Json, kinds: Collection[str]) -> None:
    """Refuse what is not exactly one of the kinds, with both of its virtual addresses."""
    if sum(bool(balancer.get(kind)) for kind in kinds) != 1:
        raise invalid(f"loadBalancer: exactly one of {', '.join(kinds)} must be set.")
    vips = balancer.get("vipConfig", {})
    if not vips.get("controlPlaneVip") or not vips.get("ingressVip"):
        raise invalid("loadBalancer.vipConfig: controlPlaneVip and ingressVip are required.")


def _join(call: Call, cluster: Json) -> None:
    """Its place in the fleet is taken before it is made."""
    short = call.name.rpartition("/")[2]
    mark = hashlib.sha256(call.name.encode()).hexdigest()[:8]
    cluster |= {
        "state": "PROVISIONING",
        "endpoint": cluster["loadBalancer"]["vipConfig"]["controlPlaneVip"],
        "fleet": {"membership": managed.claim(call.cloud, call.project, short)},
        "localName": short,
        "localNamespace": f"cluster-{short}-{mark}",
        "adminClusterName": "",
        "_short": short,
    }


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


def _gone(work: Work) -> None:
    """The membership goes with the cluster."""
    managed.unregister(work.cloud, work.project, work.resource["_short"])


def _pools(call: Call, name: str) -> list[str]:
    """Node pools, which keep their cluster unless the call forces it."""
    if call.query.get("force") == "true":
        return []
    return [row.name for row in call.cloud.store.below("gkeonprem", name)]


def _complete_pool(call: Call, pool: Json) -> None:
    pool["state"] = "PROVISIONING"


def _running(work: Work) -> Json:
    return {"state": "RUNNING"}
