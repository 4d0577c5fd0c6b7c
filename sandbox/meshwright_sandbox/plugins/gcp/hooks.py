"""What single resource types need beyond the table: blocks that Pulumi and the API cut differently.

Those of a body are called with the inputs and the body, those of outputs with the API's answer and
the outputs; each changes its second argument.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from meshwright_sandbox.plugins.gcp.kinds import dig, last_segment, put

Values = dict[str, Any]
_DAY = 24 * 60 * 60
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


def switch_log_on(inputs: Values, body: Values) -> None:
    """The API has a switch where Pulumi has the presence of the block."""
    put(body, "logConfig.enable", "logConfig" in inputs)


def hide_log_off(answer: Values, outputs: Values) -> None:
    """The opposite of :func:`switch_log_on`."""
    if not dig(answer, "logConfig.enable"):
        outputs.pop("logConfig", None)


def next_rotation(inputs: Values, body: Values) -> None:
    """A key that rotates is told when it does so first."""
    if period := inputs.get("rotationPeriod"):
        first = datetime.now(UTC) + timedelta(seconds=float(str(period).removesuffix("s")))
        body["nextRotationTime"] = first.isoformat().replace("+00:00", "Z")


def slo_body(inputs: Values, body: Values) -> None:
    """The API has seconds where Pulumi has days; the name is sent twice."""
    body["name"] = inputs.get("sloId", "")
    if "rollingPeriod" in body:
        body["rollingPeriod"] = f"{int(body['rollingPeriod']) * _DAY}s"


def slo_outputs(answer: Values, outputs: Values) -> None:
    """The opposite of :func:`slo_body`."""
    if period := answer.get("rollingPeriod"):
        outputs["rollingPeriodDays"] = int(float(period.removesuffix("s"))) // _DAY


def hub_link(inputs: Values, body: Values) -> None:
    """A membership's cluster is named with its service in front."""
    link = dig(body, "endpoint.gkeCluster.resourceLink") or "//"
    if not link.startswith("//"):
        put(body, "endpoint.gkeCluster.resourceLink", f"//container.googleapis.com/{link}")


# By the first word of a family's name.
_PUBLIC_IMAGES = {
    "cos": "cos-cloud",
    "debian": "debian-cloud",
    "rocky": "rocky-linux-cloud",
    "ubuntu": "ubuntu-os-cloud",
}
_ADMINS = {"adminUsers": "username", "adminGroups": "group"}


def wrap_admins(inputs: Values, body: Values) -> None:
    """The API has an object for each administrator where Pulumi has the name."""
    for field in _ADMINS.keys() & body.get("authorization", {}).keys():
        names = body["authorization"][field]
        body["authorization"][field] = [{_ADMINS[field]: name} for name in names]


def unwrap_admins(answer: Values, outputs: Values) -> None:
    """The opposite of :func:`wrap_admins`."""
    for field, key in _ADMINS.items():
        found = dig(answer, f"authorization.{field}")
        if found:
            put(outputs, f"authorization.{field}", [item[key] for item in found])


def template_body(inputs: Values, body: Values) -> None:
    """Metadata are pairs in the API; the first disk boots; networks and images are links."""
    found = dig(body, "properties.metadata")
    if found is not None:
        pairs = [{"key": key, "value": value} for key, value in sorted(found.items())]
        put(body, "properties.metadata", {"items": pairs})
    for interface in dig(body, "properties.networkInterfaces") or []:
        if "/" not in interface.get("network", "/"):
            interface["network"] = f"global/networks/{interface['network']}"
    for index, disk in enumerate(dig(body, "properties.disks") or []):
        disk.setdefault("boot", index == 0)
        if image := dig(disk, "initializeParams.sourceImage"):
            put(disk, "initializeParams.sourceImage", _image_link(image))
        disk |= {k: v for k, v in disk["initializeParams"].items() if k == "diskSizeGb"}


def _image_link(image: str) -> str:
    """Return the link that a short name means: ``debian-cloud/debian-12``, ``debian-12``.

    Of the public projects a name without a date is a family; of others it is an image.
    """
    if image.count("/") > 1:
        return image
    project, _, name = image.rpartition("/")
    project = project or _PUBLIC_IMAGES.get(name.partition("-")[0], "")
    if not project:
        return f"global/images/{name}"
    dated = project not in _PUBLIC_IMAGES.values() or re.search(r"-v\d{8}$", name)
    return f"projects/{project}/global/images/{'' if dated else 'family/'}{name}"


def template_outputs(answer: Values, outputs: Values) -> None:
    """The opposite of :func:`template_body`."""
    pairs = dig(answer, "properties.metadata.items") or []
    outputs["metadata"] = {pair["key"]: pair["value"] for pair in pairs}
    outputs["selfLinkUnique"] = f"{answer['selfLink']}?uniqueId={answer['id']}"


def group_body(inputs: Values, body: Values) -> None:
    """Zones are objects in the API."""
    zones = inputs.get("distributionPolicyZones") or []
    if zones:
        put(body, "distributionPolicy.zones", [{"zone": f"zones/{zone}"} for zone in zones])


def group_outputs(answer: Values, outputs: Values) -> None:
    """The opposite of :func:`group_body`."""
    zones = dig(answer, "distributionPolicy.zones") or []
    outputs["distributionPolicyZones"] = [last_segment(zone["zone"]) for zone in zones]


def health_check_body(inputs: Values, body: Values) -> None:
    """The kind of a check is the block that it has."""
    found = [name for name in inputs if name.endswith("HealthCheck")]
    body.update({"type": found[0].removesuffix("HealthCheck").upper()} if found else {})


