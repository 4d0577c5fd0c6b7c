"""Log entries for tests: what is written, and which of it is found again."""

from typing import Any

from tests.sandbox.conftest import GoogleClients

Json = dict[str, Any]
CONTAINER: Json = {
    "type": "k8s_container",
    "labels": {
        "project_id": "p",
        "location": "europe-west1",
        "cluster_name": "shop",
        "namespace_name": "shop",
        "pod_name": "web-1",
        "container_name": "istio-proxy",
    },
}
CLIENT = "198.51.100.7"
CALL: Json = {
    "insertId": "call",
    "timestamp": "2024-11-21T10:20:30.5Z",
    "severity": "INFO",
    "labels": {"k8s-pod/app": "Web"},
    "httpRequest": {"requestMethod": "GET", "status": 200, "remoteIp": CLIENT},
    "jsonPayload": {"Path": "/cart", "retries": 2, "hosts": ["a", "b"]},
}
PROBE: Json = {
    "insertId": "probe",
    "timestamp": "2024-11-21T10:20:31Z",
    "jsonPayload": {"Path": "/healthz", "retries": 0},
}
PROXIES = 'resource.type="k8s_container" AND resource.labels.container_name="istio-proxy"'
NO_PROBES = [{"name": "probes", "filter": 'jsonPayload.Path="/healthz"'}]


class Logs:
    """What a project's log entries are written and read with."""

    def __init__(self, google: GoogleClients, project: str) -> None:
        self.project = project
        self.api: Any = google("logging", "v2")

    def log(self, name: str = "stdout") -> str:
        """The full name of one of the project's logs."""
        return f"projects/{self.project}/logs/{name.replace('/', '%2F')}"

    def write(self, *entries: Json, log: str = "stdout", **common: Any) -> None:
        """Write entries, of a proxy's container unless they say otherwise."""
        body = {"logName": self.log(log), "resource": CONTAINER, "entries": entries} | common
        self.api.entries().write(body=body).execute()

    def read(self, query: str = "", *, of: str = "", **more: Any) -> list[Json]:
        """What `entries.list` finds in the project, or in a view."""
        body = {"resourceNames": [of or f"projects/{self.project}"], "filter": query} | more
        return self.api.entries().list(body=body).execute().get("entries", [])

    def found(self, query: str = "", *, of: str = "") -> list[str]:
        """The insertIds of what is found."""
        return [entry["insertId"] for entry in self.read(query, of=of)]

    def bucket(self, name: str) -> str:
        """Make a log bucket; its name as entries are listed from it."""
        buckets = self.api.projects().locations().buckets()
        parent = f"projects/{self.project}/locations/global"
        buckets.create(parent=parent, bucketId=name, body={"retentionDays": 30}).execute()
        return f"{parent}/buckets/{name}"

    def sink(self, destination: str, **fields: Any) -> Json:
        """Make a sink with a writer of its own, of this name unless `name` says otherwise."""
        body = {"name": "mesh", "destination": destination, "filter": ""} | fields
        sinks = self.api.projects().sinks()
        parent = f"projects/{self.project}"
        return sinks.create(parent=parent, body=body, uniqueWriterIdentity=True).execute()


def admit(resource: Any, name: dict[str, str], role: str, member: str, **condition: Any) -> None:
    """Let a writer in by the resource's policy."""
    binding = {"role": role, "members": [member], **condition}
    bare = "bucket" in name
    policy = {"bindings": [binding], "version": 3}
    resource.setIamPolicy(**name, body=policy if bare else {"policy": policy}).execute()
