"""The v2 view of a feature: one membership's spec and state as a resource of its own.

`gcloud container fleet mesh update` writes through it. What it shows is the same as
`membershipSpecs` and `membershipStates` of the v1 feature, which are what is stored.
"""

import copy
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.services.hub import features, mesh
from meshwright_sandbox.services.hub.names import (
    FEATURES,
    HUB,
    MEMBERSHIPS,
    MESH_FEATURE,
    by_number,
    feature_name,
)

Json = dict[str, Any]
TYPE = f"{MEMBERSHIPS}.features"


def _parts(call: Call) -> tuple[str, str]:
    """(membership, v1 feature) that a call is about; both must exist.

    Raises:
        ApiError: 404 for an absent one, 400 for a feature that the sandbox knows only in v1.
    """
    membership, _, rest = call.name.partition("/features")
    if rest and rest != f"/{MESH_FEATURE}":
        raise invalid(f"The sandbox serves only {MESH_FEATURE} in v2, not '{rest[1:]}'.")
    feature = feature_name(call.project, MESH_FEATURE)
    for name in (membership, feature):
        if call.cloud.store.get(HUB, name) is None:
            raise ApiError(404, call.service.not_found(name), refusal="reference")
    return membership, feature


def _shown(call: Call, membership: str, feature: str) -> Json | None:
    document = call.get(feature)
    spec = document.get("membershipSpecs", {}).get(by_number(call.cloud, membership))
    if spec is None:
        return None
    rest = {key: value for key, value in spec.items() if key != "mesh"}
    return {
        "name": f"{membership}/features/{MESH_FEATURE}",
        "spec": rest | {"servicemesh": spec.get("mesh", {})},
        "state": mesh.state(call.get(membership), spec),
        "lifecycleState": {"state": "ACTIVE"},
    }


def get(call: Call) -> Json:
    """`memberships.features.get`."""
    shown = _shown(call, *_parts(call))
    if shown is None:
        raise ApiError(404, call.service.not_found(call.name))
    return shown


def list_(call: Call) -> Json:
    """`memberships.features.list`."""
    shown = _shown(call, *_parts(call))
    return {"membershipFeatures": [shown]} if shown else {}


def patch(call: Call) -> Json:
    """`memberships.features.patch` and `create`: sets the membership's spec."""
    sent: Json = call.body.get("spec", {})
    spec: Json = {"origin": {"type": "USER"}}
    if "servicemesh" in sent:
        spec["mesh"] = sent["servicemesh"]
    return _write(call, spec, "update")


def delete(call: Call) -> Json:
    """`memberships.features.delete`: removes the membership's spec."""
    return _write(call, None, "delete")


def _write(call: Call, spec: Json | None, verb: str) -> Json:
    membership, feature = _parts(call)
    before = call.get(feature)
    after = copy.deepcopy(before)
    specs = after.setdefault("membershipSpecs", {})
    key = by_number(call.cloud, membership)
    if spec is None:
        specs.pop(key, None)
    else:
        specs[key] = spec
    call.before = before
    features.check(call, after)
    call.cloud.store.put(HUB, feature, after)
    message = "Empty" if spec is None else "MembershipFeature"
    package = "google.protobuf" if spec is None else "google.cloud.gkehub.v2"
    answer = {"@type": f"type.googleapis.com/{package}.{message}"}
    shown = _shown(call, membership, feature) if spec is not None else None
    return call.start(
        "update",
        feature,
        type_=FEATURES,
        before=before,
        response=answer | (shown or {}),
        metadata={"verb": verb},
    )
