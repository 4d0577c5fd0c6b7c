"""Google Kubernetes Engine: clusters and node pools, which a `ClusterRuntime` makes run."""

import copy
import re
from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.labels import check_labels
from meshwright_sandbox.core.service import Collection, Reference, Service
from meshwright_sandbox.core.stamps import new_etag
from meshwright_sandbox.services.gke import (
    clusters,
    credentials,
    node_pools,
    node_upgrades,
    places,
    signing_keys,
    updates,
    usable,
    versions,
    work,
)
from meshwright_sandbox.services.gke.locks import require_free

Json = dict[str, Any]
# What the oldest clients write as one more segment of the path: `clusters/C/addons`.
_OLD_VERB = re.compile(
    r"(/clusters/[^/]+(?:/nodePools/[^/]+)?)/(addons|autoscaling|legacyAbac|locations|logging|"
    r"master|monitoring|resourceLabels|setManagement|setSize)$"
)
_CLUSTERS, _POOLS = clusters.TYPE, node_pools.TYPE


def _rewrite(path: str) -> str:
    """Paths of the oldest clients, `projects/P/zones/Z/...`, mean locations."""
    path, old = re.subn(r"^(projects/[^/]+)/zones/", r"\1/locations/", path)
    if not old:
        return path
    path = path.replace("/serverconfig", "/serverConfig")
    return _OLD_VERB.sub(lambda match: f"{match[1]}:{_verb(match[2])}", path)


def _verb(old: str) -> str:
    if old == "master":
        return "updateMaster"
    return old if old.startswith("set") else f"set{old[0].upper()}{old[1:]}"


def _delete_cluster(call: Call) -> Json:
    call.get()
    require_free(call, call.name)
    return generic.delete(call)


def _cluster_of_pool(call: Call) -> tuple[str, Json]:
    name = call.name.partition("/nodePools")[0]
    cluster = call.get(name)
    return name, cluster


def _create_pool(call: Call) -> Json:
    name, cluster = _cluster_of_pool(call)
    node_pools.refuse_autopilot(cluster)
    pool = copy.deepcopy(call.body.get("nodePool", {}))
    if not pool.get("name"):
        raise invalid("NodePool.name must be specified.")
    target = f"{name}/nodePools/{pool['name']}"
    if call.cloud.store.get("container", target) is not None:
        raise ApiError(409, call.service.already_exists(target))
    require_free(call, name, target)
    node_pools.complete(call, cluster, target, pool)
    call.name = target
    call.put(target, pool)
    return call.start("create", target)


def _get_pool(call: Call) -> Json:
    _, cluster = _cluster_of_pool(call)
    return clusters.pool_shown(call, cluster, call.get())


def _list_pools(call: Call) -> Json:
    name, cluster = _cluster_of_pool(call)
    rows = node_pools.rows(call.cloud, name)
    return {"nodePools": [clusters.pool_shown(call, cluster, row.doc) for row in rows]}


def _delete_pool(call: Call) -> Json:
    name, cluster = _cluster_of_pool(call)
    node_pools.refuse_autopilot(cluster)
    call.get()
    require_free(call, name, call.name)
    return call.start("delete")


def _change_pool(call: Call, kind: str, **changes: Any) -> Json:
    name, cluster = _cluster_of_pool(call)
    node_pools.refuse_autopilot(cluster)
    before = call.get()
    require_free(call, name, call.name)
    after = {**before, **changes, "etag": new_etag()}
    if "locations" in changes:
        node_pools.check_locations(call, changes["locations"])
    node_pools.set_groups(call.cloud, cluster, after)
    call.put(call.name, after)
    return call.start("update", before=before, operation_type=kind)


def _update_pool(call: Call) -> Json:
    labels = call.body.get("resourceLabels", {}).get("labels", {})
    check_labels(call, "resourceLabels", labels)
    _, cluster = _cluster_of_pool(call)
    after = node_pools.changed(cluster, call.get(), call.body)
    return _change_pool(call, "UPGRADE_NODES", **after)


def _rollback(call: Call) -> Json:
    """Upgrades end well here, and then there is nothing to roll back, as in GKE."""
    return _change_pool(call, "UPGRADE_NODES")


