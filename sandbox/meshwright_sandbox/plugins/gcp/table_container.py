"""GKE clusters and node pools.

Immutable fields and defaults: the "Argument Reference" of ``google_container_cluster`` and
``google_container_node_pool`` at
https://registry.terraform.io/providers/hashicorp/google-beta/latest/docs; update calls: messages
``ClusterUpdate`` and ``UpdateNodePoolRequest`` of
https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1beta1/projects.locations.clusters.
"""

from __future__ import annotations

from typing import Any

from meshwright_sandbox.plugins.gcp.kinds import Kind, dig, last_segment, put

_SCOPES = [
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
_NETWORK = "projects/{project}/global/networks/{}"
_SUBNETWORK = "projects/{project}/regions/{location}/subnetworks/{}"


def _node_fields(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}.guestAccelerators": "accelerators",
        f"{prefix}.guestAccelerators.count": "acceleratorCount",
        f"{prefix}.guestAccelerators.type": "acceleratorType",
        f"{prefix}.loggingVariant": "loggingConfig.variantConfig.variant",
        f"{prefix}.effectiveTaints": "",
    }


_NODE_REPLACES = (
    "metadata",
    "minCpuPlatform",
    "oauthScopes",
    "preemptible",
    "spot",
    "serviceAccount",
    "shieldedInstanceConfig",
    "bootDiskKmsKey",
    "guestAccelerators",
    "localSsdCount",
    "ephemeralStorageLocalSsdConfig",
    "localNvmeSsdBlockConfig",
    "reservationAffinity",
    "sandboxConfig",
    "nodeGroup",
    "advancedMachineFeatures",
    "soleTenantConfig",
    "hostMaintenancePolicy",
    "enableConfidentialStorage",
    "maxRunDuration",
    "flexStart",
)


