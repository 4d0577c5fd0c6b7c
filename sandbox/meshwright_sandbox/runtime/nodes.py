"""The simulated nodes of a cluster, labelled as GKE labels them.

https://cloud.google.com/kubernetes-engine/docs/how-to/creating-managing-labels lists the labels;
kwok keeps the nodes Ready and runs the pods that are scheduled to them.
"""

from __future__ import annotations

import hashlib
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential
from urllib3.exceptions import HTTPError

from meshwright_sandbox.runtime.api import Api, ApiError
from meshwright_sandbox.runtime.interface import ClusterRequest, NodePool, RuntimeFailure
from meshwright_sandbox.runtime.pod_range import node_ranges
from meshwright_sandbox.runtime.records import ClusterRecord

_NODES = "/api/v1/nodes"
_POOL_LABEL = "cloud.google.com/gke-nodepool"
_AUTOPILOT_NODES = 2


def pools_of(request: ClusterRequest) -> tuple[NodePool, ...]:
    """The pools to run: the request's own, or what Autopilot provisions by itself."""
    if request.node_pools or not request.autopilot:
        return request.node_pools
    return (NodePool("pool-1", _AUTOPILOT_NODES, machine_type="ek-standard-8"),)


@retry(
    retry=retry_if_exception_type((ApiError, HTTPError)),
    wait=wait_exponential(0.05, max=1),
    stop=stop_after_delay(120),
    reraise=True,
)
def set_nodes(api: Api, record: ClusterRecord, pools: tuple[NodePool, ...]) -> None:
    """Create the nodes of ``pools`` that are missing and delete those of no pool."""
    request = record.request
    nodes = api.get(f"{_NODES}?labelSelector={_POOL_LABEL}")["items"]
    present: dict[str, Any] = {node["metadata"]["name"]: node for node in nodes}
    wanted = {
        _name(request, pool, index): (pool, index) for pool in pools for index in range(pool.count)
    }
    for name in present.keys() - wanted.keys():
        api.delete(f"{_NODES}/{name}")
    used = {node["spec"]["podCIDR"] for name, node in present.items() if name in wanted}
    free = [r for r in node_ranges(request.pod_range, record.part) if r not in used]
    missing = sorted(wanted.keys() - present.keys())
    if len(missing) > len(free):
        raise RuntimeFailure(
            f"cluster {request.name}: pod range {request.pod_range} has room for "
            f"{len(free) + len(used)} nodes, its pools ask for {len(wanted)}"
        )
    for name, pod_range in zip(missing, free, strict=False):
        pool, index = wanted[name]
        api.create(_NODES, _node(request, pool, index, name, pod_range))


def _name(request: ClusterRequest, pool: NodePool, index: int) -> str:
    digest = hashlib.sha256(f"{request.location}/{request.name}/{pool.name}".encode()).hexdigest()
    return f"gke-{request.name[:20]}-{pool.name[:20]}-{digest[:8]}-{index:04d}"


def _node(
    request: ClusterRequest, pool: NodePool, index: int, name: str, pod_range: str
) -> dict[str, Any]:
    zones = pool.zones or _zones(request.location)
    zone = zones[index % len(zones)]
    region = zone.rsplit("-", 1)[0]
    labels = {
        **pool.labels,
        _POOL_LABEL: pool.name,
        "cloud.google.com/gke-os-distribution": "cos",
        "cloud.google.com/gke-container-runtime": "containerd",
        "cloud.google.com/machine-family": pool.machine_type.split("-", 1)[0],
        "node.kubernetes.io/instance-type": pool.machine_type,
        "beta.kubernetes.io/instance-type": pool.machine_type,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "iam.gke.io/gke-metadata-server-enabled": "true",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "podCIDR": pod_range,
            "podCIDRs": [pod_range],
            "providerID": f"gce://{request.project}/{zone}/{name}",
            "taints": [{"key": t.key, "value": t.value, "effect": t.effect} for t in pool.taints],
        },
        # kwok fills in the rest of the status and leaves what it finds.
        "status": {"nodeInfo": _node_info(request.version)},
    }


def _node_info(version: str) -> dict[str, str]:
    """What a node says of itself; the API takes the fields only all together."""
    names = ("machineID", "systemUUID", "bootID", "kubeProxyVersion")
    return dict.fromkeys(names, "") | {
        "kubeletVersion": f"v{version}",
        "containerRuntimeVersion": "containerd://2.0.0",
        "kernelVersion": "6.6.0+",
        "osImage": "Container-Optimized OS from Google",
        "operatingSystem": "linux",
        "architecture": "amd64",
    }


def _zones(location: str) -> tuple[str, ...]:
    """A zonal cluster has its zone; a regional one is spread over three."""
    if location.count("-") > 1:
        return (location,)
    return tuple(f"{location}-{letter}" for letter in "abc")
