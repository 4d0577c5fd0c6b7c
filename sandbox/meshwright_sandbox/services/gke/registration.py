"""Whether a new cluster may be born into a fleet.

https://cloud.google.com/kubernetes-engine/fleet-management/docs/before-you-begin/gke
"""

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.service_agents import agent_email

_ROLES = {"roles/gkehub.serviceAgent", "roles/gkehub.crossProjectServiceAgent"}


def require_fleet(call: Call, fleet: str) -> None:
    """Refuse a fleet whose API is off, or that may not act in the cluster's project.

    Raises:
        ApiError: 403.
    """
    call.cloud.projects.ensure(fleet)
    call.cloud.projects.require(fleet, "gkehub")
    if fleet == call.project:
        return
    agent = agent_email("gkehub", call.cloud.projects.number(fleet))
    policy = call.cloud.store.policy("cloudresourcemanager", f"projects/{call.project}") or {}
    held = {
        binding["role"]
        for binding in policy.get("bindings", [])
        if f"serviceAccount:{agent}" in binding["members"]
    }
    missing = sorted(_ROLES - held)
    if missing:
        raise ApiError(
            403,
            f"The fleet's service account {agent} needs {' and '.join(missing)} on project "
            f'"{call.project}" to register a cluster of it.',
            refusal="reference",
        )
