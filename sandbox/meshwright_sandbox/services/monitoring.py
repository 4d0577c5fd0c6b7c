"""Cloud Monitoring: dashboards (v1), services, SLOs, alert policies, channels (v3)."""

import copy
import re
import secrets
from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, aborted, invalid
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.schema import snake_case
from meshwright_sandbox.core.service import Collection, Reference, Service
from meshwright_sandbox.core.stamps import new_etag, now, numeric_id, same_token
from meshwright_sandbox.services.descriptors import metrics, resources

Json = dict[str, Any]
_SERVICES = "services"
_SLOS = "services.serviceLevelObjectives"
_POLICIES = "projects.alertPolicies"
_CHANNELS = "projects.notificationChannels"
_DASHBOARDS = "projects.dashboards"
_UPTIME_CHECKS = "projects.uptimeCheckConfigs"
_GROUPS = "projects.groups"
_MINUTE = 60
_DAY = 24 * 60 * 60
_HIGHEST_GOAL = 0.9999
_SLO_OF_FILTER = re.compile(r'select_slo_\w+\(\s*"?([^",)]+)')
_UPTIME_TARGETS = ("monitoredResource", "resourceGroup", "syntheticMonitor")
# What a channel of these types must say, by its label.
_CHANNEL_LABELS = {"email": "email_address", "pubsub": "topic", "sms": "number"}


def _made_up() -> str:
    return numeric_id(secrets.token_hex(8))


def _with_id(parameter: str) -> Any:
    """A create handler that makes up the short name when the query has none."""

    def create(call: Call) -> Json:
        call.query[parameter] = call.query.get(parameter) or _made_up()
        return generic.create(call)

    return create


def _create_named(call: Call, name: str = "") -> Json:
    """Create under this name, or one of the cloud's; the request's own is not looked at here."""
    call.sent = {**call.sent, "name": name or _made_up()}
    return generic.create(call)


def _dashboard(call: Call, dashboard: Json) -> None:
    dashboard["name"] = call.name
    layouts = ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")
    if sum(layout in dashboard for layout in layouts) > 1:
        raise invalid("Field layout: a dashboard can only have one layout.")


def _check_dashboard(_: Call, dashboard: Json) -> None:
    if not dashboard.get("displayName"):
        raise invalid("Field displayName: a dashboard must have a display name.")


def _create_dashboard(call: Call) -> Json:
    """A dashboard is kept as it was sent: an empty object in it is a widget without options."""
    sent = copy.deepcopy(call.body)
    made = _create_named(call, str(call.sent.get("name") or ""))
    call.put(call.name, {**made, **sent, "name": call.name})
    return call.shown(call.type, call.get())


def _update_dashboard(call: Call) -> Json:
    """Dashboards have no mask: the request replaces the whole dashboard."""
    before = call.get()
    sent_etag = call.body.get("etag")
    if sent_etag and not same_token(sent_etag, before["etag"]):
        raise aborted(f"The etag of {call.name} does not match.")
    after = copy.deepcopy(call.body) | {"name": call.name, "etag": new_etag()}
    _dashboard(call, after)
    _check_dashboard(call, after)
    call.put(call.name, after)
    return call.shown(call.type, after)


def _check_slo(_: Call, slo: Json) -> None:
    goal = slo.get("goal")
    if goal is None or not 0 < goal <= _HIGHEST_GOAL:
        raise invalid(f"Field goal: must be greater than 0 and at most {_HIGHEST_GOAL}: {goal}.")
    if not slo.get("serviceLevelIndicator"):
        raise invalid("Field service_level_indicator: must be set.")
    if ("rollingPeriod" in slo) == ("calendarPeriod" in slo):
        raise invalid("Exactly one of rollingPeriod and calendarPeriod must be set.")
    seconds = float(slo.get("rollingPeriod", f"{_DAY}s").removesuffix("s"))
    if seconds % _DAY or not _DAY <= seconds <= 30 * _DAY:
        raise invalid("Field rolling_period: must be a whole number of days, 1 to 30.")


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
        _check_duration(condition)
        _require_slo(call, condition.get("conditionThreshold", {}).get("filter", ""))
        prefix = f"{call.name}/conditions/"
        if not condition.get("name", "").startswith(prefix):
            condition["name"] = prefix + _made_up()


