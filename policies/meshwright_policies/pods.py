"""Finds the pods that a Kubernetes object makes, whichever kind of workload it is.

The kinds are those that Kubernetes' own Pod Security admission looks into.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from meshwright_policies.gke_settings import said
from meshwright_policies.rule import Finding, Resource, Unjudged, Violation
from meshwright_policies.values import UNKNOWN, at, each, unjudged

_KINDS: Final = (
    r"kubernetes:(core/v1:(Pod|PodTemplate|ReplicationController)"
    r"|(apps|extensions)/\w+:(Deployment|StatefulSet|DaemonSet|ReplicaSet)"
    r"|batch/\w+:(Job|CronJob))"
)
WORKLOADS: Final = rf"{_KINDS}(List)?$"
WORKLOADS_AND_PATCHES: Final = rf"{_KINDS}(List|Patch)?$"
"""With what changes a part of an object only: no place for a rule about what is missing."""

_TEMPLATE: Final = {
    "Pod": "",
    "PodTemplate": "template",
    "CronJob": "spec.jobTemplate.spec.template",
}
_KIND: Final = re.compile(r":(\w+?)(List|Patch)?$")
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")


@dataclass(frozen=True)
class Pod:
    """A pod, or the template of one."""

    path: str
    """What leads to its metadata and spec, such as `spec.template.`; empty for a pod itself."""
    metadata: object
    spec: object
    namespace: object
    """The namespace of the object that makes it."""

    def where(self, path: str) -> str:
        """The path of something in its spec."""
        return f"{self.path}spec.{path}"

    @property
    def windows(self) -> bool:
        """Whether it says that it runs on Windows, where Linux's settings may not stand."""
        return at(self.spec, "os", "name") == "windows"

    @property
    def in_user_namespace(self) -> bool:
        """Whether root in it is nobody on the node, which some rules allow more for."""
        return at(self.spec, "hostUsers") is False

    @property
    def gateway(self) -> bool:
        """Whether Istio's webhook fills it in after its template for gateways."""
        templates = at(self.metadata, "annotations", "inject.istio.io/templates")
        return isinstance(templates, str) and "gateway" in templates.split(",")


@dataclass(frozen=True)
class Container:
    """A container of a pod, of whichever sort."""

    path: str
    """Its path in the pod's spec, such as `containers[0]`."""
    body: object

    @property
    def name(self) -> object:
        return at(self.body, "name")


def pods(resource: Resource) -> Iterator[Pod]:
    """The pods that a workload makes; several if it is a list of workloads."""
    found = _KIND.search(resource.type)
    kind = found[1] if found else ""
    path = _TEMPLATE.get(kind, "spec.template")
    for prefix, item in _items(resource):
        template = at(item, *path.split(".")) if path else item
        dotted = f"{prefix}{path}." if path else prefix
        namespace = at(item, "metadata", "namespace")
        yield Pod(dotted, at(template, "metadata"), at(template, "spec"), namespace)


def containers(pod: Pod) -> Iterator[Container]:
    """All containers of a pod that are known to be there: main, init and ephemeral ones."""
    for key in _CONTAINERS:
        for index, body in each(pod.spec, key):
            yield Container(f"{key}[{index}]", body)


def unknown_parts(pod: Pod) -> Iterator[Unjudged]:
    """Says which parts of a pod, each of which may hold anything, are not known yet."""
    if pod.spec is UNKNOWN:
        yield Unjudged(f"{pod.path}spec")
        return
    for key in (*_CONTAINERS, "volumes"):
        yield from unjudged(pod.spec, key, prefix=f"{pod.path}spec.")


def one_of(value: object, allowed: tuple[object, ...], where: str, mend: str) -> Iterator[Finding]:
    """What is wrong with a value that has to be one of some."""
    if value is UNKNOWN:
        yield Unjudged(where)
    elif value not in allowed:
        yield Violation(where, said(value), mend)


def _items(resource: Resource) -> Iterator[tuple[str, object]]:
    if resource.type.endswith("List"):
        for index, item in each(resource.properties, "items"):
            yield f"items[{index}].", item
    else:
        yield "", resource.properties
