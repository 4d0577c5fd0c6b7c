"""TrafficRoute on Istio."""

import re

import pulumi
import pytest

from meshwright import ArgumentError, TrafficRoute, TrafficRouteArgs
from tests.unit.recording import component_test, record
from tests.unit.routes import arguments, made

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


def test_active_gives_one_version_every_call():
    """Blue/green: the switch changes the shares, never the subsets."""
    before, after = made(arguments(active="v1")), made(arguments(active="v2"))

    (rule,) = after.one("VirtualService").inputs["spec"]["http"]
    assert rule["route"] == [{"destination": _destination("v2"), "weight": 100}]
    assert before.one("DestinationRule").inputs == after.one("DestinationRule").inputs


def test_a_match_comes_before_the_shares():
    """An A/B test: by headers, all of them, or by a cookie among others."""
    matches = [
        {"version": "v2", "headers": {"X-Group": "b", "x-beta": "1"}},
        {"version": "v1", "cookie": {"name": "group", "value": "a.b"}},
    ]

    rules = made(arguments(matches=matches)).one("VirtualService").inputs["spec"]["http"]

    assert rules[0]["match"] == [{"headers": {"x-group": {"exact": "b"}, "x-beta": {"exact": "1"}}}]
    assert rules[0]["route"] == [{"destination": _destination("v2"), "weight": 100}]
    pattern = rules[1]["match"][0]["headers"]["cookie"]["regex"]
    assert re.fullmatch(pattern, "group=a.b")
    assert re.fullmatch(pattern, "first=1; group=a.b; last=2")
    assert not re.fullmatch(pattern, "group=axb")
    assert not re.fullmatch(pattern, "subgroup=a.b")
    assert not re.fullmatch(pattern, "group=a.bc")
    assert "match" not in rules[2]
    assert [share["weight"] for share in rules[2]["route"]] == [90, 10]


def test_callers_stay_with_their_version_while_weights_move():
    """The draw is told by a cookie; a version without a share keeps nobody."""
    sticky = {"to": "version", "cookie": "shop", "ttl": "1h"}
    versions = [{"name": "v1"}, {"name": "v2"}, {"name": "v3"}]
    weights = {"v1": 90, "v2": 10, "v3": 0}

    args = arguments(sticky=sticky, versions=versions, weights=weights)
    recorder = made(args)

    *kept, drawn = recorder.one("VirtualService").inputs["spec"]["http"]
    cookies = [
        share["headers"]["response"]["add"]["set-cookie"].split("; ") for share in drawn["route"]
    ]
    assert [cookie[0] for cookie in cookies] == ["shop=v1", "shop=v2", "shop=v3"]
    assert {"Path=/", "Max-Age=3600"} <= set(cookies[0])
    assert [rule["route"][0]["destination"]["subset"] for rule in kept] == ["v1", "v2"]
    for rule, cookie in zip(kept, cookies, strict=False):
        assert re.fullmatch(rule["match"][0]["headers"]["cookie"]["regex"], f"a=b; {cookie[0]}")
    assert "trafficPolicy" not in recorder.one("DestinationRule").inputs["spec"]


@pytest.mark.parametrize(("ttl", "life"), [("0s", None), ("1ms", 1), ("1m30s", 90)])
def test_a_cookie_lives_as_long_as_it_is_told_to(ttl, life):
    """0 is the browser's session; an age of 0 would end the cookie at once."""
    sticky = {"to": "version", "cookie": "shop", "ttl": ttl}

    *_, drawn = made(arguments(sticky=sticky)).one("VirtualService").inputs["spec"]["http"]

    for share in drawn["route"]:
        attributes = share["headers"]["response"]["add"]["set-cookie"].split("; ")
        ages = [part for part in attributes if part.startswith("Max-Age")]
        assert ages == ([] if life is None else [f"Max-Age={life}"])


@pytest.mark.parametrize(
    ("sticky", "consistent"),
    [
        ({"cookie": "shop"}, {"httpCookie": {"name": "shop", "ttl": "24h"}}),
        ({"cookie": "shop", "ttl": "1h"}, {"httpCookie": {"name": "shop", "ttl": "1h"}}),
        ({"header": "x-user"}, {"httpHeaderName": "x-user"}),
        ({"source_ip": True}, {"useSourceIp": True}),
    ],
)
def test_callers_stay_with_their_pod(sticky, consistent):
    """A consistent hash, which holds for every subset."""
    spec = made(arguments(sticky=sticky)).one("DestinationRule").inputs["spec"]

    assert spec["trafficPolicy"] == {"loadBalancer": {"consistentHash": consistent}}


