"""Node pools: checks, what GKE fills in, their managed instance groups, and what may change."""

import re
from typing import Any

from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.labels import check_labels
from meshwright_sandbox.core.stamps import new_etag, self_link
from meshwright_sandbox.core.store import Row
from meshwright_sandbox.runtime.interface import NodePool, Taint
from meshwright_sandbox.services.gke import encryption, versions
from meshwright_sandbox.services.gke.addresses import short_hash
from meshwright_sandbox.services.gke.places import is_zone, region_of

Json = dict[str, Any]
TYPE = "projects.locations.clusters.nodePools"
DEFAULT_POOL = "default-pool"
DEFAULT_SCOPES = [
    f"https://www.googleapis.com/auth/{scope}"
    for scope in (
        "devstorage.read_only",
        "logging.write",
        "monitoring",
        "service.management.readonly",
        "servicecontrol",
        "trace.append",
    )
]
_MOST_NODES = 1000
_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?")
_EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
    "NO_EXECUTE": "NoExecute",
}


def rows(cloud: Cloud, cluster_name: str) -> list[Row]:
    """The stored node pools of a cluster."""
    return cloud.store.children("container", f"{cluster_name}/nodePools")


def check_name(name: str) -> None:
    """Refuse a name that GKE does not take (at most 40 characters)."""
    if not _NAME.fullmatch(name):
        raise invalid(
            f'Invalid value for field "node_pool.name": "{name}". Node pool names must start with '
            "a lowercase letter followed by up to 39 lowercase letters, numbers, or hyphens, and "
            "cannot end with a hyphen."
        )


def check_size(nodes: int, field: str) -> None:
    """Refuse a number of nodes, in each zone, that no pool may have.

    https://cloud.google.com/kubernetes-engine/quotas
    """
    if not 0 <= nodes <= _MOST_NODES:
        raise invalid(
            f'Invalid value for field "{field}": "{nodes}". '
            f"A node pool has 0 to {_MOST_NODES} nodes in each zone."
        )


def complete(call: Call, cluster: Json, name: str, pool: Json) -> None:
    """Check a new pool and fill in what GKE fills in.

    Args:
        call: the request.
        cluster: the complete document of its cluster.
        name: resource name of the pool.
        pool: the request's pool; changed in place.

    Raises:
        ApiError: 400 for a value that GKE refuses.
    """
    pool["name"] = name.rpartition("/")[2]
    check_name(pool["name"])
    config = pool.setdefault("config", {})
    _complete_config(call, cluster, config)
    count = pool.setdefault("initialNodeCount", 0)
    check_size(count, "node_pool.initial_node_count")
    check_autoscaling(pool.get("autoscaling", {}))
    places = pool.setdefault("locations", list(cluster["locations"]))
    check_locations(call, places)
    pool["version"] = versions.of_nodes(pool.get("version", ""), cluster["currentMasterVersion"])
    pool.setdefault("management", {"autoRepair": True, "autoUpgrade": True})
    check_management(cluster, pool["management"])
    pool.setdefault("maxPodsConstraint", dict(cluster["defaultMaxPodsConstraint"]))
    pool.setdefault("upgradeSettings", {"maxSurge": 1, "strategy": "SURGE"})
    policy, network = cluster["ipAllocationPolicy"], cluster["networkConfig"]
    pool["networkConfig"] = {
        "podRange": policy["clusterSecondaryRangeName"],
        "podIpv4CidrBlock": policy["clusterIpv4CidrBlock"],
        "subnetwork": network["subnetwork"],
        "enablePrivateNodes": network.get("defaultEnablePrivateNodes", False),
    } | pool.get("networkConfig", {})
    pool |= {
        "podIpv4CidrSize": 24,
        "status": "RUNNING",
        "selfLink": self_link(call.service, call.version, name),
        "etag": new_etag(),
        "_name": name,
        "_count": count,
    }
    set_groups(call.cloud, cluster, pool)


def _complete_config(call: Call, cluster: Json, config: Json) -> None:
    account = config.setdefault("serviceAccount", "default")
    if account != "default":
        project = account.partition("@")[2].partition(".")[0]
        if call.cloud.store.get("iam", f"projects/{project}/serviceAccounts/{account}") is None:
            raise ApiError(
                400,
                f'The user does not have access to service account "{account}". Ask a project '
                "owner to grant you the iam.serviceAccountUser role on the service account.",
                refusal="reference",
            )
    check_labels(call, "node_config.resourceLabels", config.get("resourceLabels", {}))
    encryption.require_disk_key(call, config)
    config.setdefault("machineType", "e2-medium")
    config.setdefault("diskSizeGb", 100)
    config.setdefault("diskType", "pd-balanced")
    config.setdefault("imageType", "COS_CONTAINERD")
    config.setdefault("oauthScopes", DEFAULT_SCOPES)
    config.setdefault("metadata", {"disable-legacy-endpoints": "true"})
    config.setdefault("shieldedInstanceConfig", {"enableIntegrityMonitoring": True})
    config.setdefault("windowsNodeConfig", {})
    config["effectiveCgroupMode"] = "EFFECTIVE_CGROUP_MODE_V2"
    mode = config.get("workloadMetadataConfig", {}).get("mode")
    if "workloadPool" in cluster.get("workloadIdentityConfig", {}):
        if not mode:
            config["workloadMetadataConfig"] = {"mode": "GKE_METADATA"}
    elif mode == "GKE_METADATA":
        raise invalid(
            "GKE_METADATA workload metadata mode can only be set on clusters with Workload "
            "Identity enabled."
        )


