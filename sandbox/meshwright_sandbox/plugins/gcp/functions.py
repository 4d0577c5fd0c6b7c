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


def _storage_account(cloud: Cloud, arguments: dict[str, Any]) -> dict[str, Any]:
    project = arguments.get("project") or cloud.project
    found = cloud.call("storage.v1", "projects.serviceAccount.get", {"projectId": project})
    email = found["email_address"]
    told = {"id": email, "emailAddress": email, "member": f"serviceAccount:{email}"}
    return {**told, "project": project, "userProject": arguments.get("userProject", "")}


def _bigquery_account(cloud: Cloud, arguments: dict[str, Any]) -> dict[str, Any]:
    project = arguments.get("project") or cloud.project
    email = cloud.call("bigquery.v2", "projects.getServiceAccount", {"projectId": project})["email"]
    member = f"serviceAccount:{email}"
    return {"id": email, "email": email, "member": member, "project": project}


def _logging_settings(cloud: Cloud, arguments: dict[str, Any]) -> dict[str, Any]:
    project = arguments.get("project") or cloud.project
    name = {"name": f"projects/{project}"}
    found = cloud.call("logging.v2", "projects.getSettings", name)
    unset = dict.fromkeys(("kmsKeyName", "storageLocation"), "")
    return {**unset, "disableDefaultSink": False, "id": found["name"], "project": project, **found}


def _install_manifest(cloud: Cloud, arguments: dict[str, Any]) -> dict[str, Any]:
    query = {
        "parent": f"projects/{arguments['project']}/locations/{arguments['location']}",
        "attachedClusterId": arguments["clusterId"],
        "platformVersion": arguments["platformVersion"],
    }
    method = "projects.locations.generateAttachedClusterInstallManifest"
    answer = cloud.call("gkemulticloud.v1", method, query)
    return {"id": query["parent"], "manifest": answer["manifest"], **arguments}


_FUNCTIONS = {
    "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": _bigquery_account,
    "gcp:container/getAttachedInstallManifest:getAttachedInstallManifest": _install_manifest,
    "gcp:logging/getProjectSettings:getProjectSettings": _logging_settings,
    "gcp:organizations/getProject:getProject": _project,
    "gcp:organizations/getClientConfig:getClientConfig": _client_config,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _storage_account,
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
