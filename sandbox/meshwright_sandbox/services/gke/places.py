"""Regions and zones as GKE sees them: where clusters and their nodes can be."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.listing import answer
from meshwright_sandbox.services.vpc.places import REGIONS, ZONES

_SPREAD = 3  # zones of a regional cluster's nodes


def region_of(location: str) -> str:
    """The region of a zone; a region is its own."""
    return location if location in REGIONS else location.rpartition("-")[0]


def is_zone(location: str) -> bool:
    """Whether the location is an existing zone."""
    return location in ZONES


def exists(location: str) -> bool:
    """Whether the location is an existing region or zone."""
    return location in REGIONS or is_zone(location)


def node_zones(location: str) -> list[str]:
    """Zones in which GKE places nodes when the request names none."""
    if is_zone(location):
        return [location]
    return [zone for zone in ZONES if region_of(zone) == location][:_SPREAD]


def list_(call: Call) -> dict[str, Any]:
    """`projects.locations.list`: GKE tells regions and zones apart, as no other API does."""
    kinds = {"REGION": sorted(REGIONS), "ZONE": sorted(ZONES)}
    return answer(
        call,
        [
            {"type": kind, "name": name, "recommended": True}
            for kind, names in kinds.items()
            for name in names
        ],
    )