def _cluster_body(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    """Send what the official plugin sends for blocks that the program leaves out."""
    autopilot = bool(inputs.get("enableAutopilot"))
    put(body, "autopilot.enabled", autopilot)
    put(body, "shieldedNodes.enabled", inputs.get("enableShieldedNodes", True))
    put(body, "legacyAbac.enabled", bool(inputs.get("enableLegacyAbac")))
    if not dig(body, "binaryAuthorization"):
        put(body, "binaryAuthorization.enabled", False)
    if autopilot:
        put(body, "networkConfig.enableIntraNodeVisibility", True)
    else:
        body.setdefault("autoscaling", {}).setdefault("enableNodeAutoprovisioning", False)
    policy = body.setdefault("ipAllocationPolicy", {})
    policy.setdefault("stackType", "IPV4")
    policy["useIpAliases"] = inputs.get("networkingMode", "VPC_NATIVE") == "VPC_NATIVE"
    if not inputs.get("nodePools"):
        body.setdefault("nodeConfig", {}).setdefault("oauthScopes", _SCOPES)
    if "authenticatorGroupsConfig" in body:
        body["authenticatorGroupsConfig"]["enabled"] = True
    network = body["networkConfig"] = {
        key: value for key, value in body.get("networkConfig", {}).items() if value is not False
    }
    if not network:
        del body["networkConfig"]
    if not body.get("enableKubernetesAlpha"):
        body.pop("enableKubernetesAlpha", None)
    _control_plane(inputs, body)
    _maintenance(inputs, body)


def _control_plane(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    """Addresses of the control plane: three blocks of inputs that are one block of the API."""
    private = inputs.get("privateClusterConfig") or {}
    endpoints = body.setdefault("controlPlaneEndpointsConfig", {})
    dns = endpoints.setdefault("dnsEndpointConfig", {})
    for switch in ("allowExternalTraffic", "enableK8sCertsViaDns", "enableK8sTokensViaDns"):
        dns.setdefault(switch, False)
    dns.pop("endpoint", None)
    addresses = endpoints.setdefault("ipEndpointsConfig", {})
    addresses.setdefault("enabled", True)
    addresses["enablePublicEndpoint"] = not private.get("enablePrivateEndpoint", False)
    addresses["globalAccess"] = bool(dig(private, "masterGlobalAccessConfig.enabled"))
    if private.get("privateEndpointSubnetwork"):
        addresses["privateEndpointSubnetwork"] = private["privateEndpointSubnetwork"]
    allowed = inputs.get("masterAuthorizedNetworksConfig")
    if allowed is not None:
        ranges = {"enabled": True, "cidrBlocks": allowed.get("cidrBlocks") or []}
        public = allowed.get("gcpPublicCidrsAccessEnabled")
        if public is not None:
            ranges["gcpPublicCidrsAccessEnabled"] = public
        enforced = allowed.get("privateEndpointEnforcementEnabled")
        if enforced is not None:
            ranges["privateEndpointEnforcementEnabled"] = enforced
        addresses["authorizedNetworksConfig"] = ranges
    if "enablePrivateNodes" in private:
        put(body, "networkConfig.defaultEnablePrivateNodes", private["enablePrivateNodes"])
    if private.get("masterIpv4CidrBlock"):
        kept = ("enablePrivateNodes", "masterIpv4CidrBlock")
        body["privateClusterConfig"] = {k: private[k] for k in kept if k in private}
    else:
        body.pop("privateClusterConfig", None)


def _maintenance(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    given = inputs.get("maintenancePolicy") or {}
    window: dict[str, Any] = {}
    if daily := given.get("dailyMaintenanceWindow"):
        window["dailyMaintenanceWindow"] = {"startTime": daily["startTime"]}
    if recurring := given.get("recurringWindow"):
        span = {"startTime": recurring["startTime"], "endTime": recurring["endTime"]}
        window["recurringWindow"] = {"window": span, "recurrence": recurring["recurrence"]}
    if exclusions := given.get("maintenanceExclusions"):
        window["maintenanceExclusions"] = {
            item["exclusionName"]: {
                "startTime": item["startTime"],
                **({"endTime": item["endTime"]} if item.get("endTime") else {}),
                "maintenanceExclusionOptions": item.get("exclusionOptions") or {},
            }
            for item in exclusions
        }
    body["maintenancePolicy"] = {"window": window}


def _cluster_outputs(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    """Bring the API's answer into the shape that ``pulumi_gcp`` declares."""
    link = dig(answer, "fleet.membership")
    if link:
        parts = link.split("/")
        place = parts[parts.index("locations") + 1] if "locations" in parts else "global"
        outputs["fleet"] |= {"membershipId": last_segment(link), "membershipLocation": place}
    addresses = dig(answer, "controlPlaneEndpointsConfig.ipEndpointsConfig") or {}
    ranges = addresses.get("authorizedNetworksConfig")
    if ranges and ranges.get("enabled"):
        outputs["masterAuthorizedNetworksConfig"] = {
            k: v for k, v in ranges.items() if k != "enabled"
        }
    private = outputs.setdefault("privateClusterConfig", {})
    private.setdefault("enablePrivateEndpoint", not addresses.get("enablePublicEndpoint", True))
    private.setdefault("masterGlobalAccessConfig", {"enabled": bool(addresses.get("globalAccess"))})
    for name in ("privateEndpoint", "publicEndpoint"):
        if addresses.get(name):
            private.setdefault(name, addresses[name])
    nodes = dig(answer, "networkConfig.defaultEnablePrivateNodes")
    private.setdefault("enablePrivateNodes", bool(nodes))
    window = dig(answer, "maintenancePolicy.window") or {}
    policy: dict[str, Any] = {}
    if daily := window.get("dailyMaintenanceWindow"):
        policy["dailyMaintenanceWindow"] = daily
    if recurring := window.get("recurringWindow"):
        policy["recurringWindow"] = {
            **recurring.get("window", {}),
            "recurrence": recurring.get("recurrence"),
        }
    if exclusions := window.get("maintenanceExclusions"):
        policy["maintenanceExclusions"] = [
            {
                "exclusionName": name,
                "startTime": item.get("startTime"),
                "endTime": item.get("endTime"),
                "exclusionOptions": item.get("maintenanceExclusionOptions"),
            }
            for name, item in sorted(exclusions.items())
        ]
    outputs.pop("maintenancePolicy", None)
    if policy:
        outputs["maintenancePolicy"] = policy
    outputs.pop("nodePools", None)  # changes with every pool, which has its own resource


def _desired(*names: str, **renamed: str) -> dict[str, str]:
    plain = {name: f"desired{name[0].upper()}{name[1:]}" for name in names}
    pairs = {**plain, **renamed}
    return {path.replace("__", "."): f"update:update.{field}" for path, field in pairs.items()}


CLUSTER = Kind(
    "gcp:container/cluster:Cluster",
    "container.v1beta1",
    "projects.locations.clusters",
    "projects/{project}/locations/{location}/clusters/{name}",
    wrap="cluster",
    fields={
        "allowNetAdmin": "autopilot.workloadPolicyConfig.allowNetAdmin",
        "autopilotPrivilegedAdmissions": "autopilot.privilegedAdmissionConfig.allowlistPaths",
        "autopilotClusterPolicyConfig": "autopilot.clusterPolicyConfig",
        "clusterAutoscaling": "autoscaling",
        "clusterAutoscaling.enabled": "enableNodeAutoprovisioning",
        "clusterAutoscaling.autoProvisioningDefaults": "autoprovisioningNodePoolDefaults",
        "clusterAutoscaling.autoProvisioningLocations": "autoprovisioningLocations",
        "datapathProvider": "networkConfig.datapathProvider",
        "defaultMaxPodsPerNode": "defaultMaxPodsConstraint.maxPodsPerNode",
        "defaultSnatStatus": "networkConfig.defaultSnatStatus",
        "deletionProtection": "",
        "disableL4LbFirewallReconciliation": "networkConfig.disableL4LbFirewallReconciliation",
        "dnsConfig": "networkConfig.dnsConfig",
        "enableAutopilot": "autopilot.enabled",
        "enableCiliumClusterwideNetworkPolicy": (
            "networkConfig.enableCiliumClusterwideNetworkPolicy"
        ),
        "enableFqdnNetworkPolicy": "networkConfig.enableFqdnNetworkPolicy",
        "enableIntranodeVisibility": "networkConfig.enableIntraNodeVisibility",
        "enableL4IlbSubsetting": "networkConfig.enableL4ilbSubsetting",
        "enableLegacyAbac": "legacyAbac.enabled",
        "enableMultiNetworking": "networkConfig.enableMultiNetworking",
        "enableShieldedNodes": "shieldedNodes.enabled",
        "fleet.membershipId": "",
        "fleet.membershipLocation": "",
        "gatewayApiConfig": "networkConfig.gatewayApiConfig",
        "inTransitEncryptionConfig": "networkConfig.inTransitEncryptionConfig",
        "loggingConfig.enableComponents": "componentConfig.enableComponents",
        "maintenancePolicy.dailyMaintenanceWindow": "",
        "maintenancePolicy.maintenanceExclusions": "",
        "maintenancePolicy.recurringWindow": "",
        "masterAuthorizedNetworksConfig": "",
        "minMasterVersion": "initialClusterVersion",
        "masterVersion": "currentMasterVersion",
        "monitoringConfig.enableComponents": "componentConfig.enableComponents",
        "monitoringConfig.managedPrometheus": "managedPrometheusConfig",
        "networkingMode": "",
        "networkPerformanceConfig": "networkConfig.networkPerformanceConfig",
        "nodeLocations": "locations",
        "nodeVersion": "currentNodeVersion",
        "notificationConfig.pubsub.filter.eventTypes": "eventType",
        "privateClusterConfig.masterGlobalAccessConfig": "",
        "privateIpv6GoogleAccess": "networkConfig.privateIpv6GoogleAccess",
        "removeDefaultNodePool": "",
        "serviceExternalIpsConfig": "networkConfig.serviceExternalIpsConfig",
        **_node_fields("nodeConfig"),
    },
    refs={"network": _NETWORK, "subnetwork": _SUBNETWORK},
    defaults={
        "deletionProtection": True,
        "disableL4LbFirewallReconciliation": False,
        "enableCiliumClusterwideNetworkPolicy": False,
        "enableFqdnNetworkPolicy": False,
        "enableKubernetesAlpha": False,
        "enableLegacyAbac": False,
        "enableMultiNetworking": False,
        "enableShieldedNodes": True,
        "ipAllocationPolicy.stackType": "IPV4",
        "network": "default",
    },
    replaces=frozenset(
        {
            "clusterIpv4Cidr",
            "confidentialNodes",
            "datapathProvider",
            "dataplaneOptimizationMode",
            "defaultMaxPodsPerNode",
            "description",
            "enableAutopilot",
            "enableKubernetesAlpha",
            "enableTpu",
            "initialNodeCount",
            "ipAllocationPolicy.clusterIpv4CidrBlock",
            "ipAllocationPolicy.clusterSecondaryRangeName",
            "ipAllocationPolicy.podCidrOverprovisionConfig",
            "ipAllocationPolicy.servicesIpv4CidrBlock",
            "ipAllocationPolicy.servicesSecondaryRangeName",
            "masterAuth.clientCertificateConfig",
            "network",
            "networkingMode",
            "privateClusterConfig.masterIpv4CidrBlock",
            "privateClusterConfig.privateEndpointSubnetwork",
            "subnetwork",
            *(f"nodeConfig.{name}" for name in _NODE_REPLACES),
        }
    ),
    setters={
        **_desired(
            "addonsConfig",
            "authenticatorGroupsConfig",
            "binaryAuthorization",
            "controlPlaneEndpointsConfig",
            "costManagementConfig",
            "databaseEncryption",
            "fleet",
            "identityServiceConfig",
            "loggingConfig",
            "loggingService",
            "locations",
            "meshCertificates",
            "monitoringConfig",
            "monitoringService",
            "notificationConfig",
            "podAutoscaling",
            "rbacBindingConfig",
            "releaseChannel",
            "resourceUsageExportConfig",
            "secretManagerConfig",
            "securityPostureConfig",
            "shieldedNodes",
            "verticalPodAutoscaling",
            "workloadIdentityConfig",
            autoscaling="desiredClusterAutoscaling",
            autopilot__workloadPolicyConfig="desiredAutopilotWorkloadPolicyConfig",
            initialClusterVersion="desiredMasterVersion",
            ipAllocationPolicy__stackType="desiredStackType",
            networkConfig__defaultEnablePrivateNodes="desiredDefaultEnablePrivateNodes",
            networkConfig__defaultSnatStatus="desiredDefaultSnatStatus",
            networkConfig__dnsConfig="desiredDnsConfig",
            networkConfig__enableFqdnNetworkPolicy="desiredEnableFqdnNetworkPolicy",
            networkConfig__enableIntraNodeVisibility="desiredIntraNodeVisibilityConfig.enabled",
            networkConfig__enableL4ilbSubsetting="desiredL4ilbSubsettingConfig.enabled",
            networkConfig__enableMultiNetworking="desiredEnableMultiNetworking",
            networkConfig__gatewayApiConfig="desiredGatewayApiConfig",
            networkConfig__privateIpv6GoogleAccess="desiredPrivateIpv6GoogleAccess",
            networkConfig__serviceExternalIpsConfig="desiredServiceExternalIpsConfig",
        ),
        "legacyAbac.enabled": "setLegacyAbac:enabled",
        "maintenancePolicy": "setMaintenancePolicy:maintenancePolicy",
        "networkPolicy": "setNetworkPolicy:networkPolicy",
        "resourceLabels": "setResourceLabels:resourceLabels",
    },
    patch="",
    ready={"status": frozenset({"PROVISIONING", "RECONCILING", "STOPPING"})},
    broken=frozenset({"ERROR"}),
    timeout=2400.0,
    labels="resourceLabels",
    unread=frozenset(
        {
            "initialNodeCount",
            "minMasterVersion",
            "networkingMode",
            "nodeConfig",
            "removeDefaultNodePool",
            "nodeVersion",
        }
    ),
    fills=frozenset(
        {
            "controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint",
            "fleet.membership",
            "fleet.membershipId",
            "fleet.membershipLocation",
            "fleet.preRegistered",
            "masterAuth.clusterCaCertificate",
            "privateClusterConfig.privateEndpoint",
            "privateClusterConfig.publicEndpoint",
        }
    ),
    secrets=frozenset({"masterAuth.clientKey"}),
    prepare=_cluster_body,
    present=_cluster_outputs,
    lock="clusters/{project}/{location}/{name}",
    guard="deletionProtection",
)

NODE_POOL = Kind(
    "gcp:container/nodePool:NodePool",
    "container.v1beta1",
    "projects.locations.clusters.nodePools",
    "projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{name}",
    wrap="nodePool",
    fields={
        "maxPodsPerNode": "maxPodsConstraint.maxPodsPerNode",
        "nodeConfig": "config",
        "nodeCount": "initialNodeCount",
        "nodeDrainConfigs": "nodeDrainConfig",
        "nodeLocations": "locations",
        "managedInstanceGroupUrls": "instanceGroupUrls",
        "ignoreNodeCountChanges": "",
        "namePrefix": "",
        **_node_fields("nodeConfig"),
    },
    refs={"cluster": "{}"},
    defaults={
        "management.autoRepair": True,
        "management.autoUpgrade": True,
        "upgradeSettings.strategy": "SURGE",
        "nodeConfig.preemptible": False,
        "nodeConfig.spot": False,
        "nodeConfig.shieldedInstanceConfig.enableIntegrityMonitoring": True,
        "nodeConfig.shieldedInstanceConfig.enableSecureBoot": False,
    },
    constants={"config.oauthScopes": _SCOPES},
    replaces=frozenset(
        {
            "cluster",
            "initialNodeCount",
            "maxPodsPerNode",
            "namePrefix",
            "placementPolicy",
            "queuedProvisioning",
            "networkConfig.createPodRange",
            "networkConfig.podRange",
            "networkConfig.podIpv4CidrBlock",
            "networkConfig.subnetwork",
            *(f"nodeConfig.{name}" for name in _NODE_REPLACES),
        }
    ),
    setters={
        "autoscaling": "setAutoscaling:autoscaling",
        "management": "setManagement:management",
        "initialNodeCount": "setSize:nodeCount",
        **{
            path: f"update:{target}"
            for path, target in {
                "config.diskSizeGb": "diskSizeGb",
                "config.diskType": "diskType",
                "config.fastSocket": "fastSocket",
                "config.gcfsConfig": "gcfsConfig",
                "config.gvnic": "gvnic",
                "config.imageType": "imageType",
                "config.kubeletConfig": "kubeletConfig",
                "config.labels": "labels.labels",
                "config.linuxNodeConfig": "linuxNodeConfig",
                "config.machineType": "machineType",
                "config.resourceLabels": "resourceLabels.labels",
                "config.tags": "tags.tags",
                "config.taints": "taints.taints",
                "config.workloadMetadataConfig": "workloadMetadataConfig",
                "locations": "locations",
                "networkConfig": "nodeNetworkConfig",
                "nodeDrainConfig": "nodeDrainConfig",
                "upgradeSettings": "upgradeSettings",
                "version": "nodeVersion",
            }.items()
        },
    },
    patch="",
    ready={"status": frozenset({"PROVISIONING", "RECONCILING", "STOPPING"})},
    broken=frozenset({"ERROR"}),
    timeout=1800.0,
    unread=frozenset({"initialNodeCount", "nodeCount"}),
    lock="clusters/{project}/{location}/{cluster}",
)

KINDS = (CLUSTER, NODE_POOL)
