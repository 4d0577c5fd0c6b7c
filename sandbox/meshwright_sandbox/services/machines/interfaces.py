"""Network interfaces of machines: which subnetwork they are in, and their addresses."""

import hashlib
from collections.abc import Iterator, Set
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.store import Store
from meshwright_sandbox.services.vpc import addresses
from meshwright_sandbox.services.vpc.ranges import contains, first_free, network_of

Json = dict[str, Any]
_FIELD = "resource.networkInterfaces"
_NAT = {"kind": "compute#accessConfig", "type": "ONE_TO_ONE_NAT", "networkTier": "PREMIUM"}


def complete(call: Call, instance: Json) -> None:
    """Give each interface of a new machine its name, and the subnetwork that its network has.

    Raises:
        ApiError: 400 for a machine without any, or whose network has no subnetwork of its own.
    """
    if not instance.get("networkInterfaces"):
        raise invalid(
            f"Invalid value for field '{_FIELD}': ''. At least one network interface is required."
        )
    for index, interface in enumerate(instance["networkInterfaces"]):
        interface |= {"kind": "compute#networkInterface", "name": f"nic{index}"}
        interface.setdefault("stackType", "IPV4_ONLY")
        if interface.get("subnetwork"):
            continue
        interface.setdefault("network", "global/networks/default")
        name = resource_name(call, interface["network"])
        network = call.cloud.store.get("compute", str(name))
        if network and network.get("autoCreateSubnetworks"):
            region = f"projects/{call.project}/regions/{_region(call)}"
            interface["subnetwork"] = f"{region}/subnetworks/{network['name']}"
        elif network:
            raise invalid(
                f"Invalid value for field '{_FIELD}[{index}]': ''. Subnetwork should be specified "
                "for custom subnetmode network"
            )


def connect(call: Call, instance: Json) -> None:
    """Give each interface its addresses, once it is known that what it names is there."""
    for index, interface in enumerate(instance["networkInterfaces"]):
        field = f"{_FIELD}[{index}]"
        name = str(resource_name(call, interface["subnetwork"]))
        subnetwork = call.get(name)
        if name.split("/")[3] != _region(call):
            raise invalid(
                f"Invalid value for field '{field}.subnetwork': '{name}'. The subnetwork is not in "
                f"the region {_region(call)} of the instance."
            )
        if interface.setdefault("network", subnetwork["network"]) != subnetwork["network"]:
            raise invalid(
                f"Invalid value for field '{field}.network': '{interface['network']}'. The "
                f"subnetwork belongs to another network."
            )
        _set_internal(call, interface, name, subnetwork, field)
        for number, access in enumerate(interface.get("accessConfigs", [])):
            _require_outside(call, access, f"{field}.accessConfigs[{number}].natIP")
    connect_outside(call, instance)


def connect_outside(call: Call, instance: Json) -> None:
    """Give each interface that asks for one an address of the internet, unless it has one."""
    given: set[str] = set()
    for interface in instance["networkInterfaces"]:
        for access in interface.get("accessConfigs", []):
            access |= _NAT | access
            access.setdefault("name", "External NAT")
            if not access.get("natIP"):
                access["natIP"] = addresses.free_external(call, given)
            given.add(access["natIP"])


def _require_outside(call: Call, access: Json, field: str) -> None:
    """Refuse an address of the internet that the region does not have, or another machine has."""
    wanted = access.get("natIP")
    if not wanted:
        return
    if wanted not in addresses.reserved(call, _region(call)):
        raise invalid(
            f"Invalid value for field '{field}': '{wanted}'. The specified external IP address "
            f"'{wanted}' was not found in region '{_region(call)}'."
        )
    if wanted in addresses.of_machines(call.cloud.store):
        raise _in_use(wanted)


def disconnected(store: Store, instance: Json) -> list[Json]:
    """The interfaces of a machine that has stopped: it keeps the addresses that are reserved."""
    reserved = {row.doc["address"] for row in store.of_type("compute", "addresses")}
    for interface in instance["networkInterfaces"]:
        for access in interface.get("accessConfigs", []):
            if access.get("natIP") not in reserved:
                access.pop("natIP", None)
    return instance["networkInterfaces"]


def free_address(subnetwork: Json, origin: str, held: Set[str]) -> str | None:
    """An address of a subnetwork that is not held: for an origin the same each time, if free."""
    cidr = network_of(subnetwork["ipCidrRange"])
    usable = max(cidr.num_addresses - 4, 1)
    start = int(hashlib.sha256(origin.encode()).hexdigest()[:8], 16)
    hosts = (cidr.network_address + 2 + (start + step) % usable for step in range(usable))
    return first_free(hosts, held)


def exhausted(name: str) -> str:
    """What is said of a subnetwork that has no address left."""
    return f"The IP space of '{name}' is exhausted."


def _set_internal(call: Call, interface: Json, name: str, subnetwork: Json, field: str) -> None:
    wanted = interface.get("networkIP")
    if not wanted:
        held = addresses.held_inside(call.cloud.store, name)
        free = free_address(subnetwork, call.name, held)
        if free is None:
            raise ApiError(403, exhausted(name), reason="quotaExceeded")
        interface["networkIP"] = free
        return
    if not contains(network_of(subnetwork["ipCidrRange"]), wanted):
        raise invalid(
            f"Invalid value for field '{field}.networkIP': '{wanted}'. IP address must be an "
            f"address of the subnetwork's range {subnetwork['ipCidrRange']}."
        )
    if wanted in _of_machines(call.cloud.store, name):
        raise _in_use(wanted)


def _of_machines(store: Store, subnetwork: str) -> Iterator[str]:
    for row in store.of_type("compute", "instances"):
        yield from addresses.inside(row, subnetwork)


def _in_use(address: str) -> ApiError:
    return ApiError(
        400,
        f"IP '{address}' is already being used by another resource.",
        reason="ipInUseByAnotherResource",
    )


def _region(call: Call) -> str:
    return call.location.rpartition("-")[0]
