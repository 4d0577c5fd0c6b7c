"""How Google Cloud calls its regions and zones."""

import re

REGION = re.compile(r"[a-z]+-[a-z]+\d+")
# An AI zone, such as us-central1-ai1a, has accelerators and is a zone of its region all the same:
# https://cloud.google.com/compute/docs/regions-zones/ai-zones
ZONE = re.compile(rf"({REGION.pattern})-(ai\d+)?[a-z]")


def region_of(location: str) -> str:
    """The region of a region or zone."""
    return "-".join(location.split("-")[:2])


def is_zone_of(zone: str, region: str) -> bool:
    """Whether a name is that of a zone of a region."""
    found = ZONE.fullmatch(zone)
    return found is not None and found[1] == region
