"""Pods that keep failing are left out, and calls leave a region that does not answer."""

from typing import Any

import pytest

from meshwright import ArgumentError, TrafficRoute
from tests.unit.routes import arguments, made


def specs(**more: Any) -> dict[str, Any]:
    """What a route makes, by kind."""
    registered = made(arguments("istio", **more)).registrations
    return {r.type.rsplit(":", 1)[-1]: r.inputs["spec"] for r in registered if "spec" in r.inputs}


def test_it_is_off_unless_asked_for():
    assert "trafficPolicy" not in specs()["DestinationRule"]


def test_nothing_said_about_it_is_istios_own_numbers_for_all_pods():
    """But for the share: Istio would leave a tenth of the pods out at most, and stay."""
    assert specs(outlier_detection={})["DestinationRule"]["trafficPolicy"] == {
        "outlierDetection": {
            "consecutive5xxErrors": 5,
            "interval": "10s",
            "baseEjectionTime": "30s",
            "maxEjectionPercent": 100,
        }
    }


def test_it_goes_with_callers_that_stick_to_a_pod():
    policy = specs(
        sticky={"header": "x-user"},
        outlier_detection={"consecutive_5xx_errors": 2, "max_ejection_percent": 50},
    )["DestinationRule"]["trafficPolicy"]
    assert policy["loadBalancer"] == {"consistentHash": {"httpHeaderName": "x-user"}}
    assert policy["outlierDetection"]["consecutive5xxErrors"] == 2
    assert policy["outlierDetection"]["maxEjectionPercent"] == 50


@pytest.mark.parametrize(("attempts", "said"), [(2, True), (0, False)])
def test_a_call_may_be_tried_again_in_another_region(attempts: int, said: bool):
    """Where retries are off there is nothing to say."""
    rules = specs(retry={"attempts": attempts, "remote_localities": True})["VirtualService"]["http"]
    assert {rule["retries"].get("retryRemoteLocalities", False) for rule in rules} == {said}


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("consecutive_5xx_errors", 0, "from 1 to 1000"),
        ("max_ejection_percent", 101, "from 1 to 100"),
        ("max_ejection_percent", 0, "from 1 to 100"),
        ("interval", "10", "is not a duration"),
        ("base_ejection_time", "soon", "is not a duration"),
        ("intervall", "1s", "did you mean `interval`"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(field: str, value: object, text: str):
    with pytest.raises(ArgumentError) as refused:
        TrafficRoute("checkout", arguments("istio", outlier_detection={field: value}))
    assert f"outlier_detection.{field}" in str(refused.value)
    assert text in str(refused.value)
