"""Address ranges: parsing as the API words its refusals, overlap, allocation."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.store import Row

Network = ipaddress.IPv4Network


def parse_range(text: object, field: str, *, longest: int = 29) -> Network:
    """An IPv4 range of a subnetwork. It may be named by any address in it.

    The official provider's own examples of `compute.NetworkEndpoint` do so: `10.0.0.1/16`.

    Raises:
        ApiError: 400 for what is no range, or is too small.
    """
    try:
        parsed = ipaddress.IPv4Network(str(text), strict=False)
    except ValueError as error:
        hint = "Must be a CIDR address range."
        raise invalid(f"Invalid value for field '{field}': '{text}'. {hint}") from error
    if parsed.prefixlen > longest or parsed.prefixlen < 4:
        raise invalid(
            f"Invalid value for field '{field}': '{text}'. "
            f"Prefix length must be between 4 and {longest}."
        )
    return parsed


def network_of(text: str) -> Network:
    """A range of a subnetwork that is there, by whatever address of it somebody has named it."""
    return ipaddress.IPv4Network(text, strict=False)


def contains(network: Network, address: str) -> bool:
    """Whether a text is an address of a range."""
    try:
        return ipaddress.IPv4Address(address) in network
    except ValueError:
        return False


def subnetworks_of(call: Call, network: str) -> Iterator[Row]:
    """Stored subnetworks of a network (resource name)."""
    for row in call.cloud.store.of_type("compute", "subnetworks"):
        if resource_name(call, row.doc.get("network", "")) == network:
            yield row


def ranges_of(document: Mapping[str, object]) -> list[tuple[str, Network]]:
    """(field, range) of a subnetwork's primary and secondary ranges."""
    found: list[tuple[str, Network]] = []
    if document.get("ipCidrRange"):
        found.append(
            ("resource.ipCidrRange", parse_range(document["ipCidrRange"], "resource.ipCidrRange"))
        )
    secondary = document.get("secondaryIpRanges", [])
    for index, entry in enumerate(secondary if isinstance(secondary, list) else []):
        field = f"resource.secondaryIpRanges[{index}].ipCidrRange"
        found.append((field, parse_range(entry.get("ipCidrRange"), field)))
    return found


def require_free(call: Call, document: Mapping[str, object], network: str) -> None:
    """Refuse ranges that overlap each other or those of the network's other subnetworks."""
    own = ranges_of(document)
    for index, (field, wanted) in enumerate(own):
        for _, other in own[:index]:
            if wanted.overlaps(other):
                raise invalid(
                    f"Invalid value for field '{field}': '{wanted}'. "
                    f"IP range conflicts with {other} of the same subnetwork."
                )
    for row in subnetworks_of(call, network):
        if row.name == call.name:
            continue
        for _, taken in ranges_of(row.doc):
            for _, wanted in own:
                if wanted.overlaps(taken):
                    region = row.name.split("/")[3]
                    raise ApiError(
                        400,
                        f"Invalid IPCidrRange: {wanted} conflicts with existing subnetwork "
                        f"'{row.doc['name']}' in region '{region}'.",
                        reason="invalid",
                    )


def first_free(candidates: Iterable[ipaddress.IPv4Address], taken: set[str]) -> str | None:
    """The first address that nobody has."""
    for candidate in candidates:
        if str(candidate) not in taken:
            return str(candidate)
    return None
