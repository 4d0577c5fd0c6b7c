"""Compute's lists over all places, which also name the places where there is nothing.

https://cloud.google.com/compute/docs/reference/rest/v1/addresses/aggregatedList
"""

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.cloud import Call, Json
from meshwright_sandbox.core.emulated import require_emulated
from meshwright_sandbox.services.vpc.places import REGIONS, ZONES


def aggregated(call: Call) -> Json:
    """Items by place; a place without any has a warning in their stead."""
    require_emulated(call)
    answer = listing.aggregated(call)
    nothing = {place: {"warning": _no_results(place)} for place in _places(call)}
    return answer | {"items": nothing | answer["items"]}


def _places(call: Call) -> list[str]:
    """The places where such resources can be; all there are, if the request says so."""
    kinds = {
        method.segments[2]
        for method in call.document.methods.values()
        if method.verb == "list" and method.segments[-1] == call.method.segments[-1]
    }
    if call.query.get("includeAllScopes") == "true":
        kinds = {"global", "regions", "zones"}
    places = ["global"] if "global" in kinds else []
    for kind, names in (("regions", REGIONS), ("zones", ZONES)):
        if kind in kinds:
            places += [f"{kind}/{name}" for name in names]
    return places


def _no_results(place: str) -> Json:
    return {
        "code": "NO_RESULTS_ON_PAGE",
        "message": f"There are no results for scope '{place}' on this page.",
        "data": [{"key": "scope", "value": place}],
    }


METHODS = {"*.aggregatedList": aggregated}
