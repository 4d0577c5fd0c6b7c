"""Which arguments of a TrafficRoute are refused, whatever the rendering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshwright import ArgumentError, TrafficRoute
from meshwright._route_checks import weight_problems
from meshwright._route_model import checked_weights
from tests.unit.recording import record
from tests.unit.routes import arguments, made


def test_weights_known_later_that_do_not_add_up_end_the_update():
    """The same error as for known ones, only later."""
    with pytest.raises(ArgumentError, match="add up to 110"):
        checked_weights("checkout", {"v1": 90, "v2": 20})


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
        ({"retry": {"attempts": 1, "retry_on": "5xxx"}}, "retry.retry_on", "did you mean '5xx'"),
        ({"retry": {"attempts": -1}}, "retry.attempts", "from 0 to 100"),
        (
            {"timeout": "3s", "retry": {"attempts": 2, "per_try_timeout": "1500ms"}},
            "retry.per_try_timeout",
            "3 tries of 1500ms do not fit into timeout 3s",
        ),
        ({"active": "v1"}, "weights", "either"),
        ({"weights": None}, "weights", "either"),
        ({"weights": None, "active": "v3"}, "active", "one of v1, v2"),
        ({"namespace": None}, "namespace", "missing"),
        ({"rendering": "isto"}, "rendering", "did you mean 'istio'"),
        ({"protocol": "http2"}, "protocol", "did you mean 'http'"),
        ({"port": 0}, "port", "from 1 to 65535"),
        ({"versions": [{"name": "V1"}]}, "versions[0].name", "lower-case"),
        ({"matches": [{"version": "v1"}]}, "matches[0]", "every call"),
        ({"matches": [{"version": "v3", "headers": {"a": "b"}}]}, "matches[0].version", "v1, v2"),
        ({"matches": [{"version": "v1", "headers": {"a b": "c"}}]}, "matches[0].headers", "'a b'"),
        (
            {"matches": [{"version": "v1", "headers": {"X-A": "1", "x-a": "2"}}]},
            "matches[0].headers",
            "twice",
        ),
        (
            {
                "matches": [
                    {
                        "version": "v1",
                        "headers": {"Cookie": "a=b"},
                        "cookie": {"name": "a", "value": "b"},
                    }
                ]
            },
            "matches[0].headers",
            "`cookie` matches it already",
        ),
        (
            {"matches": [{"version": "v1", "cookie": {"name": "a=", "value": "b"}}]},
            "matches[0].cookie.name",
            "'a='",
        ),
        ({"mirror": {"version": "v3"}}, "mirror.version", "v1, v2"),
        ({"mirror": {"version": "v2", "percent": 101}}, "mirror.percent", "from 0 to 100"),
        ({"sticky": {}}, "sticky", "exactly one"),
        ({"sticky": {"cookie": "a", "source_ip": True}}, "sticky", "exactly one"),
        ({"sticky": {"to": "user", "cookie": "a"}}, "sticky.to", "version, pod"),
        ({"sticky": {"to": "version", "header": "x-user"}}, "sticky.cookie", "missing"),
        ({"sticky": {"header": "x-user", "ttl": "1h"}}, "sticky.ttl", "cookie"),
        ({"sticky": {"cookie": "a", "ttl": "1"}}, "sticky.ttl", "duration"),
        ({"sticky": {"header": "x user"}}, "sticky.header", "'x user'"),
        ({"fault": {}}, "fault", "delay, abort"),
        ({"fault": {"delay": {"fixed_delay": "soon"}}}, "fault.delay.fixed_delay", "'soon'"),
        (
            {"fault": {"delay": {"fixed_delay": "1s", "percent": -1}}},
            "fault.delay.percent",
            "from 0 to 100",
        ),
        ({"fault": {"abort": {"http_status": 99}}}, "fault.abort.http_status", "from 200 to 599"),
        ({"fault": {"abort": {"status": 503}}}, "fault.abort.status", "http_status"),
        ({"timeout": "0s"}, "timeout", "from 1ms"),
        ({"timeout": "1.0005s"}, "timeout", "whole milliseconds"),
        ({"timeout": "100000h"}, "timeout", "9999h"),
        ({"timeout": "\u0661s"}, "timeout", "not a duration"),
        ({"fault": {"delay": {"fixed_delay": "0.2ms"}}}, "fault.delay.fixed_delay", "from 1ms"),
        (
            {"retry": {"attempts": 1, "per_try_timeout": "0s"}},
            "retry.per_try_timeout",
            "from 1ms",
        ),
        ({"outlier_detection": {"interval": "0s"}}, "outlier_detection.interval", "from 1ms"),
        (
            {"matches": [{"version": "v1", "headers": {"x-a": ""}}]},
            "matches[0].headers.x-a",
            "no call has it",
        ),
        (
            {"matches": [{"version": "v1", "headers": {"x-a": "b\n"}}]},
            "matches[0].headers.x-a",
            "no call has it",
        ),
        (
            {"matches": [{"version": "v1", "cookie": {"name": "a", "value": "b; c"}}]},
            "matches[0].cookie.value",
            "no call has it",
        ),
        ({"service": "checkout.shop"}, "service", "without its domain"),
        ({"namespace": "Shop"}, "namespace", "no name in Kubernetes"),
        ({"hosts": ["*"], "gateways": ["gw/public"]}, "hosts[0]", "no host name"),
        ({"hosts": ["Shop.example.com"], "gateways": ["gw/public"]}, "hosts[0]", "no host name"),
        ({"hosts": ["10.0.0.1"], "gateways": ["gw/public"]}, "hosts[0]", "no host name"),
        ({"hosts": ["a.test", "a.test"], "gateways": ["gw/public"]}, "hosts", "twice"),
        ({"hosts": ["a.test"], "gateways": ["gw/public/x"]}, "gateways[0]", "namespace/name"),
    ],
)
def test_wrong_routes_are_refused(change, path, says):
    """The error names the argument and its mend, and nothing is registered."""
    recorder = record()

    with pytest.raises(ArgumentError) as raised:
        TrafficRoute("checkout", {**arguments(), **change})

    assert says in dict(raised.value.problems)[path]
    assert recorder.of_type("TrafficRoute") == []


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"protocol": "tcp", "port": 80, "addresses": []}, "addresses", "is empty"),
        (
            {"protocol": "tcp", "port": 80, "addresses": ["10.0.0.0/33"]},
            "addresses[0]",
            "no IPv4 range",
        ),
        ({"service": "Checkout"}, "service", "no host name"),
        ({"hosts": ["checkout:8080"]}, "hosts[0]", "no host name"),
    ],
)
def test_wrong_routes_outside_clusters_are_refused(change, path, says):
    """A TcpRoute without an address would take every connection at every port."""
    with pytest.raises(ArgumentError) as raised:
        TrafficRoute("checkout", {**arguments("networkservices"), **change})

    assert says in dict(raised.value.problems)[path]


def test_the_target_of_grpc_clients_may_hold_its_port():
    """A GrpcRoute takes it as its clients write it."""
    args = arguments("networkservices", protocol="grpc", hosts=["checkout.shop:50051"])

    assert made(args).one("GrpcRoute").inputs["hostnames"] == ["checkout.shop:50051"]


@given(st.dictionaries(st.sampled_from(["v1", "v2", "v3"]), st.integers(-5, 105), min_size=1))
def test_weights_pass_exactly_when_they_are_shares_of_100(weights):
    """The rule, stated once more in other words."""
    lawful = all(0 <= weight <= 100 for weight in weights.values()) and sum(weights.values()) == 100

    assert (list(weight_problems(weights)) == []) is lawful
