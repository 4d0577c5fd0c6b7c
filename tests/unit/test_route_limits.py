"""What a rendering cannot express is refused by name; the rest is rendered. Nothing is dropped."""

import itertools
from typing import Any

import pytest

from meshwright import ArgumentError, TrafficRoute, TrafficRouteArgs
from meshwright.traffic import unsupported
from tests.unit.routes import ABORT, BASES, COOKIE, PARTS, PROTOCOLS, arguments, made, part_of_route


def _inputs(args: TrafficRouteArgs) -> list[Any]:
    return [(item.type, item.name, item.inputs) for item in made(args).registrations]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("rendering", "protocol"), list(itertools.product(BASES, PROTOCOLS)))
def test_no_argument_is_dropped_in_silence(rendering, protocol, part):
    """It is refused, or what is made differs from what is made without it."""
    before, after = (part_of_route(rendering, protocol, given) for given in PARTS[part])
    if unsupported(after):
        with pytest.raises(ArgumentError, match=r"cannot express it|has no place for it"):
            TrafficRoute("checkout", after)
        return

    assert _inputs(after) != _inputs(before)


def test_every_optional_argument_is_tried():
    """A new argument needs its line above."""
    tried = {key for _, after in PARTS.values() for key in after} | {
        "weights",
        "rendering",
        "protocol",
    }

    assert TrafficRouteArgs.__optional_keys__ - tried == set()


@pytest.mark.parametrize(
    ("rendering", "change", "path"),
    [
        ("gateway-api", {"retry": {"attempts": 1}}, "retry"),
        ("gateway-api", {"fault": ABORT}, "fault"),
        ("gateway-api", {"sticky": {"cookie": "shop"}}, "sticky.to"),
        ("gateway-api", {"sticky": {"header": "x-user"}}, "sticky.header"),
        ("gateway-api", {"protocol": "tcp"}, "protocol"),
        ("gateway-api", {"protocol": "grpc", "timeout": "1s"}, "timeout"),
        ("networkservices", {"sticky": {"header": "x-user"}}, "sticky"),
        ("networkservices", {"mirror": {"version": "v2", "percent": 5}}, "mirror.percent"),
        ("networkservices", {"protocol": "grpc", "mirror": {"version": "v2"}}, "mirror"),
        ("networkservices", {"retry": {"attempts": 0}}, "retry.attempts"),
        ("networkservices", {"retry": {"attempts": 1, "retry_on": "503"}}, "retry.retry_on"),
        ("networkservices", {"fault": ABORT, "timeout": "1s"}, "timeout"),
        ("networkservices", {"gateways": ["gw/public"]}, "gateways"),
        ("networkservices", {"port": 80}, "port"),
        ("istio", {"meshes": ["m"]}, "meshes"),
        ("istio", {"versions": [{"name": "v1", "service": "a"}]}, "versions[0].service"),
    ],
)
def test_a_limit_names_the_argument_and_the_rendering(rendering, change, path):
    """So that whoever reads it knows which of the two to change."""
    text = dict(unsupported(arguments(rendering, **change)))[path]

    assert f"rendering '{rendering}' cannot express it" in text


@pytest.mark.parametrize("rendering", BASES)
def test_a_canary_is_within_every_limit(rendering):
    """The pure function says so too, since specs are checked by it."""
    assert unsupported(arguments(rendering)) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"protocol": "grpc", "sticky": {"cookie": "shop"}}, "sticky.cookie"),
        (
            {"protocol": "grpc", "matches": [{"version": "v1", "cookie": COOKIE}]},
            "matches[0].cookie",
        ),
        ({"protocol": "tcp", "timeout": "1s"}, "timeout"),
        ({"protocol": "tcp", "hosts": ["a.example.com"]}, "hosts"),
    ],
)
def test_a_limit_of_the_protocol_names_it(change, path):
    """Whatever the rendering."""
    text = dict(unsupported(arguments("istio", **change)))[path]

    assert f"protocol '{change['protocol']}' has no place for it" in text
