"""K8S-02 and K8S-03 against Kubernetes itself: a real API server admits what the rules let pass."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from kubernetes import client, config

from meshwright_policies.kubernetes_baseline import baseline
from meshwright_policies.kubernetes_namespaces import ENFORCE
from meshwright_policies.kubernetes_restricted import restricted
from tests.policies.resources import made, violations
from tests.sandbox.kubernetes.harness import ApiServer

pytestmark = pytest.mark.cluster
LEVELS = ("baseline", "restricted")
FORBIDDEN, INVALID = 403, 422


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[client.CoreV1Api]:
    """An API server with a namespace for each level."""
    server = ApiServer(tmp_path_factory.mktemp("cluster"), "meshwright-policies")
    try:
        core = client.CoreV1Api(config.new_client_from_config(str(server.kubeconfig)))
        for level in LEVELS:
            core.create_namespace({"metadata": {"name": level, "labels": {ENFORCE: level}}})
            core.create_namespaced_service_account(level, {"metadata": {"name": "checkout"}})
        yield core
    finally:
        server.stop()


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Dicts with some of the fields, often few: each weakness shall decide by itself at times."""
    return st.fixed_dictionaries({}, optional=fields)


def mostly(usual: Any, weak: Any) -> st.SearchStrategy[Any]:
    """Rarely the weak one, so that pods that hold a level come up, and single changes show."""
    return st.sampled_from([usual] * 5 + [weak])


def profile(*types: str) -> st.SearchStrategy[dict[str, Any]]:
    local = st.just({"type": "Localhost", "localhostProfile": "shop.json"})
    return st.sampled_from([{"type": kind} for kind in types]) | local


TRUE_OR_FALSE = st.booleans()
USERS = st.sampled_from([0, 1000])
SELINUX = some(
    type=st.sampled_from(["", "container_t", "container_engine_t", "spc_t"]),
    user=st.sampled_from(["", "system_u"]),
    role=st.sampled_from(["", "system_r"]),
)
EITHER = {
    "runAsNonRoot": TRUE_OR_FALSE,
    "runAsUser": USERS,
    "seccompProfile": profile("RuntimeDefault", "Unconfined"),
    "appArmorProfile": profile("RuntimeDefault", "Unconfined"),
    "seLinuxOptions": SELINUX,
}
CAPABILITY = st.sampled_from(["NET_BIND_SERVICE", "CHOWN", "NET_RAW", "SYS_ADMIN", "ALL"])
HARD = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTEXT = some(
    privileged=TRUE_OR_FALSE,
    allowPrivilegeEscalation=TRUE_OR_FALSE,
    procMount=st.sampled_from(["Default", "Unmasked"]),
    capabilities=some(
        add=st.lists(CAPABILITY, max_size=2, unique=True),
        drop=st.lists(CAPABILITY, max_size=2, unique=True),
    ),
    **EITHER,
)
HOSTS = mostly({}, {"host": "10.0.0.1"})
PROBE = HOSTS.map(lambda host: {"httpGet": {"port": 8080, **host}})
ANYWHERE = {
    "securityContext": st.builds(
        lambda start, change: start | change, mostly(HARD, {}), st.just({}) | CONTEXT
    ),
    "ports": mostly([{"containerPort": 8080}], [{"containerPort": 80, "hostPort": 80}]),
}
INIT_CONTAINER = some(**ANYWHERE)
CONTAINER = some(
    **ANYWHERE,
    livenessProbe=PROBE,
    lifecycle=PROBE.map(lambda probe: {"preStop": probe}),
)
VOLUMES = st.lists(
    st.sampled_from(
        [
            {"emptyDir": {}},
            {"configMap": {"name": "c"}},
            {"projected": {"sources": []}},
            {"image": {"reference": "registry.example.com/model"}},
            {"hostPath": {"path": "/srv"}},
            {"nfs": {"server": "10.0.0.9", "path": "/"}},
            {"iscsi": {"targetPortal": "10.0.0.9", "iqn": "iqn.2026-11.com.example:a", "lun": 0}},
        ]
    ),
    max_size=2,
)
SYSCTLS = st.sampled_from(
    [[], [{"name": "net.ipv4.tcp_rmem", "value": "4096"}], [{"name": "net.a", "value": "1"}]]
)
SPEC = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINER, min_size=1, max_size=2)},
    optional={
        "initContainers": st.lists(INIT_CONTAINER, max_size=1),
        "hostNetwork": mostly(False, True),
        "hostPID": mostly(False, True),
        "hostUsers": TRUE_OR_FALSE,
        "securityContext": st.just({}) | some(sysctls=SYSCTLS, **EITHER),
        "volumes": VOLUMES,
    },
)


def whole(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with what every pod needs."""
    named = {**spec, "serviceAccountName": "checkout"}
    for key in ("containers", "initContainers"):
        named[key] = [
            {"name": f"{key.lower()}-{index}", "image": "checkout", **container}
            for index, container in enumerate(spec.get(key, []))
        ]
    volumes = enumerate(spec.get("volumes", []))
    named["volumes"] = [{"name": f"v-{index}", **volume} for index, volume in volumes]
    return named


def admitted(api: client.CoreV1Api, level: str, pod: dict[str, Any]) -> bool:
    """Whether a namespace of that level takes the pod; not every spec is one at all."""
    try:
        api.create_namespaced_pod(level, pod, dry_run="All")
    except client.ApiException as refusal:
        assume(refusal.status != INVALID)
        if refusal.status != FORBIDDEN or "violates PodSecurity" not in refusal.body:
            raise
        return False
    return True


@given(spec=SPEC)
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_the_rules_find_exactly_what_pod_security_admission_refuses(
    api: client.CoreV1Api, spec: dict[str, Any]
) -> None:
    pod = {"metadata": {"name": "checkout"}, "spec": whole(spec)}
    resource = made("kubernetes:core/v1:Pod", pod)
    below_baseline = violations(baseline, resource)
    below_restricted = [*below_baseline, *violations(restricted, resource)]

    assert admitted(api, "baseline", pod) == (not below_baseline), below_baseline
    assert admitted(api, "restricted", pod) == (not below_restricted), below_restricted
