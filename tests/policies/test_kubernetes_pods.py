"""K8S-02 and K8S-03: Kubernetes' Pod Security Standards, in every kind of object with pods."""

import copy

import pytest

from meshwright_policies.kubernetes_baseline import baseline
from meshwright_policies.kubernetes_restricted import restricted
from meshwright_policies.rule import Rule
from meshwright_policies.values import UNKNOWN
from tests.policies.resources import changed, made, not_known, places, violations
from tests.policies.workloads import DEPLOYMENT, KINDS, POD, pod, template

BOTH = pytest.mark.parametrize("rule", [baseline, restricted], ids=lambda rule: rule.id)
A_POD = "kubernetes:core/v1:Pod"
CONTAINER = "containers[0]"
CONTEXT = f"{CONTAINER}.securityContext"


def weakened(path: str, value: object) -> dict:
    """The hardened pod's spec with a value at a path, whose parents are made where missing."""
    spec = copy.deepcopy(POD)
    target: dict | list = spec
    for key in path.split(".")[:-1]:
        target = target[int(key)] if isinstance(target, list) else target.setdefault(key, {})
    return changed(spec, path, value)


@BOTH
@pytest.mark.parametrize("kind", KINDS)
def test_a_hardened_pod_holds_in_every_kind(rule: Rule, kind: str) -> None:
    make, _ = KINDS[kind]

    assert places(rule, kind, make()) == []
    assert not_known(rule, kind, make()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_weak_pod_is_found_in_every_kind_at_its_place(kind: str) -> None:
    make, path = KINDS[kind]
    spec = weakened("containers.0.securityContext.privileged", True)
    rooted = weakened("securityContext.runAsUser", 0)

    assert places(baseline, kind, make(spec)) == [f"{path}{CONTEXT}.privileged"]
    assert places(restricted, kind, make(rooted)) == [f"{path}securityContext.runAsUser"]


@pytest.mark.parametrize("sort", ["initContainers", "ephemeralContainers"])
def test_containers_of_every_sort_are_judged(sort: str) -> None:
    weak = {"name": "setup", "securityContext": {"privileged": True}}
    properties = pod(POD | {sort: [weak]})

    assert places(baseline, A_POD, properties) == [f"spec.{sort}[0].securityContext.privileged"]
    assert f"spec.{sort}[0].securityContext.runAsNonRoot" not in places(
        restricted, A_POD, properties
    ), "the pod says so for all"
    assert f"spec.{sort}[0].securityContext.capabilities.drop" in places(
        restricted, A_POD, properties
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("hostNetwork", True),
        ("hostPID", True),
        ("hostIPC", True),
        ("securityContext.windowsOptions.hostProcess", True),
        ("securityContext.seLinuxOptions.type", "spc_t"),
        ("securityContext.seLinuxOptions.user", "system_u"),
        ("securityContext.seLinuxOptions.role", "system_r"),
        ("securityContext.seccompProfile.type", "Unconfined"),
        ("securityContext.appArmorProfile.type", "Unconfined"),
        ("containers.0.securityContext.privileged", True),
        ("containers.0.securityContext.procMount", "Unmasked"),
        ("containers.0.securityContext.seccompProfile.type", "Unconfined"),
        ("containers.0.securityContext.appArmorProfile.type", "Unconfined"),
        ("containers.0.securityContext.seLinuxOptions.user", "system_u"),
        ("containers.0.securityContext.windowsOptions.hostProcess", True),
        ("containers.0.livenessProbe.httpGet.host", "169.254.169.254"),
        ("containers.0.readinessProbe.tcpSocket.host", "10.0.0.1"),
        ("containers.0.startupProbe.httpGet.host", "localhost"),
        ("containers.0.lifecycle.preStop.httpGet.host", "10.0.0.1"),
        ("containers.0.lifecycle.postStart.tcpSocket.host", "10.0.0.1"),
        ("containers.0.ports.0.hostPort", 8080),
    ],
)
def test_each_field_of_the_baseline_is_found_at_its_place(path: str, value: object) -> None:
    where = "spec." + path.replace(".0.", "[0].")
    spec = weakened(path, value)

    (found,) = violations(baseline, made(A_POD, pod(spec)))

    assert found.where == where
    assert found.what == ("is true" if value is True else f"is {value!r}")
    assert found.mend
    assert where not in places(restricted, A_POD, pod(spec)), "it is said once"
    assert not_known(baseline, A_POD, pod(weakened(path, UNKNOWN))) == [where]


