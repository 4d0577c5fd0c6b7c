"""InClusterMesh renders Google's in-cluster profile: both are rendered by the real programs.

Google's side is an IstioOperator made of facts (data/google_in_cluster_profile.yaml, with their
sources) and rendered by `istioctl`; ours is what the component's Helm releases render to.
"""

import functools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from ruamel.yaml import YAML

from meshwright import InClusterMesh, InClusterMeshArgs
from meshwright_toolchain import bin_dir, module_dir
from tests.unit.recording import record

FACTS = YAML(typ="safe").load(Path(__file__).parent / "data" / "google_in_cluster_profile.yaml")
VERSION, REVISION = next(iter(FACTS["revision_of"].items()))
NAMES = {
    "project": "P", "project_number": "123", "cluster": "C", "location": "L", "network": "NET",
    "version": VERSION, "platform": "gke", "ca_pool": "POOL",
}  # fmt: skip
# What we add to the settings of injection on purpose: proxies pass Pod Security `restricted`.
OURS = {"global.proxy.seccompProfile.type"}
INJECTION = ("global.", "revision", "sidecarInjectorWebhook.")


def _filled(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts with the cluster's names instead of their letters, as a tree."""
    tree: dict[str, Any] = {}
    for path, value in facts.items():
        *parents, last = path.split(".")
        place = tree
        for key in parents:
            place = place.setdefault(key, {})
        place[last] = json.loads(json.dumps(value).replace("|N|", "|123|").replace("-N", "-123"))
    return tree


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    result = dict(one)
    for key, value in other.items():
        known = result.get(key)
        both = isinstance(known, dict) and isinstance(value, dict)
        result[key] = _merged(known, value) if both else value
    return result


@functools.cache
def google(*options: str) -> list[dict[str, Any]]:
    """The objects of Google's profile, with the named options of its package."""
    spec = _filled(FACTS["profile"])
    for option in options:
        spec = _merged(spec, _filled(FACTS[option]))
    pilot = FACTS["pilot"]
    env = _filled({"env": pilot["env"]})["env"]
    spec |= {"profile": "empty", "tag": VERSION, "revision": REVISION}
    spec["components"] = {
        "base": {"enabled": True},
        "cni": {"enabled": True, "namespace": FACTS["cni"]["namespace"]},
        "pilot": {
            "enabled": True,
            "k8s": {
                "env": [{"name": name, "value": value} for name, value in env.items()],
                "resources": pilot["resources"],
                "replicaCount": pilot["replicas"],
                "hpaSpec": {"minReplicas": pilot["replicas"]},
            },
        },
    }
    spec["values"]["cni"] = {key: FACTS["cni"][key] for key in ("cniBinDir", "excludeNamespaces")}
    spec["values"]["pilot"] = {"cni": {"enabled": True}}
    document = {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": spec}
    rendered = _run("istioctl", "manifest", "generate", "--filename=-", given=json.dumps(document))
    return _objects(rendered)


@functools.cache
def ours(**more: Any) -> list[dict[str, Any]]:
    """The objects that the component's releases render to."""
    charts = str(module_dir("istio") / "manifests" / "charts")
    recorder = record()
    names = {k: v for k, v in NAMES.items() if k != "ca_pool"} | more
    args: InClusterMeshArgs = {"charts": charts, **names}  # type: ignore[typeddict-item]

    @pulumi.runtime.test
    def program() -> pulumi.Output[str]:
        return InClusterMesh("mesh", args).revision

    program()
    objects: list[dict[str, Any]] = []
    for release in recorder.of_type("Release"):
        inputs = release.inputs
        place = [inputs["name"], inputs["chart"], f"--namespace={inputs['namespace']}"]
        rendered = _run(
            "helm", "template", *place, "--values=-", given=json.dumps(inputs["values"])
        )
        objects += _objects(rendered)
    return objects


def _run(program: str, *arguments: str, given: str) -> str:
    done = subprocess.run(
        [bin_dir() / program, *arguments], input=given, capture_output=True, text=True,
        check=False, timeout=120, env={"KUBECONFIG": "/dev/null", "HOME": "/nonexistent"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _objects(rendered: str) -> list[dict[str, Any]]:
    documents = [text for text in rendered.split("\n---") if "CustomResourceDefinition" not in text]
    yaml = YAML(typ="safe")
    return [found for text in documents if (found := yaml.load(text.strip().removeprefix("---")))]


def _one(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    found = [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from _leaves(value, f"{path}.{key}" if path else key)
    else:
        yield path, tree


def _mesh_config(objects: list[dict[str, Any]]) -> dict[str, Any]:
    data = _one(objects, "ConfigMap", f"istio-{REVISION}")["data"]
    return YAML(typ="safe").load(data["mesh"])


def _injection(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The values that the injection's templates read, by path."""
    values = json.loads(_one(objects, "ConfigMap", f"values-{REVISION}")["data"]["merged-values"])
    return {path: value for path, value in _leaves(values) if path.startswith(INJECTION)}


def _istiod(objects: list[dict[str, Any]]) -> dict[str, Any]:
    pod = _one(objects, "Deployment", f"istiod-{REVISION}")["spec"]["template"]["spec"]
    return pod["containers"][0]


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ([], {}),
        (["ca_service"], {"ca": "ca_service", "ca_pool": "POOL"}),
        (["istio_ca"], {"ca": "istio_ca"}),
    ],
)
def test_mesh_and_injection_settings_are_googles(options: list[str], more: dict[str, Any]) -> None:
    """Trust domain, CA, mesh id, telemetry: equal but for what we add, which is named above."""
    theirs, made = google(*options), ours(**more)

    config = _mesh_config(made)  # read anew at each call, so that it may be taken apart
    assert config.pop("pathNormalization") == {"normalization": "MERGE_SLASHES"}
    assert config == _mesh_config(theirs)
    mine, other = _injection(made), _injection(theirs)
    assert {path for path in mine if mine[path] != other.get(path)} == OURS
    assert {path: other[path] for path in other.keys() - mine.keys()} == {
        "global.proxy.seccompProfile": {}
    }


def test_istiod_is_googles_image_with_googles_settings() -> None:
    """The image hub, the revision, and what istiod is told by its environment."""
    theirs, made = google(), ours()

    mine, other = _istiod(made), _istiod(theirs)
    assert mine["image"] == other["image"] == f"gke.gcr.io/asm/pilot:{VERSION}"
    assert _settings(mine) == _settings(other)
    assert mine["resources"] == other["resources"]
    for objects in (made, theirs):
        scaling = _one(objects, "HorizontalPodAutoscaler", f"istiod-{REVISION}")
        assert scaling["spec"]["minReplicas"] == FACTS["pilot"]["replicas"]


def test_webhooks_serve_the_same_namespaces_and_pods() -> None:
    """A namespace that names the revision is injected and checked by it alone."""
    theirs, made = google(), ours()

    for kind, name in (
        ("MutatingWebhookConfiguration", f"istio-sidecar-injector-{REVISION}"),
        ("ValidatingWebhookConfiguration", f"istio-validator-{REVISION}-istio-system"),
    ):
        mine, other = _one(made, kind, name), _one(theirs, kind, name)
        assert _selectors(mine) == _selectors(other)


def test_the_node_agent_stands_where_google_puts_it() -> None:
    """In kube-system, with the folder in which GKE's nodes keep their plugins."""
    theirs, made = google(), ours()

    for kind, name in (("ConfigMap", "istio-cni-config"), ("DaemonSet", "istio-cni-node")):
        mine, other = _one(made, kind, name), _one(theirs, kind, name)
        assert mine["metadata"]["namespace"] == other["metadata"]["namespace"] == "kube-system"
    agent = [
        _one(o, "DaemonSet", "istio-cni-node")["spec"]["template"]["spec"] for o in (made, theirs)
    ]
    assert agent[0]["volumes"] == agent[1]["volumes"]
    assert [c["image"] for c in agent[0]["containers"]] == [
        c["image"] for c in agent[1]["containers"]
    ]


def _settings(container: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


def _selectors(configuration: dict[str, Any]) -> dict[str, Any]:
    return {
        hook["name"]: [hook.get("namespaceSelector"), hook.get("objectSelector")]
        for hook in configuration["webhooks"]
    }
