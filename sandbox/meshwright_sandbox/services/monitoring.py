"""Cloud Monitoring: dashboards (v1), services, SLOs, alert policies, channels (v3)."""

import copy
import secrets
from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import aborted, invalid
from meshwright_sandbox.core.service import Collection, Reference, Service
from meshwright_sandbox.core.stamps import new_etag, now, numeric_id

Json = dict[str, Any]
_SERVICES = "services"
_SLOS = "services.serviceLevelObjectives"
_POLICIES = "projects.alertPolicies"
_CHANNELS = "projects.notificationChannels"
_DASHBOARDS = "projects.dashboards"


def _with_id(field: str) -> Any:
    """A create handler that makes up the short name when the request has none."""

    def create(call: Call) -> Json:
        made_up = numeric_id(secrets.token_hex(8))
        if field == "name":
            call.sent = {**call.sent, "name": call.sent.get("name") or made_up}
        else:
            call.query[field] = call.query.get(field) or made_up
        return generic.create(call)

    return create


def _dashboard(call: Call, dashboard: Json) -> None:
    dashboard["name"] = call.name
    layouts = ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")
    if sum(layout in dashboard for layout in layouts) > 1:
        raise invalid("Field layout: a dashboard can only have one layout.")


def _check_dashboard(_: Call, dashboard: Json) -> None:
    if not dashboard.get("displayName"):
        raise invalid("Field displayName: a dashboard must have a display name.")


def _update_dashboard(call: Call) -> Json:
    """Dashboards have no mask: the request replaces the whole dashboard."""
    before = call.get()
    sent_etag = call.body.get("etag")
    if sent_etag and sent_etag != before["etag"]:
        raise aborted(f"The etag of {call.name} does not match.")
    after = copy.deepcopy(call.body) | {"name": call.name, "etag": new_etag()}
    _dashboard(call, after)
    _check_dashboard(call, after)
    call.put(call.name, after)
    return call.shown(call.type, after)


def _check_slo(_: Call, slo: Json) -> None:
    goal = slo.get("goal")
    if goal is None or not 0 < goal < 1:
        raise invalid(f"Field goal: must be greater than 0 and less than 1, not {goal}.")
    if ("rollingPeriod" in slo) == ("calendarPeriod" in slo):
        raise invalid("Exactly one of rollingPeriod and calendarPeriod must be set.")


def _policy(call: Call, policy: Json) -> None:
    policy["name"] = call.name
    policy.setdefault("enabled", True)
    record = {"mutateTime": now(), "mutatedBy": "developer@example.com"}
    policy["creationRecord"] = policy["mutationRecord"] = record


def _check_policy(call: Call, policy: Json) -> None:
    if not policy.get("conditions"):
        raise invalid("Field alert_policy.conditions: an alert policy must have a condition.")
    if not policy.get("combiner"):
        raise invalid("Field alert_policy.combiner: the combiner must be set.")
    for condition in policy["conditions"]:
        prefix = f"{call.name}/conditions/"
        if not condition.get("name", "").startswith(prefix):
            condition["name"] = prefix + numeric_id(secrets.token_hex(8))


def _channel(_: Call, channel: Json) -> None:
    channel.setdefault("enabled", True)


def _service(_: Call, service: Json) -> None:
    service.setdefault("telemetry", {})


SERVICE = Service(
    name="monitoring",
    versions={"v1": "monitoring.v1", "v3": "monitoring.v3"},
    proto="google.monitoring",
    not_found="Resource {} could not be found.".format,
    already_exists="Resource {} already exists.".format,
    collections=(
        Collection(_DASHBOARDS, id_from="body:name", defaults=_dashboard, check=_check_dashboard),
        Collection(_SERVICES, defaults=_service),
        Collection(_SLOS, check=_check_slo),
        Collection(
            _POLICIES,
            id_from="body:name",
            references=(
                Reference(
                    "notificationChannels[]",
                    "monitoring",
                    "projects/{project}/notificationChannels/{id}",
                ),
            ),
            defaults=_policy,
            check=_check_policy,
        ),
        Collection(_CHANNELS, id_from="body:name", defaults=_channel),
    ),
    methods={
        f"{_DASHBOARDS}.create": _with_id("name"),
        f"{_DASHBOARDS}.patch": _update_dashboard,
        f"{_SERVICES}.create": _with_id("serviceId"),
        f"{_SLOS}.create": _with_id("serviceLevelObjectiveId"),
        f"{_POLICIES}.create": _with_id("name"),
        f"{_CHANNELS}.create": _with_id("name"),
    },
)
