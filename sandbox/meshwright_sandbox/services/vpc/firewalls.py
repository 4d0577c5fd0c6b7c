"""Firewall rules and custom routes."""

import ipaddress
import re
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid, required
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.stamps import self_link

Json = dict[str, Any]
_MAX_PRIORITY = 65535
_SOURCES = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
_TARGETS = ("destinationRanges",)
_PORTED = ("tcp", "udp", "sctp", "6", "17", "132")


def _defaults(call: Call, rule: Json) -> None:
    rule.setdefault("direction", "INGRESS")
    rule.setdefault("priority", 1000)
    rule.setdefault("disabled", False)
    rule.setdefault("logConfig", {"enable": False})
    default = f"projects/{call.project}/global/networks/default"
    rule.setdefault("network", self_link(call.service, call.version, default))
    if rule["direction"] == "INGRESS" and not any(rule.get(field) for field in _SOURCES):
        rule["sourceRanges"] = ["0.0.0.0/0"]
    if rule["direction"] == "EGRESS" and not rule.get("destinationRanges"):
        rule["destinationRanges"] = ["0.0.0.0/0"]


def _check(call: Call, rule: Json) -> None:
    _defaults(call, rule)  # also what an update leaves out
    if bool(rule.get("allowed")) == bool(rule.get("denied")):
        raise invalid("Firewall must have exactly one of 'allowed' and 'denied' specified.")
    _check_priority(rule)
    wrong = _TARGETS if rule["direction"] == "INGRESS" else _SOURCES[1:]
    for field in wrong:
        if rule.get(field) and field not in _TARGETS:
            raise invalid(
                f"Invalid value for field 'resource.{field}': '{rule[field][0]}'. "
                "Egress firewall rules cannot specify sources by tag or service account."
            )
    for field in ("sourceRanges", "destinationRanges"):
        for index, text in enumerate(rule.get(field, [])):
            _check_range(text, f"resource.{field}[{index}]")
    for kind in ("allowed", "denied"):
        for index, entry in enumerate(rule.get(kind, [])):
            _check_entry(entry, f"resource.{kind}[{index}]")


def _check_priority(resource: Json) -> None:
    if not 0 <= resource["priority"] <= _MAX_PRIORITY:
        raise invalid(
            f"Invalid value for field 'resource.priority': '{resource['priority']}'. "
            f"Must be between 0 and {_MAX_PRIORITY}."
        )


def _check_range(text: str, field: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise invalid(
            f"Invalid value for field '{field}': '{text}'. Must be a CIDR address range: {error}."
        ) from error


def _check_entry(entry: Json, field: str) -> None:
    protocol = entry.get("IPProtocol", "")
    if not protocol:
        raise invalid(f"Invalid value for field '{field}.IPProtocol': ''. Must be specified.")
    if not re.fullmatch(r"tcp|udp|icmp|esp|ah|ipip|sctp|all|\d{1,3}", protocol):
        raise invalid(
            f"Invalid value for field '{field}.IPProtocol': '{protocol}'. "
            "Must be one of [tcp, udp, icmp, esp, ah, ipip, sctp] or an IP protocol number."
        )
    for index, port in enumerate(entry.get("ports", [])):
        low, _, high = port.partition("-")
        numbers = [low, high or low]
        if (
            protocol not in _PORTED
            or not all(n.isdigit() and int(n) <= _MAX_PRIORITY for n in numbers)
            or int(numbers[0]) > int(numbers[1])
        ):
            raise invalid(
                f"Invalid value for field '{field}.ports[{index}]': '{port}'. "
                "Ports may only be specified on rules whose protocol is one of [TCP, UDP, SCTP] "
                "and must be valid port numbers or port ranges."
            )


def _route_defaults(_: Call, route: Json) -> None:
    for field in ("network", "destRange"):
        if not route.get(field):
            raise required(f"resource.{field}")
    route.setdefault("priority", 1000)
    route.setdefault("routeType", "STATIC")
    _check_range(route["destRange"], "resource.destRange")
    _check_priority(route)


COLLECTIONS = (
    Collection(
        "firewalls",
        latency="network",
        defaults=_defaults,
        check=_check,
        immutable=("network", "direction"),
    ),
    Collection("routes", latency="network", defaults=_route_defaults),
)
