"""MeshAlerts: when an error budget burns too fast, and who is told."""

import pulumi
import pytest

from meshwright import ArgumentError, MeshAlerts, MeshAlertsArgs
from tests.unit.recording import component_test, record

_SLO = "projects/p1/services/cart/serviceLevelObjectives/cart"
_PAGER = "projects/p1/notificationChannels/9"


def _args(**more: object) -> MeshAlertsArgs:
    return {"project": "p1", "slos": {"cart": _SLO}, **more}  # type: ignore[typeddict-item]


@component_test
def test_an_alert_needs_both_windows_of_its_rate():
    """A long one, so that it matters, and a short one, so that it ends soon."""
    recorder = record()

    alerts = MeshAlerts("shop", _args(prefix="prod"))

    def check(policies):
        assert policies.keys() == {"cart-fast", "cart-medium", "cart-slow"}
        seen = {}
        for policy in recorder.of_type("AlertPolicy"):
            inputs = policy.inputs
            assert inputs["combiner"] == "AND"
            conditions = [c["conditionThreshold"] for c in inputs["conditions"]]
            assert {c["comparison"] for c in conditions} == {"COMPARISON_GT"}
            (rate,) = {c["thresholdValue"] for c in conditions}
            windows = [c["filter"].split('"')[3] for c in conditions]
            assert all(c["filter"].startswith(f'select_slo_burn_rate("{_SLO}"') for c in conditions)
            seen[inputs["displayName"]] = (rate, *windows, inputs["severity"])
        assert seen == {
            "prod-shop-cart-fast": (14.4, "3600s", "300s", "CRITICAL"),
            "prod-shop-cart-medium": (6, "21600s", "1800s", "ERROR"),
            "prod-shop-cart-slow": (3, "86400s", "7200s", "WARNING"),
        }

    return alerts.policies, check


@component_test
def test_the_same_people_are_told_of_every_objective():
    """By mail, through channels made here, and through those that exist."""
    recorder = record()
    slow = {"name": "day", "rate": 2.5, "long_minutes": 720, "short_minutes": 60}

    alerts = MeshAlerts(
        "shop",
        _args(
            slos={"cart": _SLO, "search": _SLO.replace("cart", "search")},
            emails=["sre@example.com"],
            channels=[_PAGER],
            burn_rates=[slow],
            documentation="Runbook",
            labels={"team": "shop"},
        ),
    )

    def check(channels):
        assert channels == ["projects/p1/things/shop-email-0", _PAGER]
        channel = recorder.one("NotificationChannel").inputs
        assert channel["labels"] == {"email_address": "sre@example.com"}
        policies = sorted(recorder.of_type("AlertPolicy"), key=lambda policy: policy.name)
        assert [policy.name for policy in policies] == ["shop-cart-day", "shop-search-day"]
        for policy in policies:
            assert policy.inputs["notificationChannels"] == channels
            assert policy.inputs["documentation"]["content"] == "Runbook"
            assert policy.inputs["userLabels"] == {"team": "shop"}
            assert policy.inputs["severity"] == "CRITICAL"

    return alerts.channels, check


_RATE = {"name": "a", "rate": 2.0, "long_minutes": 60, "short_minutes": 5}


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"slos": {}}, "slos", "is empty"),
        ({"emails": ["sre"]}, "emails[0]", "no e-mail address"),
        ({"emails": ["a@b.cc", "a@b.cc"]}, "emails", "twice"),
        ({"burn_rates": []}, "burn_rates", "is empty"),
        ({"burn_rates": [_RATE, _RATE]}, "burn_rates", "'a'"),
        ({"burn_rates": [{**_RATE, "rate": 1.0}]}, "burn_rates[0].rate", "more than 1"),
        (
            {"burn_rates": [{**_RATE, "short_minutes": 60}]},
            "burn_rates[0].short_minutes",
            "less than long_minutes",
        ),
        (
            {"burn_rates": [{**_RATE, "long_minutes": 5000}]},
            "burn_rates[0].long_minutes",
            "at most 4320",
        ),
        (
            {"burn_rates": [{**_RATE, "severity": "PAGE"}]},
            "burn_rates[0].severity",
            "CRITICAL, ERROR, WARNING",
        ),
        ({"burn_rates": [{"name": "a"}]}, "burn_rates[0].rate", "missing"),
        ({"channels": _PAGER}, "channels", "must be a list"),
    ],
)
def test_wrong_arguments_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshAlerts("shop", _args(**change))

    assert says in dict(raised.value.problems)[path]


@component_test
def test_objectives_that_are_known_later_are_watched_as_well():
    """The names come from other components."""
    recorder = record(preview=True)
    unknown = pulumi.Output.from_input("x").apply(lambda _: pulumi.UNKNOWN)

    MeshAlerts("shop", _args(slos={"cart": unknown}))

    def check(_):
        assert len(recorder.of_type("AlertPolicy")) == 3

    return pulumi.Output.from_input(0), check
