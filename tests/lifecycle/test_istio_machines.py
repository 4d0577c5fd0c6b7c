"""Machines of an Istio mesh: a real API server takes their objects, and their leave is narrow."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from meshwright_toolchain import bin_dir, module_dir
from tests.lifecycle.harness import Cloud, Stack
from tests.sandbox.kubernetes.harness import ApiServer

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

PROGRAM = Path(__file__).parent / "programs" / "istio-machines"
_GROUPS = "crd/workloadgroups.networking.istio.io"
ACCOUNT = "ledger-vm@meshwright-dev.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server that knows Istio's kinds."""
    server = ApiServer(tmp_path_factory.mktemp("cluster"), "meshwright-machines")
    base = module_dir("istio") / "manifests" / "charts" / "base" / "files"
    server.kubectl("apply", "--server-side", f"--filename={base / 'crd-all.gen.yaml'}")
    server.kubectl("wait", "--for=condition=Established", "--timeout=180s", _GROUPS)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulator for this module."""
    cloud = Cloud(tmp_path_factory.mktemp("emulator") / "cloud")
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def stack(
    cluster: ApiServer, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The stack, up; it leaves nothing behind."""
    made = Stack(PROGRAM, tmp_path_factory.mktemp("stack"), cloud.environment())
    made.configure(kubeconfig=str(cluster.kubeconfig))
    made.up().succeeded()
    yield made
    cluster.kubectl("delete", "namespace", "istio-system", "--ignore-not-found")
    made.destroy().succeeded()
    assert cloud.inventory() == []
    assert "shop" not in cluster.kubectl("get", "namespaces", "-o", "name")


def namespace_of(name: str) -> dict[str, Any]:
    """A namespace's manifest."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def metadata_of(cloud: Cloud) -> dict[str, str]:
    """Metadata of the one template that is there."""
    path = "compute/compute/v1/projects/meshwright-dev/global/instanceTemplates"
    (template,) = requests.get(f"{cloud.url}/{path}", timeout=30).json()["items"]
    return {item["key"]: item["value"] for item in template["properties"]["metadata"]["items"]}


def test_a_machine_may_ask_for_its_own_token_and_for_the_root_alone(
    stack: Stack, cluster: ApiServer
) -> None:
    """By its Google account, with the audience of Istio's CA, and for nobody else."""
    me = f"--as={ACCOUNT}"
    inside = "--namespace=shop"
    cluster.kubectl(inside, "create", "serviceaccount", "other")

    token = cluster.kubectl(inside, me, "create", "token", "ledger", "--audience=istio-ca")

    assert token.count(".") == 2
    for wanted in (
        ("create", "token", "other"),
        ("get", "configmaps", "settings"),
        ("get", "secrets"),
    ):
        with pytest.raises(AssertionError, match="forbidden"):
            cluster.kubectl(inside, me, *wanted)
    assert cluster.kubectl(inside, me, "auth", "can-i", "get", "cm/istio-ca-root-cert") == "yes\n"


def test_istio_finds_nothing_wrong_with_the_objects(
    stack: Stack, cluster: ApiServer, tmp_path: Path
) -> None:
    """Its own validation, beyond what the kinds' schemas say; the Service picks the machines."""
    found = cluster.kubectl("--namespace=shop", "get", "workloadgroups,services", "-o", "json")
    file = tmp_path / "objects.json"
    file.write_text(json.dumps(found))

    said = subprocess.run(
        [bin_dir() / "istioctl", "validate", f"--filename={file}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert said.returncode == 0, said.stderr
    kinds = {item["kind"]: item for item in found["items"]}
    labels = kinds["WorkloadGroup"]["spec"]["metadata"]["labels"]
    assert kinds["Service"]["spec"]["selector"].items() <= labels.items()


def test_machines_read_what_istios_own_tool_would_give_them(
    stack: Stack, cloud: Cloud, cluster: ApiServer, tmp_path: Path
) -> None:
    """`istioctl x workload entry configure` writes files for the group that is in the cluster."""
    for namespace, name, data in (
        ("istio-system", "istio-1-31", {"mesh": "trustDomain: cluster.local\n"}),
        ("shop", "istio-ca-root-cert", {"root-cert.pem": "root"}),
    ):
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace},
            "data": data,
        }
        for document in (namespace_of(namespace), config_map):
            cluster.kubectl("apply", "--server-side", "--filename=-", document=document)
    ran = subprocess.run(
        [
            bin_dir() / "istioctl", f"--kubeconfig={cluster.kubeconfig}",
            "experimental", "workload", "entry", "configure", "--name=ledger", "--namespace=shop",
            "--revision=1-31", "--autoregister", "--clusterID=Kubernetes", "--ingressIP=10.0.0.10",
            f"--output={tmp_path}",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr

    ours = metadata_of(cloud)

    theirs = (tmp_path / "cluster.env").read_text()
    assert ours["istio-cluster-env"].splitlines() == theirs.splitlines()
    config = yaml.safe_load((tmp_path / "mesh.yaml").read_text())["defaultConfig"]
    mine = json.loads(ours["istio-mesh"])["defaultConfig"]
    assert mine["proxyMetadata"] == config["proxyMetadata"]
    assert mine["readinessProbe"] == config["readinessProbe"]
    assert mine["discoveryAddress"] == config["discoveryAddress"]
    assert ours["istio-hosts"] == (tmp_path / "hosts").read_text().strip()


def test_a_changed_label_reaches_machines_and_mesh_and_nothing_else(stack: Stack) -> None:
    """The template is new, so that machines tell the mesh of themselves what the group says."""
    assert stack.preview().succeeded().changes == {}
    stack.configure(version="v2")

    steps = stack.up().succeeded().steps

    touched = {name.rpartition("::")[2] for _, name in steps}
    assert touched == {"ledger-group", "ledger-template", "ledger-workload"}
    assert [op for op, name in steps if name.endswith("::ledger-workload")] == ["update"]
    assert stack.preview().succeeded().changes == {}
    assert stack.refresh().succeeded().changes == {}
