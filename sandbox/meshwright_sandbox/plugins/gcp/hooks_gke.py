"""What GKE clusters need beyond the table: blocks that the API cuts differently."""

from __future__ import annotations

from typing import Any

from meshwright_sandbox.plugins.gcp.kinds import dig, last_segment, put

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


def cluster_body(inputs: dict[str, Any], body: dict[str, Any]) -> None:
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


def cluster_outputs(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    """Bring the API's answer into the shape that ``pulumi_gcp`` declares."""
    link = dig(answer, "fleet.membership")
    if dig(answer, "fleet.preRegistered"):
        outputs.pop("fleet")  # registered by a membership resource, not by the cluster's own block
    elif link:
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
