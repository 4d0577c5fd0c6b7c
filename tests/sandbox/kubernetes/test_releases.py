"""helm.v3.Release through the real `helm`, against a real API server."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.values import UNKNOWN, decode, encode
from tests.sandbox.kubernetes.harness import TOOLS, ApiServer, KubernetesPlugin

pytestmark = [pytest.mark.cluster]

TYPE = "kubernetes:helm.sh/v3:Release"
URN = f"urn:pulumi:dev::test::{TYPE}::shop"
TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-settings
data:
  colour: {{ .Values.colour | quote }}
  size: {{ .Values.size | quote }}
"""
WORKLOAD = """
{{- if .Values.workload }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      nodeSelector: {{ .Values.nodes | toJson }}
      containers: [{name: app, image: shop}]
{{- end }}
"""


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A chart of one ConfigMap and, if wished, one Deployment."""
    folder = tmp_path_factory.mktemp("chart") / "shop"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.2.3\n")
    (folder / "values.yaml").write_text("colour: red\nsize: 1\nworkload: false\nnodes: {}\n")
    (folder / "templates" / "settings.yaml").write_text(TEMPLATE)
    (folder / "templates" / "workload.yaml").write_text(WORKLOAD)
    return str(folder)


@pytest.fixture(scope="module")
def plugin(cluster: ApiServer) -> Iterator[KubernetesPlugin]:
    found = os.environ["PATH"]
    os.environ["PATH"] = f"{TOOLS}{os.pathsep}{found}"
    running = KubernetesPlugin(cluster.kubeconfig.read_text())
    yield running
    running.close()
    os.environ["PATH"] = found


def check(
    plugin: KubernetesPlugin, old: dict[str, Any] | None = None, **inputs: Any
) -> tuple[dict[str, Any], dict[str, str]]:
    """The completed inputs, and what is refused of them."""
    answer = plugin.call.Check(
        provider_pb2.CheckRequest(
            urn=URN, type=TYPE, name="shop", news=encode(inputs), olds=encode(old or {}),
            randomSeed=b"seed",
        )
    )  # fmt: skip
    return decode(answer.inputs), {f.property: f.reason for f in answer.failures}


def install(plugin: KubernetesPlugin, chart: str, name: str, **inputs: Any) -> dict[str, Any]:
    """The state after installing."""
    completed, _ = check(plugin, chart=chart, name=name, **inputs)
    answer = plugin.call.Create(
        provider_pb2.CreateRequest(urn=URN, type=TYPE, properties=encode(completed))
    )
    assert answer.id == f"default/{name}"
    return decode(answer.properties)


def read(plugin: KubernetesPlugin, name: str, inputs: dict[str, Any]) -> provider_pb2.ReadResponse:
    return plugin.call.Read(
        provider_pb2.ReadRequest(urn=URN, type=TYPE, id=f"default/{name}", inputs=encode(inputs))
    )


def differing(
    plugin: KubernetesPlugin, state: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
) -> dict[str, str]:
    answer = plugin.call.Diff(
        provider_pb2.DiffRequest(
            urn=URN, type=TYPE, olds=encode(state), old_inputs=encode(old), news=encode(new)
        )
    )
    kinds = provider_pb2.PropertyDiff.Kind
    return {path: kinds.Name(found.kind) for path, found in answer.detailedDiff.items()}


def inputs_of(state: dict[str, Any]) -> dict[str, Any]:
    return {key: state[key] for key in state.keys() - {"status", "resourceNames"}}


def test_a_release_lives_through_install_upgrade_and_uninstall(
    plugin: KubernetesPlugin, cluster: ApiServer, chart: str
) -> None:
    state = install(plugin, chart, "one", values={"size": 15012})

    assert state["status"]["status"] == "deployed"
    assert state["resourceNames"] == {"ConfigMap/v1": ["one-settings"]}
    live = cluster.kubectl("get", "configmap", "one-settings", "-o", "json")
    assert live["data"] == {"colour": "red", "size": "15012"}

    old = inputs_of(state)
    new, _ = check(plugin, old, chart=chart, name="one", values={"colour": "blue"})
    assert differing(plugin, state, old, new) == {"values.colour": "ADD", "values.size": "DELETE"}
    answer = plugin.call.Update(
        provider_pb2.UpdateRequest(urn=URN, type=TYPE, olds=encode(state), news=encode(new))
    )
    assert decode(answer.properties)["status"]["revision"] == 2
    live = cluster.kubectl("get", "configmap", "one-settings", "-o", "json")
    assert live["data"] == {"colour": "blue", "size": "1"}

    request = provider_pb2.DeleteRequest(urn=URN, type=TYPE, properties=encode(new))
    plugin.call.Delete(request)
    assert (
        cluster.kubectl("get", "configmaps", "-o", "name", "--ignore-not-found").count("one") == 0
    )
    assert read(plugin, "one", new).id == ""
    plugin.call.Delete(request)  # gone already, which is as good


def test_what_others_changed_with_helm_is_a_difference(
    plugin: KubernetesPlugin, chart: str, cluster: ApiServer
) -> None:
    state = install(plugin, chart, "two", values={"colour": "red"})
    inputs = inputs_of(state)
    same = read(plugin, "two", inputs)
    assert differing(plugin, decode(same.properties), decode(same.inputs), inputs) == {}
    subprocess.run(
        [TOOLS / "helm", "upgrade", "two", chart, "--set=colour=green",
         f"--kubeconfig={cluster.kubeconfig}"],
        check=True, capture_output=True,
    )  # fmt: skip

    seen = read(plugin, "two", inputs)

    assert differing(plugin, decode(seen.properties), decode(seen.inputs), inputs) == {
        "values.colour": "UPDATE"
    }


def test_a_release_that_does_not_get_ready_is_kept_and_says_why(
    plugin: KubernetesPlugin, chart: str
) -> None:
    values = {"workload": True, "nodes": {"no": "where"}}
    with pytest.raises(grpc.RpcError) as raised:
        install(plugin, chart, "three", values=values, timeout=2)

    assert raised.value.code() is grpc.StatusCode.UNKNOWN  # there, but not ready
    assert "default/three is not ready" in str(raised.value.details())
    assert decode(read(plugin, "three", {}).properties)["status"]["status"] == "failed"


def test_a_name_that_is_taken_is_told_with_what_to_do(
    plugin: KubernetesPlugin, chart: str, cluster: ApiServer
) -> None:
    install(plugin, chart, "five")
    with pytest.raises(
        grpc.RpcError, match=r"pulumi import \S+:Release NAME default/five --generate-code=false"
    ):
        install(plugin, chart, "five")


def test_a_release_that_a_killed_run_left_half_is_told_as_such(
    plugin: KubernetesPlugin, chart: str, cluster: ApiServer
) -> None:
    cut_off = subprocess.Popen(
        [TOOLS / "helm", "install", "six", chart, "--wait", "--set=workload=true,nodes.no=where",
         f"--kubeconfig={cluster.kubeconfig}"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    cluster.kubectl("wait", "--for=create", "secret/sh.helm.release.v1.six.v1", "--timeout=180s")
    cut_off.kill()
    cut_off.wait(60)

    with pytest.raises(grpc.RpcError, match=r"cut off .* `helm uninstall six --namespace default`"):
        install(plugin, chart, "six")


def test_a_release_waits_until_its_workload_is_ready(
    plugin: KubernetesPlugin, chart: str, cluster: ApiServer
) -> None:
    install(plugin, chart, "four", values={"workload": True})

    assert (
        cluster.kubectl("get", "deployment", "four", "-o", "json")["status"]["readyReplicas"] == 1
    )


def test_the_version_is_the_charts_own_and_names_are_kept(
    plugin: KubernetesPlugin, chart: str
) -> None:
    completed, failures = check(plugin, chart=chart)
    assert failures == {}
    assert completed["version"] == "1.2.3"
    assert completed["namespace"] == "default"
    assert completed["name"].startswith("shop-")
    again, _ = check(plugin, completed, chart=chart, values={"size": 2})
    assert again["name"] == completed["name"]
    moved = {**completed, "namespace": "elsewhere"}
    assert differing(plugin, completed, completed, moved) == {"namespace": "UPDATE_REPLACE"}


def test_what_cannot_be_installed_is_refused_before_anything_is_done(
    plugin: KubernetesPlugin, chart: str
) -> None:
    _, failures = check(plugin, chart=f"{chart}-absent")
    assert "not found" in failures["chart"]
    _, failures = check(plugin, chart=chart, postrender="sh", repositoryOpts={"password": "p"})
    assert failures.keys() == {"postrender", "repositoryOpts.password"}


def test_a_preview_takes_values_that_are_not_known_yet(
    plugin: KubernetesPlugin, chart: str
) -> None:
    completed, failures = check(plugin, chart=chart, name="later", values={"colour": UNKNOWN})
    assert failures == {}

    answer = plugin.call.Create(
        provider_pb2.CreateRequest(urn=URN, type=TYPE, properties=encode(completed), preview=True)
    )

    planned = decode(answer.properties)
    assert planned["values"]["colour"] is UNKNOWN
    assert planned["status"] is UNKNOWN
    assert read(plugin, "later", {}).id == ""
