"""Features of a fleet: which may be enabled, their per-membership specs and states."""

from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid, precondition
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.hub import memberships, mesh, roles
from meshwright_sandbox.services.hub.names import HUB, MESH_FEATURE, by_id, by_number

Json = dict[str, Any]
# Feature -> API that must be enabled in the fleet's project first.
_APIS = {
    "servicemesh": "mesh",
    "multiclusterservicediscovery": "multiclusterservicediscovery",
    "multiclusteringress": "multiclusteringress",
    "configmanagement": "anthosconfigmanagement",
    "policycontroller": "anthospolicycontroller",
    "identityservice": "anthosidentityservice",
    "fleetobservability": "gkehub",
    "clusterupgrade": "gkehub",
    "dataplanev2": "gkehub",
    "rbacrolebindingactuation": "gkehub",
    "workloadidentity": "gkehub",
}


def complete(call: Call, feature: Json) -> None:
    """`Collection.defaults` of features.

    Raises:
        ApiError: 400 for an unknown feature, or one whose API is not enabled.
    """
    short = call.name.rpartition("/")[2]
    if short not in _APIS:
        raise invalid(f'InvalidValueError for field feature_id: "{short}" is not a known Feature.')
    if call.location != "global":
        raise invalid("InvalidValueError for field parent: Features are global resources.")
    api = f"{_APIS[short]}.googleapis.com"
    if api not in call.cloud.projects.enabled(call.project):
        raise precondition(
            f'The API "{api}" must be enabled in project "{call.project}" before the Feature '
            f'"{short}" can be created.'
        )
    memberships.ensure_fleet(call.cloud, call.project)
    feature["_name"] = call.name
    feature["_since"] = now()


def check(call: Call, feature: Json) -> None:
    """`Collection.check`: what the specs name must exist; starts the work that follows."""
    config = feature.get("spec", {}).get("multiclusteringress", {}).get("configMembership")
    if config:
        memberships.existing(call.cloud, config)
    before: Json = (call.before or {}).get("membershipSpecs", {})
    after: Json = feature.get("membershipSpecs", {})
    for key in sorted({*before, *after}):
        if key in after:
            memberships.existing(call.cloud, key)
        if before.get(key, {}).get("mesh") != after.get(key, {}).get("mesh"):
            _remesh(call, by_id(call.cloud, key))


def _remesh(call: Call, membership: str) -> None:
    document = call.cloud.store.get(HUB, membership)
    if document is not None:
        document.pop("_mesh", None)
        call.cloud.store.put(HUB, membership, document)
        mesh.schedule(call.cloud, membership)


def with_numbers(call: Call) -> None:
    """Write the keys of a request's specs the way they are stored and answered."""
    specs = call.body.get("membershipSpecs")
    if specs:
        call.body["membershipSpecs"] = {
            by_number(call.cloud, key): _with_origin(spec) if spec else spec
            for key, spec in specs.items()
            if _name(call, key)
        }


def _with_origin(spec: Json) -> Json:
    return {"origin": {"type": "USER"}} | spec


def _name(call: Call, key: str) -> str:
    parts = key.split("/")
    if len(parts) != 6 or parts[::2] != ["projects", "locations", "memberships"]:
        raise invalid(
            f'InvalidValueError for field membership_specs["{key}"]: the key must have the form '
            "projects/{p}/locations/{l}/memberships/{m}."
        )
    return key


def create(call: Call) -> Json:
    """`features.create`."""
    with_numbers(call)
    return generic.create(call)


def patch(call: Call) -> Json:
    """`features.patch`: a spec that is empty removes the membership's entry."""
    with_numbers(call)
    return generic.update(call)


def stop(work: Any) -> None:
    """`Collection.delete_work`: what the feature did on the members ends with it."""
    roles.feature_gone(work)
    feature = work.resource
    specs = feature.get("membershipSpecs", {})
    work.save(membershipSpecs={})
    for key in specs:
        mesh.reconcile(work.cloud, by_id(work.cloud, key))


def view(call: Call, feature: Json) -> None:
    """Add the states of the moment."""
    name: str = feature["_name"]
    running = call.cloud.store.unfinished(HUB, name)
    verbs = {operation["verb"] for operation in running}
    states = {"create": "ENABLING", "delete": "DISABLING", "update": "UPDATING"}
    code = next((states[verb] for verb in states if verb in verbs), "ACTIVE")
    feature["resourceState"] = {"state": code}
    feature["spec"] = feature.get("spec", {})
    feature["state"] = {"state": {"code": "OK", "updateTime": feature["_since"]}}
    if name.endswith(f"/{MESH_FEATURE}"):
        feature["membershipStates"] = {
            key: mesh.state(call.cloud.store.get(HUB, by_id(call.cloud, key)) or {}, spec)
            for key, spec in feature.get("membershipSpecs", {}).items()
        }
