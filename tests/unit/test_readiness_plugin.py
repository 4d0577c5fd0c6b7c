"""The readiness plugin over gRPC, as the engine uses it, against a scripted GKE Hub."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.protobuf import empty_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2

from tests.unit.readiness_harness import (
    ACTIVE,
    INPUTS,
    KEY_A,
    KEY_B,
    RESOURCE,
    A,
    B,
    Engine,
    Hub,
    Plugin,
    feature,
    plain,
    reported,
)


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    server = Hub()
    yield server
    server.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    server = Engine()
    yield server
    server.close()


@pytest.fixture(scope="module")
def environment(hub: Hub) -> dict[str, str]:
    return {
        "GOOGLE_OAUTH_ACCESS_TOKEN": "token",
        "GOOGLE_GKE_HUB_CUSTOM_ENDPOINT": f"{hub.url}/gkehub/v1/",
        "GOOGLE_BILLING_PROJECT": "billed",
    }


@pytest.fixture(scope="module")
def plugin(engine: Engine, environment: dict[str, str]) -> Iterator[Plugin]:
    running = Plugin(engine, environment)
    yield running
    running.close()


def test_create_waits_until_every_membership_is_active(plugin: Plugin, hub: Hub) -> None:
    hub.plays(
        (200, {}),
        (200, feature(a="PROVISIONING")),
        (200, feature(a="ACTIVE", b="PROVISIONING")),
        (200, ACTIVE),
    )

    created = plugin.create()

    ready = {"state": "ACTIVE", "implementation": "TRAFFIC_DIRECTOR", "dataPlane": "ACTIVE"}
    assert plain(created.properties)["states"] == {"a": ready, "b": ready}
    assert created.id == "projects/p1/meshReadiness/europe-west1~a,europe-west4~b"
    assert len(hub.seen) == 4


def test_request_names_project_token_and_quota_project(plugin: Plugin, hub: Hub) -> None:
    hub.plays((200, ACTIVE))

    plugin.create()

    path, headers = hub.seen[0]
    assert path == "/gkehub/v1/projects/p1/locations/global/features/servicemesh"
    assert headers["Authorization"] == "Bearer token"
    assert headers["x-goog-user-project"] == "billed"


def test_time_out_names_what_is_not_active_and_why(plugin: Plugin, hub: Hub) -> None:
    stalled = reported("STALLED", WEBHOOK_UNREACHABLE="port 15017 is closed")
    hub.plays((200, {"membershipStates": {KEY_A: reported("ACTIVE"), KEY_B: stalled}}))

    with pytest.raises(grpc.RpcError) as caught:
        plugin.create(timeoutSeconds=0.2)

    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    text = caught.value.details()
    assert "europe-west4/b is STALLED" in text
    assert "WEBHOOK_UNREACHABLE: port 15017 is closed" in text
    assert "europe-west1/a" not in text
    assert "Traceback" not in text


def test_custom_timeout_overrides_the_property(plugin: Plugin, hub: Hub) -> None:
    hub.plays((200, feature(a="ACTIVE", b="PROVISIONING")))

    with pytest.raises(grpc.RpcError, match=r"not ACTIVE after 0\.1 s"):
        plugin.create(timeout=0.1)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_failures_are_retried(plugin: Plugin, hub: Hub, status: int) -> None:
    passing = (status, {"error": {"message": "later"}})
    hub.plays(passing, passing, (200, ACTIVE))

    assert plugin.create().id
    assert len(hub.seen) == 3


def test_refused_access_ends_the_wait_at_once(plugin: Plugin, hub: Hub) -> None:
    hub.plays((403, {"error": {"message": "no permission gkehub.features.get"}}))

    with pytest.raises(grpc.RpcError) as caught:
        plugin.create()

    assert "no permission gkehub.features.get" in caught.value.details()
    assert "roles/gkehub.viewer" in caught.value.details()
    assert len(hub.seen) == 1


def test_engine_is_told_what_is_being_waited_for(plugin: Plugin, hub: Hub, engine: Engine) -> None:
    engine.lines.clear()
    hub.plays((200, feature(a="ACTIVE", b="PROVISIONING")), (200, ACTIVE))

    plugin.create()

    assert ["europe-west4/b is PROVISIONING" in line for line in engine.lines] == [True]


def test_cancel_ends_the_wait(engine: Engine, hub: Hub, environment: dict[str, str]) -> None:
    hub.plays((200, feature(a="PROVISIONING", b="PROVISIONING")))
    plugin = Plugin(engine, environment)
    engine.told.clear()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(plugin.create)
        assert engine.told.wait(60)
        plugin.call.Cancel(empty_pb2.Empty())
        failure = waiting.exception(timeout=60)

    assert isinstance(failure, grpc.RpcError)
    assert failure.code() is grpc.StatusCode.CANCELLED
    plugin.close()


def test_preview_keeps_unknowns_and_asks_nothing(plugin: Plugin, hub: Hub) -> None:
    hub.plays((200, ACTIVE))
    members = [{"membership": rpc.UNKNOWN, "location": "europe-west1"}]

    checked = plugin.check(memberships=members)
    created = plugin.create(preview=True, memberships=members)

    assert not checked.failures
    assert plain(created.properties)["states"] == rpc.UNKNOWN
    assert hub.seen == []


@pytest.mark.parametrize(
    ("changed", "path", "text"),
    [
        ({"project": None}, "project", "is required"),
        ({"project": ""}, "project", "is required"),
        ({"memberships": []}, "memberships", "at least one"),
        ({"memberships": [{"membership": "a"}]}, "memberships[0]", "`location`"),
        ({"memberships": [A, A]}, "memberships[1]", "named twice"),
        ({"memberships": ["a"]}, "memberships[0]", "`membership`"),
        ({"timeoutSeconds": 0}, "timeoutSeconds", "above 0"),
        ({"pollIntervalSeconds": "5"}, "pollIntervalSeconds", "number of seconds"),
        ({"timeoutSecond": 5}, "timeoutSecond", "did you mean timeoutSeconds?"),
    ],
)
def test_check_names_the_wrong_property(
    plugin: Plugin, changed: dict, path: str, text: str
) -> None:
    failures = plugin.check(**changed).failures

    assert [failure.property for failure in failures] == [path]
    assert text in failures[0].reason


def test_check_fills_in_the_defaults(plugin: Plugin) -> None:
    checked = plugin.check(timeoutSeconds=None, pollIntervalSeconds=None)

    assert plain(checked.inputs)["timeoutSeconds"] == 3600
    assert plain(checked.inputs)["pollIntervalSeconds"] == 5


READY = {"state": "ACTIVE", "implementation": "TRAFFIC_DIRECTOR", "dataPlane": "ACTIVE"}
DEGRADED = {**READY, "state": "DEGRADED"}


@pytest.mark.parametrize(
    ("states", "changed", "diffs", "replaces"),
    [
        ({"a": READY, "b": READY}, {}, [], []),
        ({"a": READY, "b": READY}, {"memberships": [A]}, ["memberships"], []),
        ({"a": READY, "b": READY}, {"project": "p2"}, ["project"], ["project"]),
        ({"a": READY, "b": DEGRADED}, {}, ["states"], []),
        ({"a": READY}, {}, ["states"], []),
    ],
)
def test_diff(
    plugin: Plugin, states: dict, changed: dict, diffs: list[str], replaces: list[str]
) -> None:
    difference = plugin.diff(states, **changed)

    assert list(difference.diffs) == diffs
    assert list(difference.replaces) == replaces


def test_import_by_id_reads_inputs_and_states(plugin: Plugin, hub: Hub) -> None:
    hub.plays((200, ACTIVE))

    found = plugin.read("projects/p1/meshReadiness/europe-west1~a,europe-west4~b")

    assert plain(found.inputs)["memberships"] == [A, B]
    assert plain(found.properties)["states"] == {"a": READY, "b": READY}


def test_refresh_finds_that_a_membership_has_degraded(plugin: Plugin, hub: Hub) -> None:
    hub.plays((200, feature(a="ACTIVE", b="DEGRADED")))

    found = plugin.read("projects/p1/meshReadiness/europe-west1~a,europe-west4~b", INPUTS)

    assert plain(found.properties)["states"]["b"]["state"] == "DEGRADED"


def test_refresh_without_a_feature_finds_nothing(plugin: Plugin, hub: Hub) -> None:
    hub.plays((404, {"error": {"message": "not found"}}))

    assert plugin.read("projects/p1/meshReadiness/europe-west1~a", INPUTS).id == ""


def test_wrong_import_id_is_explained(plugin: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="projects/PROJECT/meshReadiness/LOCATION~MEMBERSHIP"):
        plugin.read("p1/a")


def test_default_credentials_are_used_without_a_token_variable(
    engine: Engine, hub: Hub, environment: dict[str, str], tmp_path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "client_email": "x@p1.iam.gserviceaccount.com",
        "private_key": key.decode(),
        "token_uri": f"{hub.url}/token",
    }
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account))
    hub.plays((200, ACTIVE))
    endpoint = {key: environment[key] for key in environment if key.endswith("ENDPOINT")}
    found = {"GOOGLE_APPLICATION_CREDENTIALS": str(file), "GOOGLE_CLOUD_QUOTA_PROJECT": "quota"}
    plugin = Plugin(engine, {**endpoint, **found})

    plugin.create()
    plugin.close()

    assert hub.seen[0][1]["Authorization"] == "Bearer from-adc"
    assert hub.seen[0][1]["x-goog-user-project"] == "quota"


def test_schema_describes_the_resource_beside_the_components(plugin: Plugin) -> None:
    answer = plugin.call.GetSchema(provider_pb2.GetSchemaRequest())

    schema = json.loads(answer.schema)
    assert schema["resources"][RESOURCE]["requiredInputs"] == ["memberships", "project"]
    assert schema["resources"]["meshwright:index:ManagedMesh"]["isComponent"]


def test_plugin_ends_when_its_engine_is_killed() -> None:
    command = '"$0" -m meshwright_provider 127.0.0.1:1 & wait'
    with subprocess.Popen(["sh", "-c", command, sys.executable], stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        assert int(engine.stdout.readline())

        engine.kill()

        # The plugin holds the other end of the pipe: reading ends when it has ended.
        assert engine.stdout.read() == b""
