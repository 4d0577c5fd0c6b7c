"""Stack `dev` as users run it: real clusters, real mesh, policies, from nothing to nothing."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from tests.lifecycle.harness import LocalCloud, Stack, copy_of_the_program
from tests.mesh.measures import assert_share
from tests.sandbox.runtime.conftest import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture
def local_cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    cloud = LocalCloud(tmp_path / "home", hastened=False)
    yield cloud
    cloud.meshwright("down")


@pytest.fixture
def dev(tmp_path: Path, local_cloud: LocalCloud) -> Stack:
    """Stack dev from a copy of its program: tests edit its file."""
    program = copy_of_the_program(tmp_path)
    work = tmp_path / "dev"
    work.mkdir()
    return Stack(program, work, local_cloud.environment, name="dev", hastened=False)


AUTOPILOT = "europe-west1_dev-autopilot"
STANDARD = "europe-west4_dev-standard"


@pytest.mark.engine
@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_dev_from_nothing_to_nothing(dev: Stack, local_cloud: LocalCloud) -> None:
    """Up with the policies, nothing to do, one weight, drift from outside, destroy."""
    before = (ROOT / "stacks" / "Pulumi.dev.yaml").read_bytes()
    assert (dev.work / "stacks" / "Pulumi.dev.yaml").read_bytes() == before

    run = dev.up("--policy-pack", "policies").succeeded()
    assert "meshwright" in run.output.split("Policies:")[1]
    dev.hasten()  # so far it all ran as in a user's shell
    _mesh_is_active(local_cloud)
    _pods_of_the_shop_have_their_proxy(local_cloud)
    _gateway_has_an_address_and_its_certificate(local_cloud)
    _calls_from_outside_are_shared_out(local_cloud)

    _nothing_is_left_to_do(dev, local_cloud)
    _weight_changes_only_its_route(dev, local_cloud)
    _drift_is_found_and_mended(dev, local_cloud)

    dev.destroy().succeeded()
    assert local_cloud.asked("inventory") == []
    assert json.loads(local_cloud.meshwright("status", "--json"))["clusters"] == []


def _mesh_is_active(cloud: LocalCloud) -> None:
    feature = requests.get(
        f"{cloud.url}/gkehub/v1/projects/meshwright-dev/locations/global/features/servicemesh",
        timeout=30,
    ).json()
    states = [entry["servicemesh"] for entry in feature["membershipStates"].values()]
    assert len(states) == 2
    for state in states:
        assert state["controlPlaneManagement"]["state"] == "ACTIVE"
        assert state["controlPlaneManagement"]["implementation"] == "TRAFFIC_DIRECTOR"
        assert state["dataPlaneManagement"]["state"] == "ACTIVE"


def _pods_of_the_shop_have_their_proxy(cloud: LocalCloud) -> None:
    for cluster, services in ((AUTOPILOT, {"checkout", "payments"}), (STANDARD, {"payments"})):
        pods = json.loads(cloud.kubectl(cluster, "get", "pods", "-n", "shop", "-o", "json"))
        assert {pod["metadata"]["labels"]["app"] for pod in pods["items"]} == services
        for pod in pods["items"]:
            containers = pod["spec"]["containers"] + pod["spec"].get("initContainers", [])
            assert "istio-proxy" in {container["name"] for container in containers}
            assert pod["status"]["phase"] == "Running"


def _gateway_has_an_address_and_its_certificate(cloud: LocalCloud) -> None:
    in_namespace = ("-n", "shop-ingress", "-o", "json")
    services = json.loads(cloud.kubectl(AUTOPILOT, "get", "services", *in_namespace))["items"]
    (balancer,) = [entry for entry in services if entry["spec"]["type"] == "LoadBalancer"]
    assert balancer["status"]["loadBalancer"]["ingress"][0]["ip"]

    def issued() -> None:
        # By a controller, which looks at the Gateway when that is there.
        told = cloud.kubectl(AUTOPILOT, "get", "secret", "shop-example-com", *in_namespace)
        assert json.loads(told)["type"] == "kubernetes.io/tls"

    eventually(issued)


def _calls_from_outside_are_shared_out(cloud: LocalCloud) -> None:
    """Real Envoys of the stack answer over HTTPS, a tenth of the calls by the canary."""
    calls, answered = 1000, Counter[str]()

    def draw() -> int:
        told = json.loads(cloud.meshwright("traffic", "--requests", str(calls), "--json"))
        assert told["url"] == "https://shop.example.com/"
        assert {status for by in told["answers"].values() for status in by} == {"200"}
        counted = {version: by["200"] for version, by in told["answers"].items()}
        assert counted["v1"] + counted["v2"] == calls
        answered.update(counted)
        return counted["v2"]

    assert_share(draw, calls, 0.10)
    _prometheus_counts(cloud, answered)


def _prometheus_counts(cloud: LocalCloud, answered: Mapping[str, int]) -> None:
    """The same, by what the pods' own Envoys counted: no call is lost or counted twice."""
    url = json.loads(cloud.meshwright("metrics", "--json"))["url"]
    assert json.loads(cloud.meshwright("status", "--json"))["metrics"] == url
    calls = (
        "sum by (destination_canonical_revision) (istio_requests_total"
        '{reporter="destination",destination_canonical_service="checkout",response_code="200"})'
    )

    def counted() -> None:
        found = requests.post(f"{url}/api/v1/query", data={"query": calls}, timeout=30).json()
        assert {
            series["metric"]["destination_canonical_revision"]: int(series["value"][1])
            for series in found["data"]["result"]
        } == answered

    eventually(counted)


def _nothing_is_left_to_do(dev: Stack, cloud: LocalCloud) -> None:
    mark = max(entry["n"] for entry in cloud.asked("requests"))
    assert dev.up("--policy-pack", "policies").succeeded().changes == {}
    later = cloud.asked(f"requests?since={mark}")
    assert [f"{e['method']} {e['path']}" for e in later if e["mutating"]] == []
    dev.preview("--expect-no-changes", "--refresh").succeeded()


def _weight_changes_only_its_route(dev: Stack, cloud: LocalCloud) -> None:
    weights = "meshwright:platform.namespaces[1].services[0].route.weights"
    for index, weight in enumerate(("50", "50")):
        dev.run(
            "config", "set", "--path", f"{weights}[{index}].weight", weight, "--stack", "dev"
        ).succeeded()
    run = dev.up().succeeded()
    assert [(step, of.split("::")[0]) for step, of in run.steps] == [
        ("update", "kubernetes:networking.istio.io/v1:VirtualService")
    ]
    assert _weights(cloud) == [50, 50]


def _weights(cloud: LocalCloud) -> list[int]:
    shares = json.loads(
        cloud.kubectl(AUTOPILOT, "get", "virtualservice", "checkout", "-n", "shop", "-o", "json")
    )
    (route,) = shares["spec"]["http"]
    return [destination["weight"] for destination in route["route"]]


def _drift_is_found_and_mended(dev: Stack, cloud: LocalCloud) -> None:
    patch = [{"op": "replace", "path": "/spec/http/0/timeout", "value": "77s"}]
    cloud.kubectl(
        AUTOPILOT, "patch", "virtualservice", "checkout", "-n", "shop",
        "--type", "json", "--patch", json.dumps(patch),
    )  # fmt: skip
    found = dev.preview("--refresh").succeeded()
    assert [(step, of.split("::")[0]) for step, of in found.steps] == [
        ("update", "kubernetes:networking.istio.io/v1:VirtualService")
    ]
    dev.up("--refresh").succeeded()
    dev.preview("--expect-no-changes", "--refresh").succeeded()