def _set_size(call: Call) -> Json:
    count = call.body.get("nodeCount", 0)
    node_pools.check_size(count, "node_count")
    return _change_pool(call, "SET_NODE_POOL_SIZE", _count=count)


def _set_autoscaling(call: Call) -> Json:
    autoscaling: Json = call.body.get("autoscaling", {})
    node_pools.check_autoscaling(autoscaling)
    return _change_pool(call, "UPDATE_CLUSTER", autoscaling=autoscaling)


def _set_management(call: Call) -> Json:
    management = call.body.get("management", {})
    node_pools.check_management(_cluster_of_pool(call)[1], management)
    return _change_pool(call, "SET_NODE_POOL_MANAGEMENT", management=management)


SERVICE = Service(
    name="container",
    versions={"v1": "container.v1", "v1beta1": "container.v1beta1"},
    proto="google.container",
    operations="container",
    must_be_enabled=True,
    wrong_label=clusters.wrong_label,
    name_field="short",
    not_found="Not found: {}.".format,
    already_exists="Already exists: {}.".format,
    rewrite_path=_rewrite,
    collections=(
        Collection(
            _CLUSTERS,
            body_field="cluster",
            labels=(),
            latency="cluster",
            references=(
                Reference("networkConfig.network", "compute", "{id}"),
                Reference("networkConfig.subnetwork", "compute", "{id}"),
            ),
            defaults=clusters.complete,
            view=clusters.view,
            create_work=work.start_cluster,
            delete_work=work.stop_cluster,
            keep_failed=True,
            on_failed=work.failed,
        ),
        Collection(
            _POOLS,
            latency="nodePool",
            create_work=work.sync_nodes,
            update_work=work.sync_nodes,
            delete_work=work.remove_pool,
            keep_failed=True,
            on_failed=work.failed,
        ),
    ),
    works={node_upgrades.RESYNC: work.sync_nodes},
    methods={
        "projects.aggregated.usableSubnetworks.list": usable.list_,
        "projects.locations.list": places.list_,
        "projects.locations.getServerConfig": versions.server_config,
        "projects.locations.operations.cancel": node_upgrades.cancel,
        f"{_CLUSTERS}.delete": _delete_cluster,
        f"{_CLUSTERS}.update": updates.update,
        f"{_CLUSTERS}.setAddons": updates.setter("UPDATE_CLUSTER", "addonsConfig", "addonsConfig"),
        f"{_CLUSTERS}.setLegacyAbac": updates.setter(
            "UPDATE_CLUSTER", "legacyAbac.enabled", "enabled"
        ),
        f"{_CLUSTERS}.setLocations": updates.set_locations,
        f"{_CLUSTERS}.setLogging": updates.setter(
            "UPDATE_CLUSTER", "loggingService", "loggingService"
        ),
        f"{_CLUSTERS}.setMaintenancePolicy": updates.set_maintenance,
        f"{_CLUSTERS}.setMonitoring": updates.setter(
            "UPDATE_CLUSTER", "monitoringService", "monitoringService"
        ),
        f"{_CLUSTERS}.setNetworkPolicy": updates.setter(
            "SET_NETWORK_POLICY", "networkPolicy", "networkPolicy"
        ),
        f"{_CLUSTERS}.setResourceLabels": updates.set_labels,
        f"{_CLUSTERS}.updateMaster": updates.update_master,
        f"{_CLUSTERS}.setMasterAuth": credentials.set_master_auth,
        f"{_CLUSTERS}.getJwks": signing_keys.get_keys,
        f"{_CLUSTERS}.well-known.getOpenid-configuration": signing_keys.get_configuration,
        f"{_CLUSTERS}.startIpRotation": credentials.start_rotation,
        f"{_CLUSTERS}.completeIpRotation": credentials.complete_rotation,
        f"{_POOLS}.create": _create_pool,
        f"{_POOLS}.get": _get_pool,
        f"{_POOLS}.list": _list_pools,
        f"{_POOLS}.delete": _delete_pool,
        f"{_POOLS}.update": _update_pool,
        f"{_POOLS}.rollback": _rollback,
        f"{_POOLS}.setAutoscaling": _set_autoscaling,
        f"{_POOLS}.setManagement": _set_management,
        f"{_POOLS}.setSize": _set_size,
    },
)
