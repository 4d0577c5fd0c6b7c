"""HA VPN gateways: two interfaces, each with an address unless a VLAN attachment carries it.

https://cloud.google.com/network-connectivity/docs/vpn/concepts/topologies
"""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.services.vpc import addresses

Json = dict[str, Any]
_INTERFACES = 2


def _defaults(call: Call, gateway: Json) -> None:
    gateway.setdefault("gatewayIpVersion", "IPV4")
    gateway.setdefault("stackType", "IPV4_ONLY")
    interfaces = gateway.setdefault("vpnInterfaces", [{} for _ in range(_INTERFACES)])
    given: set[str] = set()
    for number, interface in enumerate(interfaces):
        interface["id"] = number
        if not interface.get("interconnectAttachment"):
            interface["ipAddress"] = addresses.free_external(call, given)
            given.add(interface["ipAddress"])


COLLECTIONS = (Collection("vpnGateways", latency="network", defaults=_defaults),)
