"""Settings of the provider, named as the official plugin names them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp.kinds import suggestion
from meshwright_sandbox.plugins.gcp.labels import ATTRIBUTION
from meshwright_sandbox.plugins.values import UNKNOWN, reveal

Settings = Mapping[str, Any]
_STRATEGY = "pulumiAttributionLabelAdditionStrategy"
KNOWN = frozenset(
    {
        "accessToken",
        "addPulumiAttributionLabel",
        "billingProject",
        "credentials",
        "defaultLabels",
        # The stand-in neither warns nor checks here.
        "disableGlobalProjectWarning",
        "project",
        _STRATEGY,
        "region",
        "requestReason",
        "skipRegionValidation",
        "userProjectOverride",
        "version",
        "zone",
    }
)


def problems(given: Settings) -> Iterator[tuple[str, str]]:
    """Yield what cannot be honoured: the setting, and why."""
    for key in sorted(given):
        if key not in KNOWN and not endpoint_of(key):
            hint = suggestion(key, KNOWN) or "; remove it"
            yield key, f"no setting of the gcp provider that the stand-in plugin knows{hint}"
    if reveal(given.get(_STRATEGY)) not in (None, UNKNOWN, "CREATION_ONLY"):
        why = "the stand-in plugin labels new resources only; set CREATION_ONLY, or leave it out"
        yield _STRATEGY, why


def endpoint_of(key: str) -> str:
    """Return the variable that says the same as a setting of an endpoint, or nothing."""
    found = re.fullmatch(r"(\w+)CustomEndpoint", key)
    name = re.sub(r"(?=[A-Z])", "_", found[1]).upper() if found else ""
    return name and f"GOOGLE_{name}_CUSTOM_ENDPOINT"


def flag(given: Settings, key: str, *, default: bool) -> bool:
    """Return a switch, which may come as text."""
    value = given.get(key)
    return default if value in (None, "") else str(value).lower() == "true"


def labels(given: Settings) -> dict[str, str]:
    """Return the labels that every new resource gets."""
    found = given.get("defaultLabels") or {}
    defaults = json.loads(found) if isinstance(found, str) else found
    attributed = flag(given, "addPulumiAttributionLabel", default=True)
    return {**defaults, **({ATTRIBUTION: "true"} if attributed else {})}


def headers(given: Settings, project: str) -> dict[str, str]:
    """Return the headers that every request gets."""
    found = {"x-goog-request-reason": given.get("requestReason")}
    if flag(given, "userProjectOverride", default=False):
        found["x-goog-user-project"] = given.get("billingProject") or project
    return {name: value for name, value in found.items() if value}
