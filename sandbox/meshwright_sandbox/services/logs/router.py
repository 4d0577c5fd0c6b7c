"""The log router: which sinks take an entry, and what reaches their destinations.

https://cloud.google.com/logging/docs/routing/overview. Every sink of the project decides for
itself, and so do those of folders with `includeChildren`. Resource Manager's folders are not
emulated: every project counts as below every folder.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.logs import destinations, permissions
from meshwright_sandbox.services.logs.comparisons import Test
from meshwright_sandbox.services.logs.query import compile_query

Json = dict[str, Any]
_HOST = "logging.googleapis.com/"
_REMINDER_SECONDS = 60
_DEFAULT, _REQUIRED = "_Default", "_Required"


def route(cloud: Cloud, project: str, entries: list[Json]) -> None:
    """Hand entries written in ``project`` to the sinks that take them."""
    left = entries
    for sink in _folder_sinks(cloud):
        taken = _taken(sink, left)
        _deliver(cloud, project, sink, taken)
        if sink.get("interceptChildren"):  # but for _Required, the projects' sinks do not see them
            left = [entry for entry in left if entry not in taken]
    for sink in _project_sinks(cloud, project):
        seen = entries if sink["name"] == _REQUIRED else left
        _deliver(cloud, project, sink, _taken(sink, seen))


def _project_sinks(cloud: Cloud, project: str) -> Iterator[Json]:
    for row in cloud.store.children("logging", f"projects/{project}/sinks"):
        sink = row.doc
        if sink["name"] == _DEFAULT:
            rows = cloud.store.children("logging", f"projects/{project}/exclusions")
            yield sink | {"exclusions": [*sink.get("exclusions", []), *(row.doc for row in rows)]}
        else:
            yield sink


def _folder_sinks(cloud: Cloud) -> Iterator[Json]:
    for row in cloud.store.of_type("logging", "folders.sinks"):
        if row.doc.get("includeChildren"):
            yield row.doc


def _taken(sink: Json, entries: list[Json]) -> list[Json]:
    if sink.get("disabled"):
        return []
    takes = compile_query(sink.get("filter", ""))
    leaves_out: list[Test] = [
        compile_query(exclusion["filter"])
        for exclusion in sink.get("exclusions", [])
        if not exclusion.get("disabled")
    ]
    return [
        entry for entry in entries if takes(entry) and not any(test(entry) for test in leaves_out)
    ]


def _deliver(cloud: Cloud, project: str, sink: Json, entries: list[Json]) -> None:
    if not entries:
        return
    problem = permissions.problem(cloud, project, sink)
    if problem is None:
        other = _other_router(sink["destination"])
        write: Callable[[], None] = (
            (lambda: _relay(cloud, other, entries))
            if other
            else (lambda: destinations.write(cloud, sink, entries))
        )
        write()
        return
    _tell(cloud, project, sink, problem)


def _tell(cloud: Cloud, project: str, sink: Json, problem: str) -> None:
    """Write about a sink that cannot write, but not each time that it cannot."""
    name, moment = sink["resourceName"], time.time()
    told = sink.get("_told", {})
    if told.get("problem") == problem and moment - told["at"] < _REMINDER_SECONDS:
        return
    document = cloud.store.get("logging", name) or sink
    cloud.store.put("logging", name, document | {"_told": {"problem": problem, "at": moment}})
    error = _sink_error(project, sink, problem)
    destinations.write(cloud, {"destination": _default_bucket(project)}, [error])


def _other_router(destination: str) -> str:
    """The project whose router a sink names as its destination, or ""."""
    path = destination.removeprefix(f"{_HOST}projects/")
    return path if path != destination and "/" not in path else ""


def _relay(cloud: Cloud, project: str, entries: list[Json]) -> None:
    """Another project's router routes what it gets, but never to a third project's."""
    cloud.projects.ensure(project)
    for sink in _project_sinks(cloud, project):
        if not _other_router(sink["destination"]):
            _deliver(cloud, project, sink, _taken(sink, entries))


def _default_bucket(project: str) -> str:
    return f"{_HOST}projects/{project}/locations/global/buckets/{_DEFAULT}"


def _sink_error(project: str, sink: Json, code: str) -> Json:
    """What Logging writes about a sink that cannot write
    (https://cloud.google.com/logging/docs/export/troubleshoot).
    """
    name, destination = sink["name"], sink["destination"]
    stamp = now()
    return {
        "logName": f"projects/{project}/logs/logging.googleapis.com%2Fsink_error",
        "resource": {
            "type": "logging_sink",
            "labels": {"project_id": project, "name": name, "destination": destination},
        },
        "labels": {"error_code": code, "sink_id": name, "destination": destination},
        "severity": "ERROR",
        "textPayload": f"Cloud Logging sink configuration error in {project}, sink {name}: {code}",
        "timestamp": stamp,
        "receiveTimestamp": stamp,
        "insertId": f"{name}-{stamp}",
    }
