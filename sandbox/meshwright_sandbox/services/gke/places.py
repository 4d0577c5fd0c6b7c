"""Regions and zones as GKE sees them: where clusters and their nodes can be."""

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
