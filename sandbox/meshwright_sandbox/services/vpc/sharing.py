"""Shared VPC: host projects, the service projects attached to them, and who may use a subnetwork.

https://cloud.google.com/vpc/docs/shared-vpc and
https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-shared-vpc
"""

from typing import Any

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.service_agents import agent_email

Json = dict[str, Any]
_TYPE = "xpnHosts"
_CLUSTERS = "projects.locations.clusters"
_HOST_AGENT_USER = "roles/container.hostServiceAgentUser"
_NETWORK_USERS = ("roles/compute.networkUser", "roles/compute.networkAdmin")


def _key(project: str) -> str:
    return f"projects/{project}/xpnHost"


def _attached(cloud: Cloud, host: str) -> list[str] | None:
    """Service projects of a host; None where the project is no host."""
    document = cloud.store.get("compute", _key(host))
    return None if document is None else document["attached"]


def _store(call: Call, host: str, attached: list[str]) -> None:
    call.cloud.store.put(
        "compute", _key(host), {"attached": attached}, type_=_TYPE, project=host, system=True
    )


def host_of(cloud: Cloud, project: str) -> str:
    """The host that a service project is attached to; empty where there is none."""
    for row in cloud.store.of_type("compute", _TYPE):
        if project in row.doc["attached"]:
            return row.project
    return ""


def status(cloud: Cloud, project: str) -> str:
    """`xpnProjectStatus` of a project."""
    is_host = _attached(cloud, project) is not None
    return "HOST" if is_host else "UNSPECIFIED_XPN_PROJECT_STATUS"


def enable_host(call: Call) -> Json:
    """`projects.enableXpnHost`; a host stays one."""
    host = host_of(call.cloud, call.project)
    if host:
        raise _misuse(f"The project {call.project} is a service project of {host}.")
    _store(call, call.project, _attached(call.cloud, call.project) or [])
    return call.start("enableXpnHost", f"projects/{call.project}")


def disable_host(call: Call) -> Json:
    """`projects.disableXpnHost`, refused while a service project is attached."""
    attached = _attached(call.cloud, call.project)
    if attached:
        raise ApiError(
            400,
            f"Cannot disable project {call.project} as a shared VPC host: it has active service "
            f"projects ({', '.join(attached)}).",
            reason="resourceInUseByAnotherResource",
        )
    call.cloud.store.delete("compute", _key(call.project))
    return call.start("disableXpnHost", f"projects/{call.project}")


def _sent_project(call: Call) -> str:
    resource = call.body.get("xpnResource", {})
    if resource.get("type") != "PROJECT" or not resource.get("id"):
        raise invalid("Invalid value for field 'xpnResource': it must name a PROJECT.")
    return call.cloud.projects.id(resource["id"])


def enable_resource(call: Call) -> Json:
    """`projects.enableXpnResource`: attach a service project."""
    project, attached = _sent_project(call), _attached(call.cloud, call.project)
    if attached is None:
        raise _misuse(f"The project {call.project} is not a shared VPC host project.")
    if not call.cloud.projects.exists(project):
        raise ApiError(404, f"The resource 'projects/{project}' was not found", refusal="reference")
    if project == call.project or _attached(call.cloud, project) is not None:
        raise _misuse(f"The project {project} is a shared VPC host and cannot be attached.")
    other = host_of(call.cloud, project)
    if other and other != call.project:
        raise _misuse(f"The project {project} is already attached to the host {other}.")
    call.cloud.projects.ensure(project)
    _store(call, call.project, sorted({*attached, project}))
    return call.start("enableXpnResource", f"projects/{call.project}")


def disable_resource(call: Call) -> Json:
    """`projects.disableXpnResource`, refused while a cluster of the project is in the network."""
    project, attached = _sent_project(call), _attached(call.cloud, call.project)
    if project not in (attached or []):
        raise _misuse(f"The project {project} is not attached to {call.project}.")
    home = f"projects/{call.project}/"
    for row in call.cloud.store.of_type("container", _CLUSTERS):
        network = row.doc.get("networkConfig", {}).get("network", "")
        if row.project == project and network.startswith(home):
            raise ApiError(
                400,
                f"Cannot detach {project} from {call.project}: '{row.name}' uses a shared network.",
                reason="resourceInUseByAnotherResource",
            )
    _store(call, call.project, [name for name in attached or [] if name != project])
    return call.start("disableXpnResource", f"projects/{call.project}")


def get_host(call: Call) -> Json:
    """`projects.getXpnHost`: empty where there is no link."""
    host = host_of(call.cloud, call.project)
    return {"kind": "compute#project", "name": host, "xpnProjectStatus": "HOST"} if host else {}


def get_resources(call: Call) -> Json:
    """`projects.getXpnResources`."""
    attached = _attached(call.cloud, call.project) or []
    return {
        "kind": "compute#projectsGetXpnResources",
        "resources": [{"id": project, "type": "PROJECT"} for project in attached],
    }


def _misuse(message: str) -> ApiError:
    return ApiError(400, message, reason="invalidResourceUsage")


def require_access(call: Call, network: str, subnetwork: str) -> None:
    """Refuse a cluster in another project's network unless that is shared with its own.

    Raises:
        ApiError: 400 or 403, as GKE says what is missing.
    """
    host, project = network.split("/")[1], call.project
    if host == project:
        return
    if project not in (_attached(call.cloud, host) or []):
        raise ApiError(
            400,
            f'Project "{project}" is not attached to the shared VPC host project "{host}".',
            status="FAILED_PRECONDITION",
            refusal="reference",
        )
    agent = f"serviceAccount:{agent_email('container', call.cloud.projects.number(project))}"
    if agent not in _holders(call.cloud, "cloudresourcemanager", f"projects/{host}", host=True):
        raise ApiError(
            403,
            f"Service account {agent.partition(':')[2]} needs the role {_HOST_AGENT_USER} on the "
            f'host project "{host}".',
            refusal="reference",
        )
    holders = _holders(call.cloud, "compute", subnetwork)
    if agent not in holders | _holders(call.cloud, "cloudresourcemanager", f"projects/{host}"):
        raise ApiError(
            403,
            f"Google Compute Engine: Required 'compute.subnetworks.use' permission for "
            f"'{subnetwork}'",
            refusal="reference",
        )


def _holders(cloud: Cloud, service: str, name: str, *, host: bool = False) -> set[str]:
    """Members that may use a network's subnetworks, or that act for GKE in a host project."""
    roles = (_HOST_AGENT_USER,) if host else _NETWORK_USERS
    policy = cloud.store.policy(service, name) or {}
    return {
        member
        for binding in policy.get("bindings", [])
        if binding["role"] in roles
        for member in binding["members"]
    }


def list_usable(call: Call) -> Json:
    """The subnetworks of a project that may be used: all, as nobody's rights are asked for."""
    rows = call.cloud.store.of_type("compute", "subnetworks")
    return listing.answer(call, [_usable(row.doc) for row in rows if row.project == call.project])


def _usable(subnetwork: Json) -> Json:
    shown = ("network", "ipCidrRange", "secondaryIpRanges", "purpose", "role", "stackType")
    fields = {field: subnetwork[field] for field in shown if field in subnetwork}
    return {"subnetwork": subnetwork["selfLink"]} | fields


METHODS = {
    "subnetworks.listUsable": list_usable,
    "projects.disableXpnHost": disable_host,
    "projects.disableXpnResource": disable_resource,
    "projects.enableXpnHost": enable_host,
    "projects.enableXpnResource": enable_resource,
    "projects.getXpnHost": get_host,
    "projects.getXpnResources": get_resources,
}
