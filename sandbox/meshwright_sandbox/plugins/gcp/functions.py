"""Functions (invokes): what programs ask for without making a resource."""

from __future__ import annotations

from typing import Any

from meshwright_sandbox.plugins.gcp.cloud import Cloud
from meshwright_sandbox.plugins.serving import PluginError


def _project(cloud: Cloud, arguments: dict[str, Any]) -> dict[str, Any]:
    project = arguments.get("projectId") or cloud.project
    if not project:
        raise PluginError("gcp:organizations.getProject: no project; give `project_id`")
    found = cloud.call("cloudresourcemanager.v1", "projects.get", {"projectId": project})
    labels = found.get("labels", {})
    return {
        "id": f"projects/{found['projectId']}",
        "projectId": found["projectId"],
        "number": str(found["projectNumber"]),
        "name": found.get("name", ""),
        **dict.fromkeys(("labels", "effectiveLabels"), labels),
        **dict.fromkeys(("orgId", "folderId", "billingAccount", "deletionPolicy"), ""),
        "pulumiLabels": {},
        "tags": {},
        "autoCreateNetwork": False,
    }


def _client_config(cloud: Cloud, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"projects/{cloud.project}",
        "project": cloud.project,
        "region": cloud.region,
        "zone": cloud.zone,
        "accessToken": cloud.token,
        "defaultLabels": {},
    }


_FUNCTIONS = {
    "gcp:organizations/getProject:getProject": _project,
    "gcp:organizations/getClientConfig:getClientConfig": _client_config,
}


def invoke(cloud: Cloud, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a function and return its result.

    Raises:
        PluginError: if the stand-in does not know it, or the API refuses.
    """
    if token not in _FUNCTIONS:
        raise PluginError(
            f"{token} is not among the functions that the stand-in gcp plugin knows"
            f" ({', '.join(_FUNCTIONS)}); look the value up outside, or install the official plugin"
        )
    return _FUNCTIONS[token](cloud, arguments)
