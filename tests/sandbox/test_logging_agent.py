"""What containers write, as the sandbox's logging agent hands it to Cloud Logging."""

import json
from pathlib import Path
from typing import Any

import pytest

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.runtime.null import NullRuntime
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.runtime.records import ClusterRecord, Ports
from meshwright_sandbox.runtime.traffic_logs import LOG
from meshwright_sandbox.services import all_services
from meshwright_sandbox.services.logs.ingestion import entry_writer
from meshwright_sandbox.traffic.echo import IMAGE
from meshwright_sandbox.traffic.logging_agent import LoggingAgent
from meshwright_sandbox.traffic.pod_outputs import PodOutputs
from tests.sandbox.log_entries import CONTAINER, Logs
from tests.sandbox.runtime.conftest import PROJECT, request_for
from tests.sandbox.server import Sandbox, client

Json = dict[str, Any]
POD: Json = {
    "metadata": {
        "uid": "0b5b8c2e-1111-2222-3333-444455556666",
        "namespace": "shop",
        "name": "web-1",
        "labels": {"app": "web", "app.kubernetes.io/name": "web"},
    },
    "spec": {
        "nodeName": "gke-apps-1",
        "containers": [
            {"name": "istio-proxy", "image": "proxyv2"},
            {"name": "web", "image": f"{IMAGE}:1"},
        ],
    },
}


class Cluster:
    """A cluster's pod, whose containers write into files, and agents that read them."""

    def __init__(self, home: Path) -> None:
        self.home, self.entries = home, list[Json]()
        self.refuse = False
        # What is raised where an entry says `bad`.
        self.bad: Exception | None = None
        self.record = ClusterRecord(request_for("shop", 16), 0, "127.0.0.1", 1, Ports.of_slot(0))
        self.processes = ProcessTable(home)

    def write(self, container: str, text: str) -> None:
        """A container's output; `proxy` or `app`."""
        name = f"cluster/{self.record.id}/pod/{POD['metadata']['uid']}/{container}"
        file = self.processes.log_path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as output:
            output.write(text)

    def ship(self) -> list[Json]:
        """What an agent hands on that is started now, and stopped once it has seen the pod."""
        agent = LoggingAgent("shop", self.home / "positions.json", write=self._take)
        outputs = PodOutputs(self.record, self.processes, agent)
        outputs.reconcile(None, POD)  # type: ignore[arg-type]
        agent.start()
        agent.stop()
        shipped, self.entries = self.entries, []
        return shipped

    def _take(self, entries: list[Json]) -> None:
        if self.refuse:
            raise ApiError(503, "The service is currently unavailable.")
        if self.bad and any(entry.get("textPayload") == "bad" for entry in entries):
            raise self.bad
        self.entries += entries


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_a_line_becomes_an_entry_of_its_container(cluster: Cluster) -> None:
    cluster.write("app", "hello\n")
    (entry,) = cluster.ship()
    assert entry["textPayload"] == "hello"
    assert entry["logName"] == f"projects/{PROJECT}/logs/stdout"
    assert entry["severity"] == "INFO"
    assert entry["resource"] == {
        "type": "k8s_container",
        "labels": {
            "project_id": PROJECT,
            "location": "europe-west1",
            "cluster_name": "shop",
            "namespace_name": "shop",
            "pod_name": "web-1",
            "container_name": "web",
        },
    }
    assert entry["labels"] == {
        "k8s-pod/app": "web",
        "k8s-pod/app_kubernetes_io/name": "web",
        "compute.googleapis.com/resource_name": "gke-apps-1",
    }


def test_lines_are_sent_once_and_whole(cluster: Cluster) -> None:
    """Also by the next agent; what has no end yet waits for it."""
    cluster.write("app", "one\ntwo\nthr")
    first = cluster.ship()
    assert [entry["textPayload"] for entry in first] == ["one", "two"]
    assert cluster.ship() == []
    cluster.write("app", "ee\n\n")
    (third,) = cluster.ship()
    assert third["textPayload"] == "three"
    assert len({entry["insertId"] for entry in [*first, third]}) == 3


def test_what_was_not_taken_is_sent_again(cluster: Cluster) -> None:
    cluster.write("app", "one\n")
    cluster.refuse = True
    assert cluster.ship() == []
    cluster.refuse = False
    assert [entry["textPayload"] for entry in cluster.ship()] == ["one"]


def test_json_is_structured_and_some_of_its_fields_are_the_entrys(cluster: Cluster) -> None:
    line = {"severity": "WARNING", "time": "2024-11-21T10:00:00Z", "message": "low", "stock": 3}
    line["logging.googleapis.com/labels"] = {"team": "shop"}
    cluster.write("app", json.dumps(line) + "\n" + json.dumps({"message": "only"}) + "\n{broken\n")
    structured, text, broken = cluster.ship()
    assert structured["jsonPayload"] == {"message": "low", "stock": 3}
    assert (structured["severity"], structured["timestamp"]) == ("WARNING", line["time"])
    assert structured["labels"]["team"] == "shop"
    assert structured["labels"]["k8s-pod/app"] == "web"
    assert text["textPayload"] == "only"
    assert broken["textPayload"] == "{broken"


