"""TrafficRoute: weights, retries and time-outs on Istio, and which weights are refused."""

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshwright import ArgumentError, TrafficRoute, TrafficRouteArgs
from meshwright.traffic import _checked_weights, _weight_problems
from tests.unit.recording import component_test, record

_HOST = "checkout.shop.svc.cluster.local"


def _args(**more: object) -> TrafficRouteArgs:
    base = {
        "namespace": "shop",
        "service": "checkout",
        "versions": [{"name": "v1"}, {"name": "v2"}],
        "weights": {"v1": 90, "v2": 10},
    }
    return {**base, **more}  # type: ignore[typeddict-item]


def _destination(version: str) -> dict[str, object]:
    return {"host": _HOST, "subset": version}


@component_test
def test_a_canary_is_subsets_and_shares():
    """The subsets stand before the shares that name them."""
    recorder = record()

    route = TrafficRoute("checkout", _args())

    def check(values):
        assert values == [_HOST, {"v1": 90, "v2": 10}]
        subsets = recorder.one("DestinationRule").inputs
        assert subsets["metadata"] == {"name": "checkout", "namespace": "shop"}
        assert subsets["spec"] == {
            "host": _HOST,
            "subsets": [
                {"name": "v1", "labels": {"version": "v1"}},
                {"name": "v2", "labels": {"version": "v2"}},
            ],
        }
        shares = recorder.one("VirtualService")
        assert shares.inputs["spec"] == {
            "hosts": [_HOST],
            "gateways": ["mesh"],
            "http": [
                {
                    "route": [
                        {"destination": _destination("v1"), "weight": 90},
                        {"destination": _destination("v2"), "weight": 10},
                    ]
                }
            ],
        }
        assert "checkout-subsets" in shares.depends_on

    return pulumi.Output.all(route.host, route.weights), check


@component_test
def test_a_change_of_weights_leaves_the_subsets_alone():
    """A canary's step is one update of one object."""
    recorder = record()

    before = TrafficRoute("before", _args(route="checkout"))
    after = TrafficRoute("after", _args(route="checkout", weights={"v1": 50, "v2": 50}))

    def check(_):
        first = recorder.one("DestinationRule", "before-subsets").inputs
        assert recorder.one("DestinationRule", "after-subsets").inputs == first

    return pulumi.Output.all(before.weights, after.weights), check


@component_test
def test_gateways_timeouts_and_retries_are_rendered():
    """Everything optional at once."""
    recorder = record()

    route = TrafficRoute(
        "checkout",
        _args(
            versions=[{"name": "v1", "labels": {"track": "stable"}}],
            weights={"v1": 100},
            hosts=["shop.example.com"],
            gateways=["gw/public"],
            port=8080,
            timeout="10s",
            retry={"attempts": 2, "per_try_timeout": "2s", "retry_on": "5xx"},
            revision="asm-managed",
        ),
    )

    def check(_):
        shares = recorder.one("VirtualService").inputs
        assert shares["metadata"]["annotations"] == {"meshwright/mesh-revision": "asm-managed"}
        spec = shares["spec"]
        assert spec["hosts"] == [_HOST, "shop.example.com"]
        assert spec["gateways"] == ["mesh", "gw/public"]
        (rule,) = spec["http"]
        assert rule["timeout"] == "10s"
        assert rule["retries"] == {"attempts": 2, "retryOn": "5xx", "perTryTimeout": "2s"}
        assert rule["route"][0]["destination"]["port"] == {"number": 8080}
        subsets = recorder.one("DestinationRule").inputs["spec"]["subsets"]
        assert subsets == [{"name": "v1", "labels": {"track": "stable"}}]

    return route.weights, check


@component_test
def test_weights_known_later_are_checked_then():
    """Outputs that add up pass."""
    record()
    later = pulumi.Output.from_input(10)

    route = TrafficRoute("checkout", _args(weights={"v1": 90, "v2": later}))

    def check(weights):
        assert weights == {"v1": 90, "v2": 10}

    return route.weights, check


def test_weights_known_later_that_do_not_add_up_end_the_update():
    """The same error as for known ones, only later."""
    with pytest.raises(ArgumentError, match="add up to 110"):
        _checked_weights("checkout", {"v1": 90, "v2": 20})


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"weights": {"v1": 90, "v2": 9}}, "weights", "add up to 99"),
        ({"weights": {"v1": 100, "v2": 1}}, "weights", "add up to 101"),
        ({"weights": {}}, "weights", "add up to 0"),
        ({"weights": {"v1": 110, "v2": -10}}, "weights.v2", "from 0 to 100"),
        ({"weights": {"v1": "50", "v2": 50}}, "weights.v1", "a whole number"),
        ({"weights": {"v1": 50.5, "v2": 49.5}}, "weights.v1", "a whole number"),
        ({"weights": {"v1": float("nan"), "v2": 10}}, "weights.v1", "a whole number"),
        ({"weights": {"v1": 90, "v3": 10}}, "weights.v3", "one of v1, v2"),
        ({"versions": []}, "versions", "at least one"),
        ({"versions": [{"name": "v1"}, {"name": "v1"}]}, "versions", "'v1'"),
        ({"hosts": ["shop.example.com"]}, "gateways", "go together"),
        ({"gateways": ["gw/public"]}, "hosts", "go together"),
        ({"timeout": "10"}, "timeout", "`2s`"),
        ({"retry": {"attempts": 1, "per_try_timeout": "x"}}, "retry.per_try_timeout", "'x'"),
        ({"retry": {}}, "retry.attempts", "missing"),
    ],
)
def test_wrong_routes_are_refused(change, path, says):
    """The error names the argument and its mend, and nothing is registered."""
    recorder = record()

    with pytest.raises(ArgumentError) as raised:
        TrafficRoute("checkout", _args(**change))

    assert says in dict(raised.value.problems)[path]
    assert recorder.of_type("TrafficRoute") == []


@given(st.dictionaries(st.sampled_from(["v1", "v2", "v3"]), st.integers(-5, 105), min_size=1))
def test_weights_pass_exactly_when_they_are_shares_of_100(weights):
    """The rule, stated once more in other words."""
    lawful = all(0 <= weight <= 100 for weight in weights.values()) and sum(weights.values()) == 100

    assert (list(_weight_problems(weights)) == []) is lawful
