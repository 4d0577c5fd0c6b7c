"""Reserved addresses and forwarding rules."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.stamps import self_link
from meshwright_sandbox.core.store import Row, Store
from meshwright_sandbox.services.vpc.ranges import first_free, network_of

Json = dict[str, Any]
# Documentation ranges (RFC 5737): no host that exists is ever named by the sandbox.
_REGIONAL_POOL = ipaddress.IPv4Network("203.0.113.0/24")
_GLOBAL_POOL = ipaddress.IPv4Network("198.51.100.0/24")
_PEERING_POOL = ipaddress.IPv4Network("10.64.0.0/10")
_API_BUNDLES = ("all-apis", "vpc-sc")
_TYPES = ("addresses", "globalAddresses")
_RULES = ("forwardingRules", "globalForwardingRules")


def _taken(call: Call) -> set[str]:
    held = [(t, "address") for t in _TYPES] + [(t, "IPAddress") for t in _RULES]
    return of_machines(call.cloud.store) | {
        str(row.doc.get(field))
        for type_, field in held
        for row in call.cloud.store.of_type("compute", type_)
    }


def of_machines(store: Store) -> set[str]:
    """The addresses of the internet that machines have."""
    return {address for row in store.of_type("compute", "instances") for address in _outside(row)}


def _outside(row: Row) -> Iterator[str]:
    for interface in row.doc.get("networkInterfaces", []):
        for access in interface.get("accessConfigs", []):
            if access.get("natIP"):
                yield str(access["natIP"])


def inside(row: Row, subnetwork: str) -> Iterator[str]:
    """The addresses that a machine has in the subnetwork of that full name."""
    for interface in row.doc.get("networkInterfaces", []):
        if str(interface.get("subnetwork", "")).endswith(f"/{subnetwork}"):
            yield str(interface.get("networkIP"))


def reserved(call: Call, region: str) -> set[str]:
    """The addresses of the internet that the called project has reserved in a region."""
    rows = call.cloud.store.children(
        "compute", f"projects/{call.project}/regions/{region}/addresses"
    )
    return {row.doc["address"] for row in rows if row.doc["addressType"] == "EXTERNAL"}


def free_external(call: Call, besides: set[str]) -> str:
    """An address of the internet that nobody has, and that is none of ``besides``."""
    return first_free(_REGIONAL_POOL.hosts(), _taken(call) | besides) or _exhausted()


def _defaults(call: Call, address: Json) -> None:
    is_global = call.type == "globalAddresses"
    address.setdefault("addressType", "EXTERNAL")
    address["status"] = "RESERVED"
    if address["addressType"] == "EXTERNAL":
        _allocate_external(call, address, is_global)
    elif address.get("purpose") in ("VPC_PEERING", "PRIVATE_SERVICE_CONNECT") and is_global:
        _allocate_range(address)
    else:
        _allocate_internal(call, address)
    if address["address"] in _taken(call):
        raise ApiError(
            400,
            f"Invalid value for field 'resource.address': '{address['address']}'. "
            "Specified IP address is already reserved.",
            reason="invalid",
        )


def _allocate_external(call: Call, address: Json, is_global: bool) -> None:
    if address.get("subnetwork") or address.get("purpose"):
        raise invalid("External addresses cannot have a subnetwork or a purpose.")
    address.setdefault("networkTier", "PREMIUM")
    if is_global:
        address.setdefault("ipVersion", "IPV4")
    if address.get("address"):
        return
    if address.get("ipVersion") == "IPV6":
        base = int(ipaddress.IPv6Address("2001:db8::1"))
        candidates = (str(ipaddress.IPv6Address(base + n)) for n in range(1 << 16))
        address["address"] = next(c for c in candidates if c not in _taken(call))
        return
    pool = _GLOBAL_POOL if is_global else _REGIONAL_POOL
    address["address"] = first_free(pool.hosts(), _taken(call)) or _exhausted()


def _exhausted() -> str:
    raise ApiError(403, "Quota 'STATIC_ADDRESSES' exceeded.", reason="quotaExceeded")


def _allocate_range(address: Json) -> None:
    if not address.get("network"):
        raise ApiError(400, "Required field 'resource.network' not specified", reason="required")
    if address["purpose"] == "VPC_PEERING":
        length = address.setdefault("prefixLength", 16)
        if not 8 <= length <= 29:
            raise invalid(
                f"Invalid value for field 'resource.prefixLength': '{length}'. "
                "Must be between 8 and 29."
            )
        first = next(iter(_PEERING_POOL.subnets(new_prefix=max(length, 10))))
        address.setdefault("address", str(first.network_address))
    elif not address.get("address"):
        raise ApiError(400, "Required field 'resource.address' not specified", reason="required")


def _allocate_internal(call: Call, address: Json) -> None:
    address.setdefault("purpose", "GCE_ENDPOINT")
    default = f"projects/{call.project}/regions/{call.location}/subnetworks/default"
    address.setdefault("subnetwork", self_link(call.service, call.version, default))
    name = resource_name(call, address["subnetwork"]) or address["subnetwork"]
    subnetwork = call.get(name)
    cidr = network_of(subnetwork["ipCidrRange"])
    if not address.get("address"):
        hosts = (cidr.network_address + n for n in range(2, cidr.num_addresses - 2))
        machines = call.cloud.store.of_type("compute", "instances")
        held = {each for row in machines for each in inside(row, name)}
        address["address"] = first_free(hosts, held | _taken(call)) or _exhausted()
    elif ipaddress.IPv4Address(address["address"]) not in cidr:
        raise invalid(
            f"Invalid value for field 'resource.address': '{address['address']}'. "
            f"Requested internal IP address is outside the subnetwork CIDR range {cidr}."
        )


def _view(call: Call, address: Json) -> None:
    users = [
        row.doc["selfLink"]
        for type_ in _RULES
        for row in call.cloud.store.of_type("compute", type_)
        if row.doc.get("IPAddress") == address["address"]
    ]
    subnetwork = resource_name(call, address.get("subnetwork", ""))
    users += [
        row.doc["selfLink"]
        for row in call.cloud.store.of_type("compute", "instances")
        if address["address"] in {*_outside(row), *(inside(row, subnetwork) if subnetwork else ())}
    ]
    if users:
        address |= {"users": users, "status": "IN_USE"}


def _blockers(call: Call, _: str) -> list[str]:
    address = call.get()
    _view(call, address)
    return [str(resource_name(call, link)) for link in address.get("users", [])]


def _rule_defaults(call: Call, rule: Json) -> None:
    target = str(rule.get("target", ""))
    # Private Service Connect's rules balance no load: their scheme is empty.
    if "/serviceAttachments/" not in target and target not in _API_BUNDLES:
        rule.setdefault("loadBalancingScheme", "EXTERNAL")
    rule.setdefault("IPProtocol", "TCP")
    rule.setdefault("networkTier", "PREMIUM")
    wanted = resource_name(call, rule.get("IPAddress", ""))
    if wanted:
        rule["IPAddress"] = call.get(wanted)["address"]
    if not rule.get("IPAddress"):
        pool = _GLOBAL_POOL if call.type == "globalForwardingRules" else _REGIONAL_POOL
        rule["IPAddress"] = first_free(pool.hosts(), _taken(call)) or _exhausted()


COLLECTIONS = tuple(
    Collection(type_, latency="network", defaults=_defaults, view=_view, blockers=_blockers)
    for type_ in _TYPES
) + tuple(Collection(type_, latency="network", defaults=_rule_defaults) for type_ in _RULES)
