"""`locations.list` and `locations.get`, which most APIs have alike: where resources can be.

https://cloud.google.com/kubernetes-engine/fleet-management/docs/reference/rest/v1/projects.locations
"""

from collections.abc import Callable
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.listing import answer
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]


def methods(*others: str) -> dict[str, Callable[[Call], Json]]:
    """Handlers for an API that is in every region, and in `others`: `global`, `eu`."""
    places = [*others, *REGIONS]

    def list_(call: Call) -> Json:
        parent = call.name.removesuffix("/locations")
        return answer(call, [_location(parent, place) for place in places])

    def get(call: Call) -> Json:
        if call.location not in places:
            raise ApiError(404, call.service.not_found(call.name))
        return _location(call.name.partition("/locations/")[0], call.location)

    return {"projects.locations.list": list_, "projects.locations.get": get}


def _location(parent: str, place: str) -> Json:
    location: Json = {"name": f"{parent}/locations/{place}", "locationId": place}
    if place in REGIONS:
        location["labels"] = {"cloud.googleapis.com/region": place}
    return location
