"""Where a route's calls come in: names of services, hosts, gateways and address ranges."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from ._names import DNS_LABEL
from ._validation import duplicates

_NAME = re.compile(DNS_LABEL)
_GATEWAY = re.compile(rf"({DNS_LABEL}/)?{DNS_LABEL}(\.{DNS_LABEL})*")
_HOST = re.compile(rf"(\*\.)?{DNS_LABEL}(\.{DNS_LABEL})*")
_PORT = re.compile(r"(.+):\d{1,5}")


def address_problems(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the names and addresses of a route; such as are known later pass."""
    outside = given.get("rendering") == "networkservices"
    for field in () if outside else ("service", "namespace"):
        name = given.get(field)
        if isinstance(name, str) and not _NAME.fullmatch(name):
            text = "is no name in Kubernetes: up to 63 lower-case letters, digits, inner hyphens"
            yield field, f"{name!r} {text}, without its domain"
    for index, gateway in enumerate(given.get("gateways", [])):
        if isinstance(gateway, str) and not _GATEWAY.fullmatch(gateway):
            yield f"gateways[{index}]", f"{gateway!r} must be `namespace/name` or `name`"
    yield from _host_problems(given, outside)
    yield from _range_problems(given)


def _host_problems(given: Mapping[str, Any], outside: bool) -> Iterator[tuple[str, str]]:
    hosts: list[str] = given.get("hosts", [])
    for host in duplicates(hosts):
        yield "hosts", f"{host!r} is there twice"
    with_port = outside and given.get("protocol") == "grpc" and "port" not in given
    named = [(f"hosts[{index}]", host) for index, host in enumerate(hosts)]
    if outside and not hosts and isinstance(given.get("service"), str):
        named.append(("service", given["service"]))
    for path, host in named:
        port = _PORT.fullmatch(host) if with_port else None
        if not is_host(port[1] if port else host):
            text = (
                "is no host name: lower-case letters, digits, hyphens and dots, `*.` at its start"
            )
            yield path, f"{host!r} {text} for every name below a domain"


def is_host(text: str) -> bool:
    """Whether it is a DNS name, which may begin with a wildcard, and no address."""
    if not _HOST.fullmatch(text) or len(text) > 253:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return True
    return False


def covered_hosts(hosts: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of hosts of which the first, with its wildcard, covers the second."""
    for pair in combinations(dict.fromkeys(hosts), 2):
        for wide, narrow in (pair, pair[::-1]):
            if wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:]):
                yield wide, narrow


def _range_problems(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if given.get("addresses") == []:
        yield "addresses", "is empty; leave it out for every address"
    for index, address in enumerate(given.get("addresses", [])):
        try:
            ipaddress.IPv4Network(address, strict=False)
        except ValueError:
            yield f"addresses[{index}]", f"{address!r} is no IPv4 range such as `10.0.0.0/8`"
