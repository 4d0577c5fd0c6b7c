"""Forwarding rules: what they are called by, and in which network they are.

Follows https://cloud.google.com/load-balancing/docs/forwarding-rule-concepts.
"""

import ipaddress
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.stamps import self_link
from meshwright_sandbox.services.vpc import addresses
from meshwright_sandbox.services.vpc.ranges import subnetworks_of

Json = dict[str, Any]
_API_BUNDLES = ("all-apis", "vpc-sc")
# The schemes whose addresses are a subnetwork's; a mesh's own (INTERNAL_SELF_MANAGED) are any.
_IN_SUBNETWORK = ("INTERNAL", "INTERNAL_MANAGED")


def _defaults(call: Call, rule: Json) -> None:
    target = str(rule.get("target", ""))
    # Private Service Connect's rules balance no load: their scheme is empty.
    if "/serviceAttachments/" not in target and target not in _API_BUNDLES:
        rule.setdefault("loadBalancingScheme", "EXTERNAL")
    rule.setdefault("IPProtocol", "TCP")
    rule.setdefault("networkTier", "PREMIUM")
    _take_reserved(call, rule)
    if rule.get("loadBalancingScheme") in _IN_SUBNETWORK:
        _take_inside(call, rule)
    if not rule.get("IPAddress"):
        everywhere = call.type == "globalForwardingRules"
        rule["IPAddress"] = addresses.free_external(call, everywhere=everywhere)


def _take_reserved(call: Call, rule: Json) -> None:
    """Put the reserved address that a rule names in its place; the rule is where that is."""
    name = resource_name(call, rule.get("IPAddress", ""))
    if not name or "/addresses/" not in name:
        _require_address(rule.get("IPAddress"))
        return
    reserved = call.get(name)
    rule["IPAddress"] = reserved["address"]
    if addresses.is_inside(reserved) and not rule.get("subnetwork"):
        places = ("subnetwork", "network")
        rule |= {field: reserved[field] for field in places if reserved.get(field)} | rule


def _require_address(text: str | None) -> None:
    """Of IPv6, a rule may have a range."""
    try:
        ipaddress.ip_interface(text or "0.0.0.0")
    except ValueError as error:
        raise invalid(
            f"Invalid value for field 'resource.IPAddress': '{text}'. It is neither an IP address "
            "nor the URL of a reserved one."
        ) from error


def _take_inside(call: Call, rule: Json) -> None:
    subnetwork = _subnetwork(call, rule)
    if rule.get("IPAddress"):
        addresses.require_inside(call, rule["IPAddress"], subnetwork, "resource.IPAddress")
    else:
        rule["IPAddress"] = addresses.free_inside(call, subnetwork)
    rule.setdefault("subnetwork", self_link(call.service, call.version, subnetwork))
    rule.setdefault("network", call.get(subnetwork)["network"])


def _subnetwork(call: Call, rule: Json) -> str:
    """The subnetwork that a rule names, or that of its region in a network in auto mode."""
    named = resource_name(call, rule.get("subnetwork", ""))
    if named:
        return named
    default = f"projects/{call.project}/global/networks/default"
    network = resource_name(call, rule.get("network", "")) or default
    if call.get(network).get("autoCreateSubnetworks"):
        for row in subnetworks_of(call, network):
            if row.name.split("/")[3] == call.location:
                return row.name
    raise invalid(
        "Invalid value for field 'resource.subnetwork': ''. A subnetwork must be specified for an "
        f"internal forwarding rule in the network '{network}'."
    )


COLLECTIONS = tuple(
    Collection(type_, latency="network", defaults=_defaults) for type_ in addresses.RULES
)
