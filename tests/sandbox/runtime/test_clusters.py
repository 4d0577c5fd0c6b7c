"""A created cluster is a real API server that works as the GKE API's answer says."""

import ipaddress
import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from kubernetes import client

from meshwright_sandbox.runtime.clusters import COMPONENTS
from meshwright_sandbox.runtime.interface import ClusterAccess, NodePool, Taint
from meshwright_sandbox.runtime.kube import write_user_kubeconfig
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.runtime.records import ClusterRecord, Ports, cluster_id
from tests.sandbox.runtime.conftest import (
    LOCATION,
    NAME,
    PROJECT,
    connect,
    deployment,
    request_for,
    running_pods,
)

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]


def pids(runtime: LocalRuntime, name: str) -> dict[str, int]:
    prefix = f"cluster/{cluster_id(PROJECT, LOCATION, name)}/"
    return {
        e.name.removeprefix(prefix): e.pid
        for e in runtime.processes.entries(prefix)
        if e.name.removeprefix(prefix) in COMPONENTS
    }


def test_endpoint_ca_and_token_work_as_given(api: client.ApiClient) -> None:
    assert client.VersionApi(api).get_code().git_version.startswith("v1.")
    review = {"spec": {"resourceAttributes": {"verb": "*", "resource": "*", "group": "*"}}}
    answer = client.AuthorizationV1Api(api).create_self_subject_access_review(review)
    assert answer.status.allowed


