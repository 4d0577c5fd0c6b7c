"""The status of pods whose kubelet the sandbox plays: kwok leaves them alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from meshwright_sandbox.runtime.api import Api, Object

# A pod with this annotation is Pending until the sandbox runs it for real (see `traffic`).
RUN_ANNOTATION = "sandbox.meshwright.dev/run"
RUN_SELECTOR = f"{RUN_ANNOTATION}=true"


def report(api: Api, item: Object, address: str, *, ready: bool) -> Object:
    """Write the pod's status as its kubelet would."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def condition(kind: str, holds: bool) -> dict[str, str]:
        return {"type": kind, "status": str(holds), "lastTransitionTime": now}

    metadata = item["metadata"]
    status: dict[str, Any] = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": metadata["creationTimestamp"],
        "conditions": [
            condition("Initialized", True),
            condition("ContainersReady", ready),
            condition("Ready", ready),
        ],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": ready,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": metadata["creationTimestamp"]}},
            }
            for container in item["spec"]["containers"]
        ],
    }
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {key: metadata[key] for key in ("name", "namespace", "uid")},
        "status": status,
    }
    return api.apply(f"{path_of(metadata)}/status", body)


def path_of(metadata: Object) -> str:
    """The pod's path in the API."""
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def is_ready(pod: Object) -> bool:
    """Whether its status says that it answers."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def is_running(pod: Object) -> bool:
    """Whether its status says that it runs, and where."""
    status = pod.get("status", {})
    return not has_ended(pod) and status.get("phase") == "Running" and bool(status.get("podIP"))


def has_ended(pod: Object) -> bool:
    """Whether it is over with it, or will be."""
    phase = pod.get("status", {}).get("phase")
    return bool(pod["metadata"].get("deletionTimestamp")) or phase in ("Succeeded", "Failed")
