"""Changes of clusters: `clusters.update` with its `desired...` fields, and the `set...` methods."""

import copy
from collections.abc import Callable
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, precondition
from meshwright_sandbox.core.labels import check_labels
from meshwright_sandbox.core.masks import set_path
from meshwright_sandbox.core.stamps import label_fingerprint, new_etag, same_token
from meshwright_sandbox.services.gke import (
    addresses,
    clusters,
    encryption,
    node_pools,
    node_upgrades,
    one_update,
    versions,
)
from meshwright_sandbox.services.gke.locks import require_free
from meshwright_sandbox.services.hub import born_in_fleet

Json = dict[str, Any]
Change = Callable[[Call, Json, Any], None]


def update(call: Call) -> Json:
    """`clusters.update`: applies the update.

    Raises:
        ApiError: 400 when nothing is asked for, or more than one update, or for a value that GKE
            refuses.
    """
    wanted = {k: v for k, v in call.body.get("update", {}).items() if k not in one_update.SCOPE}
    if not wanted:
        raise ApiError(400, "Must specify a field to update.")
    one_update.require_one(wanted)
    if wanted.keys() & node_upgrades.OF_NODES:
        return node_upgrades.upgrade(call, wanted)

    def apply(cluster: Json) -> None:
        for field, value in wanted.items():
            special = _SPECIAL.get(field)
            if special:
                special(call, cluster, value)
            else:
                path = _PATHS.get(field, _plain(field))
                if path.partition(".")[0] not in call.schema_properties:
                    raise ApiError(501, f"The update {field} is not part of the sandbox.")
                set_path(cluster, path, copy.deepcopy(value))
        clusters.mirror_endpoints(cluster)
        encryption.require_keys(call, cluster)

    kind = "UPGRADE_MASTER" if "desiredMasterVersion" in wanted else "UPDATE_CLUSTER"
    return change(call, kind, apply)


def update_master(call: Call) -> Json:
    """`clusters.updateMaster`: an upgrade of the control plane alone."""
    wanted = call.body.get("masterVersion")
    if not wanted:
        raise invalid("Required field 'master_version' is missing.")
    return change(call, "UPGRADE_MASTER", lambda c: _control_plane_version(call, c, wanted))


# Where a field's value belongs, when that is not its name without `desired`.
_PATHS = {
    "desiredAutopilotClusterPolicyConfig": "autopilot.clusterPolicyConfig",
    "desiredAutopilotWorkloadPolicyConfig": "autopilot.workloadPolicyConfig",
    "desiredPrivilegedAdmissionConfig": "autopilot.privilegedAdmissionConfig",
    "desiredAutoIpamConfig": "ipAllocationPolicy.autoIpamConfig",
    "desiredNetworkTierConfig": "ipAllocationPolicy.networkTierConfig",
    "desiredStackType": "ipAllocationPolicy.stackType",
    "desiredDatapathProvider": "networkConfig.datapathProvider",
    "desiredDefaultSnatStatus": "networkConfig.defaultSnatStatus",
    "desiredDisableL4LbFirewallReconciliation": "networkConfig.disableL4LbFirewallReconciliation",
    "desiredDnsConfig": "networkConfig.dnsConfig",
    "desiredEnableCiliumClusterwideNetworkPolicy": (
        "networkConfig.enableCiliumClusterwideNetworkPolicy"
    ),
    "desiredEnableFqdnNetworkPolicy": "networkConfig.enableFqdnNetworkPolicy",
    "desiredEnableMultiNetworking": "networkConfig.enableMultiNetworking",
    "desiredGatewayApiConfig": "networkConfig.gatewayApiConfig",
    "desiredInTransitEncryptionConfig": "networkConfig.inTransitEncryptionConfig",
    "desiredNetworkPerformanceConfig": "networkConfig.networkPerformanceConfig",
    "desiredPrivateIpv6GoogleAccess": "networkConfig.privateIpv6GoogleAccess",
    "desiredServiceExternalIpsConfig": "networkConfig.serviceExternalIpsConfig",
    "desiredK8sBetaApis": "enableK8sBetaApis",
    "desiredNodeKubeletConfig": "nodePoolDefaults.nodeConfigDefaults.nodeKubeletConfig",
    "desiredNodePoolLoggingConfig": "nodePoolDefaults.nodeConfigDefaults.loggingConfig",
    "desiredContainerdConfig": "nodePoolDefaults.nodeConfigDefaults.containerdConfig",
    "desiredGcfsConfig": "nodePoolDefaults.nodeConfigDefaults.gcfsConfig",
    "desiredNodePoolAutoConfigKubeletConfig": "nodePoolAutoConfig.nodeKubeletConfig",
    "desiredNodePoolAutoConfigLinuxNodeConfig": "nodePoolAutoConfig.linuxNodeConfig",
    "desiredNodePoolAutoConfigNetworkTags": "nodePoolAutoConfig.networkTags",
    "desiredNodePoolAutoConfigResourceManagerTags": "nodePoolAutoConfig.resourceManagerTags",
}


