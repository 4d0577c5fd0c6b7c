"""The subnetworks in which clusters can be made, and what uses their secondary ranges.

https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.aggregated.usableSubnetworks
"""

import re
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.listing import answer
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.store import Row

Json = dict[str, Any]
_FILTER = re.compile(r'networkProjectId\s*=\s*"?([^"\s]+)"?')
_USES = {
    "clusterSecondaryRangeName": "IN_USE_SHAREABLE_POD",
    "servicesSecondaryRangeName": "IN_USE_SERVICE",
}


def list_(call: Call) -> Json:
    """`usableSubnetworks.list`: of the project itself, or of the host that its filter names."""
    sought = call.query.pop("filter", "")
    found = _FILTER.fullmatch(sought)
    if sought and not found:
        raise invalid(f'Invalid filter "{sought}": it must be "networkProjectId=[PROJECTID]".')
    project = call.cloud.projects.id(found[1]) if found else call.project
    rows = call.cloud.store.of_type("compute", "subnetworks")
    return answer(call, [_shown(call, row) for row in rows if row.project == project])


def _shown(call: Call, subnetwork: Row) -> Json:
    uses = _uses(call, subnetwork.name)
    ranges = [
        {**entry, "status": uses.get(entry["rangeName"], "UNUSED")}
        for entry in subnetwork.doc.get("secondaryIpRanges", [])
    ]
    return {
        "subnetwork": subnetwork.name,
        "network": resource_name(call, subnetwork.doc["network"]),
        "ipCidrRange": subnetwork.doc.get("ipCidrRange", ""),
        **({"secondaryIpRanges": ranges} if ranges else {}),
    }


def _uses(call: Call, subnetwork: str) -> Json:
    """What clusters use a subnetwork's secondary ranges for, by the names of the ranges."""
    return {
        row.doc["ipAllocationPolicy"].get(field): use
        for row in call.cloud.store.of_type("container", "projects.locations.clusters")
        if row.doc["networkConfig"]["subnetwork"] == subnetwork
        for field, use in _USES.items()
    }
