"""Google's command-line tool against the sandbox: clusters, fleet, mesh, logs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshwright_sandbox.core.endpoints import ENDPOINTS
from tests.sandbox.platform import REGION, prepare
from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.gcloud
Gcloud = Callable[..., Any]
WHERE = f"--region={REGION}"
RANGES = ["--cluster-secondary-range-name=pods", "--services-secondary-range-name=services"]


@pytest.fixture
def network(sandbox: Sandbox, project: str) -> list[str]:
    """The arguments that put a cluster into the project's network."""
    account = prepare(sandbox, project)
    return ["--network=net", "--subnetwork=sub", f"--service-account={account}", WHERE]


def test_a_cluster_from_first_to_last(
    gcloud: Gcloud, sandbox: Sandbox, project: str, network: list[str]
) -> None:
    """Create, list, resize, label, delete, each waiting for its operation as gcloud does."""
    clusters, pools = ("container", "clusters"), ("container", "node-pools")
    identity = f"--workload-pool={project}.svc.id.goog"
    options = ["--num-nodes=1", "--enable-ip-alias", "--enable-private-nodes", identity]
    gcloud(*clusters, "create", "c", *network, *RANGES, *options)
    gcloud(*pools, "create", "extra", "--cluster=c", WHERE, "--num-nodes=2")
    gcloud(*clusters, "resize", "c", WHERE, "--node-pool=extra", "--num-nodes=1")
    gcloud(*clusters, "update", "c", WHERE, "--update-labels=team=mesh")

    [listed] = gcloud(*clusters, "list")
    shown = gcloud(*pools, "list", "--cluster=c", WHERE)
    operations = gcloud("container", "operations", "list", WHERE)
    gcloud(*pools, "delete", "extra", "--cluster=c", WHERE)
    gcloud(*clusters, "delete", "c", WHERE)

    assert (listed["status"], listed["currentNodeCount"]) == ("RUNNING", 6)
    assert listed["resourceLabels"] == {"team": "mesh"}
    assert [pool["name"] for pool in shown] == ["default-pool", "extra"]
    assert "CREATE_NODE_POOL" in {operation["operationType"] for operation in operations}
    assert not [name for name in sandbox.inventory() if f"/{project}/" in name and "/c" in name]


def test_the_versions_that_gcloud_offers(gcloud: Gcloud) -> None:
    """get-server-config names the channels' versions."""
    config = gcloud("container", "get-server-config", WHERE)
    assert config["defaultClusterVersion"] in config["validMasterVersions"]


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file into which `get-credentials` writes; must be requested before `gcloud`."""
    path = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def test_a_fleet_and_its_mesh(
    kubeconfig: Path, gcloud: Gcloud, project: str, network: list[str]
) -> None:
    """A cluster born in the fleet gets the managed mesh by `fleet mesh update`."""
    fleet, arguments = ("container", "fleet"), [*network, "--enable-fleet"]
    gcloud("container", "clusters", "create-auto", "ap", *arguments)
    gcloud(*fleet, "mesh", "enable")
    member = ["--memberships=ap", f"--location={REGION}"]
    gcloud(*fleet, "mesh", "update", "--management=automatic", *member)

    [membership] = gcloud(*fleet, "memberships", "list")
    described = gcloud(*fleet, "mesh", "describe")
    [feature] = gcloud(*fleet, "features", "list")
    gcloud("container", "clusters", "get-credentials", "ap", WHERE)

    assert membership["name"].endswith(f"/locations/{REGION}/memberships/ap")
    [state] = described["membershipStates"].values()
    control = state["servicemesh"]["controlPlaneManagement"]
    assert (control["state"], control["implementation"]) == ("ACTIVE", "TRAFFIC_DIRECTOR")
    assert feature["name"].endswith("/features/servicemesh")
    written = kubeconfig.read_text()
    assert f"gke_{project}_{REGION}_ap" in written
    assert "gke-gcloud-auth-plugin" in written


def test_a_cluster_is_registered_and_a_scope_has_a_namespace(
    gcloud: Gcloud, project: str, network: list[str]
) -> None:
    """gcloud composes the cluster's link from its endpoint, and leaves the scope to the name."""
    fleet, member = ("container", "fleet"), ["m", f"--location={REGION}"]
    gcloud("container", "clusters", "create", "c", *network, *RANGES, "--enable-ip-alias")
    gcloud(*fleet, "memberships", "register", *member, f"--gke-cluster={REGION}/c")
    gcloud(*fleet, "scopes", "create", "shop")
    gcloud(*fleet, "scopes", "namespaces", "create", "till", "--scope=shop")

    membership = gcloud(*fleet, "memberships", "describe", *member)
    namespace = gcloud(*fleet, "scopes", "namespaces", "describe", "till", "--scope=shop")
    link = membership["endpoint"]["gkeCluster"]["resourceLink"]
    cluster = f"projects/{project}/locations/{REGION}/clusters/c"
    assert link == f"//container.googleapis.com/{cluster}"
    assert namespace["scope"].endswith("/locations/global/scopes/shop")


def test_log_buckets_and_sinks(gcloud: Gcloud, project: str) -> None:
    """Create, list and delete; an absent destination is refused in the API's words."""
    buckets, sinks = ("logging", "buckets"), ("logging", "sinks")
    gcloud(*buckets, "create", "mesh", "--location=global", "--retention-days=7")
    home = f"projects/{project}/locations/global/buckets"
    destination = f"logging.googleapis.com/{home}/mesh"
    gcloud(*sinks, "create", "mesh", destination, "--log-filter=severity>=ERROR")

    listed = gcloud(*buckets, "list")
    sink = gcloud(*sinks, "describe", "mesh")
    wrong = gcloud(*sinks, "create", "x", f"logging.googleapis.com/{home}/absent", check=False)
    gcloud(*sinks, "delete", "mesh")
    gcloud(*buckets, "delete", "mesh", "--location=global")

    names = [bucket["name"].rpartition("/")[2] for bucket in listed]
    assert names == ["_Default", "_Required", "mesh"]
    assert sink["destination"] == destination
    assert "does not exist" in wrong.stderr


def test_every_api_has_an_override_for_gcloud() -> None:
    """Without one, gcloud would talk to the real cloud."""
    overrides = {name for endpoint in ENDPOINTS for name in endpoint.gcloud}
    for api in ("CONTAINER", "GKEHUB", "LOGGING", "MONITORING", "NETWORKSERVICES", "PUBSUB"):
        assert f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}" in overrides, json.dumps(sorted(overrides))


def test_gcloud_writes_log_entries_and_reads_them(gcloud: Callable[..., Any]) -> None:
    """From the project and, as its flags say, from a view of a bucket."""
    gcloud("logging", "write", "till", "short of change", "--severity=WARNING")
    view = ("--bucket=_Default", "--location=global", "--view=_AllLogs")
    for place in ((), view):
        (entry,) = gcloud("logging", "read", 'severity>INFO AND log_id("till")', *place)
        assert entry["textPayload"] == "short of change"
