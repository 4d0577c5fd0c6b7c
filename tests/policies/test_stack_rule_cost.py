"""Rules over a whole stack look things up and do not search: cost goes with the stack's size."""

import dataclasses

import pytest

from meshwright_policies import RULES
from meshwright_policies.rule import CLUSTER, Resource, Rule
from tests.policies.gateway_api import API, listener, taking
from tests.policies.mesh_resources import (
    NETWORKING,
    SECURITY,
    deployment,
    namespace,
    service,
    thing,
)
from tests.policies.resources import findings, made

SIZE = 20


class Counted(dict):
    """A mapping that counts how often rules read from any of its kind."""

    reads = 0

    def get(self, key: object, default: object = None) -> object:
        Counted.reads += 1
        return super().get(key, default)


def counted(value: object) -> object:
    if isinstance(value, dict):
        return Counted({key: counted(item) for key, item in value.items()})
    return [counted(item) for item in value] if isinstance(value, list) else value


def team(number: int) -> list[Resource]:
    """What one team has in the cluster that all teams share."""
    home = f"team-{number}"
    host = f"host-{number}.example.net"
    destination = {"host": "app", "subset": "v1"}
    objects = {
        f"{NETWORKING}:VirtualService": {
            "hosts": [host],
            "gateways": [f"edge-{number}"],
            "http": [
                {"route": [{"destination": destination}]},
                {"delegate": {"name": "more", "namespace": home}},
            ],
        },
        f"{NETWORKING}:DestinationRule": {"host": "app", "subsets": [{"name": "v1"}]},
        f"{NETWORKING}:Gateway": {"servers": [{"hosts": [host]}], "selector": {"app": home}},
        f"{NETWORKING}:ServiceEntry": {"hosts": [host]},
        f"{NETWORKING}:Sidecar": {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
        f"{SECURITY}:AuthorizationPolicy": {"rules": [{}], "selector": {"matchLabels": {}}},
        f"{SECURITY}:PeerAuthentication": {"mtls": {"mode": "STRICT"}},
        "kubernetes:networking.k8s.io/v1:NetworkPolicy": {"podSelector": {}},
        f"{API}/v1:Gateway": {
            "listeners": [listener("HTTP", **taking("Selector", matchLabels={}))]
        },
        f"{API}/v1:HTTPRoute": {
            "parentRefs": [{"name": f"edge-{number}"}],
            "hostnames": [host],
            "rules": [{"backendRefs": [{"name": "app", "port": 8080, "namespace": "else"}]}],
        },
        f"{API}/v1:ReferenceGrant": {"from": [{"kind": "HTTPRoute"}], "to": [{"kind": "Service"}]},
    }
    made_by_it = [
        thing(type_, f"edge-{number}", spec, namespace=home) for type_, spec in objects.items()
    ]
    member = {"feature": "servicemesh", "membership": home, "mesh": {"management": "M"}}
    return [
        namespace(home, {"istio.io/rev": "asm-managed"}),
        service("app", namespace=home),
        deployment("app", home=home),
        *made_by_it,
        made(CLUSTER, {"name": home, "fleet": {"project": "acme"}}, name=home),
        made("gcp:gkehub/featureMembership:FeatureMembership", member, name=home),
    ]


def reads(rule: Rule, teams: int) -> int:
    resources = [item for number in range(teams) for item in team(number)]
    shown = [dataclasses.replace(item, properties=counted(item.properties)) for item in resources]
    Counted.reads = 0
    findings(rule, *shown)
    return Counted.reads


STACK_RULES = [rule for rule in RULES if rule.stack_check]


@pytest.mark.parametrize("rule", STACK_RULES, ids=lambda rule: rule.id)
def test_twice_the_stack_costs_twice(rule: Rule) -> None:
    once = reads(rule, SIZE)

    assert once >= SIZE
    assert reads(rule, 2 * SIZE) <= 2.1 * once
