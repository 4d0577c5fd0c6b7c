"""Which changes replace an object: what the official plugin replaces for.

The API refuses other changes, too; for those the official plugin leaves the object as it is and
passes the refusal on, and so must this one: a program must not pass here and fail there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from meshwright_sandbox.plugins.kubernetes import readiness
from meshwright_sandbox.plugins.kubernetes.cluster import Cluster
from meshwright_sandbox.plugins.kubernetes.objects import Change, annotation

_REPLACE_UNREADY = "pulumi.com/replaceUnready"
_UNREADY_PATH = f'metadata.annotations["{_REPLACE_UNREADY}"]'
_IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
_CONTAINER_FIELDS = (
    "args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports",
    "readinessProbe", "resources", "securityContext", "stdin", "stdinOnce",
    "terminationMessagePath", "terminationMessagePolicy", "tty", "volumeDevices", "volumeMounts",
    "workingDir",
)  # fmt: skip
_POD_FIELDS = (
    "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks",
    "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName",
    "nodeSelector", "overhead", "preemptionPolicy", "priority", "priorityClassName",
    "readinessGates", "restartPolicy", "runtimeClassName", "schedulerName", "securityContext",
    "serviceAccount", "serviceAccountName", "shareProcessNamespace", "subdomain",
    "terminationGracePeriodSeconds", "volumes",
    *(f"{of}[].{field}" for of in ("containers", "initContainers") for field in _CONTAINER_FIELDS),
)  # fmt: skip
_VOLUME_SOURCES = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc",
    "flexVolume", "flocker", "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs",
    "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos",
    "vsphereVolume",
)  # fmt: skip
_FIELDS: Mapping[str, Sequence[str]] = {
    "apps/DaemonSet": ("spec.selector",),
    "apps/Deployment": ("spec.selector",),
    "apps/StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "batch/Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "/PersistentVolume": tuple(f"spec.{source}" for source in _VOLUME_SOURCES),
    "/PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    "/Pod": tuple(f"spec.{field}" for field in _POD_FIELDS),
    "/ResourceQuota": ("spec.scopes",),
    "/Secret": ("type",),
    "/Service": ("spec.clusterIP",),
    "rbac.authorization.k8s.io/ClusterRoleBinding": ("roleRef",),
    "rbac.authorization.k8s.io/RoleBinding": ("roleRef",),
    "storage.k8s.io/StorageClass": ("parameters", "provisioner"),
}
# What these hold is replaced, unless the provider may change it and the object itself allows it.
_CONTENT: Mapping[str, Sequence[str]] = {
    "/ConfigMap": ("binaryData", "data"),
    "/Secret": ("data", "stringData"),
}


def replaced_by(
    manifest: Mapping[str, Any], changes: Sequence[Change], mutable: frozenset[str]
) -> set[str]:
    """Return the paths of the changes that replace the object.

    Args:
        manifest: the object.
        changes: what differs.
        mutable: kinds among ConfigMap and Secret that the provider may change in place.
    """
    kind = str(manifest.get("kind"))
    known = f"{str(manifest.get('apiVersion')).rpartition('/')[0]}/{kind}"
    fields = [*_IDENTITY, *_FIELDS.get(known, ())]
    if kind not in mutable or manifest.get("immutable") is True:
        fields += _CONTENT.get(known, ())
    pattern = re.compile(rf"({'|'.join(map(_expression, fields))})($|[.\[])")
    return {
        change.path
        for change in changes
        # An address that is gained is set for the first time, which the API allows.
        if pattern.match(change.path)
        and not (change.path == "spec.clusterIP" and change.kind == "ADD")
    }


def unready(cluster: Cluster, state: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return the change that replaces a job which is to be made anew unless it is done."""
    if annotation(new, _REPLACE_UNREADY) != "true" or new.get("kind") != "Job":
        return []
    metadata = state["metadata"]
    kind = cluster.kind(new["apiVersion"], new["kind"])
    live = cluster.get(kind, metadata.get("namespace"), metadata["name"])
    try:
        done = live is None or not readiness.unmet_by_kind(cluster, live)
    except readiness.Failed:
        done = False
    return [] if done else [Change(_UNREADY_PATH, "UPDATE")]


def _expression(field: str) -> str:
    """Return the expression of a field's path; `[]` stands for every item of a list."""
    return re.escape(field).replace(r"\[\]", r"\[\d+\]")