def test_other_clusters_reach_it_at_its_private_endpoint(
    runtime: LocalRuntime, access: ClusterAccess, tools: Path, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text(access.ca_certificate)
    look = [
        str(tools / "kubectl"), f"--server=https://{access.private_endpoint}",
        f"--certificate-authority={authority}", f"--token={access.token}", "get", "--raw=/readyz",
    ]  # fmt: skip
    inside = runtime.network.command(look)
    answer = subprocess.run(inside, capture_output=True, text=True, check=False, timeout=60)
    assert answer.stdout == "ok", answer.stderr


def test_garbage_takes_what_the_sandboxs_own_environment_allows(
    runtime: LocalRuntime, access: ClusterAccess
) -> None:
    assert access.endpoint
    server = psutil.Process(pids(runtime, NAME)["kube-apiserver"])
    assert server.environ()["GOGC"] == os.environ["GOGC"]


def test_a_wrong_token_is_refused(access: ClusterAccess) -> None:
    context = ssl.create_default_context(cadata=access.ca_certificate)
    call = urllib.request.Request(
        f"https://{access.endpoint}/api/v1/nodes", headers={"Authorization": "Bearer wrong"}
    )
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({})
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        opener.open(call, timeout=30)
    assert refused.value.code == 401


def test_nodes_carry_gkes_labels(api: client.ApiClient, access: ClusterAccess) -> None:
    nodes = (
        client.CoreV1Api(api).list_node(label_selector="cloud.google.com/gke-nodepool=apps").items
    )
    labels = nodes[0].metadata.labels
    assert len(nodes) == 1
    assert labels["team"] == "shop"
    assert labels["topology.kubernetes.io/region"] == LOCATION
    assert labels["topology.kubernetes.io/zone"].startswith(f"{LOCATION}-")
    assert labels["node.kubernetes.io/instance-type"] == "e2-standard-4"
    version = nodes[0].status.node_info.kubelet_version
    assert version == "v1.34.1-gke.1829001"


def test_pods_run_and_have_addresses_of_the_pod_range(
    api: client.ApiClient, make_namespace: Any
) -> None:
    namespace = make_namespace()
    client.AppsV1Api(api).create_namespaced_deployment(namespace, deployment("web", 3))
    addresses = {p.status.pod_ip for p in running_pods(api, namespace, 3)}
    assert len(addresses) == 3
    assert all(ipaddress.ip_address(a) in ipaddress.ip_network("10.16.0.0/16") for a in addresses)


def test_node_pools_grow_and_shrink(runtime: LocalRuntime, api: client.ApiClient) -> None:
    kept = request_for(NAME, 16).node_pools
    extra = NodePool("batch", 2, taints=(Taint("batch", "true", "NoSchedule"),))
    select = {"label_selector": "cloud.google.com/gke-nodepool=batch"}
    core = client.CoreV1Api(api)

    runtime.set_node_pools(PROJECT, LOCATION, NAME, (*kept, extra))
    nodes = core.list_node(**select).items
    assert len(nodes) == 2
    assert any(t.key == "batch" for t in nodes[0].spec.taints)

    runtime.set_node_pools(PROJECT, LOCATION, NAME, kept)
    assert core.list_node(**select).items == []
    assert len(core.list_node().items) == 3


def test_a_second_start_adopts_what_runs(runtime: LocalRuntime, access: ClusterAccess) -> None:
    before = pids(runtime, NAME)
    # The cluster's controllers were the first one's; two at once would both start its istiods.
    runtime.close()
    later = LocalRuntime(runtime.home, runtime.tools)
    try:
        assert later.start(request_for(NAME, 16, gateway_api=True)) == access
        assert pids(runtime, NAME) == before
    finally:
        later.close()
        runtime.start(request_for(NAME, 16, gateway_api=True))


@pytest.mark.usefixtures("access")
def test_a_node_is_not_given_up_for_late_heartbeats(runtime: LocalRuntime) -> None:
    """Its pods would be Ready no more. Read off the command: to see it happen takes too long."""
    command = psutil.Process(pids(runtime, NAME)["kube-controller-manager"]).cmdline()
    (period,) = [a.partition("=")[2] for a in command if "--node-monitor-grace-period" in a]
    assert int(period.partition("h")[0]) > 24 * 365


def test_killed_processes_are_started_again(
    runtime: LocalRuntime, access: ClusterAccess, api: client.ApiClient, make_namespace: Any
) -> None:
    before = pids(runtime, NAME)
    victims = [psutil.Process(before[name]) for name in ("kube-apiserver", "kwok-controller")]
    for victim in victims:
        victim.kill()
    psutil.wait_procs(victims, timeout=30)
    runtime.start(request_for(NAME, 16, gateway_api=True))
    after = pids(runtime, NAME)
    assert after["kube-apiserver"] != before["kube-apiserver"]
    assert after["etcd"] == before["etcd"]

    namespace = make_namespace()
    client.AppsV1Api(api).create_namespaced_deployment(namespace, deployment("web"))
    running_pods(api, namespace, 1)


def test_a_program_that_gives_up_at_first_is_started_once_more(
    runtime: LocalRuntime, access: ClusterAccess, tmp_path: Path
) -> None:
    """As a scheduler does on a busy machine, whose API server is late."""
    for program in runtime.tools.iterdir():
        (tmp_path / program.name).symlink_to(program)
    scheduler, gave_up = tmp_path / "kube-scheduler", tmp_path / "gave-up"
    scheduler.unlink()
    scheduler.write_text(
        f"#!/bin/bash\ntest -e {gave_up} || {{ touch {gave_up}; exit 1; }}\n"
        f'exec -a "$0" {runtime.tools / "kube-scheduler"} "$@"\n'
    )
    scheduler.chmod(0o700)
    victim = psutil.Process(pids(runtime, NAME)["kube-scheduler"])
    victim.kill()
    psutil.wait_procs([victim], timeout=30)
    runtime.close()
    later = LocalRuntime(runtime.home, tmp_path)
    try:
        assert later.start(request_for(NAME, 16, gateway_api=True)) == access
        assert gave_up.exists()
        assert psutil.pid_exists(pids(runtime, NAME)["kube-scheduler"])
    finally:
        later.close()
        runtime.start(request_for(NAME, 16, gateway_api=True))


def test_two_clusters_start_side_by_side_and_stop_without_a_trace(
    runtime: LocalRuntime, tmp_path: Path
) -> None:
    requests = [request_for("left", 40), request_for("right", 50, autopilot=True, node_pools=())]
    with ThreadPoolExecutor(2) as pool:
        left, right = pool.map(runtime.start, requests)
    assert left.endpoint != right.endpoint
    for number, access in enumerate((left, right)):
        nodes = client.CoreV1Api(connect(access, tmp_path / f"{number}.pem")).list_node().items
        assert len(nodes) == (3, 2)[number]
    processes = [psutil.Process(p) for r in requests for p in pids(runtime, r.name).values()]
    assert len(processes) == 2 * len(COMPONENTS)

    for request in requests:
        runtime.stop(PROJECT, LOCATION, request.name)
        runtime.stop(PROJECT, LOCATION, request.name)
        assert not runtime.records.folder(cluster_id(PROJECT, LOCATION, request.name)).exists()
    assert not any(is_alive(p) for p in processes)
    assert left.endpoint not in " ".join(runtime.forwards.listing())


def test_the_kubeconfig_works_with_kubectl_and_the_auth_plugin(
    runtime: LocalRuntime, access: ClusterAccess, tmp_path: Path, tools: Path
) -> None:
    plugin = tmp_path / "gke-gcloud-auth-plugin"
    credential = {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "status": {"token": access.token},
    }
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(credential)}'\n")
    plugin.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "KUBECONFIG": str(runtime.home / "kubeconfig"),
    }
    context = f"gke_{PROJECT}_{LOCATION}_{NAME}"
    answer = subprocess.run(
        [tools / "kubectl", f"--context={context}", "auth", "whoami", "--output=json"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert json.loads(answer.stdout)["status"]["userInfo"]["username"] == "sandbox-admin"


def test_the_context_that_was_chosen_stays(tmp_path: Path, tools: Path) -> None:
    path = tmp_path / "kubeconfig"
    east, west = (
        (ClusterRecord(request_for(name, 16), 0, "127.0.0.1", 443, Ports.of_slot(0)), "certificate")
        for name in ("east", "west")
    )
    write_user_kubeconfig(path, [east])
    write_user_kubeconfig(path, [east, west])
    chosen = f"gke_{PROJECT}_{LOCATION}_west"
    for choice in (["use-context", chosen], ["set-context", chosen, "--namespace=shop"]):
        subprocess.run([tools / "kubectl", f"--kubeconfig={path}", "config", *choice], check=True)

    write_user_kubeconfig(path, [east, west])
    again = yaml.safe_load(path.read_text())
    assert again["current-context"] == chosen
    assert again["contexts"][1]["context"]["namespace"] == "shop"

    write_user_kubeconfig(path, [east])
    assert yaml.safe_load(path.read_text())["current-context"] == f"gke_{PROJECT}_{LOCATION}_east"


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
