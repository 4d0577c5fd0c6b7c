"""Sinks of folders as google-api-python-client sees them."""

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients


def test_a_sink_of_a_folder_writes_as_the_folders_account(
    google: GoogleClients, project: str
) -> None:
    """It routes what its projects log to a destination that exists."""
    sinks = google("logging", "v2").folders().sinks()
    destination = f"logging.googleapis.com/projects/{project}/locations/global/buckets/_Default"
    body = {"name": "all", "destination": destination, "includeChildren": True}
    parent, name = "folders/123456", "folders/123456/sinks/all"

    made = sinks.create(parent=parent, body=body, uniqueWriterIdentity=True).execute()

    assert made["writerIdentity"].startswith("serviceAccount:service-folder-123456@")
    assert sinks.get(sinkName=name).execute() == made
    change = {"filter": "severity>=ERROR"}
    sinks.patch(sinkName=name, updateMask="filter", body=change).execute()
    absent = {"destination": "storage.googleapis.com/absent"}
    with pytest.raises(HttpError, match="does not exist"):
        sinks.patch(sinkName=name, updateMask="destination", body=absent).execute()
    with pytest.raises(HttpError, match="does not exist"):
        sinks.create(parent=parent, body={**body, **absent, "name": "x"}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        sinks.patch(sinkName=name, updateMask="filter", body={"filters": ""}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        sinks.create(parent=parent, body={"name": "y", "target": "z"}).execute()
    sinks.delete(sinkName=name).execute()
    with pytest.raises(HttpError, match="does not exist"):
        sinks.get(sinkName=name).execute()
