"""The managed mesh of each membership: what is wanted, what runs, and the states in between.

The feature's spec says what is wanted. A background operation makes it so, one at a time for each
cluster, and records what it reached in the membership. What `membershipStates` shows is computed
from both, so that a state never outlives the wish that it belongs to.
"""

import threading
from collections import defaultdict
from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.runtime.interface import MeshRequest
from meshwright_sandbox.services.hub.names import (
    HUB,
    MEMBERSHIPS,
    MESH_FEATURE,
    by_number,
    cluster_of,
    feature_name,
)

Json = dict[str, Any]
AUTOMATIC = "MANAGEMENT_AUTOMATIC"
REVISION = "asm-managed"
CHANNEL = "regular"
_cluster_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)


def wanted(cloud: Cloud, membership: str) -> bool:
    """Whether the fleet's mesh feature asks for a managed control plane on a membership."""
    project = membership.split("/")[1]
    feature = cloud.store.get(HUB, feature_name(project, MESH_FEATURE)) or {}
    spec = feature.get("membershipSpecs", {}).get(by_number(cloud, membership), {})
    return spec.get("mesh", {}).get("management") == AUTOMATIC


def schedule(cloud: Cloud, membership: str) -> None:
    """Start the work that makes a membership's mesh what its spec says."""
    cloud.operations.create(
        cloud.services[HUB],
        verb="mesh",
        type=MEMBERSHIPS,
        target=membership,
        project=membership.split("/")[1],
        location=membership.split("/")[3],
        scope="",
        latency="mesh",
        version="v1",
        hidden=True,
    )


def work(current: Work) -> Json:
    """`Service.works` hook of the background operation."""
    return {"_mesh": reconcile(current.cloud, current.name)}


def reconcile(cloud: Cloud, membership: str) -> Json:
    """Start or stop a membership's control plane; returns what was reached."""
    document = cloud.store.get(HUB, membership) or {}
    cluster_name = cluster_of(document)
    cluster = cloud.store.get("container", cluster_name) if cluster_name else None
    if document.get("_owner") and wanted(cloud, membership):
        return _elsewhere() | {"since": now()}
    if not cluster_name or not cluster:
        return {}
    _, project, _, location, _, name = cluster_name.split("/")
    with _cluster_locks[cluster_name]:
        if not wanted(cloud, membership):
            cloud.runtime.stop_mesh(project, location, name)
            return {}
        problem = _problem(cluster)
        if problem:
            return problem | {"since": now()}
        fleet = membership.split("/")[1]
        number = cloud.projects.number(fleet)
        cloud.runtime.start_mesh(
            project,
            location,
            name,
            MeshRequest(
                mesh_id=f"proj-{number}",
                project_number=int(number),
                revision=REVISION,
                channel=CHANNEL,
                trust_domain=f"{fleet}.svc.id.goog",
            ),
        )
    return {"state": "ACTIVE", "since": now()}


def _problem(cluster: Json) -> Json:
    """The state of a cluster on which the managed control plane cannot be provisioned."""
    if cluster.get("workloadIdentityConfig", {}).get("workloadPool"):
        return {}
    return {
        "state": "FAILED_PRECONDITION",
        "conditions": [
            {
                "code": "WORKLOAD_IDENTITY_REQUIRED",
                "severity": "ERROR",
                "details": "Workload Identity Federation for GKE is required, and is not enabled "
                "on the cluster.",
                "documentationLink": "https://cloud.google.com/service-mesh/docs/onboarding/"
                "prerequisites",
            }
        ],
    }


def _elsewhere() -> Json:
    """The state of a member that is no GKE cluster: the managed control plane is for those alone.

    https://cloud.google.com/service-mesh/docs/supported-platforms does not say how the API puts it;
    the state and the code are the nearest that its document knows.
    """
    return {
        "state": "FAILED_PRECONDITION",
        "conditions": [
            {
                "code": "CONFIG_VALIDATION_ERROR",
                "severity": "ERROR",
                "details": "The managed control plane is only for GKE clusters on Google Cloud.",
                "documentationLink": "https://cloud.google.com/service-mesh/docs/"
                "supported-platforms",
            }
        ],
    }


def failed(current: Work) -> Json | None:
    """`Collection.on_failed` of memberships: a control plane that could not be started stalls."""
    if current.operation["verb"] != "mesh":
        return None
    text = current.operation["error"]["message"]
    return {
        "_mesh": {
            "since": now(),
            "state": "STALLED",
            "conditions": [
                {"code": "CONFIG_APPLY_INTERNAL_ERROR", "severity": "ERROR", "details": text}
            ],
        }
    }


def state(membership: Json, spec: Json) -> Json:
    """The membership's entry in `membershipStates`.

    Args:
        membership: its stored document.
        spec: its entry in `membershipSpecs`.
    """
    if spec.get("mesh", {}).get("management") != AUTOMATIC:
        off = {"state": "DISABLED", "since": membership.get("updateTime", "")}
        return _entry(off, "OK", "Automatic control plane management is off.")
    reached: Json = membership.get("_mesh_held") or membership.get("_mesh") or {}
    reached = {"since": membership.get("updateTime", "")} | reached
    code: str = reached.get("state", "PROVISIONING")
    if code == "ACTIVE":
        return _entry(reached, "OK", f"Revision ready for use: {REVISION}.")
    if code == "PROVISIONING":
        return _entry({"state": code} | reached, "WARNING", "Revision(s) are being provisioned.")
    texts = [condition.get("details", "") for condition in reached.get("conditions", [])]
    return _entry(reached, "ERROR", " ".join(texts) or f"Control plane is in state {code}.")


_DETAILS = {
    "ACTIVE": ("REVISION_READY", f"Ready: {REVISION}"),
    "PROVISIONING": ("REVISION_PROVISIONING", f"Provisioning: {REVISION}"),
    "STALLED": ("REVISION_STALLED", f"Stalled: {REVISION}"),
    "FAILED_PRECONDITION": ("REVISION_FAILED_PRECONDITION", f"Failed precondition: {REVISION}"),
}


def _entry(reached: Json, code: str, description: str) -> Json:
    lifecycle = reached["state"]
    control: Json = {"state": lifecycle}
    data: Json = {"state": lifecycle}
    if lifecycle in _DETAILS:
        label, details = _DETAILS[lifecycle]
        control["details"] = [{"code": label, "details": details}]
    if lifecycle != "DISABLED":
        control["implementation"] = reached.get("implementation", "TRAFFIC_DIRECTOR")
    if lifecycle == "ACTIVE":
        data["details"] = [{"code": "OK", "details": "Service is running."}]
    mesh: Json = {"controlPlaneManagement": control, "dataPlaneManagement": data}
    if reached.get("conditions"):
        mesh["conditions"] = reached["conditions"]
    return {
        "servicemesh": mesh,
        "state": {"code": code, "description": description, "updateTime": reached["since"]},
    }
