"""The gcp plugin in bad weather: refusals, lost replies, slow operations, a dead engine."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import psutil
import pytest

from meshwright_sandbox.plugins.values import decode
from tests.sandbox.gcp_plugin import PROJECT, REGION, Failed, Made, Plugin, environment, kinds
from tests.sandbox.runtime.conftest import eventually
from tests.sandbox.server import Sandbox, enable_apis

NETWORK = "gcp:compute/network:Network"
CLUSTER = "gcp:container/cluster:Cluster"
NETWORKS = r"/global/networks$"


@pytest.fixture(scope="module")
def plugin(sandbox: Sandbox) -> Iterator[Plugin]:
    enable_apis(sandbox, PROJECT)
    running = Plugin(sandbox.url, MESHWRIGHT_RETRY_DEADLINE="5")
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.admin("DELETE", "faults")


def posts(sandbox: Sandbox, since: int) -> list[int]:
    """Statuses of the attempts to make a network."""
    entries = sandbox.journal(since)
    return [
        entry["status"]
        for entry in entries
        if entry["method"] == "POST" and entry["path"].endswith("/global/networks")
    ]


@pytest.mark.parametrize("action", ["503", "reset-before"])
def test_a_passing_fault_is_waited_out_and_makes_one_resource(
    plugin: Plugin, sandbox: Sandbox, action: str
) -> None:
    sandbox.fault("POST", NETWORKS, action, count=2)

    made = plugin.create(NETWORK, "net", {"name": f"net-{action}"})

    assert plugin.read(made) is not None
    assert [name for name in sandbox.inventory() if name.endswith(f"/net-{action}")]
    plugin.delete(made)


def test_a_lasting_fault_ends_with_its_cause(plugin: Plugin, sandbox: Sandbox) -> None:
    sandbox.fault("POST", NETWORKS, "503", count=100)

    with pytest.raises(Failed, match=r"creating gcp:compute.Network 'net'.*503") as error:
        plugin.create(NETWORK, "net", {"name": "never"})

    assert error.value.kept is None


@pytest.mark.parametrize("action", ["400", "403", "504"])
def test_what_waiting_does_not_mend_is_tried_once(
    plugin: Plugin, sandbox: Sandbox, action: str
) -> None:
    sandbox.fault("POST", NETWORKS, action, count=100)
    before = len(sandbox.journal())

    with pytest.raises(Failed, match=action):
        plugin.create(NETWORK, "net", {"name": "once"})

    assert posts(sandbox, before) == [int(action)]


def test_a_lost_reply_names_the_resource_and_how_to_take_it_over(
    plugin: Plugin, sandbox: Sandbox
) -> None:
    """R06: what the first attempt made is not made twice, nor lost."""
    sandbox.fault("POST", NETWORKS, "reset-after")
    identifier = f"projects/{PROJECT}/global/networks/lost"

    with pytest.raises(Failed) as error:
        plugin.create(NETWORK, "net", {"name": "lost"})

    told = str(error.value)
    assert "got no answer" in told
    assert f"`pulumi import {NETWORK} net {identifier} " in told
    assert " --generate-code=false` and run again" in told
    assert error.value.code == grpc.StatusCode.UNKNOWN  # the engine keeps it as pending
    imported = plugin.read(Made(NETWORK, "net", {}, identifier), importing=True)
    assert imported is not None
    assert kinds(plugin.diff(imported, {"name": "lost"})) == {}
    plugin.delete(imported)


def test_an_id_that_no_such_resource_can_have_is_refused(plugin: Plugin) -> None:
    with pytest.raises(Failed, match='"Prod_Net" does not match the pattern') as error:
        plugin.read(Made(NETWORK, "net", {}, "Prod_Net"), importing=True)

    assert error.value.code is not grpc.StatusCode.INTERNAL


def test_an_existing_resource_is_not_taken_over_unasked(plugin: Plugin, sandbox: Sandbox) -> None:
    made = plugin.create(NETWORK, "net", {"name": "twice"})

    with pytest.raises(Failed, match=r"exists already.*pulumi import") as error:
        plugin.create(NETWORK, "net", {"name": "twice"})

    assert error.value.code == grpc.StatusCode.FAILED_PRECONDITION
    plugin.delete(made)


@pytest.mark.parametrize("action", ["truncate", "not-json"])
def test_an_answer_that_is_no_json_is_an_error_in_words(
    plugin: Plugin, sandbox: Sandbox, action: str
) -> None:
    made = plugin.create(NETWORK, "net", {"name": f"garbled-{action}"})
    sandbox.fault("GET", rf"/networks/garbled-{action}$", action)

    with pytest.raises(Failed, match=r"reading gcp:compute.Network 'net'.*not JSON"):
        plugin.read(made)

    plugin.delete(made)


def test_an_operation_that_fails_leaves_nothing_behind(plugin: Plugin, sandbox: Sandbox) -> None:
    sandbox.fault("POST", NETWORKS, "operation-error")

    with pytest.raises(Failed, match=r"creating gcp:compute.Network 'net'.*operation.*failed"):
        plugin.create(NETWORK, "net", {"name": "failing"})

    again = plugin.create(NETWORK, "net", {"name": "failing"})
    plugin.delete(again)


def asked_again(sandbox: Sandbox, before: int) -> None:
    """The plugin polls: since then it has read the same thing twice."""
    paths = [entry["path"] for entry in sandbox.journal()[before:] if entry["method"] == "GET"]
    assert any(paths.count(path) > 1 for path in paths), paths


def test_an_operation_beyond_its_time_is_kept_and_the_next_run_completes(
    plugin: Plugin, sandbox: Sandbox
) -> None:
    """R10: the state keeps the resource; updating it, as the engine then does, waits for it."""
    sandbox.admin("POST", "clock", {"scale": 1000})  # until it is turned, nothing ends

    with pytest.raises(Failed, match=r"still \w+ after.*custom_timeouts") as error:
        plugin.create(NETWORK, "net", {"name": "slow"}, timeout=0.5)

    kept = error.value.kept
    assert kept is not None
    assert kept.id == f"projects/{PROJECT}/global/networks/slow"
    inputs, _ = plugin.check(NETWORK, "net", {"name": "slow"})
    left = Made(NETWORK, "net", inputs, kept.id, decode(kept.properties))
    with ThreadPoolExecutor(1) as pool:
        before = len(sandbox.journal())
        updating = pool.submit(plugin.update, left, {"name": "slow"})
        eventually(lambda: asked_again(sandbox, before))
        assert not updating.done()
        sandbox.admin("POST", "clock", {"scale": 0})
        ready = updating.result()
    assert ready.outputs["selfLink"]
    assert "__meta" not in ready.outputs
    plugin.delete(ready)


def test_a_policy_changed_by_somebody_else_is_read_again(plugin: Plugin, sandbox: Sandbox) -> None:
    sandbox.fault("POST", r":setIamPolicy$", "409", count=2)
    grant = {"project": PROJECT, "role": "roles/viewer", "member": "user:ann@example.com"}

    made = plugin.create("gcp:projects/iAMMember:IAMMember", "viewer", grant)

    assert plugin.read(made) is not None
    plugin.delete(made)


def test_waiting_ends_when_the_engine_cancels(plugin: Plugin, sandbox: Sandbox) -> None:
    sandbox.admin("POST", "clock", {"scale": 1000})
    running = Plugin(sandbox.url)

    with ThreadPoolExecutor(1) as pool:
        before = len(sandbox.journal())
        creating = pool.submit(running.create, NETWORK, "net", {"name": "stopped"})
        eventually(lambda: asked_again(sandbox, before))
        running.cancel()
        with pytest.raises(Failed, match="stopped by the engine") as error:
            creating.result()

    kept = error.value.kept
    assert kept is not None
    sandbox.admin("POST", "clock", {"scale": 0})
    running.stop()
    plugin.delete(Made(NETWORK, "net", decode(kept.properties), kept.id))


def test_the_plugin_ends_with_its_engine(sandbox: Sandbox) -> None:
    """A killed engine (-9) says no goodbye; its plugins must not stay behind."""
    program = (
        "import subprocess, sys;"
        "plugin = [sys.executable, '-m', 'meshwright_sandbox.plugins.gcp', sys.argv[1]];"
        "p = subprocess.Popen(plugin, stdout=subprocess.PIPE);"
        "p.stdout.readline(); print(p.pid, flush=True); p.wait()"
    )
    with socket.create_server(("127.0.0.1", 0)) as address:
        port = address.getsockname()[1]
        engine = subprocess.Popen(
            [sys.executable, "-c", program, f"127.0.0.1:{port}"],
            stdout=subprocess.PIPE,
            text=True,
            env={**psutil.Process().environ(), **environment(sandbox.url)},
        )
        assert engine.stdout is not None
        plugin = psutil.Process(int(engine.stdout.readline()))
        engine.kill()
        engine.wait()

        plugin.wait(timeout=60)

    assert not plugin.is_running()


def test_clusters_of_one_network_are_made_side_by_side(plugin: Plugin, sandbox: Sandbox) -> None:
    places = {"europe-west1": "10.0.0.0/20", "europe-west4": "10.1.0.0/20"}
    network = plugin.create(NETWORK, "net", {"name": "shared"})
    subnets = [
        plugin.create(
            "gcp:compute/subnetwork:Subnetwork",
            place,
            {"name": "sub", "network": network.id, "region": place, "ipCidrRange": cidr},
        )
        for place, cidr in places.items()
    ]
    with ThreadPoolExecutor() as pool:
        clusters = list(
            pool.map(
                lambda pair: plugin.create(
                    CLUSTER,
                    pair[1],
                    {
                        "name": "auto",
                        "location": pair[1],
                        "network": network.id,
                        "subnetwork": pair[0].id,
                        "enableAutopilot": True,
                        "deletionProtection": False,
                    },
                ),
                zip(subnets, places, strict=True),
            )
        )
        list(pool.map(plugin.delete, clusters))

    assert REGION in {cluster.outputs["location"] for cluster in clusters}
    for thing in [*subnets, network]:
        plugin.delete(thing)
    assert sandbox.inventory() == []
