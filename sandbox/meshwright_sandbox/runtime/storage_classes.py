"""The StorageClasses that GKE brings into every cluster.

https://cloud.google.com/kubernetes-engine/docs/concepts/persistent-volumes#storageclasses; the
driver's page has their fields:
https://cloud.google.com/kubernetes-engine/docs/how-to/persistent-volumes/gce-pd-csi-driver
"""

from __future__ import annotations

from typing import Any

from meshwright_sandbox.runtime.api import Api

DRIVER = "pd.csi.storage.gke.io"
# Claims of this one are the driver's as well: Kubernetes hands them over (CSI migration).
_IN_TREE = "kubernetes.io/gce-pd"
_PLACE = "/apis/storage.k8s.io/v1/storageclasses"
WAIT = "WaitForFirstConsumer"


def install(api: Api) -> None:
    """Create those that are missing; like GKE's, those that are there may have been changed."""
    for storage_class in (
        _class("standard-rwo", DRIVER, "pd-balanced", WAIT, default=True),
        _class("premium-rwo", DRIVER, "pd-ssd", WAIT),
        _class("standard", _IN_TREE, "pd-standard", "Immediate"),
    ):
        api.create_missing(_PLACE, storage_class)


def read(api: Api, name: str) -> dict[str, Any]:
    return api.get(f"{_PLACE}/{name}")


def _class(
    name: str, provisioner: str, disk: str, binding: str, *, default: bool = False
) -> dict[str, Any]:
    marks = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": marks},
        "provisioner": provisioner,
        "parameters": {"type": disk},
        "volumeBindingMode": binding,
        "reclaimPolicy": "Delete",
        "allowVolumeExpansion": True,
    }
