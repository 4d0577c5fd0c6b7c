"""What TrafficRoute's rendering for Google's service routing API does to calls between machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from meshwright_sandbox.daemon import machines
from meshwright_sandbox.daemon.home import Home, SandboxError
from meshwright_sandbox.daemon.traffic import load
from meshwright_sandbox.server import DEFAULT_PROJECT
from meshwright_sandbox.traffic.calls import Answer, Call, call
from meshwright_sandbox.traffic.load import Load
from tests.mesh.grpc_calls import METHOD
from tests.mesh.harness import statuses, versions
from tests.mesh.machines import ANY_ADDRESS, FAR, SERVICE, MachineShop
from tests.mesh.measures import assert_share
from tests.mesh.shared_routes import SharedFailureTests, SharedRouteTests, assert_shared_out
from tests.sandbox.log_entries import Logs
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.xdist_group("machines")]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MachineShop]:
    shop = MachineShop(tmp_path_factory.mktemp("machines") / "home")
    try:
        shop.open()
        yield shop
    finally:
        shop.close()


@pytest.fixture
def shop(opened: MachineShop) -> Iterator[MachineShop]:
    """The shop; versions answer well again afterwards."""
    yield opened
    opened.answer_well()


class TestMachines(SharedRouteTests, SharedFailureTests):
    def test_a_host_without_a_route_is_reached_as_it_was_dialled(self, shop: MachineShop) -> None:
        """Its own proxy takes the call in, and tells who called."""
        (target,), (caller,) = shop.workloads("v2"), shop.workloads("caller")
        (answer,) = call(shop.inside("caller"), Call(f"http://{target['address']}:8080/"))
        assert answer.json()["version"] == "v2"
        assert answer.json()["headers"]["x-forwarded-for"] == caller["address"]

    def test_connections_are_shared_out_by_their_address_and_port(self, shop: MachineShop) -> None:
        weights = {"v1": 70, "v2": 30}
        shop.route(protocol="tcp", port=9000, addresses=["10.99.0.7/32"], weights=weights)
        url, calls = "http://10.99.0.7:9000/", 400
        planned = Call(url, count=calls, concurrency=4)
        assert_shared_out(lambda: call(shop.inside("caller"), planned), calls, 0.30)

    def test_calls_of_grpc_are_shared_out_and_matched(self, shop: MachineShop) -> None:
        for group in ("g1", "g2"):
            shop.group(group, 1, protocol="GRPC")
        shop.ready("g1", "g2")
        matches = [{"version": "v2", "headers": {"x-group": "b"}}]
        weights = {"v1": 75, "v2": 25}
        ledger = {"service": "ledger", "protocol": "grpc", "groups": ("g1", "g2")}
        shop.route(**ledger, weights=weights, matches=matches)

        def draw() -> int:
            answers = shop.call_grpc("ledger", 400)
            assert {answer.get("method") for answer in answers} == {METHOD}
            counted = Counter(answer["version"] for answer in answers)
            assert set(counted) == {"g1", "g2"}
            return counted["g2"]

        assert_share(draw, 400, 0.25)
        matched = shop.call_grpc("ledger", 20, **{"x-group": "b"})
        assert Counter(answer["version"] for answer in matched) == {"g2": 20}

    def test_a_cloud_run_service_serves_and_calls_in_the_mesh(self, shop: MachineShop) -> None:
        shop.serve_on_cloud_run("serverless")
        shop.ready("serverless")
        shop.route(groups=("v1", "serverless"), weights={"v1": 50, "v2": 50})
        answered = versions(shop.call(100))
        assert set(answered) == {"v1", "serverless"}
        planned = Call(f"http://{ANY_ADDRESS}/", headers={"host": SERVICE}, count=100)

        def goes_by_the_route() -> None:
            assert set(versions(call(shop.inside("serverless"), planned))) == set(answered)

        eventually(goes_by_the_route)

    def test_load_is_driven_from_a_machine(self, shop: MachineShop) -> None:
        """As `meshwright sandbox traffic --from` does it."""
        shop.route(weights={"v1": 60, "v2": 40})
        home, report = Home(shop.sandbox.home), shop.sandbox.admin("GET", "traffic")
        door, network, address = machines.find(home, report, "caller")
        planned = Load(
            url=door.url(SERVICE, "/"),
            addresses=door.addresses,
            port=door.inner_port,
            requests=200,
            rate=400,
            sources=[address],
        )

        def draw() -> int:
            *_, tally = load(home, planned, network)
            assert tally["done"] == 200
            return int(tally["answers"]["v2"]["200"])

        assert_share(draw, 200, 0.40)
        with pytest.raises(SandboxError, match="no machine absent is in a Mesh") as caught:
            machines.find(home, report, "absent")
        assert "caller" in str(caught.value).partition("there are: ")[2]

    def test_calls_go_to_another_region_while_their_own_has_no_machine(
        self, shop: MachineShop
    ) -> None:
        """By the order that Google's control plane has by default; no call is lost on the way."""
        shop.group("far", 1, region=FAR)
        shop.ready("far")
        shop.backend("everywhere", "v1", "far")
        shop.route(groups=("everywhere", "v2"), active="v1")
        assert versions(shop.call(50)) == {"v1": 50}
        answers: list[Answer] = []

        def answered_by(group: str) -> None:
            batch = shop.call(20)
            answers.extend(batch)
            assert versions(batch) == {group: 20}

        shop.resize("v1", 0)
        eventually(lambda: answered_by("far"))
        shop.resize("v1", 1)
        eventually(lambda: answered_by("v1"))
        assert set(statuses(answers)) == {200}

    def test_callers_keep_their_machine(self, shop: MachineShop) -> None:
        """By a cookie that the caller's proxy sets; what MeshVmGroup makes of `sticky`."""
        cookie = {"name": "shop", "path": "/", "ttl": {"seconds": "3600"}}
        shop.backend(
            "kept",
            "v1",
            "v2",
            localityLbPolicy="RING_HASH",
            sessionAffinity="HTTP_COOKIE",
            consistentHash={"httpCookie": cookie},
        )
        shop.route(groups=("kept", "v2"), active="v1")

        def shared_out() -> list[Answer]:
            answers = shop.call(40)
            assert set(versions(answers)) == {"v1", "v2"}
            return answers

        first = eventually(shared_out)
        callers = {a.headers["Set-Cookie"].partition(";")[0]: a.json()["pod"] for a in first[:4]}
        again = shop.call_each(*({"cookie": cookie} for cookie in callers), count=25)
        assert [{a.json()["pod"] for a in answers} for answers in again] == [
            {pod} for pod in callers.values()
        ]

    def test_who_called_a_machine_is_in_cloud_logging(self, shop: MachineShop) -> None:
        """Its Ops Agent sends the access log, by what MeshVmGroup puts into its metadata."""
        shop.route(active="v1")
        (target,), (caller,) = shop.workloads("v1"), shop.workloads("caller")
        shop.call(3, concurrency=1, **{"user-agent": "counted"})
        logs = Logs(shop.api, DEFAULT_PROJECT)
        name = target["workload"].rpartition("/")[2]
        (machine,) = (i for i in shop.machines.instances() if i["name"] == name)
        query = 'log_id("envoy-access") resource.type="gce_instance" '
        query += f'resource.labels.instance_id="{machine["id"]}" jsonPayload.user_agent="counted"'

        def arrived() -> list[dict[str, Any]]:
            found = logs.read(query)
            assert len(found) == 3
            return found

        for entry in eventually(arrived):
            payload = entry["jsonPayload"]
            assert payload["downstream_remote_address"].partition(":")[0] == caller["address"]
            assert payload["response_code"] == 200
            assert entry["labels"]["compute.googleapis.com/resource_name"] == name

    def test_a_machine_that_fails_is_sent_nothing(self, shop: MachineShop) -> None:
        shop.route(active="v1")
        shop.resize("v1", 2)
        shop.ready("v1")

        def both_answer() -> None:
            assert len({answer.json()["pod"] for answer in shop.call(20)}) == 2

        eventually(both_answer)
        shop.crash("v1")

        def one_answers() -> None:
            answers = shop.call(20)
            assert set(statuses(answers)) == {200}
            assert len({answer.json()["pod"] for answer in answers}) == 1

        eventually(one_answers)
        shop.ready("v1")  # its group has healed it
        shop.resize("v1", 1)

    def test_proxies_follow_a_sandbox_that_was_killed_and_started_again(
        self, shop: MachineShop
    ) -> None:
        """Calls go on in between, machines are not started anew."""
        shop.route(active="v1")
        before = shop.pids("v2"), shop.pids("caller")
        network = shop.inside("caller")
        shop.sandbox.kill()
        planned = Call(f"http://{ANY_ADDRESS}/", headers={"host": SERVICE}, count=20)
        assert versions(call(network, planned)) == {"v1": 20}
        shop.sandbox.start()
        shop.ready("caller", "v1", "v2")
        shop.route(active="v2")
        assert versions(shop.call(20)) == {"v2": 20}
        assert (shop.pids("v2"), shop.pids("caller")) == before
