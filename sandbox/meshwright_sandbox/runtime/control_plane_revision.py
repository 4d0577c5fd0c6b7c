"""The object by which a managed control plane reports itself inside a cluster.

https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh
reads its ``Reconciled`` and ``Stalled`` conditions.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from meshwright_sandbox.runtime.interface import MeshRequest
from meshwright_sandbox.runtime.istiod import NAMESPACE
from meshwright_sandbox.runtime.kube import Kubectl

_GROUP = "mesh.cloud.google.com"
RESOURCE = f"controlplanerevisions.{_GROUP}"

DEFINITION = f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {RESOURCE}
spec:
  group: {_GROUP}
  scope: Namespaced
  names:
    kind: ControlPlaneRevision
    listKind: ControlPlaneRevisionList
    plural: controlplanerevisions
    singular: controlplanerevision
    shortNames: [cpr]
  versions:
  - name: v1beta1
    served: true
    storage: true
    subresources: {{status: {{}}}}
    additionalPrinterColumns:
    - name: Reconciled
      type: string
      jsonPath: .status.conditions[?(@.type=="Reconciled")].status
    - name: Stalled
      type: string
      jsonPath: .status.conditions[?(@.type=="Stalled")].status
    - {{name: Age, type: date, jsonPath: .metadata.creationTimestamp}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              type: {{type: string, enum: [managed_service]}}
              channel: {{type: string, enum: [regular, rapid, stable]}}
          status:
            type: object
            x-kubernetes-preserve-unknown-fields: true
"""


def report(kubectl: Kubectl, mesh: MeshRequest) -> None:
    """Write the revision with ``Reconciled=True``."""
    revision = {
        "apiVersion": f"{_GROUP}/v1beta1",
        "kind": "ControlPlaneRevision",
        "metadata": {"name": mesh.revision, "namespace": NAMESPACE},
        "spec": {"type": "managed_service", "channel": mesh.channel},
    }
    kubectl.apply([revision])
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    provisioned = "Control plane provisioning has completed"
    conditions = [
        {"type": kind, "status": status, "reason": reason, "message": text}
        | {"lastTransitionTime": now}
        for kind, status, reason, text in (
            ("Reconciled", "True", "Provisioned", provisioned),
            ("ProvisioningFinished", "True", "Provisioned", provisioned),
            ("Stalled", "False", "Provisioned", ""),
        )
    ]
    kubectl.run(
        "patch", RESOURCE, mesh.revision, f"--namespace={NAMESPACE}", "--subresource=status",
        "--type=merge", f"--patch={json.dumps({'status': {'conditions': conditions}})}",
    )  # fmt: skip


def remove(kubectl: Kubectl) -> None:
    """Delete all revisions."""
    kubectl.run("delete", RESOURCE, "--all", f"--namespace={NAMESPACE}", "--ignore-not-found")
