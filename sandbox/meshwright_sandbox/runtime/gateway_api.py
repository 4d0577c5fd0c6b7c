"""The Gateway API as GKE installs it with ``gatewayApiConfig.channel: CHANNEL_STANDARD``.

https://cloud.google.com/kubernetes-engine/docs/how-to/deploying-gateways
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from meshwright_sandbox.runtime.definitions import Definitions
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.kube import Kubectl

_KIND = "\nkind: CustomResourceDefinition\n"
CONTROLLER = "networking.gke.io/gateway"
# In every cluster with the Gateway API.
_CLASSES = (
    "gke-l7-global-external-managed",
    "gke-l7-regional-external-managed",
    "gke-l7-gxlb",
    "gke-l7-rilb",
)
# In the config cluster of a fleet with the feature multiclusteringress alone.
_MULTI_CLUSTER_CLASSES = (
    "gke-l7-cross-regional-internal-managed-mc",
    "gke-l7-global-external-managed-mc",
    "gke-l7-regional-external-managed-mc",
    "gke-l7-gxlb-mc",
    "gke-l7-rilb-mc",
)


def install(kubectl: Kubectl, definitions: Definitions, tools: Path) -> None:
    """Apply the standard channel's CRDs (from ``tools/gateway-api``) and GKE's classes."""
    files = sorted((tools / "gateway-api").glob("*.yaml"))
    if not files:
        raise RuntimeFailure(
            f"the Gateway API's CRDs are missing from {tools / 'gateway-api'}; "
            "run `make` to install the sandbox's programs"
        )
    texts = [file.read_text() for file in files]
    kinds = [text for text in texts if _KIND in text]
    definitions.install("\n---\n".join(kinds))
    classes = [json.dumps(_class(name)) for name in _CLASSES]
    kubectl.apply("\n---\n".join([*(text for text in texts if text not in kinds), *classes]))


def install_multi_cluster(kubectl: Kubectl) -> None:
    """Apply the classes for Gateways across clusters."""
    kubectl.apply([_class(name) for name in _MULTI_CLUSTER_CLASSES])


def _class(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": name},
        "spec": {"controllerName": CONTROLLER},
    }
