"""Who is let in: plaintext, callers with and without leave, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mesh.harness import MeshCluster, caller_of, identity, statuses
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]

BANK, OUTSIDE, SERVICE = "bank", "outside", "orders"


@pytest.fixture(scope="module")
def cluster(west: MeshCluster) -> Iterator[MeshCluster]:
    """A service and two callers in the mesh, and a caller outside of it."""
    west.namespace(BANK)
    west.namespace(OUTSIDE, team="outside")
    west.deploy(BANK, SERVICE, account=SERVICE)
    west.serve(BANK, SERVICE)
    for caller in ("teller", "visitor"):
        west.deploy(BANK, caller, account=caller)
    west.deploy(OUTSIDE, "stranger")
    west.wait(BANK, SERVICE, "teller", "visitor")
    west.wait(OUTSIDE, "stranger")
    yield west
    for namespace in (BANK, OUTSIDE):
        west.core.delete_namespace(namespace)


def test_a_workload_knows_its_caller_by_its_certificate(cluster: MeshCluster) -> None:
    for caller in ("teller", "visitor"):

        def known(caller: str = caller) -> None:
            (answer,) = cluster.call(BANK, caller, SERVICE, 1)
            assert answer.status == 200
            assert caller_of(answer) == identity(BANK, caller)

        eventually(known)


def test_plaintext_is_refused_where_mutual_tls_is_strict(cluster: MeshCluster) -> None:
    stranger, workload = (OUTSIDE, "stranger"), (BANK, SERVICE)
    assert cluster.call_pod(stranger, workload).status == 200
    cluster.create(BANK, "PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})

    def refused() -> None:
        answer = cluster.call_pod(stranger, workload)
        assert answer.status == 0
        assert "ServerDisconnected" in answer.error or "reset" in answer.error.lower()

    eventually(refused)
    assert set(statuses(cluster.call(BANK, "teller", SERVICE, 5))) == {200}


def test_a_caller_outside_the_list_is_forbidden(cluster: MeshCluster) -> None:
    principal = identity(BANK, "teller").removeprefix("spiffe://")
    allowed = {
        "action": "ALLOW",
        "selector": {"matchLabels": {"app": SERVICE}},
        "rules": [{"from": [{"source": {"principals": [principal]}}]}],
    }
    cluster.create(BANK, "AuthorizationPolicy", SERVICE, allowed)

    def forbidden() -> None:
        assert set(statuses(cluster.call(BANK, "visitor", SERVICE, 5))) == {403}

    eventually(forbidden)
    assert set(statuses(cluster.call(BANK, "teller", SERVICE, 5))) == {200}
