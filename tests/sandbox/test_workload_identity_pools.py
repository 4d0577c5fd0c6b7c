"""Pools of identities from outside Google Cloud, such as those of a CI service."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import finish

Json = dict[str, Any]


@pytest.fixture
def pools(google: GoogleClients) -> Any:
    return google("iam", "v1").projects().locations().workloadIdentityPools()


def make_pool(pools: Any, project: str, short: str = "ci-pool") -> str:
    parent = f"projects/{project}/locations/global"
    made = pools.create(parent=parent, workloadIdentityPoolId=short, body={}).execute()
    finish(pools.operations(), made)
    return f"{parent}/workloadIdentityPools/{short}"


def test_a_pool_and_its_provider_come_and_go_by_operations_below_them(
    pools: Any, project: str
) -> None:
    pool = make_pool(pools, project)
    body = {
        "oidc": {"issuerUri": "https://ci.example"},
        "attributeMapping": {"google.subject": "a"},
    }
    providers = pools.providers()
    made = providers.create(parent=pool, workloadIdentityPoolProviderId="ci-main", body=body)
    operation = finish(providers.operations(), made.execute())
    provider = f"{pool}/providers/ci-main"

    assert operation["name"].startswith(f"{provider}/operations/")
    assert providers.get(name=provider).execute()["state"] == "ACTIVE"
    assert pools.get(name=pool).execute()["state"] == "ACTIVE"
    assert pools.listAttestationRules(resource=pool).execute() == {}

    finish(providers.operations(), providers.delete(name=provider).execute())
    finish(pools.operations(), pools.delete(name=pool).execute())
    assert pools.list(parent=pool.rpartition("/workloadIdentityPools/")[0]).execute() == {}


def test_a_pool_is_there_once(pools: Any, project: str) -> None:
    pool = make_pool(pools, project)

    with pytest.raises(HttpError) as there:
        make_pool(pools, project)
    with pytest.raises(HttpError) as gone:
        pools.get(name=f"{pool}-not").execute()

    assert (there.value.status_code, gone.value.status_code) == (409, 404)
    assert "account" not in there.value.reason + gone.value.reason


@pytest.mark.parametrize("short", ["gcp-pool", "abc", "Upper"])
def test_a_pool_has_a_name_that_the_api_takes(pools: Any, project: str, short: str) -> None:
    with pytest.raises(HttpError) as caught:
        make_pool(pools, project, short)

    assert caught.value.status_code == 400
