"""K8S-03: what the restricted level of Kubernetes' Pod Security Standards asks for on top.

As https://kubernetes.io/docs/concepts/security/pod-security-standards/ has it in Kubernetes 1.36.
"""

from collections.abc import Iterator
from typing import cast

from meshwright_policies.kubernetes_baseline import CAPABILITIES
from meshwright_policies.pods import (
    WORKLOADS_AND_PATCHES,
    Container,
    Pod,
    containers,
    one_of,
    pods,
    unknown_parts,
)
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, each

VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)


@resource_rule(
    "K8S-03",
    severity=Severity.HIGH,
    source="Pod Security Standards restricted, CIS GKE 1.9 4.2.1, "
    "policy bundle pss-restricted-v2022",
    title="Pods run without root, without capabilities and without ways to gain them, so that a "
    "hole in a program stays a hole in that program.",
    types=WORKLOADS_AND_PATCHES,
)
def restricted(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """What the baseline refuses already is K8S-02's to say; a patch is judged by what it says
    alone.
    """
    patch = resource.is_patch
    for pod in pods(resource):
        yield from unknown_parts(pod)
        if pod.spec is UNKNOWN:
            continue
        yield from _pod(pod)
        for container in containers(pod):
            yield from _container(pod, container, patch)


def _pod(pod: Pod) -> Iterator[Finding]:
    context = at(pod.spec, "securityContext")
    where = pod.where("securityContext")
    if context is UNKNOWN:
        yield Unjudged(where)
    elif not pod.in_user_namespace:
        yield from _root(context, where)
        if at(context, "runAsNonRoot") is False:
            yield Violation(f"{where}.runAsNonRoot", "is false", "Set it to true")
    for index, volume in each(pod.spec, "volumes"):
        yield from _volume(volume, pod.where(f"volumes[{index}]"))


def _container(pod: Pod, container: Container, patch: bool) -> Iterator[Finding]:
    context = at(container.body, "securityContext")
    where = pod.where(f"{container.path}.securityContext")
    if context is UNKNOWN:
        yield Unjudged(where)
        return
    # Istio's webhook gives a gateway's proxy all of this but the seccomp profile.
    filled_in = patch or (pod.gateway and container.name == "istio-proxy")
    by_default = (None,) if filled_in else ()
    if not pod.windows:
        raised = at(context, "allowPrivilegeEscalation")
        place = f"{where}.allowPrivilegeEscalation"
        yield from one_of(raised, (*by_default, False), place, "Set it to false")
        yield from _capabilities(context, where, filled_in)
        if not patch:
            yield from _seccomp(pod, context, where)
    if pod.in_user_namespace:
        # The baseline lets such a pod see the whole of /proc; this level does not.
        mount = at(context, "procMount")
        yield from one_of(mount, (None, "Default"), f"{where}.procMount", "Remove it")
        return
    yield from _root(context, where)
    yield from _non_root(pod, context, where, filled_in)


def _root(context: object, where: str) -> Iterator[Finding]:
    user = at(context, "runAsUser")
    if user is UNKNOWN:
        yield Unjudged(f"{where}.runAsUser")
    elif user == 0 and user is not False:
        yield Violation(f"{where}.runAsUser", "is 0, which is root", "Use another number")


def _non_root(pod: Pod, context: object, where: str, filled_in: bool) -> Iterator[Finding]:
    """A container's own word counts, else the pod's."""
    own, of_pod = at(context, "runAsNonRoot"), at(pod.spec, "securityContext", "runAsNonRoot")
    place = f"{where}.runAsNonRoot"
    mend = "Set it to true, best once for the pod in its securityContext"
    if own is UNKNOWN or (own is None and of_pod is UNKNOWN):
        yield Unjudged(place)
    elif own is False:
        yield Violation(place, "is false", "Set it to true")
    elif own is None and of_pod is None and not filled_in:
        yield Violation(place, "is not set, nor for the pod", mend)


def _seccomp(pod: Pod, context: object, where: str) -> Iterator[Finding]:
    own = at(context, "seccompProfile", "type")
    of_pod = at(pod.spec, "securityContext", "seccompProfile", "type")
    place = f"{where}.seccompProfile.type"
    if own is UNKNOWN or (own is None and of_pod is UNKNOWN):
        yield Unjudged(place)
    elif own is None and of_pod is None:
        mend = "Set it to RuntimeDefault, best once for the pod in its securityContext"
        yield Violation(place, "is not set, nor for the pod", mend)


def _capabilities(context: object, where: str, filled_in: bool) -> Iterator[Finding]:
    dropped, place = at(context, "capabilities", "drop"), f"{where}.capabilities.drop"
    names = cast(list[object], dropped) if isinstance(dropped, list) else []
    if "ALL" not in names:
        if dropped is UNKNOWN or UNKNOWN in names:
            yield Unjudged(place)
        elif dropped is not None or not filled_in:
            what = "is not set" if dropped is None else f"is {dropped!r}"
            yield Violation(place, what, 'Set it to ["ALL"]')
    for index, added in each(context, "capabilities", "add"):
        if added in CAPABILITIES and added != "NET_BIND_SERVICE":
            place = f"{where}.capabilities.add[{index}]"
            yield Violation(place, f"is {added!r}", "Remove it; only NET_BIND_SERVICE is allowed")


def _volume(volume: object, where: str) -> Iterator[Finding]:
    if volume is UNKNOWN:
        yield Unjudged(where)
    elif isinstance(volume, dict):
        known = cast(dict[str, object], volume)
        sources = [key for key, value in known.items() if key != "name" and value is not None]
        bad = [key for key in sources if key not in (*VOLUMES, "hostPath")]
        for source in bad:
            mend = "Use a PersistentVolumeClaim"
            yield Violation(f"{where}.{source}", "is a volume that the pod itself attaches", mend)
