"""GCP-01: resources stand in allowed regions, once regions are named."""

import pytest

from meshwright_policies.gcp_regions import allowed_regions
from meshwright_policies.rule import Settings
from meshwright_policies.values import UNKNOWN
from tests.policies.gke_resources import only
from tests.policies.resources import not_known, places

EUROPE = Settings(allowed_regions=("europe-*", "eu"))
BUCKET = "gcp:storage/bucket:Bucket"
PROVIDER = "pulumi:providers:gcp"


@pytest.mark.parametrize(
    "properties",
    [
        {"region": "europe-west1"},
        {"location": "europe-north2-b", "nodeLocations": ["europe-north2-a", "europe-north2-b"]},
        {"location": "EU"},
        {"location": "global"},
        {"zone": "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-d"},
        {"name": "us-central1"},
        {"location": None},
        {},
    ],
)
def test_what_stands_in_an_allowed_region_or_in_none_holds(properties: dict) -> None:
    assert places(allowed_regions, BUCKET, properties, settings=EUROPE) == []


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        ({"region": "us-central1"}, ["region"]),
        ({"location": "us-central1-a"}, ["location"]),
        ({"location": "US"}, ["location"]),
        ({"zone": "projects/p/zones/northamerica-south1-a"}, ["zone"]),
        ({"membershipLocation": "asia-east1"}, ["membershipLocation"]),
        (
            {"location": "us-east1", "nodeLocations": ["europe-west1-b", "us-east1-b"]},
            ["location", "nodeLocations[1]"],
        ),
        ({"distributionPolicyZones": ["us-east1-b"]}, ["distributionPolicyZones[0]"]),
    ],
)
def test_what_stands_elsewhere_is_found_at_each_place(properties: dict, where: list[str]) -> None:
    assert places(allowed_regions, BUCKET, properties, settings=EUROPE) == where


def test_the_provider_s_own_region_is_looked_at_too() -> None:
    """It is where resources stand that name no region."""
    found = only(allowed_regions, PROVIDER, {"region": "us-east4"}, settings=EUROPE)

    assert found.where == "region"
    assert found.what == "is 'us-east4', which is in no allowed region"
    assert found.mend == "Choose one of europe-*, eu"


def test_without_allowed_regions_nothing_is_asked() -> None:
    assert places(allowed_regions, BUCKET, {"region": "us-central1"}) == []
    assert not_known(allowed_regions, BUCKET, {"region": UNKNOWN}) == []


def test_other_clouds_resources_are_left_alone() -> None:
    assert (
        places(allowed_regions, "aws:s3/bucket:Bucket", {"region": "us-east-1"}, settings=EUROPE)
        == []
    )


def test_a_region_that_is_not_known_yet_is_named_and_hides_none_beside_it() -> None:
    properties = {"region": UNKNOWN, "zone": "us-east1-b", "nodeLocations": UNKNOWN}

    assert not_known(allowed_regions, BUCKET, properties, settings=EUROPE) == [
        "region",
        "nodeLocations",
    ]
    assert places(allowed_regions, BUCKET, properties, settings=EUROPE) == ["zone"]


def test_a_zone_for_accelerators_is_one_of_its_region() -> None:
    settings = Settings(allowed_regions=("us-central1",))

    assert places(allowed_regions, BUCKET, {"zone": "us-central1-ai1a"}, settings=settings) == []
    assert places(allowed_regions, BUCKET, {"zone": "us-south1-ai1b"}, settings=settings) == [
        "zone"
    ]
