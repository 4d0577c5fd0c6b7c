"""Compute Engine: VPC networking in detail, every other collection as the document describes it."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.labels import WrongLabel, check_labels
from meshwright_sandbox.core.references import by_name
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.stamps import label_fingerprint, same_token
from meshwright_sandbox.services.machines import (
    autoscalers,
    endpoint_groups,
    endpoints,
    groups,
    images,
    members,
    project,
    resource_policies,
    single,
    templates,
)
from meshwright_sandbox.services.vpc import (
    addresses,
    everywhere,
    firewall_policies,
    firewalls,
    forwarding_rules,
    networks,
    places,
    routers,
    security_policies,
    setters,
    sharing,
    vpn,
)

Json = dict[str, Any]


def _before(call: Call) -> None:
    places.require_place(call)
    call.name = by_name(call, call.name)


def _set_labels(call: Call) -> Json:
    before = call.get()
    current = before.get("labelFingerprint") or label_fingerprint(before.get("labels", {}))
    if not same_token(call.body.get("labelFingerprint"), current):
        raise ApiError(412, "Labels fingerprint either invalid or resource labels have changed")
    labels = call.body.get("labels", {})
    check_labels(call, "labels", labels)
    after = before | {"labels": labels, "labelFingerprint": label_fingerprint(labels)}
    if not labels:
        after.pop("labels")
    call.put(call.name, after)
    return call.start("setLabels", before=before)


def _wrong_label(wrong: WrongLabel) -> str:
    start = "start with a lowercase character, can " if wrong.part == "key" else ""
    verb = "must" if start else "can"
    return (
        f"Invalid value for field 'resource.{wrong.field}': ''. Label {wrong.part} '{wrong.text}' "
        f"violates format constraints. The {wrong.part} {verb} {start}only contain lowercase "
        f"letters, numeric characters, underscores and dashes. The {wrong.part} can be at most 63 "
        "characters long. International characters are allowed."
    )


def _check_health_check(_: Call, check: Json) -> None:
    """Its settings are those of its type; as a check this completes what an update leaves out."""
    for field, value in {
        "checkIntervalSec": 5,
        "timeoutSec": 5,
        "healthyThreshold": 2,
        "unhealthyThreshold": 2,
    }.items():
        check.setdefault(field, value)
    kind = check.get("type", "")
    own = kind.replace("_WITH_TLS", "_TLS").replace("_", "").lower() + "healthcheck"
    if own not in {field.lower() for field in check}:
        raise invalid(
            f"Invalid value for field 'resource.type': '{kind}'. Exactly one of the "
            "protocol-specific health check fields must be specified, which must match the type."
        )
    if check["timeoutSec"] > check["checkIntervalSec"]:
        raise invalid(
            f"Invalid value for field 'resource.timeoutSec': '{check['timeoutSec']}'. "
            "It must not be greater than checkIntervalSec."
        )


def _backend_defaults(_: Call, backend: Json) -> None:
    for field, value in {
        "protocol": "HTTP",
        "loadBalancingScheme": "EXTERNAL",
        "sessionAffinity": "NONE",
        "timeoutSec": 30,
        "affinityCookieTtlSec": 0,
    }.items():
        backend.setdefault(field, value)
    backend.setdefault("connectionDraining", {}).setdefault("drainingTimeoutSec", 0)
    if backend["loadBalancingScheme"] != "INTERNAL":
        backend.setdefault("port", 80)
        backend.setdefault("portName", "http")


def _check_backend(call: Call, backend: Json) -> None:
    """What an update leaves out becomes what it is by default; the scheme stays."""
    if call.before:
        backend.setdefault("loadBalancingScheme", call.before["loadBalancingScheme"])
    _backend_defaults(call, backend)


def _backend_health(call: Call) -> Json:
    call.get()
    return {"kind": "compute#backendServiceGroupHealth"}


def _invalidate_cache(call: Call) -> Json:
    """Nothing is cached here, so there is nothing to forget."""
    call.get()
    return call.start("invalidateCache")


SERVICE = Service(
    name="compute",
    versions={"v1": "compute.v1", "beta": "compute.beta", "alpha": "compute.alpha"},
    proto="google.cloud.compute",
    style="legacy",
    operations="compute",
    id_pattern="[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?",
    must_be_enabled=True,
    public_projects=images.PUBLIC_PROJECTS,
    wrong_label=_wrong_label,
    # `view` is documented in alpha only, gcloud sends `returnPartialSuccess` with every list, the
    # official provider sends the others with the insert or addRule of what they name.
    extra_parameters=frozenset(
        {"view", "returnPartialSuccess", "priority", "networkEdgeSecurityService"}
    ),
    name_field="short",
    not_found="The resource '{}' was not found".format,
    already_exists="The resource '{}' already exists".format,
    extra_fields={
        # The official provider sends it with every routing mode; it only means "unset the field".
        "NetworkRoutingConfig": {
            "deleteBgpAlwaysCompareMed": {"type": "boolean", "readOnly": True},
        },
        # In the beta API's document only, which the official provider takes for that of v1.
        "FirewallPolicyRuleMatcher": {
            "srcNetworkScope": {"type": "string"},
            "destNetworkScope": {"type": "string"},
        },
        # The official provider sends it with every snapshot of a zone's disk.
        "Snapshot": {"zone": {"type": "string", "readOnly": True}},
        # In the beta API's document only, whose fields the official provider always sends.
        "InstanceGroupManagerUpdatePolicy": {"minReadySec": {"type": "integer"}},
        # Documented as an output, but every client sets it when it makes a group.
        "InstanceGroupManager": {"namedPorts": {"type": "array", "items": {"$ref": "NamedPort"}}},
    },
    before=_before,
    works=single.WORKS,
    seed=networks.seed,
    collections=(
        *networks.COLLECTIONS,
        *routers.COLLECTIONS,
        *firewalls.COLLECTIONS,
        *addresses.COLLECTIONS,
        *forwarding_rules.COLLECTIONS,
        *vpn.COLLECTIONS,
        *templates.COLLECTIONS,
        *groups.COLLECTIONS,
        *members.COLLECTIONS,
        *single.COLLECTIONS,
        *autoscalers.COLLECTIONS,
        *endpoint_groups.COLLECTIONS,
        *security_policies.COLLECTIONS,
        *firewall_policies.COLLECTIONS,
        Collection("healthChecks", check=_check_health_check),
        Collection("regionHealthChecks", check=_check_health_check),
        Collection("backendServices", check=_check_backend),
        Collection("regionBackendServices", check=_check_backend),
    ),
    methods={
        **networks.METHODS,
        **routers.METHODS,
        **security_policies.METHODS,
        **firewall_policies.METHODS,
        **setters.METHODS,
        **sharing.METHODS,
        **templates.METHODS,
        **endpoints.METHODS,
        **groups.METHODS,
        **members.METHODS,
        **project.METHODS,
        **resource_policies.METHODS,
        **single.METHODS,
        **autoscalers.METHODS,
        **everywhere.METHODS,
        "*.setLabels": _set_labels,
        "backendServices.getHealth": _backend_health,
        "regionBackendServices.getHealth": _backend_health,
        "urlMaps.invalidateCache": _invalidate_cache,
        "regions.get": places.get_place,
        "regions.list": places.list_places,
        "zones.get": places.get_place,
        "zones.list": places.list_places,
    },
)
