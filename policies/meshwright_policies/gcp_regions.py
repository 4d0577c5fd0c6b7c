"""Rules for every Google Cloud resource: where it stands."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, each

# Under these names Google's resources, and the provider itself, say where they stand.
PLACES: Final = ("location", "region", "zone", "membershipLocation")
PLACE_LISTS: Final = ("nodeLocations", "distributionPolicyZones", "zones")
# Some are for accelerators, such as us-central1-ai1a.
ZONE: Final = re.compile(r"([a-z]+(?:-[a-z]+)+\d+)-(?:ai\d+)?[a-z]")
# A resource without a region of its own, and all regions of a service at once.
NOWHERE: Final = ("global", "-", "")


@resource_rule(
    "GCP-01",
    severity=Severity.HIGH,
    source="ours; Google's organization policy constraints/gcp.resourceLocations",
    title="Resources stand in allowed regions, so that data stays where law, contract and latency "
    "want it.",
    types=r"gcp:|pulumi:providers:gcp$",
)
def allowed_regions(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Only where the setting `allowedRegions` names some; a zone counts as its region."""
    if not settings.allowed_regions:
        return
    for path, found in _places(resource.properties):
        if found is UNKNOWN:
            yield Unjudged(path)
        elif isinstance(found, str) and not _allowed(found, settings.allowed_regions):
            yield Violation(
                path,
                f"is {found!r}, which is in no allowed region",
                f"Choose one of {', '.join(settings.allowed_regions)}",
            )


def _places(properties: object) -> Iterator[tuple[str, object]]:
    for key in PLACES:
        yield key, at(properties, key)
    for key in PLACE_LISTS:
        if at(properties, key) is UNKNOWN:
            yield key, UNKNOWN
        for index, found in each(properties, key):
            yield f"{key}[{index}]", found


def _allowed(found: str, patterns: tuple[str, ...]) -> bool:
    """Whether a region, a zone of it, or the link of either is allowed."""
    name = found.rpartition("/")[2].lower()
    zone = ZONE.fullmatch(name)
    region = zone[1] if zone else name
    return region in NOWHERE or any(fnmatchcase(region, item.lower()) for item in patterns)