@pytest.mark.parametrize(
    "field",
    [
        {"severity": "loud"},
        {"time": 1700000000},
        {"timestamp": "yesterday"},
        {"time": "2026-11-22T05:00:00"},
        {"httpRequest": "GET /"},
        {"logging.googleapis.com/labels": "team"},
        {"server-accesslog-stackdriver": 5},
        {"server-accesslog-stackdriver": {"labels": {}, "httpRequest": {}}},
    ],
    ids=str,
)
def test_a_field_of_another_form_stays_in_the_payload(cluster: Cluster, field: Json) -> None:
    """Applications write what they like; it must not keep what comes after it back."""
    cluster.write("app", json.dumps(field) + "\nnext\n")
    odd, following = cluster.ship()
    assert odd["jsonPayload"] == field
    assert following["textPayload"] == "next"


def test_an_entry_that_is_refused_keeps_no_other_back(cluster: Cluster) -> None:
    """No more does one that nobody can make anything of, or a failure that nobody expected."""
    cluster.write("app", "one\nbad\ntwo\n")
    cluster.bad = ApiError(400, "Invalid value")
    assert [entry["textPayload"] for entry in cluster.ship()] == ["one", "two"]

    cluster.write("app", "three\n")
    cluster.write("proxy", "bad\n")
    cluster.bad = RuntimeError("unexpected")
    assert [entry["textPayload"] for entry in cluster.ship()] == ["three"]
    cluster.bad = None
    assert [entry["textPayload"] for entry in cluster.ship()] == ["bad"]


def test_what_envoy_says_of_itself_is_an_error(cluster: Cluster) -> None:
    """It comes by the standard error, which GKE's agent takes for that."""
    cluster.write("proxy", "2024-11-21T10:00:00.000000Z\twarning\tenvoy config x.cc:1\tgone\n")
    cluster.write("proxy", "2024-11-21T10:00:00.000000Z\tinfo\tEnvoy proxy is ready\n")
    by_envoy, by_agent = cluster.ship()
    assert (by_envoy["severity"], by_agent["severity"]) == ("ERROR", "INFO")
    assert by_envoy["logName"].endswith("/stderr")


@pytest.mark.parametrize(
    ("upstream", "status", "log"),
    [
        ("inbound|8080||", 200, LOG),
        ("outbound|80||x", 200, None),
        ("outbound|80||x", 503, "client-accesslog-stackdriver"),
        ("outbound|80||x", 0, "client-accesslog-stackdriver"),
    ],
)
def test_a_traffic_log_is_the_servers_or_that_of_a_failure(
    cluster: Cluster, upstream: str, status: int, log: str | None
) -> None:
    """Both ends of a call know of it: once is enough, unless it failed."""
    request = {"status": status, "remoteIp": "198.51.100.7", "latency": 12, "userAgent": None}
    labels = {"upstream_cluster": upstream, "source_principal": "spiffe://x", "route_name": "-"}
    line = {LOG: {"time": "2024-11-21T10:00:00Z", "httpRequest": request, "labels": labels}}
    cluster.write("proxy", json.dumps(line) + "\n")
    entries = cluster.ship()
    assert [entry["logName"].rpartition("/")[2] for entry in entries] == ([log] if log else [])
    for entry in entries:
        assert entry["httpRequest"]["latency"] == "0.012s"
        assert "userAgent" not in entry["httpRequest"]
        assert entry["labels"]["source_principal"] == "spiffe://x"
        assert "route_name" not in entry["labels"]
        assert entry["resource"]["labels"]["container_name"] == "web"


def test_what_is_taken_is_in_the_projects_log(tmp_path: Path) -> None:
    """The sandbox's agents write as clients do: checked, routed, and there after a restart."""
    home = tmp_path / "home"
    place = {"project": PROJECT, "project_number": 123456789012}
    cloud = Cloud(home, all_services(), NullRuntime(), scale=0, **place)
    write = entry_writer(cloud)
    entry: Json = {"logName": f"projects/{PROJECT}/logs/stdout", "resource": CONTAINER}
    entry["insertId"] = "one"
    write([entry | {"textPayload": "hello"}])
    with pytest.raises(ApiError, match="Cannot find field"):
        write([entry | {"colour": "red"}])
    cloud.store.close()

    server = Sandbox(home)
    server.start()
    try:
        logs = Logs(lambda api, version: client(server.url, api, version), PROJECT)
        found = logs.read("hello")
    finally:
        server.stop()

    assert [each["insertId"] for each in found] == ["one"]
