"""Google Cloud's regions and their zones, so that a wrong place is refused before any API call.

Source: https://cloud.google.com/compute/docs/regions-zones, read 2026-11. A region that opens later
is one line here.
"""

import re

_ABC = "abc"

REGIONS: dict[str, str] = {
    "africa-south1": _ABC,
    "asia-east1": _ABC,
    "asia-east2": _ABC,
    "asia-northeast1": _ABC,
    "asia-northeast2": _ABC,
    "asia-northeast3": _ABC,
    "asia-south1": _ABC,
    "asia-south2": _ABC,
    "asia-southeast1": _ABC,
    "asia-southeast2": _ABC,
    "australia-southeast1": _ABC,
    "australia-southeast2": _ABC,
    "europe-central2": _ABC,
    "europe-north1": _ABC,
    "europe-north2": _ABC,
    "europe-southwest1": _ABC,
    "europe-west1": "bcd",
    "europe-west10": _ABC,
    "europe-west12": _ABC,
    "europe-west2": _ABC,
    "europe-west3": _ABC,
    "europe-west4": _ABC,
    "europe-west6": _ABC,
    "europe-west8": _ABC,
    "europe-west9": _ABC,
    "me-central1": _ABC,
    "me-central2": _ABC,
    "me-west1": _ABC,
    "northamerica-northeast1": _ABC,
    "northamerica-northeast2": _ABC,
    "northamerica-south1": _ABC,
    "southamerica-east1": _ABC,
    "southamerica-west1": _ABC,
    "us-central1": "abcf",
    "us-east1": "bcd",
    "us-east4": _ABC,
    "us-east5": _ABC,
    "us-south1": _ABC,
    "us-west1": _ABC,
    "us-west2": _ABC,
    "us-west3": _ABC,
    "us-west4": _ABC,
}
"""Region -> the letters of its zones."""

AI_ZONES: dict[str, list[str]] = {
    "europe-west4": ["ai1a"],
    "us-central1": ["ai1a"],
    "us-south1": ["ai1b"],
}
"""Region -> the ends of its zones for accelerators.

Source: https://cloud.google.com/compute/docs/regions-zones/ai-zones.
"""

_ZONE = re.compile(r"(.+)-(ai\d+)?[a-z]")


def zones(region: str) -> list[str]:
    """The zones of a region, those for accelerators last; empty for an unknown region."""
    ends = [*REGIONS.get(region, ""), *AI_ZONES.get(region, [])]
    return [f"{region}-{end}" for end in ends]


def region_of(zone: str) -> str | None:
    """The region that a zone's name points to, or None when the text is not shaped like a zone.

    The zone itself need not exist: `europe-west1-a` names a region although it is no zone of it.
    """
    found = _ZONE.fullmatch(zone)
    return found[1] if found and found[1] in REGIONS else None


def is_zone(text: str) -> bool:
    """Whether the text is a zone that exists."""
    region = region_of(text)
    return region is not None and text in zones(region)
