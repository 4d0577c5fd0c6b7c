"""What clusters are told of their fleet's features, in whatever order features and members come."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshwright_sandbox.runtime.interface import FleetRole
from meshwright_sandbox.runtime.null import NullRuntime
from tests.sandbox.in_process import emulator
from tests.sandbox.platform import (
    PARENT,
    PROJECT,
    REGION,
    standard_cluster,
    wait_container,
    wait_hub,
)
from tests.sandbox.server import Sandbox, client

GLOBAL = f"projects/{PROJECT}/locations/global"
WEST = (PROJECT, REGION, "west")
_APIS = ["multiclusteringress.googleapis.com", "multiclusterservicediscovery.googleapis.com"]
EAST = (PROJECT, REGION, "east")


@pytest.fixture
def runtime() -> NullRuntime:
    """What the emulator tells clusters ends here."""
    return NullRuntime()


@pytest.fixture
def sandbox(tmp_path: Path, runtime: NullRuntime) -> Iterator[Sandbox]:
    """An emulator in a thread of this process."""
    with emulator(tmp_path / "home", runtime) as sandbox:
        path = f"/serviceusage/v1/projects/{PROJECT}/services:batchEnable"
        status, answer = sandbox.call("POST", path, {"serviceIds": _APIS})
        assert status == 200, answer
        yield sandbox


@pytest.fixture
def hub(sandbox: Sandbox) -> Any:
    """The GKE Hub client."""
    return client(sandbox.url, "gkehub", "v1")


def make_cluster(sandbox: Sandbox, name: str) -> None:
    """A cluster that is born in the fleet."""
    gke = client(sandbox.url, "container", "v1")
    body = standard_cluster(name, fleet={"project": PROJECT})
    clusters = gke.projects().locations().clusters()
    wait_container(gke, clusters.create(parent=PARENT, body=body).execute())


def enable(hub: Any, feature: str, **spec: Any) -> None:
    """Enable a feature of the fleet."""
    features = hub.projects().locations().features()
    wait_hub(hub, features.create(parent=GLOBAL, featureId=feature, body=spec).execute())


def config_membership(name: str) -> dict[str, Any]:
    """The body of the feature for Gateways across clusters."""
    membership = f"projects/{PROJECT}/locations/{REGION}/memberships/{name}"
    return {"spec": {"multiclusteringress": {"configMembership": membership}}}


def test_members_learn_of_features_whichever_comes_first(
    sandbox: Sandbox, hub: Any, runtime: NullRuntime
) -> None:
    make_cluster(sandbox, "west")
    assert runtime.roles[WEST] == FleetRole(PROJECT)

    enable(hub, "multiclusterservicediscovery")
    make_cluster(sandbox, "east")

    assert runtime.roles[WEST] == FleetRole(PROJECT, services=True)
    assert runtime.roles[EAST] == FleetRole(PROJECT, services=True)


def test_one_cluster_is_the_config_cluster_and_another_can_become_it(
    sandbox: Sandbox, hub: Any, runtime: NullRuntime
) -> None:
    make_cluster(sandbox, "west")
    make_cluster(sandbox, "east")
    enable(hub, "multiclusteringress", **config_membership("west"))
    assert runtime.roles[WEST] == FleetRole(PROJECT, config_cluster=True)
    assert runtime.roles[EAST] == FleetRole(PROJECT)

    features = hub.projects().locations().features()
    name = f"{GLOBAL}/features/multiclusteringress"
    body = config_membership("east")
    wait_hub(hub, features.patch(name=name, updateMask="spec", body=body).execute())
    assert runtime.roles[WEST] == FleetRole(PROJECT)
    assert runtime.roles[EAST] == FleetRole(PROJECT, config_cluster=True)

    wait_hub(hub, features.delete(name=name).execute())
    assert runtime.roles[EAST] == FleetRole(PROJECT)


def test_every_scope_is_a_permitted_one(sandbox: Sandbox, hub: Any) -> None:
    """What `gcloud container fleet scopes list` asks for; permissions are not evaluated here."""
    scopes = hub.projects().locations().scopes()
    wait_hub(hub, scopes.create(parent=GLOBAL, scopeId="team-a", body={}).execute())

    permitted = scopes.listPermitted(parent=GLOBAL).execute()["scopes"]

    assert [scope["name"] for scope in permitted] == [f"{GLOBAL}/scopes/team-a"]
