"""Values that the engine keeps secret are judged as what they say, and never shown."""

import json

import pytest

from meshwright_policies.gke_nodes import container_optimized_image, own_node_account
from meshwright_policies.iam import named_principals
from meshwright_policies.kubernetes_baseline import baseline
from meshwright_policies.mesh_fleet import managed_mesh_everywhere
from meshwright_policies.mesh_references import hosts_and_gateways_exist
from meshwright_policies.mesh_subsets import subsets_exist
from meshwright_policies.rule import CLUSTER, NODE_POOL, Resource, Rule
from meshwright_policies.values import SecretText
from tests.policies.gke_resources import POOL, STANDARD, remedied
from tests.policies.mesh_resources import NETWORKING, service, thing
from tests.policies.resources import changed, findings, made, places, violations

HIDDEN = "hush"


def route(host: str, subset: str = "v1", home: str = "shop") -> Resource:
    target = {"host": host, "subset": subset}
    spec = {"http": [{"route": [{"destination": target}]}]}
    return thing(f"{NETWORKING}:VirtualService", "route", spec, namespace=home)


def rule_of(host: str) -> Resource:
    spec = {"host": host, "subsets": [{"name": "v1"}]}
    return thing(f"{NETWORKING}:DestinationRule", "rule", spec)


@pytest.mark.parametrize("rule", [subsets_exist, hosts_and_gateways_exist], ids=lambda r: r.id)
@pytest.mark.parametrize("host", ["orders", "orders.shop.svc.cluster.local"])
@pytest.mark.parametrize("home", ["shop", SecretText("shop")])
def test_a_secret_host_is_found_where_it_is_declared(rule: Rule, host: str, home: str) -> None:
    around = [service("orders"), rule_of("orders")]

    assert findings(rule, *around, route(SecretText(host), home=home)) == []


@pytest.mark.parametrize("rule", [subsets_exist, hosts_and_gateways_exist], ids=lambda r: r.id)
def test_a_secret_host_that_nobody_declares_is_found_and_not_shown(rule: Rule) -> None:
    found = violations(rule, service("orders"), route(SecretText(f"{HIDDEN}.example.com")))

    assert len(found) == 1
    assert HIDDEN not in repr(found)


def test_a_secret_policy_shows_no_role() -> None:
    kind = "gcp:storage/bucketIAMPolicy:BucketIAMPolicy"
    bindings = [{"role": f"roles/{HIDDEN}", "members": ["allUsers"]}]
    policy = SecretText(json.dumps({"bindings": bindings}))

    (found,) = violations(named_principals, made(kind, {"policyData": policy}))

    assert found.where == "policyData.bindings[0].members[0]"
    assert HIDDEN not in repr(found)


def test_a_secret_entry_of_an_access_list_is_judged() -> None:
    kind = "gcp:storage/bucketACL:BucketACL"

    (found,) = violations(
        named_principals, made(kind, {"roleEntities": [SecretText(f"{HIDDEN}:allUsers")]})
    )

    assert found.where == "roleEntities[0]"
    assert HIDDEN not in repr(found)


def test_a_secret_membership_is_not_shown() -> None:
    name = SecretText(f"projects/acme/locations/global/memberships/{HIDDEN}")
    born = changed(STANDARD, "fleet", {"project": "acme", "membership": name})
    spec = {"name": "servicemesh"}

    found = violations(
        managed_mesh_everywhere, made("gcp:gkehub/feature:Feature", spec), made(CLUSTER, born)
    )

    assert [one.where for one in found] == ["fleet"]
    assert HIDDEN not in repr(found)


def test_secret_settings_of_nodes_are_judged() -> None:
    account = SecretText("123-compute@developer.gserviceaccount.com")
    windows = changed(POOL, "nodeConfig.imageType", SecretText("WINDOWS_LTSC_CONTAINERD"))

    found = places(own_node_account, NODE_POOL, changed(POOL, "nodeConfig.serviceAccount", account))
    assert found == ["nodeConfig.serviceAccount"]
    assert remedied(container_optimized_image, NODE_POOL, windows) is None


def test_a_secret_profile_is_judged() -> None:
    key = "container.apparmor.security.beta.kubernetes.io/app"
    pod = {"metadata": {"annotations": {key: SecretText("localhost/own")}}, "spec": {}}

    assert places(baseline, "kubernetes:core/v1:Pod", pod) == []
