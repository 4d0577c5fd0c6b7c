"""Alerts on how fast error budgets burn, by several windows, and who is told.

Follows https://sre.google/workbook/alerting-on-slos (multiwindow, multi-burn-rate) and
https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/create-policy-api.
"""

import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._names import DASHBOARD, physical_name
from ._outputs import outputs_of
from ._validation import checked, duplicates, one_of

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SEVERITIES = ("CRITICAL", "ERROR", "WARNING")
_LONGEST_MINUTES = 3 * 24 * 60


class BurnRateArgs(TypedDict):
    """When an alert fires: the budget burns faster than `rate` in both windows."""

    name: str
    """Name, unique among the rates."""
    rate: float
    """How many times faster than the objective allows."""
    long_minutes: int
    """Window that shows that it matters, minutes; at most 4320."""
    short_minutes: int
    """Window that shows that it still goes on, minutes; shorter."""
    severity: NotRequired[str]
    """`CRITICAL`, `ERROR` or `WARNING`. Default: `CRITICAL`."""


# Google's SRE workbook, for 30 days: 2% of the budget in an hour, 5% in six hours, 10% in a day.
_RATES: list[BurnRateArgs] = [
    {"name": "fast", "rate": 14.4, "long_minutes": 60, "short_minutes": 5},
    {"name": "medium", "rate": 6.0, "long_minutes": 360, "short_minutes": 30, "severity": "ERROR"},
    {"name": "slow", "rate": 3.0, "long_minutes": 1440, "short_minutes": 120,
     "severity": "WARNING"},
]  # fmt: skip


class MeshAlertsArgs(TypedDict):
    """What MeshAlerts are made from."""

    project: pulumi.Input[str]
    """Id of the project of the objectives."""
    slos: dict[str, pulumi.Input[str]]
    """MeshSlo.slo_id by a short name for its alerts, at least one."""
    emails: NotRequired[list[str]]
    """Addresses that are told by mail. Default: none."""
    channels: NotRequired[list[pulumi.Input[str]]]
    """Names of notification channels that exist, `projects/P/notificationChannels/C`, such as a
    pager's. Default: none; without any, alerts are only shown in the console."""
    burn_rates: NotRequired[list[BurnRateArgs]]
    """When alerts fire. Default: 14.4 times too fast for an hour and the last five minutes
    (critical), 6 times for six hours and thirty minutes (error), 3 times for a day and two hours
    (warning)."""
    documentation: NotRequired[pulumi.Input[str]]
    """Markdown that an alert carries, such as where the runbook is. Default: what burns."""
    prefix: NotRequired[str]
    """Put before every title, joined by `-`. Default: none."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of policies and channels. Default: none."""


class MeshAlerts(pulumi.ComponentResource):
    """Alert policies: for each objective, one for each burn rate, told to the same people.

    An alert fires when the error budget burns too fast over a long window, so that it matters, and
    still does over a short one, so that it ends soon after the cause has ended. Raises
    ArgumentError for no objective, a long window that is not the longer one, and malformed
    addresses.
    """

    policies: pulumi.Output[dict[str, str]]
    """Names of the alert policies, by `SLO-RATE`."""
    channels: pulumi.Output[list[str]]
    """Names of all notification channels, those made here first."""

    def __init__(
        self, name: str, args: MeshAlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("MeshAlerts", name, args, MeshAlertsArgs, _problems)
        rates = args.get("burn_rates", _RATES)
        titles = {
            (slo, rate["name"]): physical_name(
                "MeshAlerts", DASHBOARD, args.get("prefix"), name, slo, rate["name"]
            )
            for slo in args["slos"]
            for rate in rates
        }
        super().__init__("meshwright:index:MeshAlerts", name, {}, opts)
        made = [
            gcp.monitoring.NotificationChannel(
                f"{name}-email-{index}",
                project=args["project"],
                type="email",
                display_name=email,
                labels={"email_address": email},
                user_labels=args.get("labels"),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for index, email in enumerate(args.get("emails", []))
        ]
        told = [*(channel.name for channel in made), *args.get("channels", [])]
        policies = {
            f"{slo}-{rate['name']}": gcp.monitoring.AlertPolicy(
                f"{name}-{slo}-{rate['name']}",
                project=args["project"],
                display_name=titles[slo, rate["name"]],
                combiner="AND",
                severity=rate.get("severity", "CRITICAL"),
                conditions=[
                    _condition(objective, rate["rate"], rate["long_minutes"]),
                    _condition(objective, rate["rate"], rate["short_minutes"]),
                ],
                notification_channels=told,
                documentation={
                    "content": args.get("documentation", _words(slo, rate)),
                    "mime_type": "text/markdown",
                },
                user_labels=args.get("labels"),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for slo, objective in args["slos"].items()
            for rate in rates
        }
        self.policies = pulumi.Output.all(**{key: made.name for key, made in policies.items()})
        self.channels = pulumi.Output.all(*told)
        self.register_outputs(outputs_of(self))


def _condition(
    slo: pulumi.Input[str], rate: float, minutes: int
) -> "gcp.monitoring.AlertPolicyConditionArgsDict":
    """The budget of an objective burns faster than `rate` over a window."""
    selected = pulumi.Output.concat('select_slo_burn_rate("', slo, f'", "{int(minutes) * 60}s")')
    return {
        "display_name": f"burns {rate:g} times too fast over {int(minutes)} minutes",
        "condition_threshold": {
            "filter": selected,
            "comparison": "COMPARISON_GT",
            "threshold_value": rate,
            "duration": "0s",
            "trigger": {"count": 1},
        },
    }


def _words(slo: str, rate: BurnRateArgs) -> str:
    return (
        f"The error budget of `{slo}` burns {rate['rate']:g} times faster than its objective "
        f"allows: over the last {int(rate['long_minutes'])} minutes, and still over the last "
        f"{int(rate['short_minutes'])}. The mesh's dashboard shows which version and which callers."
    )


def _problems(args: MeshAlertsArgs) -> Iterator[tuple[str, str]]:
    if not args["slos"]:
        yield "slos", "is empty; name at least one objective"
    for index, email in enumerate(args.get("emails", [])):
        if not _EMAIL.fullmatch(email):
            yield f"emails[{index}]", "is no e-mail address"
    for email in duplicates(args.get("emails", [])):
        yield "emails", f"{email!r} stands there twice"
    rates = args.get("burn_rates", _RATES)
    if not rates:
        yield "burn_rates", "is empty; leave it out for the usual ones"
    for name in duplicates(rate["name"] for rate in rates):
        yield "burn_rates", f"two are named {name!r}; names are unique"
    for index, rate in enumerate(rates):
        path = f"burn_rates[{index}]"
        yield from one_of(f"{path}.severity", rate.get("severity"), _SEVERITIES)
        if rate["rate"] <= 1:
            yield f"{path}.rate", f"{rate['rate']:g} is what the objective allows; more than 1"
        if not 1 <= rate["short_minutes"] < rate["long_minutes"]:
            yield f"{path}.short_minutes", "must be at least 1 and less than long_minutes"
        if rate["long_minutes"] > _LONGEST_MINUTES:
            yield f"{path}.long_minutes", f"must be at most {_LONGEST_MINUTES}"
