"""Reserved addresses, and which addresses are held by whom.

An address of the internet is held by one in all the cloud, one inside of a network by one in that
network. Follows https://cloud.google.com/compute/docs/ip-addresses.
"""

import ipaddress
from collections.abc import Iterator, Set
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, required
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.stamps import self_link
from meshwright_sandbox.core.store import Row, Store
from meshwright_sandbox.services.vpc.ranges import (
    Network,
    contains,
    first_free,
    network_of,
    parse_range,
)

Json = dict[str, Any]
# Documentation ranges (RFC 5737): no host that exists is ever named by the sandbox.
_REGIONAL_POOL = ipaddress.IPv4Network("203.0.113.0/24")
_GLOBAL_POOL = ipaddress.IPv4Network("198.51.100.0/24")
_PEERING_POOL = ipaddress.IPv4Network("10.64.0.0/10")
TYPES = ("addresses", "globalAddresses")
RULES = ("forwardingRules", "globalForwardingRules")
_FIELDS = dict.fromkeys(TYPES, "address") | dict.fromkeys(RULES, "IPAddress")
# What a range of a network is reserved for, and the prefix lengths that it may have.
_RANGES = {"VPC_PEERING": (8, 29), "IPSEC_INTERCONNECT": (26, 29)}


def is_inside(document: Json) -> bool:
    """Whether an address, or that of a rule, is of a network and not of the internet."""
    if "addressType" in document:
        return document["addressType"] == "INTERNAL"
    # Private Service Connect's rules balance no load: they have no scheme.
    return not document.get("loadBalancingScheme", "").startswith("EXTERNAL")


def network_name(call: Call, document: Json) -> str | None:
    """The network that an address or a rule is in, by its own word or that of its subnetwork.

    None for an address of the internet.
    """
    if not is_inside(document):
        return None
    subnetwork = resource_name(call, document.get("subnetwork", ""))
    held = call.cloud.store.get("compute", subnetwork) if subnetwork else None
    return resource_name(call, (held or document).get("network", ""))


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


def held_inside(store: Store, subnetwork: str) -> set[str]:
    """The addresses of a subnetwork that machines, rules or reservations have."""
    machines = store.of_type("compute", "instances")
    return {address for row in machines for address in inside(row, subnetwork)} | {
        address
        for document, address in _named(store)
        if str(document.get("subnetwork", "")).endswith(f"/{subnetwork}")
    }


def _named(store: Store) -> Iterator[tuple[Json, str]]:
    """Reservations and rules, each with its address."""
    for type_, field in _FIELDS.items():
        for row in store.of_type("compute", type_):
            yield row.doc, str(row.doc.get(field))


def _held_outside(call: Call) -> set[str]:
    store = call.cloud.store
    held = of_machines(store)
    held |= {address for document, address in _named(store) if not is_inside(document)}
    for row in store.of_type("compute", "vpnGateways"):
        held |= {str(each.get("ipAddress")) for each in row.doc.get("vpnInterfaces", [])}
    return held


def reserved(call: Call, region: str) -> set[str]:
    """The addresses of the internet that the called project has reserved in a region."""
    rows = call.cloud.store.children(
        "compute", f"projects/{call.project}/regions/{region}/addresses"
    )
    return {row.doc["address"] for row in rows if not is_inside(row.doc)}


def free_external(call: Call, besides: Set[str] = frozenset(), *, everywhere: bool = False) -> str:
    """An address of the internet that nobody has, and that is none of ``besides``.

    It is a region's, or with ``everywhere`` a global one.
    """
    pool = _GLOBAL_POOL if everywhere else _REGIONAL_POOL
    return first_free(pool.hosts(), _held_outside(call) | besides) or _exhausted()


def free_inside(call: Call, subnetwork: str) -> str:
    """An address of a subnetwork that nobody has."""
    cidr = _range_of(call, subnetwork)
    hosts = (cidr.network_address + n for n in range(2, cidr.num_addresses - 2))
    return first_free(hosts, held_inside(call.cloud.store, subnetwork)) or _exhausted()


def require_inside(call: Call, address: str, subnetwork: str, field: str) -> None:
    """Refuse an address that is none of a subnetwork's."""
    cidr = _range_of(call, subnetwork)
    if not contains(cidr, address):
        raise invalid(
            f"Invalid value for field '{field}': '{address}'. "
            f"Requested internal IP address is outside the subnetwork CIDR range {cidr}."
        )


def _range_of(call: Call, subnetwork: str) -> Network:
    cidr = call.get(subnetwork).get("ipCidrRange")
    if not cidr:  # there are subnetworks of IPv6 alone, and what is no subnetwork may be named
        raise invalid(
            f"Invalid value for field 'resource.subnetwork': '{subnetwork}'. It is no subnetwork "
            "with a range of IPv4 addresses."
        )
    return network_of(cidr)


