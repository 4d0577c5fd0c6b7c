"""Labels of a resource: its program's own, those of the provider, and those that others gave it.

As with the official plugin, ``labels`` and ``pulumiLabels`` hold only what the program or the
provider sets, ``effectiveLabels`` all there are; what others set is no drift and stays. See
https://www.pulumi.com/registry/packages/gcp/how-to-guides/#labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshwright_sandbox.plugins.values import UNKNOWN

Labels = Mapping[str, Any]
ATTRIBUTION = "goog-pulumi-provisioned"
"""The label that tells who made a resource; one that was made without it goes on so."""


def wanted(provider: Labels, own: Any, outputs: Mapping[str, Any] | None) -> Any:
    """Return what program and provider want a resource to be labelled.

    Args:
        provider: labels that every new resource of the provider gets.
        own: those that the program gives this one.
        outputs: of the resource in the state; None for a new one.
    """
    if own is UNKNOWN:
        return UNKNOWN
    found = {**provider, **(own or {})}
    there = outputs.get("effectiveLabels") if outputs is not None else None
    if isinstance(there, Mapping) and ATTRIBUTION not in {**there, **(own or {})}:
        found.pop(ATTRIBUTION, None)
    return found


def effective(outputs: Mapping[str, Any] | None, labels: Any) -> Any:
    """Return all labels of a resource once it has these, and not those it had from us before."""
    if labels is UNKNOWN or outputs is None:
        return labels
    before = outputs.get("pulumiLabels") or {}
    there = outputs.get("effectiveLabels") or {}
    return {k: v for k, v in there.items() if k not in before} | labels
