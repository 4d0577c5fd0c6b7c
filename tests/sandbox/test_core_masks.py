"""Update masks: what they reach, what they never reach, and what is no path."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import finish


class Mesh:
    """A mesh, and patches of it."""

    def __init__(self, places: Any, home: str) -> None:
        self.places, self.name = places, f"{home}/meshes/m"
        body = {"labels": {"team": "shop"}, "interceptionPort": 15001}
        self._finish(places.meshes().create(parent=home, meshId="m", body=body))

    def _finish(self, request: Any) -> None:
        assert "error" not in finish(self.places.operations(), request.execute())

    def patch(self, mask: str, **body: Any) -> dict[str, Any]:
        """The mesh after a patch."""
        patch = self.places.meshes().patch
        self._finish(patch(name=self.name, updateMask=mask, body=body))
        return self.places.meshes().get(name=self.name).execute()


@pytest.fixture
def mesh(google: GoogleClients, project: str) -> Mesh:
    """A mesh of the test's own project."""
    places = google("networkservices", "v1").projects().locations()
    return Mesh(places, f"projects/{project}/locations/global")


def test_a_star_replaces_what_callers_set_and_nothing_else(mesh: Mesh) -> None:
    before = mesh.patch("description", description="old")

    after = mesh.patch("*", description="new")

    kept = {field: before[field] for field in ("name", "selfLink", "createTime")}
    assert after == kept | {"description": "new", "updateTime": after["updateTime"]}


@pytest.mark.parametrize("mask", ["name", "create_time", "selfLink", "name,description"])
def test_a_mask_does_not_reach_what_only_the_cloud_sets(mesh: Mesh, mask: str) -> None:
    before = mesh.patch("description", description="old")

    after = mesh.patch(mask, name="other", createTime="2020-01-01T00:00:00Z", description="old")

    assert after | {"updateTime": before["updateTime"]} == before


@pytest.mark.parametrize("mask", ["bogus", "description.x", "interception_port.x.y", "labels,x"])
def test_a_mask_that_is_no_path_is_refused(mesh: Mesh, mask: str) -> None:
    with pytest.raises(HttpError, match="Invalid field mask: unknown path") as caught:
        mesh.patch(mask, description="x")

    assert caught.value.status_code == 400


def test_a_mask_reaches_one_key_of_a_map_in_either_spelling(mesh: Mesh) -> None:
    assert mesh.patch("labels.cost_center", labels={"cost_center": "7"})["labels"] == {
        "team": "shop",
        "cost_center": "7",
    }
    assert mesh.patch("interceptionPort", interceptionPort=15002)["interceptionPort"] == 15002
    assert mesh.patch("interception_port", interceptionPort=15003)["interceptionPort"] == 15003
