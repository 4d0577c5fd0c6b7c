"""Routes of the service routing API through their lives, by the stand-in plugin."""

from typing import Any

import pytest

from tests.sandbox.gcp_plugin import PROJECT, Made, Plugin, kinds
from tests.sandbox.gcp_plugin_steps import Step, title

_MESH = f"projects/{PROJECT}/locations/global/meshes/m"


def _backend(weight: int) -> dict[str, Any]:
    return {"serviceName": f"projects/{PROJECT}/global/backendServices/web", "weight": weight}


STEPS: list[Step] = [
    ("networkservices/mesh:Mesh", {"name": "m"}, {"interceptionPort": 15001}),
    (
        "compute/healthCheck:HealthCheck",
        {"name": "web", "httpHealthCheck": {"port": 80}},
        {"checkIntervalSec": 10},
    ),
    (
        "compute/backendService:BackendService",
        {
            "name": "web",
            "loadBalancingScheme": "INTERNAL_SELF_MANAGED",
            "healthChecks": f"projects/{PROJECT}/global/healthChecks/web",
        },
        {"description": "version one"},
    ),
    (
        "networkservices/httpRoute:HttpRoute",
        {
            "name": "web",
            "hostnames": ["web"],
            "meshes": [_MESH],
            "rules": [
                {
                    "matches": [
                        {"prefixMatch": "/", "headers": [{"header": "a", "exactMatch": "b"}]}
                    ],
                    "action": {
                        "destinations": [_backend(90)],
                        "requestMirrorPolicy": {
                            "destination": {"serviceName": _backend(0)["serviceName"]}
                        },
                        "retryPolicy": {
                            "numRetries": 2,
                            "retryConditions": ["5xx"],
                            "perTryTimeout": "1.5s",
                        },
                        "timeout": "10s",
                    },
                }
            ],
        },
        {"rules": [{"action": {"destinations": [_backend(50)]}}], "labels": {"team": "shop"}},
    ),
    (
        "networkservices/grpcRoute:GrpcRoute",
        {
            "name": "users",
            "hostnames": ["users:50051"],
            "meshes": [_MESH],
            "rules": [
                {
                    "matches": [{"headers": [{"key": "a", "value": "b", "type": "EXACT"}]}],
                    "action": {
                        "destinations": [_backend(100)],
                        "faultInjectionPolicy": {"abort": {"httpStatus": 503, "percentage": 5}},
                    },
                }
            ],
        },
        {"hostnames": ["users"]},
    ),
    (
        "networkservices/tcpRoute:TcpRoute",
        {
            "name": "ledger",
            "meshes": [_MESH],
            "rules": [
                {
                    "matches": [{"address": "10.0.0.1/32", "port": "5432"}],
                    "action": {"destinations": [_backend(100)]},
                }
            ],
        },
        {"description": "the ledger"},
    ),
]


@pytest.fixture(scope="module")
def made(plugin: Plugin) -> dict[int, Made]:
    """Every resource of the table, made in its order."""
    return {
        index: plugin.create(f"gcp:{token}", title((token, news, {})), news)
        for index, (token, news, _) in enumerate(STEPS)
    }


ALL = pytest.mark.parametrize("index", range(len(STEPS)), ids=map(title, STEPS))


@ALL
def test_what_was_just_made_shows_no_change(
    plugin: Plugin, made: dict[int, Made], index: int
) -> None:
    """Neither the next run, nor a refresh, nor an import finds anything to do."""
    news = STEPS[index][1]
    assert kinds(plugin.diff(made[index], news)) == {}

    for importing in (False, True):
        read = plugin.read(made[index], importing=importing)

        assert read is not None
        assert read.id == made[index].id
        assert kinds(plugin.diff(read, news)) == {}


@ALL
def test_a_change_takes_effect_in_place(plugin: Plugin, made: dict[int, Made], index: int) -> None:
    """No route is ever away while its shares move."""
    _, news, change = STEPS[index]
    wanted = {**news, **change}
    assert set(kinds(plugin.diff(made[index], wanted)).values()) <= {"ADD", "UPDATE", "DELETE"}

    changed = plugin.update(made[index], wanted)

    assert kinds(plugin.diff(changed, wanted)) == {}
    made[index] = changed


def test_a_new_name_makes_another_route(plugin: Plugin, made: dict[int, Made]) -> None:
    """Names, and nothing else, are for good."""
    for index, (token, news, _) in enumerate(STEPS):
        if "Route" in token:
            wanted = news | {"name": "other"}
            assert kinds(plugin.diff(made[index], wanted))["name"] == "UPDATE_REPLACE"


def test_all_goes_again(plugin: Plugin, made: dict[int, Made]) -> None:
    """In the opposite order, since each is in use by the next."""
    for index in reversed(range(len(STEPS))):
        plugin.delete(made[index])

        assert plugin.read(made[index]) is None