def _defaults(call: Call, address: Json) -> None:
    is_global = call.type == "globalAddresses"
    address.setdefault("addressType", "EXTERNAL")
    address["status"] = "RESERVED"
    if not is_inside(address):
        _allocate_external(call, address, is_global)
    elif address.get("purpose") in _RANGES:
        _allocate_range(call, address)
    elif address.get("purpose") == "PRIVATE_SERVICE_CONNECT" and is_global:
        _require(address, "network", "address")
        _require_free(address, _held_in(call, address))
    else:
        _allocate_internal(call, address)


def _require(address: Json, *fields: str) -> None:
    for field in fields:
        if not address.get(field):
            raise required(f"resource.{field}")


def _require_free(address: Json, held: set[str]) -> None:
    if address["address"] in held:
        raise _already_reserved(address)


def _already_reserved(address: Json) -> ApiError:
    return invalid(
        f"Invalid value for field 'resource.address': '{address['address']}'. "
        "Specified IP address is already reserved."
    )


def _held_in(call: Call, address: Json) -> set[str]:
    """The addresses that are reserved in the network of one that is asked for."""
    network = network_name(call, address)
    return {str(other["address"]) for other in _reserved_in(call, network)}


def _reserved_in(call: Call, network: str | None) -> Iterator[Json]:
    for type_ in TYPES:
        for row in call.cloud.store.of_type("compute", type_):
            if is_inside(row.doc) and network_name(call, row.doc) == network:
                yield row.doc


def _allocate_external(call: Call, address: Json, is_global: bool) -> None:
    if address.get("subnetwork") or address.get("purpose"):
        raise invalid("External addresses cannot have a subnetwork or a purpose.")
    address.setdefault("networkTier", "PREMIUM")
    if is_global:
        address.setdefault("ipVersion", "IPV4")
    if address.get("address"):
        _require_free(address, _held_outside(call))
    elif address.get("ipVersion") == "IPV6":
        base = int(ipaddress.IPv6Address("2001:db8::1"))
        candidates = (str(ipaddress.IPv6Address(base + n)) for n in range(1 << 16))
        address["address"] = next(c for c in candidates if c not in _held_outside(call))
    else:
        address["address"] = free_external(call, everywhere=is_global)


def _exhausted() -> str:
    raise ApiError(403, "Quota 'STATIC_ADDRESSES' exceeded.", reason="quotaExceeded")


def _allocate_range(call: Call, address: Json) -> None:
    """Reserve a range of a network: for services that are peered, or for VLAN attachments."""
    _require(address, "network")
    shortest, longest = _RANGES[address["purpose"]]
    length = address.setdefault("prefixLength", 16 if shortest < 16 else longest)
    if not shortest <= length <= longest:
        raise invalid(
            f"Invalid value for field 'resource.prefixLength': '{length}'. "
            f"Must be between {shortest} and {longest}."
        )
    held = [
        network_of(f"{other['address']}/{other['prefixLength']}")
        for other in _reserved_in(call, network_name(call, address))
        if other.get("prefixLength")
    ]
    if not address.get("address"):
        ranges = _PEERING_POOL.subnets(new_prefix=max(length, _PEERING_POOL.prefixlen))
        free = (each for each in ranges if not any(each.overlaps(other) for other in held))
        found = next(free, None)
        address["address"] = str(found.network_address) if found else _exhausted()
        return
    wanted = parse_range(f"{address['address']}/{length}", "resource.address")
    if any(wanted.overlaps(other) for other in held):
        raise _already_reserved(address)


def _allocate_internal(call: Call, address: Json) -> None:
    address.setdefault("purpose", "GCE_ENDPOINT")
    default = f"projects/{call.project}/regions/{call.location}/subnetworks/default"
    address.setdefault("subnetwork", self_link(call.service, call.version, default))
    name = resource_name(call, address["subnetwork"]) or address["subnetwork"]
    if address.get("address"):
        require_inside(call, address["address"], name, "resource.address")
        _require_free(address, _held_in(call, address))
    else:
        address["address"] = free_inside(call, name)


def _users(call: Call, address: Json) -> Iterator[str]:
    network = network_name(call, address)
    for type_ in RULES:
        for row in call.cloud.store.of_type("compute", type_):
            same = row.doc.get("IPAddress") == address["address"]
            if same and network_name(call, row.doc) == network:
                yield row.doc["selfLink"]
    subnetwork = resource_name(call, address.get("subnetwork", ""))
    for row in call.cloud.store.of_type("compute", "instances"):
        theirs = inside(row, subnetwork or "") if is_inside(address) else _outside(row)
        if address["address"] in theirs:
            yield row.doc["selfLink"]


def _view(call: Call, address: Json) -> None:
    users = list(_users(call, address))
    if users:
        address |= {"users": users, "status": "IN_USE"}


def _blockers(call: Call, _: str) -> list[str]:
    return [str(resource_name(call, link)) for link in _users(call, call.get())]


COLLECTIONS = tuple(
    Collection(type_, latency="network", defaults=_defaults, view=_view, blockers=_blockers)
    for type_ in TYPES
)