def _check_duration(condition: Json) -> None:
    for kind in ("conditionThreshold", "conditionAbsent"):
        duration = condition.get(kind, {}).get("duration", "0s")
        if float(duration.removesuffix("s")) % _MINUTE:
            raise invalid(
                f"Field alert_policy.conditions.{snake_case(kind)}.duration had an invalid value "
                f'of "{duration}": must be a multiple of a minute.'
            )


def _require_slo(call: Call, filter_: str) -> None:
    """A condition on an objective's burn rate names one that exists."""
    match = _SLO_OF_FILTER.match(filter_)
    name = resource_name(call, match[1]) if match else None
    if match and (name is None or call.cloud.store.get("monitoring", name) is None):
        raise ApiError(404, call.service.not_found(match[1]), refusal="reference")


def _channel(_: Call, channel: Json) -> None:
    channel.setdefault("enabled", True)


def _check_channel(_: Call, channel: Json) -> None:
    if not channel.get("type"):
        raise invalid("Field notification_channel.type: must be set.")
    wanted = _CHANNEL_LABELS.get(channel["type"])
    if wanted and not channel.get("labels", {}).get(wanted):
        raise invalid(f'Field notification_channel.labels: must have "{wanted}".')


def _delete_channel(call: Call) -> Json:
    """By force, a channel is also taken out of the alert policies that notify it."""
    users = call.cloud.store.users("monitoring", call.name)
    if call.query.get("force") == "true":
        for _, name in users:
            policy = call.get(name)
            policy["notificationChannels"].remove(call.name)
            call.cloud.store.put("monitoring", name, policy)
            kept = {("monitoring", channel): True for channel in policy["notificationChannels"]}
            call.cloud.store.set_uses("monitoring", name, kept)
    return generic.delete(call)


def _check_uptime(_: Call, check: Json) -> None:
    if not check.get("displayName"):
        raise invalid("Field uptime_check_config.display_name: must be set.")
    if not any(kind in check for kind in _UPTIME_TARGETS):
        raise invalid("Field uptime_check_config.resource: must be set.")


def _service(_: Call, service: Json) -> None:
    service.setdefault("telemetry", {})


SERVICE = Service(
    name="monitoring",
    versions={"v1": "monitoring.v1", "v3": "monitoring.v3"},
    proto="google.monitoring",
    not_found="Resource {} could not be found.".format,
    already_exists="Resource {} already exists.".format,
    collections=(
        Collection(
            _DASHBOARDS,
            id_from="body:name",
            id_pattern=r"[\w.~-]+",
            defaults=_dashboard,
            check=_check_dashboard,
            labels=(),
        ),
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
        Collection(
            _CHANNELS,
            id_from="body:name",
            defaults=_channel,
            check=_check_channel,
            labels=("userLabels",),
        ),
        Collection(_UPTIME_CHECKS, id_from="body:name", check=_check_uptime),
        Collection(_GROUPS, id_from="body:name"),
    ),
    methods={
        **metrics.METHODS,
        **resources.METHODS,
        f"{_DASHBOARDS}.create": _create_dashboard,
        f"{_DASHBOARDS}.patch": _update_dashboard,
        f"{_SERVICES}.create": _with_id("serviceId"),
        f"{_SLOS}.create": _with_id("serviceLevelObjectiveId"),
        f"{_POLICIES}.create": _create_named,
        f"{_CHANNELS}.create": _create_named,
        f"{_CHANNELS}.delete": _delete_channel,
        f"{_UPTIME_CHECKS}.create": _create_named,
        f"{_GROUPS}.create": _create_named,
    },
)
