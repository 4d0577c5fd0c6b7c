"""What the components for the inside of a cluster share."""

from importlib.metadata import version
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

# Where an object names the control plane it was made for. The value comes from ManagedMesh, so that
# the object is created once the mesh (and with it the object's kind) is there, and goes before it.
REVISION_ANNOTATION = "meshwright/mesh-revision"
ROOT_NAMESPACE = "istio-system"


def metadata(
    name: pulumi.Input[str],
    namespace: pulumi.Input[str],
    revision: pulumi.Input[str] | None = None,
    labels: pulumi.Input[dict[str, pulumi.Input[str]]] | None = None,
) -> "kubernetes.meta.v1.ObjectMetaArgsDict":
    """Metadata with an explicit name: never one that the engine makes up."""
    result: kubernetes.meta.v1.ObjectMetaArgsDict = {"name": name, "namespace": namespace}
    if labels is not None:
        result["labels"] = labels
    if revision is not None:
        result["annotations"] = revision_annotation(revision)
    return result


def revision_annotation(revision: pulumi.Input[str] | None) -> dict[str, pulumi.Input[str]]:
    """The annotation that names the control plane, if there is one to name."""
    return {} if revision is None else {REVISION_ANNOTATION: revision}


def istio_object(
    parent: pulumi.Resource,
    resource_name: str,
    api: str,
    kind: str,
    meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
    spec: dict[str, object],
) -> "kubernetes.apiextensions.CustomResource":
    """One of Istio's or the Gateway API's objects; `api` is such as `security.istio.io/v1`."""
    return kubernetes.apiextensions.CustomResource(
        resource_name,
        api_version=api,
        kind=kind,
        metadata=meta,
        spec=spec,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def observed_object(
    parent: pulumi.Resource,
    resource_name: str,
    api: str,
    kind: str,
    meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
    spec: dict[str, object],
) -> tuple[pulumi.CustomResource, pulumi.Output[Any]]:
    """A custom object together with its status, which the SDK's CustomResource does not show."""
    made = pulumi.CustomResource(
        f"kubernetes:{api}:{kind}",
        resource_name,
        {"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec, "status": None},
        pulumi.ResourceOptions(parent=parent, version=version("pulumi_kubernetes")),
    )
    return made, vars(made)["status"]