def pool_body(inputs: Values, body: Values) -> None:
    """Nodes get the official plugin's scopes; the API has a switch where Pulumi has the block."""
    body.setdefault("config", {}).setdefault("oauthScopes", _SCOPES)
    if "autoscaling" in inputs:
        put(body, "autoscaling.enabled", True)


def pool_outputs(answer: Values, outputs: Values) -> None:
    """The opposite of :func:`pool_body`."""
    if not dig(answer, "autoscaling.enabled"):
        outputs.pop("autoscaling", None)


def cluster_body(inputs: Values, body: Values) -> None:
    """Send what the official plugin sends for blocks that the program leaves out."""
    autopilot = bool(inputs.get("enableAutopilot"))
    put(body, "autopilot.enabled", autopilot)
    # Of the networking switches that are off, only these two are sent.
    kept = ("defaultEnablePrivateNodes", "defaultSnatStatus")
    network = body.pop("networkConfig", {})
    network = {k: v for k, v in network.items() if v is not False or k in kept}
    private = inputs.get("privateClusterConfig") or {}
    if "enablePrivateNodes" in private:
        network["defaultEnablePrivateNodes"] = private["enablePrivateNodes"]
    if autopilot:
        network["enableIntraNodeVisibility"] = True
    else:
        body.setdefault("autoscaling", {}).setdefault("enableNodeAutoprovisioning", False)
    if network:
        body["networkConfig"] = network
    if not body.get("enableKubernetesAlpha"):
        body.pop("enableKubernetesAlpha", None)
    if not dig(body, "binaryAuthorization"):
        put(body, "binaryAuthorization.enabled", False)
    body.setdefault("ipAllocationPolicy", {}).setdefault("stackType", "IPV4")
    put(body, "ipAllocationPolicy.useIpAliases", inputs.get("networkingMode") != "ROUTES")
    body.setdefault("nodeConfig", {}).setdefault("oauthScopes", _SCOPES)
    if "authenticatorGroupsConfig" in body:
        put(body, "authenticatorGroupsConfig.enabled", True)
    body.pop("privateClusterConfig", None)
    body.pop("masterAuthorizedNetworksConfig", None)  # stands with the control plane's addresses
    if private.get("masterIpv4CidrBlock"):
        kept = ("enablePrivateNodes", "masterIpv4CidrBlock")
        body["privateClusterConfig"] = {k: private[k] for k in kept if k in private}
    _control_plane(inputs, private, body)


def _control_plane(inputs: Values, private: Values, body: Values) -> None:
    """Addresses of the control plane: three blocks of inputs that are one block of the API."""
    dns = body.setdefault("controlPlaneEndpointsConfig", {}).setdefault("dnsEndpointConfig", {})
    for switch in ("allowExternalTraffic", "enableK8sCertsViaDns", "enableK8sTokensViaDns"):
        dns.setdefault(switch, False)
    dns.pop("endpoint", None)
    addresses = body["controlPlaneEndpointsConfig"].setdefault("ipEndpointsConfig", {})
    addresses.setdefault("enabled", True)
    addresses["enablePublicEndpoint"] = not private.get("enablePrivateEndpoint", False)
    addresses["globalAccess"] = bool(dig(private, "masterGlobalAccessConfig.enabled"))
    if private.get("privateEndpointSubnetwork"):
        addresses["privateEndpointSubnetwork"] = private["privateEndpointSubnetwork"]
    allowed = inputs.get("masterAuthorizedNetworksConfig")
    if allowed is not None:
        ranges = {k: v for k, v in allowed.items() if v is not None}
        addresses["authorizedNetworksConfig"] = {"cidrBlocks": [], **ranges, "enabled": True}


def cluster_outputs(answer: Values, outputs: Values) -> None:
    """Bring the API's answer into the shape that ``pulumi_gcp`` declares."""
    # The names at the top do not say whose they are; in a Shared VPC they are the host project's.
    for place in ("network", "subnetwork"):
        if full := dig(answer, f"networkConfig.{place}"):
            outputs[place] = full
    link = dig(answer, "fleet.membership")
    if dig(answer, "fleet.preRegistered"):
        outputs.pop("fleet")  # registered by a membership resource, not by the cluster's own block
    elif link:
        place = link.split("/locations/")[-1].split("/")[0]
        outputs["fleet"] |= {"membershipId": last_segment(link), "membershipLocation": place}
    addresses = dig(answer, "controlPlaneEndpointsConfig.ipEndpointsConfig") or {}
    ranges = addresses.get("authorizedNetworksConfig") or {}
    outputs.pop("masterAuthorizedNetworksConfig", None)
    if ranges.pop("enabled", False):
        outputs["masterAuthorizedNetworksConfig"] = ranges
    private = {
        "enablePrivateEndpoint": not addresses.get("enablePublicEndpoint", True),
        "enablePrivateNodes": bool(dig(answer, "networkConfig.defaultEnablePrivateNodes")),
        "masterGlobalAccessConfig": {"enabled": bool(addresses.get("globalAccess"))},
        **{k: v for k, v in addresses.items() if k in ("privateEndpoint", "publicEndpoint")},
    }
    outputs["privateClusterConfig"] = {**private, **outputs.get("privateClusterConfig", {})}
    outputs.pop("minMasterVersion", None)  # the program's word, of which the API tells no more
    outputs.pop("nodePools", None)  # changes with every pool, which has its own resource
