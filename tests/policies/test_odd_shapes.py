"""No rule fails on a program whose values are of the wrong type: that is for the API to refuse."""

import dataclasses
import json
from collections.abc import Iterator

import pytest

from meshwright_policies import RULES
from meshwright_policies.rule import Rule, Settings
from meshwright_policies.values import UNKNOWN
from tests.policies.gke_resources import HARDENED
from tests.policies.mesh_resources import namespace
from tests.policies.resources import findings, made
from tests.policies.test_stack_rule_cost import team
from tests.policies.workloads import cron_job, pod

SETTINGS = Settings(allowed_regions=("europe-*",), allowed_registries=("europe-docker.pkg.dev/",))
ODD = [UNKNOWN, 7, "odd", [], [{}], [UNKNOWN], {"odd": 1}]


def odd(value: object) -> Iterator[object]:
    """Copies of a value, each with one value inside of another type."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from (value | {key: other} for other in (*ODD, *odd(item)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for other in (*ODD, *odd(item)):
                yield [*value[:index], other, *value[index + 1 :]]


FURTHER = {
    "kubernetes:networking.istio.io/v1alpha3:EnvoyFilter": {
        "spec": {"configPatches": [{"applyTo": "CLUSTER", "patch": {"operation": "MERGE"}}]}
    },
    "kubernetes:telemetry.istio.io/v1:Telemetry": {
        "spec": {"tracing": [{"randomSamplingPercentage": 5}]}
    },
    "kubernetes:security.istio.io/v1:RequestAuthentication": {
        "spec": {"jwtRules": [{"outputClaimToHeaders": [{"header": "x", "claim": "sub"}]}]}
    },
    "kubernetes:security.istio.io/v1:AuthorizationPolicy": {
        "spec": {
            "rules": [
                {
                    "from": [{"source": {"principals": ["a/ns/b/sa/c"]}}],
                    "to": [{"operation": {"paths": ["/a"], "methods": ["GET"]}}],
                    "when": [{"key": "source.ip", "notValues": ["192.0.2.1"]}],
                }
            ]
        }
    },
    "kubernetes:helm.sh/v3:Release": {"chart": "istiod", "values": {"global": {"hub": "x"}}},
    "kubernetes:core/v1:ConfigMap": {
        "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": "pathNormalization: {normalization: NONE}"},
    },
    "kubernetes:core/v1:Secret": {
        "metadata": {"labels": {"istio/multiCluster": "true"}},
        "stringData": {"password": "hunter2"},
    },
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": {
        "metadata": {"name": "wide"},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    },
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": {
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "name": "system:masters"}],
    },
    "gcp:projects/iAMBinding:IAMBinding": {"role": "roles/owner", "members": ["allUsers"]},
    "gcp:storage/bucketIAMPolicy:BucketIAMPolicy": {
        "policyData": json.dumps({"bindings": [{"role": "r", "members": ["allUsers"]}]})
    },
    "gcp:networkservices/httpRoute:HttpRoute": {
        "rules": [{"action": {"destinations": [{"weight": 10}]}}]
    },
}
RESOURCES = [
    *team(1),
    *(made(*HARDENED[name], stack="prod") for name in ("inline pools", "pool", "subnet")),
    made("kubernetes:core/v1:Pod", pod(), cluster="east"),
    made("kubernetes:batch/v1:CronJob", cron_job(), cluster="east"),
    *(made(type_, shown, cluster="east") for type_, shown in FURTHER.items()),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_value_of_the_wrong_type_does_not_stop_a_rule(rule: Rule) -> None:
    around = [namespace("shop", {"istio-injection": "enabled"})] if rule.stack_check else []
    for resource in RESOURCES:
        for properties in odd(resource.properties):
            copy = dataclasses.replace(resource, properties=properties)
            for finding in findings(rule, *around, copy, settings=SETTINGS):
                assert finding.where


@pytest.mark.parametrize("rule", [r for r in RULES if r.remedy], ids=lambda rule: rule.id)
def test_a_value_of_the_wrong_type_does_not_stop_a_remedy(rule: Rule) -> None:
    assert rule.remedy
    assert rule.types
    for resource in (item for item in RESOURCES if rule.types.match(item.type)):
        for properties in odd(resource.properties):
            copy = dataclasses.replace(resource, properties=properties)
            mended = rule.remedy(copy, SETTINGS)
            assert mended is None or mended != properties
