"""A project as Compute Engine knows it: metadata of all of its machines, defaults.

https://cloud.google.com/compute/docs/reference/rest/v1/projects
"""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.stamps import fingerprint, numeric_id, same_token, self_link
from meshwright_sandbox.services.machines import accounts, metadata
from meshwright_sandbox.services.vpc import sharing

Json = dict[str, Any]
_TYPE = "computeProjects"


def _name(call: Call) -> str:
    return f"projects/{call.project}/computeProject"


def _settings(call: Call) -> Json:
    """What somebody has set; all else is as it is in every project."""
    return call.cloud.store.get("compute", _name(call)) or {}


def get(call: Call) -> Json:
    """`projects.get`."""
    settings = _settings(call)
    common = settings.get("commonInstanceMetadata", {})
    token = fingerprint(common)
    return {
        "kind": "compute#project",
        "id": numeric_id(call.project),
        "name": call.project,
        "selfLink": self_link(call.service, call.version, f"projects/{call.project}"),
        "defaultServiceAccount": accounts.default_of(call),
        "xpnProjectStatus": sharing.status(call.cloud, call.project),
        "defaultNetworkTier": "PREMIUM",
        "cloudArmorTier": "CA_STANDARD",
        **settings,
        "commonInstanceMetadata": {"kind": "compute#metadata", "fingerprint": token, **common},
    }


def set_common_metadata(call: Call) -> Json:
    """`projects.setCommonInstanceMetadata`.

    Raises:
        ApiError: 400 for keys twice or too much of it, 412 for another token than the current one.
    """
    current = get(call)["commonInstanceMetadata"]["fingerprint"]
    if not same_token(call.body.get("fingerprint"), current):
        raise ApiError(412, "Supplied fingerprint does not match current metadata fingerprint.")
    items = call.body.get("items", [])
    metadata.check(items, "resource")
    return _set(call, {"commonInstanceMetadata": {"items": items} if items else {}})


def set_default_network_tier(call: Call) -> Json:
    """`projects.setDefaultNetworkTier`."""
    return _set(call, {"defaultNetworkTier": call.body.get("networkTier", "PREMIUM")})


def set_cloud_armor_tier(call: Call) -> Json:
    """`projects.setCloudArmorTier`."""
    return _set(call, {"cloudArmorTier": call.body.get("cloudArmorTier", "CA_STANDARD")})


def _set(call: Call, fields: Json) -> Json:
    settings = _settings(call) | fields
    store = call.cloud.store
    store.put("compute", _name(call), settings, type_=_TYPE, project=call.project, system=True)
    return call.start(call.method.verb, f"projects/{call.project}")


METHODS = {
    "projects.get": get,
    "projects.setCommonInstanceMetadata": set_common_metadata,
    "projects.setDefaultNetworkTier": set_default_network_tier,
    "projects.setCloudArmorTier": set_cloud_armor_tier,
}
