"""K8S-02 and K8S-03: what the Pod Security Standards allow, value by value."""

import pytest

from meshwright_policies.kubernetes_baseline import baseline
from meshwright_policies.kubernetes_restricted import restricted
from meshwright_policies.values import UNKNOWN
from tests.policies.resources import changed, not_known, places
from tests.policies.workloads import POD, pod

A_POD = "kubernetes:core/v1:Pod"
CONTEXT = "containers[0].securityContext"
# As the page of the standards lists them.
CAPABILITIES = [
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
]
SYSCTLS = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
]


def with_context(**fields: object) -> dict:
    """The hardened pod, with these in its container's security context."""
    context = POD["containers"][0]["securityContext"] | fields
    return pod(changed(POD, "containers.0.securityContext", context))


@pytest.mark.parametrize("name", CAPABILITIES)
def test_the_runtimes_own_capabilities_pass_the_baseline_and_one_passes_restricted(
    name: str,
) -> None:
    properties = with_context(capabilities={"drop": ["ALL"], "add": [name]})

    assert places(baseline, A_POD, properties) == []
    refused = [] if name == "NET_BIND_SERVICE" else [f"spec.{CONTEXT}.capabilities.add[0]"]
    assert places(restricted, A_POD, properties) == refused


@pytest.mark.parametrize("name", SYSCTLS)
def test_safe_sysctls_hold(name: str) -> None:
    context = POD["securityContext"] | {"sysctls": [{"name": name, "value": "1"}]}

    assert places(baseline, A_POD, pod(POD | {"securityContext": context})) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"privileged": False},
        {"procMount": "Default"},
        {"seccompProfile": {"type": "Localhost", "localhostProfile": "shop.json"}},
        {"appArmorProfile": {"type": "RuntimeDefault"}},
        {"seLinuxOptions": {"type": "container_kvm_t", "user": "", "role": ""}},
        {"windowsOptions": {"hostProcess": False}},
        {"runAsUser": 1000},
    ],
)
def test_values_that_say_what_is_safe_anyway_hold(fields: dict) -> None:
    properties = with_context(**fields)

    assert places(baseline, A_POD, properties) == []
    assert places(restricted, A_POD, properties) == []


def test_a_host_port_of_zero_is_none() -> None:
    ports = [{"containerPort": 8080, "hostPort": 0}]

    assert places(baseline, A_POD, pod(changed(POD, "containers.0.ports", ports))) == []


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        (POD | {"containers": [UNKNOWN]}, "containers[0]"),
        (POD | {"volumes": [UNKNOWN]}, "volumes[0]"),
        (POD | {"volumes": [{"name": "v", "hostPath": UNKNOWN}]}, "volumes[0].hostPath"),
    ],
)
def test_a_part_that_is_not_known_yet_is_said_at_its_place(spec: dict, where: str) -> None:
    assert not_known(baseline, A_POD, pod(spec)) == [f"spec.{where}"]
    assert places(baseline, A_POD, pod(spec)) == []


def test_a_profile_by_annotation_that_is_not_known_yet_is_said() -> None:
    key = "container.apparmor.security.beta.kubernetes.io/checkout"
    properties = pod()
    properties["metadata"]["annotations"] = {key: UNKNOWN}

    assert not_known(baseline, A_POD, properties) == [f"metadata.annotations[{key!r}]"]
