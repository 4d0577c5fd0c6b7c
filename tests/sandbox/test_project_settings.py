"""What Compute Engine keeps of a project, as google-api-python-client sees it."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import finish


def change(compute: Any, project: str, verb: str, body: dict[str, Any]) -> Any:
    """Call a method of projects, wait; the project as it is then."""
    started = getattr(compute.projects(), verb)(project=project, body=body).execute()
    finish(compute.globalOperations(), started, project=project)
    return compute.projects().get(project=project).execute()


def test_metadata_of_all_machines_is_set_by_who_knows_what_was_there(
    compute: Any, project: str
) -> None:
    before = compute.projects().get(project=project).execute()["commonInstanceMetadata"]
    oslogin = [{"key": "enable-oslogin", "value": "TRUE"}]
    body = {"items": oslogin, "fingerprint": before["fingerprint"]}

    after = change(compute, project, "setCommonInstanceMetadata", body)["commonInstanceMetadata"]

    assert after["items"] == oslogin
    assert after["fingerprint"] != before["fingerprint"]
    verb = "setCommonInstanceMetadata"
    with pytest.raises(HttpError, match="does not match current metadata fingerprint"):
        change(compute, project, verb, body)
    with pytest.raises(HttpError, match="Duplicate key"):
        change(compute, project, verb, after | {"items": [*oslogin, *oslogin]})
    with pytest.raises(HttpError, match="Cannot find field"):
        change(compute, project, verb, after | {"entries": [1]})
    cleared = change(compute, project, verb, {"fingerprint": after["fingerprint"]})
    assert "items" not in cleared["commonInstanceMetadata"]


def test_a_projects_defaults_stay_as_they_were_set(compute: Any, project: str) -> None:
    shown = compute.projects().get(project=project).execute()
    assert (shown["defaultNetworkTier"], shown["cloudArmorTier"]) == ("PREMIUM", "CA_STANDARD")

    change(compute, project, "setDefaultNetworkTier", {"networkTier": "STANDARD"})
    tier = {"cloudArmorTier": "CA_ENTERPRISE_PAYGO"}
    shown = change(compute, project, "setCloudArmorTier", tier)

    assert (shown["defaultNetworkTier"], shown["cloudArmorTier"]) == (
        "STANDARD",
        "CA_ENTERPRISE_PAYGO",
    )


@pytest.mark.parametrize(
    ("of", "image", "family"),
    [
        ("debian-cloud", "debian-12-bookworm-v20240312", "debian-12"),
        ("ubuntu-os-cloud", "ubuntu-2404-noble-amd64-v20250101", "ubuntu-2404-lts-amd64"),
        ("cos-cloud", "cos-121-18867-90-4", "cos-121-lts"),
    ],
)
def test_a_public_image_of_any_day_is_there(compute: Any, of: str, image: str, family: str) -> None:
    """Programs pin them by name; the family's newest is one of them."""
    found = compute.images().get(project=of, image=image).execute()
    newest = compute.images().getFromFamily(project=of, family=family).execute()

    assert (found["name"], found["family"]) == (image, family)
    assert compute.images().get(project=of, image=newest["name"]).execute() == newest


@pytest.mark.parametrize("image", ["debian-12", "debian-12-bookworm", "debian-9-stretch-v20240312"])
def test_a_name_that_no_public_image_has_is_not_found(compute: Any, image: str) -> None:
    with pytest.raises(HttpError, match=f"images/{image}' was not found"):
        compute.images().get(project="debian-cloud", image=image).execute()


def test_a_disk_follows_a_schedule_and_leaves_it(compute: Any, project: str) -> None:
    where = {"project": project, "zone": "us-central1-a"}
    place = {"project": project, "region": "us-central1"}
    daily = {"name": "daily", "snapshotSchedulePolicy": {"schedule": {"dailySchedule": {}}}}
    made = compute.resourcePolicies().insert(**place, body=daily).execute()
    finish(compute.regionOperations(), made, **place)
    disk = compute.disks().insert(**where, body={"name": "data", "sizeGb": "10"}).execute()
    finish(compute.zoneOperations(), disk, **where)
    policy = {
        "resourcePolicies": [f"projects/{project}/regions/us-central1/resourcePolicies/daily"]
    }

    def follow(verb: str, body: dict[str, Any]) -> list[str]:
        started = getattr(compute.disks(), verb)(**where, disk="data", body=body).execute()
        finish(compute.zoneOperations(), started, **where)
        shown = compute.disks().get(**where, disk="data").execute()
        return shown.get("resourcePolicies", [])

    [link] = follow("addResourcePolicies", policy)
    assert link.endswith("/resourcePolicies/daily")
    assert follow("addResourcePolicies", policy) == [link]
    gone = link.replace("daily", "gone")
    with pytest.raises(HttpError, match="resourcePolicies/gone' was not found"):
        follow("addResourcePolicies", {"resourcePolicies": [gone]})
    with pytest.raises(HttpError, match="already being used"):
        compute.resourcePolicies().delete(**place, resourcePolicy="daily").execute()
    assert follow("removeResourcePolicies", policy) == []
    compute.resourcePolicies().delete(**place, resourcePolicy="daily").execute()