def _plain(field: str) -> str:
    name = field.removeprefix("desired")
    return name[:1].lower() + name[1:]


def _private_nodes(_: Call, cluster: Json, value: bool) -> None:
    cluster["networkConfig"]["defaultEnablePrivateNodes"] = value
    cluster["privateClusterConfig"]["enablePrivateNodes"] = value


def _endpoints(_: Call, cluster: Json, value: Json) -> None:
    current = cluster["controlPlaneEndpointsConfig"]
    for part in ("dnsEndpointConfig", "ipEndpointsConfig"):
        current[part] = current[part] | value.get(part, {})


def _private_endpoint(_: Call, cluster: Json, value: bool) -> None:
    ip = cluster["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]
    ip["enablePublicEndpoint"] = not value


def _authorised_networks(_: Call, cluster: Json, value: Json) -> None:
    ip = cluster["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]
    ip["authorizedNetworksConfig"] = value


def _merge(path: str) -> Change:
    def apply(_: Call, cluster: Json, value: Json) -> None:
        cluster[path] = cluster.get(path, {}) | value

    return apply


def _nested(path: str, key: str, source: str) -> Change:
    def apply(_: Call, cluster: Json, value: Json) -> None:
        cluster.setdefault(path, {})[key] = value.get(source, False)

    return apply


def _database(_: Call, cluster: Json, value: Json) -> None:
    states = {"ENCRYPTED": "CURRENT_STATE_ENCRYPTED", "DECRYPTED": "CURRENT_STATE_DECRYPTED"}
    cluster["databaseEncryption"] = value | {"currentState": states.get(value.get("state", ""), "")}


def _fleet(call: Call, cluster: Json, value: Json) -> None:
    project = value.get("project", "")
    born_in_fleet.unregister(call.cloud, cluster)
    cluster.pop("fleet", None)
    if project:
        cluster["fleet"] = {"project": project}
        cluster["fleet"]["membership"] = born_in_fleet.register(call.cloud, cluster)


def _additional_ip_ranges(_: Call, cluster: Json, value: Json) -> None:
    ranges = value.get("additionalIpRangesConfigs", [])  # left out when none is wanted any more
    cluster["ipAllocationPolicy"]["additionalIpRangesConfigs"] = ranges


def _autoscaling(_: Call, cluster: Json, value: Json) -> None:
    field = "autoprovisioningNodePoolDefaults"  # clients send of them only what changes
    defaults = cluster.get("autoscaling", {}).get(field, {}) | value.get(field, {})
    cluster["autoscaling"] = value | ({field: defaults} if defaults else {})


def _channel(_: Call, cluster: Json, value: Json) -> None:
    cluster["releaseChannel"] = {} if value.get("channel") == "UNSPECIFIED" else value


def _control_plane_version(_: Call, cluster: Json, value: str) -> None:
    channel = cluster["releaseChannel"].get("channel", "UNSPECIFIED")
    current = cluster["currentMasterVersion"]
    cluster["currentMasterVersion"] = versions.upgraded(current, value, channel)


def _pool_autoscaling(call: Call, _: Json, value: Json) -> None:
    node_pools.check_autoscaling(value)
    for row in node_upgrades.pools_named(call):
        call.cloud.store.put("container", row.name, row.doc | {"autoscaling": value})


def _workload_identity(call: Call, cluster: Json, value: Json) -> None:
    clusters.check_workload_pool(call, value)
    cluster["workloadIdentityConfig"] = value


def _locations(call: Call, cluster: Json, value: list[str]) -> None:
    node_pools.check_locations(call, value)
    cluster["locations"] = value


def _logging_service(_: Call, cluster: Json, value: str) -> None:
    cluster["loggingService"] = value
    on = value != "none"
    parts = {"enableComponents": ["SYSTEM_COMPONENTS", "WORKLOADS"]} if on else {}
    cluster["loggingConfig"] = {"componentConfig": parts}


_SPECIAL: dict[str, Change] = {
    "additionalPodRangesConfig": addresses.add_pod_ranges,
    "desiredAdditionalIpRangesConfig": _additional_ip_ranges,
    "desiredAddonsConfig": _merge("addonsConfig"),
    "desiredClusterAutoscaling": _autoscaling,
    "desiredControlPlaneEndpointsConfig": _endpoints,
    "desiredDatabaseEncryption": _database,
    "desiredDefaultEnablePrivateNodes": _private_nodes,
    "desiredEnablePrivateEndpoint": _private_endpoint,
    "desiredFleet": _fleet,
    "desiredIntraNodeVisibilityConfig": _nested(
        "networkConfig", "enableIntraNodeVisibility", "enabled"
    ),
    "desiredL4ilbSubsettingConfig": _nested("networkConfig", "enableL4ilbSubsetting", "enabled"),
    "desiredLocations": _locations,
    "desiredLoggingService": _logging_service,
    "desiredMasterAuthorizedNetworksConfig": _authorised_networks,
    "desiredMasterVersion": _control_plane_version,
    "desiredMonitoringConfig": _merge("monitoringConfig"),
    "desiredNodePoolAutoscaling": _pool_autoscaling,
    "desiredReleaseChannel": _channel,
    "desiredSecurityPostureConfig": _merge("securityPostureConfig"),
    "desiredWorkloadIdentityConfig": _workload_identity,
    "removedAdditionalPodRangesConfig": addresses.remove_pod_ranges,
}


def change(call: Call, kind: str, apply: Callable[[Json], None]) -> Json:
    """Start the operation of a kind that changes the cluster as `apply` does, in place."""
    before = call.get()
    require_free(call, call.name)
    after = copy.deepcopy(before)
    apply(after)
    after["etag"] = new_etag()
    call.put(call.name, after)
    return call.start("update", before=before, operation_type=kind, latency="network")


def set_labels(call: Call) -> Json:
    """`clusters.setResourceLabels`, refused when the fingerprint is not the current one."""
    cluster = call.get()
    labels: Json = call.body.get("resourceLabels", {})
    check_labels(call, "resourceLabels", labels)
    if not same_token(call.body.get("labelFingerprint"), cluster["labelFingerprint"]):
        raise precondition("Labels could not be set due to fingerprint mismatch.")

    def apply(document: Json) -> None:
        document["resourceLabels"] = labels
        document["labelFingerprint"] = label_fingerprint(labels)

    return change(call, "SET_LABELS", apply)


def setter(kind: str, field: str, source: str) -> Callable[[Call], Json]:
    """A `set...` method that replaces one field of the cluster by one of the request."""

    def handler(call: Call) -> Json:
        # A boolean that is false is not sent by clients that speak protobuf.
        value = call.body.get(source, False if source == "enabled" else None)
        if value is None:
            raise invalid(f"Required field '{source}' is missing.")
        return change(call, kind, lambda cluster: set_path(cluster, field, value))

    return handler


def set_maintenance(call: Call) -> Json:
    """`clusters.setMaintenancePolicy`; an empty policy removes the window."""
    policy: Json = call.body.get("maintenancePolicy", {})
    current = call.get()["maintenancePolicy"].get("resourceVersion")
    if policy.get("resourceVersion") not in (None, current):
        raise precondition("The maintenance policy has changed since it was read.")
    version = label_fingerprint(policy.get("window", {}))[:8]
    changed = policy | {"resourceVersion": version}
    if not changed.get("window"):
        changed.pop("window", None)
    return change(
        call, "SET_MAINTENANCE_POLICY", lambda c: c.__setitem__("maintenancePolicy", changed)
    )


def set_locations(call: Call) -> Json:
    """`clusters.setLocations`."""
    places: list[str] = call.body.get("locations", [])
    node_pools.check_locations(call, places)
    return change(call, "UPDATE_CLUSTER", lambda c: c.__setitem__("locations", places))
