"""Types of monitored resources, driven by google-api-python-client."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from meshwright_sandbox.traffic.log_lines import Container, MachineLog
from tests.sandbox.conftest import GoogleClients


@pytest.fixture
def descriptors(google: GoogleClients) -> Any:
    return google("monitoring", "v3").projects().monitoredResourceDescriptors()


def types(descriptors: Any, project: str, **query: Any) -> list[str]:
    answer = descriptors.list(name=f"projects/{project}", **query).execute()
    return [entry["type"] for entry in answer.get("resourceDescriptors", [])]


def written() -> list[dict[str, Any]]:
    """The resources that the local cloud's own log entries are of."""
    where = ("p", "us-central1", "c", "ns", "pod", "node", "app", "app")
    entry = MachineLog("p", "us-central1-a", "vm", "7", "access").entry("{}", "id")
    assert entry
    return [Container(*where, ()).resource("app"), entry["resource"]]


@pytest.mark.parametrize("resource", written(), ids=lambda resource: resource["type"])
def test_what_is_written_here_has_the_labels_of_its_type(
    descriptors: Any, project: str, resource: dict[str, Any]
) -> None:
    name = f"projects/{project}/monitoredResourceDescriptors/{resource['type']}"

    described = descriptors.get(name=name).execute()

    assert (described["name"], described["type"]) == (name, resource["type"])
    assert {label["key"] for label in described["labels"]} == resource["labels"].keys()
    assert described["labels"][0]["key"] == "project_id"
    assert described["displayName"]


def test_types_are_listed_in_pages(descriptors: Any, project: str) -> None:
    parent = f"projects/{project}"
    request, listed = descriptors.list(name=parent, pageSize=5), []
    while request is not None:
        page = request.execute()
        assert len(page["resourceDescriptors"]) <= 5
        listed += page["resourceDescriptors"]
        request = descriptors.list_next(request, page)

    assert [entry["type"] for entry in listed] == types(descriptors, project)
    assert {"istio_canonical_service", "prometheus_target"} < {each["type"] for each in listed}
    assert listed[0] == descriptors.get(name=listed[0]["name"]).execute()


def test_types_are_chosen_by_a_filter(descriptors: Any, project: str) -> None:
    def chosen(filter_: str) -> list[str]:
        return types(descriptors, project, filter=filter_)

    assert chosen('resource.type = "k8s_pod"') == ["k8s_pod"]
    assert chosen('resource.type = starts_with("gce_")') == ["gce_disk", "gce_instance"]
    assert chosen('resource.type = "pod"') == []
    with pytest.raises(HttpError, match="cannot evaluate the filter") as caught:
        chosen("resource.label:id")
    assert caught.value.status_code == 501


def test_a_type_that_the_table_has_not_is_named_with_those_that_it_has(
    descriptors: Any, project: str
) -> None:
    name = f"projects/{project}/monitoredResourceDescriptors/cloudsql_database"

    with pytest.raises(HttpError, match=r"'cloudsql_database'.*k8s_container") as caught:
        descriptors.get(name=name).execute()

    assert caught.value.status_code == 404
