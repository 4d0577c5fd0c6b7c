"""Descriptors of custom metrics, driven by google-api-python-client."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import Sandbox

PAID: dict[str, Any] = {
    "type": "custom.googleapis.com/invoice/paid/amount",
    "metricKind": "GAUGE",
    "valueType": "DOUBLE",
    "labels": [{"key": "currency"}],
    "unit": "1",
}


@pytest.fixture
def descriptors(google: GoogleClients) -> Any:
    return google("monitoring", "v3").projects().metricDescriptors()


def make(descriptors: Any, project: str, **fields: Any) -> dict[str, Any]:
    return descriptors.create(name=f"projects/{project}", body=PAID | fields).execute()


def test_a_metric_with_slashes_in_its_type_is_made_and_read(
    descriptors: Any, project: str, sandbox: Sandbox
) -> None:
    made = make(descriptors, project)

    assert made == PAID | {"name": f"projects/{project}/metricDescriptors/{PAID['type']}"}
    assert descriptors.get(name=made["name"]).execute() == made
    assert made["name"] in sandbox.inventory()


def test_a_second_creation_changes_it_and_keeps_its_labels(descriptors: Any, project: str) -> None:
    name = make(descriptors, project)["name"]

    make(descriptors, project, description="What was paid.", labels=[{"key": "shop"}])

    read = descriptors.get(name=name).execute()
    assert read["description"] == "What was paid."
    assert [label["key"] for label in read["labels"]] == ["currency", "shop"]


def test_a_deleted_metric_is_gone(descriptors: Any, project: str) -> None:
    name = make(descriptors, project)["name"]

    assert descriptors.delete(name=name).execute() == {}

    for method in (descriptors.get, descriptors.delete):
        with pytest.raises(HttpError, match="Could not find descriptor for metric") as caught:
            method(name=name).execute()
        assert caught.value.status_code == 404


def test_googles_own_metrics_are_known_to_be_missing(descriptors: Any, project: str) -> None:
    metric = "compute.googleapis.com/instance/cpu/utilization"

    with pytest.raises(HttpError, match="none of Google's own") as caught:
        descriptors.get(name=f"projects/{project}/metricDescriptors/{metric}").execute()

    assert caught.value.status_code == 404


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("", ["custom.googleapis.com/a/b", "external.googleapis.com/c"]),
        ('metric.type = starts_with("custom.googleapis.com/")', ["custom.googleapis.com/a/b"]),
        ('metric.type="external.googleapis.com/c"', ["external.googleapis.com/c"]),
        ('metric.type : "/a/"', ["custom.googleapis.com/a/b"]),
        ('metric.type = has_substring("/nothing")', []),
    ],
)
def test_metrics_are_listed_by_their_type(
    descriptors: Any, project: str, filter_: str, found: list[str]
) -> None:
    for metric in ("custom.googleapis.com/a/b", "external.googleapis.com/c"):
        make(descriptors, project, type=metric)
    parent = f"projects/{project}"

    listed = descriptors.list(name=parent, filter=filter_).execute()
    active = descriptors.list(name=parent, filter=filter_, activeOnly=True).execute()

    assert [each["type"] for each in listed.get("metricDescriptors", [])] == found
    assert active == {}


def test_a_filter_that_is_not_understood_says_so(descriptors: Any, project: str) -> None:
    with pytest.raises(HttpError, match="cannot evaluate the filter") as caught:
        descriptors.list(name=f"projects/{project}", filter='resource.type = "k"').execute()

    assert caught.value.status_code == 501


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"type": "compute.googleapis.com/mine"}, "metricDescriptor.type had an invalid value"),
        ({"metricKind": "METRIC_KIND_UNSPECIFIED"}, "metricDescriptor.metricKind"),
        ({"valueType": "VALUE_TYPE_UNSPECIFIED"}, "metricDescriptor.valueType"),
        ({"valueType": "BOOL", "metricKind": "CUMULATIVE"}, "only if the metric kind is GAUGE"),
        ({"labels": [{"key": "1st"}]}, "metricDescriptor.labels.key"),
        ({"colour": "red"}, "Cannot find field"),
    ],
)
def test_a_wrong_metric_is_refused(
    descriptors: Any, project: str, fields: dict[str, Any], text: str
) -> None:
    with pytest.raises(HttpError, match=text) as caught:
        make(descriptors, project, **fields)

    assert caught.value.status_code == 400
    assert descriptors.list(name=f"projects/{project}").execute() == {}
