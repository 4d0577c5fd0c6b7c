"""What the sandbox keeps when its process ends, in order or not."""

import http.client
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.sandbox.server import Sandbox, client, enable_apis, finish

PROJECT = "kept"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of the test's own, to be killed."""
    own = Sandbox(tmp_path_factory.mktemp("sandbox") / "home")
    own.start()
    enable_apis(own, PROJECT)
    yield own
    own.stop()


def compute_of(server: Sandbox) -> Any:
    return client(server.url, "compute", "v1")


def insert(server: Sandbox, name: str = "net") -> dict[str, Any]:
    body = {"name": name, "autoCreateSubnetworks": False}
    return compute_of(server).networks().insert(project=PROJECT, body=body).execute()


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_everything_is_there_after_a_restart(server: Sandbox, end: str) -> None:
    insert(server)
    before = compute_of(server).networks().get(project=PROJECT, network="net").execute()
    inventory, journal = server.inventory(), server.journal()

    getattr(server, end)()
    server.start()

    after = compute_of(server).networks().get(project=PROJECT, network="net").execute()
    assert after == before
    assert server.inventory() == inventory
    assert server.journal()[: len(journal)] == journal


def test_what_was_acknowledged_before_a_kill_is_there_once(server: Sandbox) -> None:
    acknowledged: list[str] = []
    enough = threading.Event()

    def insert_until_killed(prefix: str) -> None:
        path = f"/compute/compute/v1/projects/{PROJECT}/global/networks"
        for index in range(1000):
            name = f"{prefix}-{index}"
            try:
                body = {"name": name, "autoCreateSubnetworks": False}
                status, _ = server.call("POST", path, body)
            except (OSError, http.client.HTTPException):
                return
            assert status == 200
            acknowledged.append(name)
            if len(acknowledged) > 30:
                enough.set()

    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(insert_until_killed, f"net-{n}") for n in "abc"]
        assert enough.wait(60)
        server.kill()
    for writer in writers:
        writer.result()
    server.start()

    stored = [name.rpartition("/")[2] for name in server.inventory()]
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    # At most the one insert of each writer whose answer the kill cut off.
    assert len(set(stored) - set(acknowledged)) <= len(writers)


@pytest.mark.parametrize("set_back", [0, 3600])
def test_an_operation_cut_off_by_kill_goes_on_after_the_restart(
    server: Sandbox, set_back: int
) -> None:
    """For no longer than it takes, though the machine's clock was set back by seconds."""
    server.admin("POST", "clock", {"scale": 1000})
    operation = insert(server)
    server.kill()
    with closing(sqlite3.connect(server.home / "state.db")) as database, database:
        later = "json_set(doc, '$.started', json_extract(doc, '$.started') + ?)"
        database.execute(f"UPDATE operations SET doc = {later}", [set_back])

    server.start(scale=0)

    operations = compute_of(server).globalOperations()
    done = finish(operations, operation, project=PROJECT)
    assert done["status"] == "DONE"
    assert "error" not in done


def test_a_slow_operation_is_running_until_the_clock_is_turned(server: Sandbox) -> None:
    server.admin("POST", "clock", {"scale": 1000})
    operation = insert(server)
    operations = compute_of(server).globalOperations()
    where = {"project": PROJECT, "operation": operation["name"]}

    running = operations.get(**where).execute()
    server.admin("POST", "clock", {"scale": 0})
    done = operations.wait(**where).execute()

    assert running["status"] == "RUNNING"
    assert done["status"] == "DONE"


def test_what_is_not_ready_cannot_be_referred_to(server: Sandbox) -> None:
    server.admin("POST", "clock", {"scale": 1000})
    insert(server)
    body = {"name": "sub", "network": f"projects/{PROJECT}/global/networks/net"}
    path = f"/compute/compute/v1/projects/{PROJECT}/regions/us-central1/subnetworks"

    status, answer = server.call("POST", path, body | {"ipCidrRange": "10.0.0.0/20"})

    assert status == 400
    assert answer["error"]["errors"][0]["reason"] == "resourceNotReady"


def test_reset_forgets_everything(server: Sandbox) -> None:
    insert(server)

    server.admin("POST", "reset", {})

    assert server.inventory() == []


def test_a_second_server_on_a_taken_port_says_so(server: Sandbox, tmp_path: Any) -> None:
    port = server.url.rpartition(":")[2]

    code, message = Sandbox(tmp_path / "other").try_start(port)

    assert code != 0
    assert f"cannot serve on 127.0.0.1:{port}" in message
    assert "Traceback" not in message