def test_a_mirror_and_faults_are_in_every_rule():
    """Also for the calls that a match picks."""
    args = arguments(
        matches=[{"version": "v2", "headers": {"x-group": "b"}}],
        mirror={"version": "v2", "percent": 5},
        fault={
            "delay": {"fixed_delay": "2s", "percent": 10},
            "abort": {"http_status": 503},
        },
    )

    rules = made(args).one("VirtualService").inputs["spec"]["http"]

    assert len(rules) == 2
    for rule in rules:
        assert rule["mirror"] == _destination("v2")
        assert rule["mirrorPercentage"] == {"value": 5}
        assert rule["fault"] == {
            "delay": {"fixedDelay": "2s", "percentage": {"value": 10}},
            "abort": {"httpStatus": 503, "percentage": {"value": 100}},
        }


def test_a_mirror_and_faults_of_nothing_are_left_out():
    """0 percent is a way to switch them off."""
    args = arguments(
        mirror={"version": "v2", "percent": 0},
        fault={"delay": {"fixed_delay": "2s", "percent": 0}},
    )

    (rule,) = made(args).one("VirtualService").inputs["spec"]["http"]

    assert set(rule) == {"route"}


def test_no_attempts_switch_retries_off_whenever_that_is_known():
    """Istio refuses conditions of retries that are off."""
    for attempts in (0, 0.0, pulumi.Output.from_input(0)):
        args = arguments(retry={"attempts": attempts, "per_try_timeout": "1s"})

        (rule,) = made(args).one("VirtualService").inputs["spec"]["http"]

        assert rule["retries"] == {"attempts": 0}


def test_connections_are_shared_out_too():
    """Protocol tcp, with callers that stay with a pod by their address."""
    recorder = made(arguments(protocol="tcp", port=5432, sticky={"source_ip": True}))

    spec = recorder.one("VirtualService").inputs["spec"]
    assert "http" not in spec
    (rule,) = spec["tcp"]
    assert rule["match"] == [{"port": 5432}]
    assert [share["weight"] for share in rule["route"]] == [90, 10]


@pytest.mark.parametrize(("share", "kept"), [(10, {"v1": 0, "v2": 100}), (0, {"v1": 100, "v2": 0})])
def test_weights_known_later_keep_callers_of_versions_with_a_share(share, kept):
    """A version that got its share back to 0 loses its callers at once."""
    later = {"v1": pulumi.Output.from_input(100 - share), "v2": pulumi.Output.from_input(share)}
    recorder = made(arguments(weights=later, sticky={"to": "version", "cookie": "shop"}))

    first, second, rest = recorder.one("VirtualService").inputs["spec"]["http"]
    assert "shop=v1" in first["match"][0]["headers"]["cookie"]["regex"]
    assert _weights(first) == {"v1": 100, "v2": 0}
    assert _weights(second) == kept
    assert _weights(rest) == {"v1": 100 - share, "v2": share}


def test_a_match_may_share_out_its_calls():
    """Testers of a rollout: their shares are told apart from everyone's."""
    later = {"v1": pulumi.Output.from_input(0), "v2": pulumi.Output.from_input(100)}
    matches = [{"weights": later, "headers": {"x-beta": "true"}}]
    recorder = made(arguments(matches=matches))

    testers, rest = recorder.one("VirtualService").inputs["spec"]["http"]
    assert testers["match"] == [{"headers": {"x-beta": {"exact": "true"}}}]
    assert (_weights(testers), _weights(rest)) == ({"v1": 0, "v2": 100}, {"v1": 90, "v2": 10})


@pytest.mark.parametrize(
    ("match", "path", "text"),
    [
        ({}, "matches[0]", "either version"),
        ({"version": "v1", "weights": {"v1": 100}}, "matches[0]", "either version"),
        ({"weights": {"v1": 60, "v2": 30}}, "matches[0].weights", "add up to 90"),
        ({"weights": {"v1": 60, "v9": 40}}, "matches[0].weights.v9", "must be one of"),
    ],
)
def test_a_match_says_where_its_calls_go(match, path, text):
    """By one version or by weights that add up."""
    matches = [{"headers": {"x-beta": "true"}, **match}]

    with pytest.raises(ArgumentError) as raised:
        TrafficRoute("checkout", arguments(matches=matches))

    assert text in dict(raised.value.problems)[path]


def _weights(rule: dict) -> dict[str, int]:
    return {share["destination"]["subset"]: share["weight"] for share in rule["route"]}


@component_test
def test_weights_known_later_are_checked_then():
    """Outputs that add up pass."""
    record()
    later = pulumi.Output.from_input(10)

    route = TrafficRoute("checkout", _args(weights={"v1": 90, "v2": later}))

    def check(weights):
        assert weights == {"v1": 90, "v2": 10}

    return route.weights, check
