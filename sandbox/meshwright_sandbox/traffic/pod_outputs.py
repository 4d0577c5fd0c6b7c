"""What a cluster's pods write, for the logging agent to read."""

from __future__ import annotations

from pathlib import Path

from meshwright_sandbox.runtime.api import Api, Object
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.runtime.records import ClusterRecord
from meshwright_sandbox.traffic import images
from meshwright_sandbox.traffic.containers import PROXY
from meshwright_sandbox.traffic.log_lines import Container
from meshwright_sandbox.traffic.logging_agent import LoggingAgent


class PodOutputs:
    """A controller of one cluster's pods (see `Controller`): tells ``agent`` of those that run."""

    path = "/api/v1/pods"

    def __init__(self, record: ClusterRecord, processes: ProcessTable, agent: LoggingAgent) -> None:
        self._record, self._processes, self._agent = record, processes, agent
        self._followed: set[str] = set()

    def present(self, items: list[Object]) -> None:
        gone = self._followed - {item["metadata"]["uid"] for item in items}
        self._followed -= gone
        self._agent.forget(gone)

    def reconcile(self, api: Api, item: Object) -> None:
        del api
        if images.runs(item) and item["spec"].get("nodeName"):
            self._followed.add(item["metadata"]["uid"])
            self._agent.follow(item["metadata"]["uid"], self._outputs(item))

    def _outputs(self, pod: Object) -> dict[Path, Container]:
        """Files with the output of the pod's containers."""
        metadata, request = pod["metadata"], self._record.request
        app = images.app_of(pod)
        own = str(app["name"]) if app else PROXY
        names = {"proxy": PROXY} | ({"app": own} if app else {})
        base = f"cluster/{self._record.id}/pod/{metadata['uid']}"
        return {
            self._processes.log_path(f"{base}/{kind}"): Container(
                project=request.project,
                location=request.location,
                cluster=request.name,
                namespace=metadata["namespace"],
                pod=metadata["name"],
                node=pod["spec"]["nodeName"],
                name=name,
                app=own,
                labels=tuple(sorted(metadata.get("labels", {}).items())),
            )
            for kind, name in names.items()
        }