@pytest.mark.parametrize(
    ("part", "where"),
    [
        ({"capabilities": {"drop": ["ALL"], "add": ["CHOWN", "SYS_ADMIN"]}}, "capabilities.add[1]"),
        ({"capabilities": {"drop": ["ALL"], "add": ["NET_RAW"]}}, "capabilities.add[0]"),
    ],
)
def test_capabilities_beyond_the_runtimes_own_are_the_baselines_to_find(
    part: dict, where: str
) -> None:
    spec = weakened("containers.0.securityContext.capabilities", part["capabilities"])

    assert places(baseline, A_POD, pod(spec)) == [f"spec.{CONTEXT}.{where}"]


def test_sysctls_and_host_paths_are_found_each() -> None:
    spec = weakened(
        "securityContext.sysctls",
        [{"name": "net.ipv4.ip_unprivileged_port_start"}, {"name": "kernel.msgmax"}],
    )
    volumes = [{"name": "cache", "emptyDir": {}}, {"name": "root", "hostPath": {"path": "/"}}]

    found = violations(baseline, made(A_POD, pod(spec | {"volumes": volumes})))

    assert [f.where for f in found] == [
        "spec.securityContext.sysctls[1].name",
        "spec.volumes[1].hostPath",
    ]
    assert "'/'" in found[1].what


@pytest.mark.parametrize(
    ("profile", "holds"),
    [("runtime/default", True), ("localhost/shop", True), ("unconfined", False)],
)
def test_apparmor_annotations_of_older_clusters_count(profile: str, holds: bool) -> None:
    key = "container.apparmor.security.beta.kubernetes.io/checkout"
    properties = template()
    properties["spec"]["template"]["metadata"] = {"annotations": {key: profile}}

    expected = [] if holds else [f"spec.template.metadata.annotations[{key!r}]"]
    assert places(baseline, DEPLOYMENT, properties) == expected


def test_a_patch_is_judged_by_what_it_sets_and_not_by_what_it_leaves_out() -> None:
    patch = {"metadata": {"name": "checkout"}, "spec": {"template": {"spec": {"hostPID": True}}}}

    assert places(baseline, f"{DEPLOYMENT}Patch", patch) == ["spec.template.spec.hostPID"]
    assert places(restricted, f"{DEPLOYMENT}Patch", patch) == []

    context = {"runAsUser": 0, "runAsNonRoot": False, "allowPrivilegeEscalation": True}
    raised = template({"containers": [{"name": "checkout", "securityContext": context}]})
    where = "spec.template.spec.containers[0].securityContext"
    assert places(restricted, f"{DEPLOYMENT}Patch", raised) == [
        f"{where}.allowPrivilegeEscalation",
        f"{where}.runAsUser",
        f"{where}.runAsNonRoot",
    ]


def test_each_item_of_a_list_is_judged() -> None:
    items = {"items": [template(), template(weakened("hostIPC", True))]}

    assert places(baseline, f"{DEPLOYMENT}List", items) == ["items[1].spec.template.spec.hostIPC"]


@pytest.mark.parametrize(
    ("path", "value", "where", "what"),
    [
        (f"{CONTEXT}.allowPrivilegeEscalation", True, None, "is true"),
        (f"{CONTEXT}.allowPrivilegeEscalation", None, None, "is not set"),
        (f"{CONTEXT}.capabilities", {}, f"{CONTEXT}.capabilities.drop", "is not set"),
        (f"{CONTEXT}.capabilities.drop", ["NET_RAW"], None, "is ['NET_RAW']"),
        (
            f"{CONTEXT}.capabilities.add",
            ["NET_BIND_SERVICE", "CHOWN"],
            f"{CONTEXT}.capabilities.add[1]",
            "is 'CHOWN'",
        ),
        (f"{CONTEXT}.runAsNonRoot", False, None, "is false"),
        (f"{CONTEXT}.runAsUser", 0, None, "is 0"),
        ("securityContext.runAsUser", 0, None, "is 0"),
        (
            "securityContext.runAsNonRoot",
            None,
            f"{CONTEXT}.runAsNonRoot",
            "is not set, nor for the pod",
        ),
        (
            "securityContext.seccompProfile",
            None,
            f"{CONTEXT}.seccompProfile.type",
            "is not set, nor for the pod",
        ),
        ("volumes.0.nfs", {"server": "10.0.0.9"}, "volumes[0].nfs", "the pod itself attaches"),
        ("volumes.0.gcePersistentDisk", {"pdName": "d"}, "volumes[0].gcePersistentDisk", "attach"),
    ],
)
def test_each_field_of_the_restricted_level_is_found_at_its_place(
    path: str, value: object, where: str | None, what: str
) -> None:
    spec = weakened(path.replace("[0]", ".0"), value)

    (found,) = violations(restricted, made(A_POD, pod(spec)))

    assert found.where == f"spec.{where or path}"
    assert what in found.what
    assert found.mend
    assert places(baseline, A_POD, pod(spec)) == []


