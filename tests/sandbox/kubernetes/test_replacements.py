"""What the official plugin replaces for is replaced, and nothing else."""

from typing import Any

import grpc
import pytest

from tests.sandbox.kubernetes.harness import (
    CONFIG_MAP,
    ApiServer,
    KubernetesPlugin,
    changed,
    named,
    placed,
)

pytestmark = pytest.mark.cluster

POD = {"containers": [{"name": "c", "image": "nginx"}]}
LABELS = {"app": "replaced"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}
NO_WAIT = {"pulumi.com/skipAwait": "true"}


def kind(api_version: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = placed(f"replaced-{name.lower()}", annotations=NO_WAIT)
    return {"apiVersion": api_version, "kind": name, **metadata, "spec": spec}


JOB = kind("batch/v1", "Job", {"template": {"spec": {**POD, "restartPolicy": "Never"}}})
STATEFUL_SET = kind(
    "apps/v1",
    "StatefulSet",
    {"serviceName": "s", "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
)
VOLUME = kind(
    "v1",
    "PersistentVolume",
    {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "by-hand",
        "hostPath": {"path": "/a"},
    },
)
VOLUME["metadata"].pop("namespace")
SINGLE = kind("v1", "Pod", POD)


@pytest.mark.parametrize(
    ("old", "spec", "expected"),
    [
        (JOB, {"parallelism": 2}, {"spec.parallelism": "ADD_REPLACE"}),
        (
            STATEFUL_SET,
            {"revisionHistoryLimit": 3},
            {"spec.revisionHistoryLimit": "ADD_REPLACE"},
        ),
        (VOLUME, {"hostPath": {"path": "/b"}}, {"spec.hostPath.path": "UPDATE_REPLACE"}),
        (
            SINGLE,
            {"containers": [{"name": "c", "image": "nginx:2"}]},
            {"spec.containers[0].image": "UPDATE_REPLACE"},
        ),
        (SINGLE, {"activeDeadlineSeconds": 900}, {"spec.activeDeadlineSeconds": "ADD"}),
    ],
    ids=["job", "stateful set", "volume", "image of a pod", "deadline of a pod"],
)
def test_fields_of_the_official_list_replace(
    plugin: KubernetesPlugin,
    old: dict[str, Any],
    spec: dict[str, Any],
    expected: dict[str, str],
) -> None:
    identifier, state = plugin.create(old)

    found = plugin.diff(state, old, changed(old, spec={**old["spec"], **spec}))

    plugin.delete(old, identifier)
    assert found == expected


def test_what_the_api_alone_refuses_to_change_is_an_error_of_the_preview(
    plugin: KubernetesPlugin,
) -> None:
    old = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "fixed"},
        "spec": {"controller": "tests.meshwright.dev/a"},
    }
    _, state = plugin.create(old)
    new = changed(old, spec={"controller": "tests.meshwright.dev/b"})

    assert plugin.diff(state, old, new) == {"spec.controller": "UPDATE"}
    with pytest.raises(grpc.RpcError, match="field is immutable"):
        plugin.update(state, new, preview=True)


def test_an_immutable_config_map_is_replaced_whatever_the_provider_allows(
    cluster: ApiServer,
) -> None:
    plugin = KubernetesPlugin(str(cluster.kubeconfig), enableConfigMapMutable="true")
    old = named(changed(CONFIG_MAP, immutable=True), "immutable")
    _, state = plugin.create(old)

    found = plugin.diff(state, old, changed(old, data={"a": "2"}))

    assert found == {"data.a": "UPDATE_REPLACE"}
    plugin.close()


def test_a_job_that_is_not_done_is_made_anew_where_that_is_asked_for(
    plugin: KubernetesPlugin,
) -> None:
    note = "pulumi.com/replaceUnready"
    suspended = changed(JOB, spec={**JOB["spec"], "suspend": True})
    job = named(suspended, "unready", annotations={**NO_WAIT, note: "true"})
    _, state = plugin.create(job)
    without_wait = named(suspended, "unready", annotations={note: "true"})
    done = named(JOB, "ready", annotations={note: "true"})
    _, state_of_done = plugin.create(done)

    found = plugin.diff(state, without_wait, without_wait)

    assert found[f'metadata.annotations["{note}"]'] == "UPDATE_REPLACE"
    assert plugin.diff(state_of_done, done, done) == {}
