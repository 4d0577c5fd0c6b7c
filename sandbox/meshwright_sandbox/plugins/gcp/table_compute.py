"""Compute Engine networking.

Immutable fields and defaults: the "Argument Reference" of each resource at
https://registry.terraform.io/providers/hashicorp/google-beta/latest/docs and the ``insert`` and
``patch`` methods at https://cloud.google.com/compute/docs/reference/rest/v1.
"""

from __future__ import annotations

from typing import Any

from meshwright_sandbox.plugins.gcp.kinds import EVERYTHING, Kind

_NETWORK = "projects/{project}/global/networks/{}"
_REGION = "projects/{project}/global/regions/{}"
_PLACE = {"network": _NETWORK, "region": _REGION}


def _switch_log_on(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    """The API has a switch where Pulumi has the presence of the block."""
    log = body.get("logConfig") or {}
    body["logConfig"] = {**log, "enable": bool(inputs.get("logConfig"))}


def _hide_log_off(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    if not (answer.get("logConfig") or {}).get("enable"):
        outputs.pop("logConfig", None)


KINDS = (
    Kind(
        "gcp:compute/network:Network",
        "compute.v1",
        "networks",
        "projects/{project}/global/networks/{name}",
        fields={
            "routingMode": "routingConfig.routingMode",
            "bgpBestPathSelectionMode": "routingConfig.bgpBestPathSelectionMode",
            "bgpAlwaysCompareMed": "routingConfig.bgpAlwaysCompareMed",
            "bgpInterRegionCost": "routingConfig.bgpInterRegionCost",
            "gatewayIpv4": "gatewayIPv4",
            "numericId": "id",
            "networkId": "id",
        },
        defaults={
            "autoCreateSubnetworks": True,
            "deleteDefaultRoutesOnCreate": False,
            "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
        },
        replaces=frozenset(
            {"autoCreateSubnetworks", "description", "internalIpv6Range", "networkProfile"}
        ),
    ),
    Kind(
        "gcp:compute/subnetwork:Subnetwork",
        "compute.v1",
        "subnetworks",
        "projects/{project}/regions/{region}/subnetworks/{name}",
        fields={"subnetworkId": "id", "sendSecondaryIpRangeIfEmpty": ""},
        refs=_PLACE,
        defaults={
            "logConfig.aggregationInterval": "INTERVAL_5_SEC",
            "logConfig.filterExpr": "true",
            "logConfig.flowSampling": 0.5,
            "logConfig.metadata": "INCLUDE_ALL_METADATA",
        },
        replaces=frozenset(
            {
                "network",
                "description",
                "externalIpv6Prefix",
                "internalIpv6Prefix",
                "reservedInternalRange",
                "resolveSubnetMask",
                "params",
            }
        ),
        grows=frozenset({"ipCidrRange"}),
        setters={
            "ipCidrRange": "expandIpCidrRange:ipCidrRange",
            "privateIpGoogleAccess": "setPrivateIpGoogleAccess:privateIpGoogleAccess",
        },
        prepare=_switch_log_on,
        present=_hide_log_off,
    ),
    Kind(
        "gcp:compute/router:Router",
        "compute.v1",
        "routers",
        "projects/{project}/regions/{region}/routers/{name}",
        refs=_PLACE,
        defaults={"bgp.advertiseMode": "DEFAULT", "bgp.keepaliveInterval": 20},
        replaces=frozenset({"network", "encryptedInterconnectRouter", "nccGateway"}),
        lock="routers/{project}/{region}/{name}",
    ),
    Kind(
        "gcp:compute/routerNat:RouterNat",
        "compute.v1",
        "routers",
        "{project}/{region}/{router}/{name}",
        part="nats",
        fields={
            "subnetworks.sourceIpRangesToNats": "sourceIpRangesToNat",
            "nat64Subnetworks": "nat64Subnetworks",
        },
        defaults={
            "icmpIdleTimeoutSec": 30,
            "tcpEstablishedIdleTimeoutSec": 1200,
            "tcpTimeWaitTimeoutSec": 120,
            "tcpTransitoryIdleTimeoutSec": 30,
            "type": "PUBLIC",
            "udpIdleTimeoutSec": 30,
        },
        replaces=frozenset({"router", "region", "initialNatIps", "endpointTypes", "type"}),
        handler="parts",
        lock="routers/{project}/{region}/{router}",
    ),
    Kind(
        "gcp:compute/firewall:Firewall",
        "compute.v1",
        "firewalls",
        "projects/{project}/global/firewalls/{name}",
        fields={
            "allows": "allowed",
            "allows.protocol": "IPProtocol",
            "denies": "denied",
            "denies.protocol": "IPProtocol",
            "enableLogging": "",
        },
        refs={"network": _NETWORK},
        defaults={"priority": 1000},
        replaces=frozenset({"direction"}),
        prepare=_switch_log_on,
        present=_hide_log_off,
    ),
    Kind(
        "gcp:compute/address:Address",
        "compute.v1",
        "addresses",
        "projects/{project}/regions/{region}/addresses/{name}",
        fields={"addressId": "id"},
        refs=_PLACE,
        defaults={"addressType": "EXTERNAL"},
        replaces=EVERYTHING,
        setters={"labels": "setLabels:labels"},
        patch="",
        labels="labels",
    ),
    Kind(
        "gcp:compute/globalAddress:GlobalAddress",
        "compute.v1",
        "globalAddresses",
        "projects/{project}/global/addresses/{name}",
        refs={"network": _NETWORK},
        defaults={"addressType": "EXTERNAL"},
        replaces=EVERYTHING,
        setters={"labels": "setLabels:labels"},
        patch="",
        labels="labels",
    ),
)
