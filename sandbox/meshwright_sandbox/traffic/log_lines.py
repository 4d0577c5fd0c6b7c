"""From a line that a container wrote to a log entry, as GKE's logging agent makes it.

https://cloud.google.com/kubernetes-engine/docs/concepts/about-logs and, for lines of JSON,
https://cloud.google.com/logging/docs/structured-logging
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meshwright_sandbox.runtime.traffic_logs import CLIENT_LOG, LOG
from meshwright_sandbox.traffic.containers import PROXY

Json = dict[str, Any]
# Envoy's words about itself, which it writes to its standard error.
_OF_ENVOY = re.compile(r"^\S+Z\t\w+\tenvoy ")
_PREFIX = "logging.googleapis.com/"
# Fields of a line of JSON that are fields of the entry; the value tells under what name.
_SPECIAL = {
    "severity": "severity",
    "httpRequest": "httpRequest",
    "time": "timestamp",
    "timestamp": "timestamp",
    f"{_PREFIX}insertId": "insertId",
    f"{_PREFIX}labels": "labels",
    f"{_PREFIX}operation": "operation",
    f"{_PREFIX}sourceLocation": "sourceLocation",
    f"{_PREFIX}spanId": "spanId",
    f"{_PREFIX}trace": "trace",
    f"{_PREFIX}trace_sampled": "traceSampled",
}
_SEVERITIES = {
    "DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"
}  # fmt: skip
_TYPES: dict[str, type] = {
    "httpRequest": dict,
    "labels": dict,
    "operation": dict,
    "sourceLocation": dict,
    "traceSampled": bool,
}
_INBOUND = "inbound|"
_LEAST_ERROR = 400


@dataclass(frozen=True)
class Container:
    """The container that writes, and where it runs; ``app`` is the pod's own container."""

    project: str
    location: str
    cluster: str
    namespace: str
    pod: str
    node: str
    name: str
    app: str
    labels: tuple[tuple[str, str], ...]

    def resource(self, name: str) -> Json:
        """The monitored resource of the pod's container of that name."""
        labels = {
            "project_id": self.project,
            "location": self.location,
            "cluster_name": self.cluster,
            "namespace_name": self.namespace,
            "pod_name": self.pod,
            "container_name": name,
        }
        return {"type": "k8s_container", "labels": labels}

    def own_labels(self) -> Json:
        """What the agent adds to every entry of the pod."""
        labels = {f"k8s-pod/{key.replace('.', '_')}": value for key, value in self.labels}
        return labels | {"compute.googleapis.com/resource_name": self.node}

    def log(self, name: str) -> str:
        return f"projects/{self.project}/logs/{name}"

    @property
    def short(self) -> str:
        return self.name

    def entry(self, line: str, insert_id: str) -> Json | None:
        return entry_of(self, line, insert_id)


@dataclass(frozen=True)
class MachineLog:
    """A file of a machine that its Ops Agent reads, as the receiver ``receiver`` tells it to.

    https://cloud.google.com/monitoring/agent/ops-agent/configuration
    """

    project: str
    zone: str
    instance: str
    instance_id: str
    receiver: str

    @property
    def short(self) -> str:
        return self.receiver

    def entry(self, line: str, insert_id: str) -> Json | None:
        """A line of JSON is the entry's payload, where it is parsed; any other a message."""
        labels = {"project_id": self.project, "zone": self.zone, "instance_id": self.instance_id}
        return {
            "logName": f"projects/{self.project}/logs/{self.receiver}",
            "resource": {"type": "gce_instance", "labels": labels},
            "labels": {"compute.googleapis.com/resource_name": self.instance},
            "insertId": insert_id,
            "jsonPayload": _structured(line) or {"message": line},
        }


def entry_of(container: Container, line: str, insert_id: str) -> Json | None:
    """The entry of a line, or None for one that no entry is made of."""
    structured = _structured(line)
    if structured is not None and set(structured) == {LOG} and _is_traffic_log(structured[LOG]):
        return _traffic_log(container, structured[LOG], insert_id)
    stream = "stderr" if _OF_ENVOY.match(line) else "stdout"
    entry: Json = {
        "logName": container.log(stream),
        "resource": container.resource(container.name),
        "labels": container.own_labels(),
        "severity": "ERROR" if stream == "stderr" else "INFO",
        "insertId": insert_id,
    }
    if structured is None:
        return entry | {"textPayload": line}
    # What has not the form that the field has stays in the payload.
    taken = [key for key in _SPECIAL if key in structured and _fits(_SPECIAL[key], structured[key])]
    special = {_SPECIAL[key]: structured.pop(key) for key in taken}
    special["labels"] = entry["labels"] | special.get("labels", {})
    if set(structured) == {"message"}:
        return entry | special | {"textPayload": str(structured["message"])}
    return entry | special | {"jsonPayload": structured}


def _fits(field: str, value: object) -> bool:
    """Whether a value of a line is one that the entry's field takes."""
    if field == "severity":
        return value in _SEVERITIES
    if field == "timestamp":
        return isinstance(value, str) and _is_moment(value)
    return isinstance(value, _TYPES.get(field, str))


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_traffic_log(line: object) -> bool:
    """Whether a proxy wrote it: an application may write whatever it likes."""
    if not isinstance(line, dict) or not isinstance(line.get("time"), str):
        return False
    parts = (line.get("httpRequest"), line.get("labels"))
    return all(isinstance(part, dict) for part in parts) and "upstream_cluster" in line["labels"]


def _structured(line: str) -> Json | None:
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _traffic_log(container: Container, line: Json, insert_id: str) -> Json | None:
    """The server's log of calls that arrive; of calls that leave, the client's, if they fail."""
    request = _present(line["httpRequest"])
    is_server = container.app == PROXY or str(line["labels"]["upstream_cluster"]).startswith(
        _INBOUND
    )
    if not is_server and 0 < request.get("status", 0) < _LEAST_ERROR:
        return None
    if "latency" in request:
        request["latency"] = f"{request['latency'] / 1000:.3f}s"
    labels = {key: str(value) for key, value in _present(line["labels"]).items()}
    return {
        "logName": container.log(LOG if is_server else CLIENT_LOG),
        "resource": container.resource(container.app),
        "labels": container.own_labels() | labels,
        "severity": "INFO",
        "insertId": insert_id,
        "timestamp": line["time"],
        "httpRequest": request,
    }


def _present(values: Json) -> Json:
    """What Envoy knew: the rest it writes as null or as a dash."""
    return {key: value for key, value in values.items() if value not in (None, "", "-")}