@BOTH
@pytest.mark.parametrize(
    "source",
    [
        {"configMap": {"name": "c"}},
        {"csi": {"driver": "secrets-store.csi.k8s.io"}},
        {"downwardAPI": {"items": []}},
        {"emptyDir": {}},
        {"ephemeral": {"volumeClaimTemplate": {}}},
        {"image": {"reference": "model"}},
        {"persistentVolumeClaim": {"claimName": "data"}},
        {"projected": {"sources": []}},
        {"secret": {"secretName": "tls"}},
    ],
)
def test_volumes_that_the_cluster_provides_hold(rule: Rule, source: dict) -> None:
    spec = weakened("volumes", [{"name": "v"} | source])

    assert places(rule, A_POD, pod(spec)) == []


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (f"{CONTEXT}.allowPrivilegeEscalation", None),
        (f"{CONTEXT}.capabilities.drop", None),
        (f"{CONTEXT}.capabilities", f"{CONTEXT}.capabilities.drop"),
        (f"{CONTEXT}.runAsNonRoot", None),
        (f"{CONTEXT}.runAsUser", None),
        (f"{CONTEXT}.seccompProfile", f"{CONTEXT}.seccompProfile.type"),
        ("securityContext.runAsNonRoot", f"{CONTEXT}.runAsNonRoot"),
        ("volumes.0", "volumes[0]"),
    ],
)
def test_what_decides_the_restricted_level_and_is_not_known_is_said(
    path: str, where: str | None
) -> None:
    spec = weakened(path.replace("[0]", ".0"), UNKNOWN)

    assert not_known(restricted, A_POD, pod(spec)) == [f"spec.{where or path}"]
    assert places(restricted, A_POD, pod(spec)) == []


@BOTH
@pytest.mark.parametrize("part", ["containers", "volumes"])
def test_what_is_known_beside_an_unknown_part_is_still_judged(rule: Rule, part: str) -> None:
    spec = weakened("securityContext.runAsUser", 0) | {"hostPID": True, part: UNKNOWN}

    assert f"spec.{part}" in not_known(rule, A_POD, pod(spec))
    assert places(rule, A_POD, pod(spec))


@BOTH
@pytest.mark.parametrize("path", ["securityContext", CONTEXT])
def test_a_security_context_that_is_not_known_is_said_at_its_place(rule: Rule, path: str) -> None:
    spec = weakened(path.replace("[0]", ".0"), UNKNOWN)

    assert f"spec.{path}" in not_known(rule, A_POD, pod(spec))
    assert places(rule, A_POD, pod(spec)) == []


@BOTH
def test_a_pod_that_is_not_known_at_all_is_said_once(rule: Rule) -> None:
    properties = {"metadata": {"namespace": "shop"}, "spec": {"template": UNKNOWN}}

    assert not_known(rule, DEPLOYMENT, properties) == ["spec.template.spec"]
    assert places(rule, DEPLOYMENT, properties) == []


def test_a_pod_may_not_allow_root_even_if_each_container_refuses_it() -> None:
    spec = weakened("securityContext.runAsNonRoot", False)
    spec = changed(spec, "containers.0.securityContext.runAsNonRoot", True)

    assert places(restricted, A_POD, pod(spec)) == ["spec.securityContext.runAsNonRoot"]


def test_root_inside_a_user_namespace_is_nobody_outside() -> None:
    context = {"seccompProfile": {"type": "RuntimeDefault"}, "runAsUser": 0}
    spec = weakened("securityContext", context)
    unmasked = changed(spec, "containers.0.securityContext.procMount", "Unmasked")

    assert places(restricted, A_POD, pod(spec | {"hostUsers": False})) == []
    assert places(baseline, A_POD, pod(unmasked | {"hostUsers": False})) == []
    found = places(restricted, A_POD, pod(unmasked | {"hostUsers": False}))
    assert found == [f"spec.{CONTEXT}.procMount"]


def test_windows_pods_need_no_settings_of_linux() -> None:
    container = {"name": "checkout", "image": "checkout"}
    context = {"runAsNonRoot": True}
    spec = {"os": {"name": "windows"}, "securityContext": context, "containers": [container]}

    assert places(restricted, A_POD, pod(spec)) == []
    assert places(restricted, A_POD, pod(spec | {"os": {"name": "linux"}}))


def test_a_gateways_proxy_gets_its_settings_from_istios_webhook() -> None:
    spec = {
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "istio-proxy", "image": "auto"}],
    }
    gateway = template(spec)
    bare = template(spec)
    gateway["spec"]["template"]["metadata"] = {
        "annotations": {"inject.istio.io/templates": "gateway"}
    }

    assert places(restricted, DEPLOYMENT, gateway) == []
    assert len(places(restricted, DEPLOYMENT, bare)) == 3
