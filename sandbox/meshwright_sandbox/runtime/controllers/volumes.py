"""Plays the provisioner of Google's disks: claims get volumes, in which nothing is kept.

The cluster's own controller manager says whose turn it is, binds, and releases; pods have no
kubelet that would mount anything. What the provisioner reads and writes:
https://github.com/kubernetes-csi/external-provisioner and, for the disks,
https://github.com/kubernetes-sigs/gcp-compute-persistent-disk-csi-driver
"""

from __future__ import annotations

from typing import Any

from meshwright_sandbox.runtime import storage_classes
from meshwright_sandbox.runtime.api import Api, Object
from meshwright_sandbox.runtime.records import ClusterRecord
from meshwright_sandbox.runtime.storage_classes import DRIVER

_VOLUMES = "/api/v1/persistentvolumes"
_NODES = "/api/v1/nodes"
_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_ZONE = "topology.kubernetes.io/zone"


class VolumeClaims:
    """Watches PersistentVolumeClaims, and makes the volume of one that waits for the driver."""

    path = "/api/v1/persistentvolumeclaims"

    def __init__(self, record: ClusterRecord) -> None:
        self._project = record.request.project

    def present(self, items: list[Object]) -> None:
        """Nothing is kept for a claim."""

    def reconcile(self, api: Api, item: Object) -> None:
        notes, spec = item["metadata"].get("annotations", {}), item["spec"]
        if spec.get("volumeName") or notes.get(_PROVISIONER) != DRIVER or not _takes(spec):
            return
        storage_class = storage_classes.read(api, spec["storageClassName"])
        node = notes.get(_SELECTED_NODE)
        if node is None and storage_class["volumeBindingMode"] == storage_classes.WAIT:
            return
        zone = _zone(api, node)
        if zone is None:
            return
        # One that is there has yet to be bound by the controller manager.
        api.create_missing(_VOLUMES, _volume(item, storage_class, self._project, zone))


class Volumes:
    """Watches PersistentVolumes, and deletes the driver's that nobody claims any more."""

    path = _VOLUMES

    def present(self, items: list[Object]) -> None:
        """Nothing is kept for a volume."""

    def reconcile(self, api: Api, item: Object) -> None:
        metadata = item["metadata"]
        if (
            metadata.get("annotations", {}).get(_PROVISIONED_BY) == DRIVER
            and item["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
            and item.get("status", {}).get("phase") == "Released"
        ):
            api.delete(f"{_VOLUMES}/{metadata['name']}")


def _takes(spec: Object) -> bool:
    """Whether the driver makes such a disk: no file system of it is written from several nodes.

    A claim that names its class in an annotation, as in Kubernetes' early days, is not read.
    """
    shared = "ReadWriteMany" in spec["accessModes"]
    refused = shared and spec.get("volumeMode", "Filesystem") == "Filesystem"
    return "storageClassName" in spec and not refused


def _zone(api: Api, node: str | None) -> str | None:
    """Where the disk is: with the pod that waits for it, else with some node, if there is one."""
    found = [api.get(f"{_NODES}/{node}")] if node else api.get(f"{_NODES}?limit=1")["items"]
    return found[0]["metadata"]["labels"][_ZONE] if found else None


def _volume(claim: Object, storage_class: Object, project: str, zone: str) -> dict[str, Any]:
    metadata, spec = claim["metadata"], claim["spec"]
    parameters = storage_class.get("parameters", {})
    name = f"pvc-{metadata['uid']}"
    # GKE's says topology.gke.io/zone, which its driver's pods write on nodes; there are none here.
    in_zone = {"key": _ZONE, "operator": "In", "values": [zone]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {_PROVISIONED_BY: DRIVER}},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
            },
            "csi": {
                "driver": DRIVER,
                "fsType": parameters.get("csi.storage.k8s.io/fstype", "ext4"),
                "volumeHandle": f"projects/{project}/zones/{zone}/disks/{name}",
            },
            "mountOptions": storage_class.get("mountOptions", []),
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [in_zone]}]}},
            "persistentVolumeReclaimPolicy": storage_class["reclaimPolicy"],
            "storageClassName": spec["storageClassName"],
            "volumeMode": spec.get("volumeMode", "Filesystem"),
        },
    }