def check_management(cluster: Json, management: Json) -> None:
    """Refuse nodes that do not follow the release channel of their cluster.

    https://cloud.google.com/kubernetes-engine/docs/concepts/node-auto-upgrades
    """
    channel = cluster["releaseChannel"].get("channel")
    if channel and not management.get("autoUpgrade"):
        raise invalid(f"Auto_upgrade must be true when release_channel {channel} is set.")


def check_autoscaling(autoscaling: Json) -> None:
    """Refuse bounds that contradict each other."""
    low, high = autoscaling.get("minNodeCount", 0), autoscaling.get("maxNodeCount", 0)
    if autoscaling.get("enabled") and not autoscaling.get("totalMaxNodeCount") and low > high:
        raise invalid(
            f"Invalid autoscaling: min_node_count {low} is greater than max_node_count {high}."
        )


def check_locations(call: Call, places: list[str]) -> None:
    """Refuse node locations outside the cluster's region."""
    region = region_of(call.location)
    for place in places:
        if not is_zone(place) or region_of(place) != region:
            raise invalid(f'Location "{place}" is not a zone of the region "{region}".')


def set_groups(cloud: Cloud, cluster: Json, pool: Json) -> None:
    """Make the managed instance groups of a pool those of its zones, in the compute API."""
    compute = cloud.services["compute"]
    drop_groups(cloud, pool)
    project = pool["_name"].split("/")[1]
    mark = short_hash(pool["_name"])
    urls: list[str] = []
    for zone in pool["locations"]:
        group = f"gke-{cluster['name'][:18]}-{pool['name'][:18]}-{mark}-grp"
        scope = f"projects/{project}/zones/{zone}"
        link = self_link(compute, "v1", f"{scope}/instanceGroupManagers/{group}")
        document = {
            "kind": "compute#instanceGroupManager",
            "name": group,
            "zone": self_link(compute, "v1", scope),
            "selfLink": link,
            "instanceGroup": self_link(compute, "v1", f"{scope}/instanceGroups/{group}"),
            "targetSize": pool["_count"],
            "status": {"isStable": True},
        }
        cloud.store.put(
            "compute",
            f"{scope}/instanceGroupManagers/{group}",
            document,
            type_="instanceGroupManagers",
            project=project,
            system=True,
        )
        urls.append(link)
    pool["instanceGroupUrls"] = urls


def drop_groups(cloud: Cloud, pool: Json) -> None:
    """Remove a pool's managed instance groups."""
    for url in pool.get("instanceGroupUrls", []):
        cloud.store.delete("compute", url.partition("/compute/v1/")[2])


def autopilot_pool(cluster: Json) -> Json:
    """What a request for the pool of an Autopilot cluster would look like."""
    defaults = cluster.get("autoscaling", {}).get("autoprovisioningNodePoolDefaults", {})
    return {
        "name": DEFAULT_POOL,
        "autopilotConfig": {"enabled": True},
        "autoscaling": {"enabled": True, "autoprovisioned": True, "maxNodeCount": 1000},
        "config": {
            "machineType": "ek-standard-8",
            "serviceAccount": defaults.get("serviceAccount", "default"),
            "shieldedInstanceConfig": {"enableIntegrityMonitoring": True, "enableSecureBoot": True},
            "workloadMetadataConfig": {"mode": "GKE_METADATA"},
        },
        "initialNodeCount": 1,
    }


def refuse_autopilot(cluster: Json) -> None:
    """Refuse calls about single pools of an Autopilot cluster."""
    if cluster.get("autopilot", {}).get("enabled"):
        raise invalid("Autopilot node pools cannot be accessed or modified.")


def changed(cluster: Json, pool: Json, body: Json) -> Json:
    """A pool of a cluster after `nodePools.update` with that body.

    Raises:
        ApiError: 400 when the body changes nothing.
    """
    after = {**pool, "config": dict(pool["config"])}
    config = after["config"]
    fields = {k: v for k, v in body.items() if k not in _ADDRESSING}
    if not fields:
        raise ApiError(400, "At least one field to update must be set.")
    for field, value in fields.items():
        if field == "nodeVersion":
            after["version"] = versions.of_nodes(value, cluster["currentMasterVersion"])
        elif field in ("labels", "resourceLabels"):
            config[field] = value.get("labels", {})
        elif field in ("taints", "tags"):
            config[field] = value.get(field, [])
        elif field == "nodeNetworkConfig":
            after["networkConfig"] = pool["networkConfig"] | value
        elif field == "diskSizeGb":
            config[field] = int(value)
        elif field in _POOL_FIELDS:
            after[field] = value
        else:
            config[field] = value
    return after


_ADDRESSING = ("name", "projectId", "zone", "clusterId", "nodePoolId", "etag", "nodes")
_POOL_FIELDS = (
    "locations",
    "maintenancePolicy",
    "nodeDrainConfig",
    "queuedProvisioning",
    "upgradeSettings",
)


def for_runtime(cloud: Cloud, cluster_name: str) -> tuple[NodePool, ...]:
    """A cluster's pools as the runtime takes them, without those that are being deleted."""
    pools: list[NodePool] = []
    for row in rows(cloud, cluster_name):
        running = cloud.store.unfinished("container", row.name)
        if any(operation["verb"] == "delete" for operation in running):
            continue
        config = row.doc["config"]
        taints = tuple(
            Taint(t["key"], t.get("value", ""), _EFFECTS.get(t.get("effect", ""), "NoSchedule"))
            for t in config.get("taints", [])
        )
        pools.append(
            NodePool(
                name=row.doc["name"],
                count=row.doc["_count"] * len(row.doc["locations"]),
                labels=config.get("labels", {}),
                taints=taints,
                machine_type=config["machineType"],
                zones=tuple(row.doc["locations"]),
            )
        )
    return tuple(pools)
