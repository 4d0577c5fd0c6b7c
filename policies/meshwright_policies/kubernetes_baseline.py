"""K8S-02: the baseline level of Kubernetes' Pod Security Standards, field by field.

As https://kubernetes.io/docs/concepts/security/pod-security-standards/ has it in Kubernetes 1.36.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

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

OFF = (None, False)
UNSET = (None, "")
PROFILES = (None, "RuntimeDefault", "Localhost")
SELINUX_TYPES = (*UNSET, "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
CAPABILITIES = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
)
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


@dataclass(frozen=True)
class Field:
    """A field of a pod's or a container's, and what may stand there."""

    path: str
    allowed: tuple[object, ...]
    mend: str


_EITHER = (
    Field("windowsOptions.hostProcess", OFF, "Remove it; host processes own the whole node"),
    Field("seLinuxOptions.type", SELINUX_TYPES, "Remove it, or use container_t"),
    Field("seLinuxOptions.user", UNSET, "Remove it"),
    Field("seLinuxOptions.role", UNSET, "Remove it"),
    Field("seccompProfile.type", PROFILES, "Use RuntimeDefault"),
    Field("appArmorProfile.type", PROFILES, "Use RuntimeDefault"),
)
_OF_POD = (
    Field("hostNetwork", OFF, "Remove it, and publish the pod by a Service"),
    Field("hostPID", OFF, "Remove it"),
    Field("hostIPC", OFF, "Remove it"),
)
_PRIVILEGED = Field("privileged", OFF, "Remove it, and add the single capability that is needed")
_PROC_MOUNT = Field("procMount", (None, "Default"), "Remove it")
_HANDLERS = tuple(
    Field(f"{handler}.{action}.host", UNSET, "Remove it: without it the pod itself is called")
    for handler in (
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle.postStart",
        "lifecycle.preStop",
    )
    for action in ("httpGet", "tcpSocket")
)


@resource_rule(
    "K8S-02",
    severity=Severity.HIGH,
    source="Pod Security Standards baseline, CIS GKE 1.9 4.2.1, policy bundle pss-baseline-v2022",
    title="Pods hold the baseline of the Pod Security Standards, so that what breaks into a "
    "container does not get the node with it.",
    types=WORKLOADS_AND_PATCHES,
)
def baseline(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Every control of the baseline level; what it allows beyond `restricted` is K8S-03's."""
    for pod in pods(resource):
        yield from unknown_parts(pod)
        if pod.spec is UNKNOWN:
            continue
        yield from _pod(pod)
        for container in containers(pod):
            yield from _container(pod, container)


def _pod(pod: Pod) -> Iterator[Finding]:
    yield from _fields(pod.spec, pod.where(""), _OF_POD)
    context = at(pod.spec, "securityContext")
    yield from _fields(context, pod.where("securityContext."), _EITHER)
    for index, sysctl in each(context, "sysctls"):
        where = pod.where(f"securityContext.sysctls[{index}].name")
        yield from one_of(at(sysctl, "name"), SYSCTLS, where, "Remove it: it reaches other pods")
    for index, volume in each(pod.spec, "volumes"):
        yield from _volume(volume, pod.where(f"volumes[{index}]"))
    yield from _apparmor(pod)


def _container(pod: Pod, container: Container) -> Iterator[Finding]:
    where = pod.where(container.path)
    if container.body is UNKNOWN:
        yield Unjudged(where)
        return
    context = at(container.body, "securityContext")
    own = (_PRIVILEGED, *_EITHER)
    if not pod.in_user_namespace:
        own = (*own, _PROC_MOUNT)
    yield from _fields(context, f"{where}.securityContext.", own)
    yield from _fields(container.body, f"{where}.", _HANDLERS)
    for index, capability in each(context, "capabilities", "add"):
        place = f"{where}.securityContext.capabilities.add[{index}]"
        yield from one_of(capability, CAPABILITIES, place, "Remove it")
    for index, port in each(container.body, "ports"):
        place = f"{where}.ports[{index}].hostPort"
        mend = "Remove it, and publish the port by a Service"
        yield from one_of(at(port, "hostPort"), (None, 0), place, mend)


def _volume(volume: object, where: str) -> Iterator[Finding]:
    if volume is UNKNOWN:
        yield Unjudged(where)
    elif (host := at(volume, "hostPath")) is UNKNOWN:
        yield Unjudged(f"{where}.hostPath")
    elif host is not None:
        path = at(host, "path")
        what = "mounts a path of the node" + (f", {path!r}" if isinstance(path, str) else "")
        mend = "Use a PersistentVolumeClaim, or emptyDir"
        yield Violation(f"{where}.hostPath", what, mend)


def _apparmor(pod: Pod) -> Iterator[Finding]:
    """Profiles by annotation, as Kubernetes before 1.30 had them."""
    annotations = at(pod.metadata, "annotations")
    if not isinstance(annotations, dict):
        return
    for key, value in cast(dict[str, object], annotations).items():
        if not key.startswith(APPARMOR):
            continue
        where = f"{pod.path}metadata.annotations[{key!r}]"
        if value is UNKNOWN:
            yield Unjudged(where)
        elif not (isinstance(value, str) and value.startswith("localhost/")) and value not in (
            *UNSET,
            "runtime/default",
        ):
            yield Violation(where, f"is {value!r}", "Use runtime/default, or remove it")


def _fields(holder: object, prefix: str, fields: tuple[Field, ...]) -> Iterator[Finding]:
    if holder is UNKNOWN:
        # Once for the part, and not once for each field in it.
        yield Unjudged(prefix.rstrip("."))
        return
    for field in fields:
        value = at(holder, *field.path.split("."))
        yield from one_of(value, field.allowed, prefix + field.path, field.mend)
