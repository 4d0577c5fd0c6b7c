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
    parent = found.get("parent") or {}
    return {
        "id": f"projects/{found['projectId']}",
        "projectId": found["projectId"],
        "number": str(found["projectNumber"]),
        "name": found.get("name", ""),
        "labels": found.get("labels", {}),
        "effectiveLabels": found.get("labels", {}),
        "pulumiLabels": {},
        "orgId": parent.get("id", "") if parent.get("type") == "organization" else "",
        "folderId": parent.get("id", "") if parent.get("type") == "folder" else "",
        "billingAccount": "",
        "autoCreateNetwork": False,
        "deletionPolicy": "",
        "tags": {},
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


def _engine_versions(cloud: Cloud, arguments: dict[str, Any]) -> dict[str, Any]:
    place = arguments.get("location") or cloud.region or cloud.zone
    project = arguments.get("project") or cloud.project
    name = f"projects/{project}/locations/{place}"
    found = cloud.call("container.v1beta1", "projects.locations.getServerConfig", {"name": name})
    prefix = arguments.get("versionPrefix") or ""
    masters = [v for v in found.get("validMasterVersions", []) if v.startswith(prefix)]
    nodes = [v for v in found.get("validNodeVersions", []) if v.startswith(prefix)]
    channels = found.get("channels", [])
    return {
        "id": name,
        "location": place,
        "project": project,
        "defaultClusterVersion": found.get("defaultClusterVersion", ""),
        "validMasterVersions": masters,
        "validNodeVersions": nodes,
        "latestMasterVersion": masters[0] if masters else "",
        "latestNodeVersion": nodes[0] if nodes else "",
        "releaseChannelDefaultVersion": {c["channel"]: c["defaultVersion"] for c in channels},
        "releaseChannelLatestVersion": {
            c["channel"]: c["validVersions"][0] for c in channels if c.get("validVersions")
        },
    }


_FUNCTIONS = {
    "gcp:organizations/getProject:getProject": _project,
    "gcp:organizations/getClientConfig:getClientConfig": _client_config,
    "gcp:container/getEngineVersions:getEngineVersions": _engine_versions,
}


def invoke(cloud: Cloud, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a function and return its result.

    Raises:
        PluginError: if the stand-in does not know it, or the API refuses.
    """
    if token not in _FUNCTIONS:
        raise PluginError(
            f"{token} is not among the functions that the stand-in gcp plugin knows"
            f" ({', '.join(sorted(_FUNCTIONS))}); look the value up outside, or install the"
            " official plugin"
        )
    return _FUNCTIONS[token](cloud, arguments)
