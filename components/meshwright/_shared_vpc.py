"""Sharing a VPC with service projects whose GKE clusters stand in its subnets.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-shared-vpc.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._outputs import after
from ._projects import number_problems, project_number
from ._validation import duplicates

# GKE's agent exists once its API is on; it works through Google's APIs agent.
_APIS = ("compute", "container")
_NETWORK_USER = "roles/compute.networkUser"
_HOST_AGENT_USER = "roles/container.hostServiceAgentUser"


class ServiceProjectArgs(TypedDict):
    """A project whose clusters use the network."""

    project: str
    """Id of the service project."""
    project_number: NotRequired[pulumi.Input[str]]
    """Number of the service project. Default: looked up."""
    subnets: NotRequired[list[str]]
    """Names of the subnets it may use. Default: all."""


class Sharing(NamedTuple):
    """What lets clusters of service projects into a network."""

    projects: list[pulumi.Resource]
    """What a service project needs in the whole network."""
    users: dict[str, list[pulumi.Resource]]
    """The grants on each subnet that is shared, by its name."""


def share(
    parent: pulumi.Resource,
    name: str,
    host_project: pulumi.Input[str],
    subnets: "Mapping[str, gcp.compute.Subnetwork]",
    projects: list[ServiceProjectArgs],
) -> Sharing:
    """Make `host_project` a Shared VPC host, attach `projects`, and let their GKE use the subnets.

    Returns what a cluster in a service project must wait for: the projects' places in the network,
    and who may use a subnet, by the subnet's name.
    """
    if not projects:
        return Sharing([], {})
    host = gcp.compute.SharedVPCHostProject(
        f"{name}-host", project=host_project, opts=pulumi.ResourceOptions(parent=parent)
    )
    sharing = Sharing([], {})
    for item in projects:
        chosen = {key: subnets[key] for key in item.get("subnets", subnets)}
        attached = _attach(parent, f"{name}-service-{item['project']}", host, item, chosen)
        sharing.projects.extend(attached.projects)
        for key, users in attached.users.items():
            sharing.users.setdefault(key, []).extend(users)
    return sharing


def _attach(
    parent: pulumi.Resource,
    name: str,
    host: "gcp.compute.SharedVPCHostProject",
    item: ServiceProjectArgs,
    subnets: "Mapping[str, gcp.compute.Subnetwork]",
) -> Sharing:
    child = pulumi.ResourceOptions(parent=parent)
    apis = [
        gcp.projects.Service(
            f"{name}-{api}-api",
            project=item["project"],
            service=f"{api}.googleapis.com",
            disable_on_destroy=False,
            opts=child,
        )
        for api in _APIS
    ]
    attachment = gcp.compute.SharedVPCServiceProject(
        name, host_project=host.project, service_project=after(item["project"], apis), opts=child
    )
    number = after(_number(parent, item), [attachment])
    gke = pulumi.Output.concat(
        "serviceAccount:service-", number, "@container-engine-robot.iam.gserviceaccount.com"
    )
    google_apis = pulumi.Output.concat(
        "serviceAccount:", number, "@cloudservices.gserviceaccount.com"
    )
    agent = gcp.projects.IAMMember(
        f"{name}-gke-host-agent",
        project=host.project,
        role=_HOST_AGENT_USER,
        member=gke,
        opts=child,
    )
    users: dict[str, list[pulumi.Resource]] = {
        key: [
            gcp.compute.SubnetworkIAMMember(
                f"{name}-{role}-{key}",
                project=subnet.project,
                region=subnet.region,
                subnetwork=subnet.name,
                role=_NETWORK_USER,
                member=member,
                opts=child,
            )
            for role, member in (("gke", gke), ("google-apis", google_apis))
        ]
        for key, subnet in subnets.items()
    }
    return Sharing([attachment, agent], users)


def _number(parent: pulumi.Resource, item: ServiceProjectArgs) -> pulumi.Output[str]:
    if "project_number" in item:
        return pulumi.Output.from_input(item["project_number"])
    return project_number(parent, item["project"])


def sharing_problems(
    host_project: object, subnets: list[str], projects: list[ServiceProjectArgs]
) -> Iterator[tuple[str, str]]:
    """Mistakes in `service_projects`."""
    for project in duplicates(item["project"] for item in projects):
        yield "service_projects", f"{project!r} is named twice"
    for index, item in enumerate(projects):
        path = f"service_projects[{index}]"
        if item["project"] == host_project:
            yield f"{path}.project", f"{item['project']!r} is the network's own project"
        yield from number_problems(f"{path}.project_number", item.get("project_number"))
        if item.get("subnets") == []:
            yield f"{path}.subnets", "is empty; leave it out for all subnets, or name one"
        for name in item.get("subnets", []):
            if name not in subnets:
                yield f"{path}.subnets", f"{name!r} is none of the subnets {', '.join(subnets)}"
        for name in duplicates(item.get("subnets", [])):
            yield f"{path}.subnets", f"{name!r} is named twice"
