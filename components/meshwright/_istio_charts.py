"""Istio's Helm charts, and what every control plane that is installed from them has in common.

Follows https://istio.io/latest/docs/setup/install/helm/ and, for revisions side by side,
https://istio.io/latest/docs/setup/upgrade/canary/.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._kube import ROOT_NAMESPACE
from ._outputs import after
from ._validation import duplicates, one_of

_REVISION = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
# Helm takes 53 characters as a release's name, which is `istiod-` and the revision.
_LONGEST_REVISION = 46
Values = dict[str, pulumi.Input[object]]
PLATFORMS = ("gke", "other")
# Where a chart stands in Istio's own source tree and release archives; in a Helm repository it
# stands under its name.
_FOLDERS = {
    "base": "base",
    "cni": "istio-cni",
    "gateway": "gateway",
    "istiod": "istio-control/istio-discovery",
}
# Pods with the priority class of a node's own agents are only allowed there on GKE:
# https://istio.io/latest/docs/setup/additional-setup/cni/#installation-details
_CNI_NAMESPACE = "kube-system"
RUNTIME_DEFAULT: dict[str, str] = {"type": "RuntimeDefault"}


class ControlPlaneRevisionArgs(TypedDict):
    """One of the control planes that stand side by side in a cluster."""

    name: NotRequired[str]
    """Name of the revision, which namespaces name in `istio.io/rev`. Default: `default` for
    IstioMesh, and Google's own for the version for InClusterMesh, such as `asm-1285-12`."""
    version: NotRequired[str]
    """Version of its control plane and proxies. Default: the mesh's `version`."""
    charts: NotRequired[str]
    """Where its charts stand. Default: the mesh's `charts`."""


@dataclass(frozen=True)
class Revision:
    """A control plane to install."""

    name: str
    version: str
    charts: str


@dataclass(frozen=True)
class Installation:
    """What to install besides Istio's defaults.

    `values` are those of the istiod chart, for every revision; `cni` those of the cni chart;
    `platform` is what the charts call it, empty for none.
    """

    revisions: Sequence[Revision]
    default_revision: str
    namespace: pulumi.Output[str]
    platform: str
    values: Values
    cni: Values
    hub: str | None
    replicas: pulumi.Input[int]


@dataclass(frozen=True)
class Installed:
    """The resources that were declared."""

    base: "kubernetes.helm.v3.Release"
    revisions: Mapping[str, "kubernetes.helm.v3.Release"]

    def revision_names(self) -> dict[str, pulumi.Output[str]]:
        """The label of each revision, once its istiod answers."""
        return {name: after(name, [release]) for name, release in self.revisions.items()}


def release(
    parent: pulumi.Resource,
    resource_name: str,
    chart: str,
    release_name: str,
    namespace: pulumi.Input[str],
    source: Revision,
    values: Values,
) -> "kubernetes.helm.v3.Release":
    """One release of one of Istio's charts; it waits until its workloads are ready."""
    options: kubernetes.helm.v3.RepositoryOptsArgsDict | None = None
    version: str | None = source.version
    if source.charts.startswith("oci://"):
        path = f"{source.charts.rstrip('/')}/{chart}"
    elif "://" in source.charts:
        path = chart
        options = {"repo": source.charts}
    else:
        # In a folder there is one version only: the one that stands there.
        path, version = f"{source.charts.rstrip('/')}/{_FOLDERS[chart]}", None
    return kubernetes.helm.v3.Release(
        resource_name,
        name=release_name,
        namespace=namespace,
        chart=path,
        version=version,
        repository_opts=options,
        values=values,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def root_namespace(
    parent: pulumi.Resource, name: str, labels: Mapping[str, pulumi.Input[str]]
) -> "kubernetes.core.v1.Namespace":
    """The control plane's namespace; istiod itself meets Pod Security `restricted`."""
    level = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
    }
    return kubernetes.core.v1.Namespace(
        f"{name}-namespace",
        metadata={"name": ROOT_NAMESPACE, "labels": {**level, **labels}},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def install(parent: pulumi.Resource, name: str, wanted: Installation) -> Installed:
    """Istio's CRDs, the node agent that redirects traffic, and one istiod for each revision."""
    newest = wanted.revisions[-1]
    base = release(
        parent,
        f"{name}-base",
        "base",
        "istio-base",
        wanted.namespace,
        newest,
        {
            # Objects without a revision label are checked by this revision's webhook.
            "defaultRevision": wanted.default_revision,
            "global": {"istioNamespace": wanted.namespace},
        },
    )
    cni = release(
        parent,
        f"{name}-cni",
        "cni",
        "istio-cni",
        _CNI_NAMESPACE,
        newest,
        {"global": _global(wanted, newest), **wanted.cni},
    )
    return Installed(
        base,
        {
            revision.name: release(
                parent,
                f"{name}-istiod-{revision.name}",
                "istiod",
                "istiod" if revision.name == "default" else f"istiod-{revision.name}",
                # Custom resource kinds and the node agent come first, and go last.
                after(wanted.namespace, [base, cni]),
                revision,
                _istiod(wanted, revision),
            )
            for revision in wanted.revisions
        },
    )


def _istiod(wanted: Installation, revision: Revision) -> Values:
    given = dict(wanted.values)
    shared = given.pop("global", {})
    assert isinstance(shared, dict)
    return {
        # The charts call the revision without a suffix by no name.
        "revision": "" if revision.name == "default" else revision.name,
        "autoscaleMin": wanted.replicas,
        "replicaCount": wanted.replicas,
        "seccompProfile": RUNTIME_DEFAULT,
        # Traffic is redirected by the node's agent, so that proxies need no privileges.
        "cni": {"enabled": True},
        "global": {
            **_global(wanted, revision),
            "istioNamespace": wanted.namespace,
            "proxy": {"seccompProfile": RUNTIME_DEFAULT},
            **shared,
        },
        **given,
    }


def _global(wanted: Installation, revision: Revision) -> Values:
    values: Values = {"tag": revision.version}
    if wanted.hub is not None:
        values["hub"] = wanted.hub
    if wanted.platform == "gke":
        values["platform"] = "gke"
    return values


def revision_problems(
    revisions: Sequence[Revision], default_revision: str | None
) -> Iterator[tuple[str, str]]:
    """What is wrong with the revisions that a mesh is given."""
    if not revisions:
        yield "revisions", "is empty; name at least one, or leave it out"
    names = [revision.name for revision in revisions]
    for index, revision in enumerate(revisions):
        if not _REVISION.fullmatch(revision.name):
            text = (
                "may only have lower-case letters, digits and inner hyphens (dots become hyphens)"
            )
            yield f"revisions[{index}].name", f"{revision.name!r} {text}"
        elif len(revision.name) > _LONGEST_REVISION:
            text = f"has {len(revision.name)} characters; {_LONGEST_REVISION} are the most"
            yield f"revisions[{index}].name", f"{revision.name!r} {text}"
        if not revision.version:
            yield f"revisions[{index}].version", "missing; give it here or for the whole mesh"
        if not revision.charts:
            yield f"revisions[{index}].charts", "missing; give it here or for the whole mesh"
    for name in duplicates(names):
        yield "revisions", f"two revisions are named {name!r}; names are unique in a cluster"
    if len(names) > 1 and default_revision is None:
        yield "default_revision", f"missing; name one of {', '.join(names)}"
    if names:
        yield from one_of("default_revision", default_revision, names)
