"""Google's own accounts that act for a fleet, and their roles in its projects.

https://cloud.google.com/iam/docs/service-agents
"""

from collections.abc import Mapping

import pulumi
import pulumi_gcp as gcp

from ._outputs import after

# API -> domain of the agent by which it acts.
_DOMAINS = {
    "gkehub": "gcp-sa-gkehub",
    "mesh": "gcp-sa-servicemesh",
    "multiclusteringress": "gcp-sa-multiclusteringress",
    "multiclusterservicediscovery": "gcp-sa-mcsd",
}


def grant_agent(
    parent: pulumi.Resource,
    name: str,
    api: str,
    fleet: tuple[pulumi.Input[str], pulumi.Input[str]],
    projects: Mapping[str, pulumi.Input[str]],
    roles: Mapping[str, str],
) -> "list[gcp.projects.IAMMember]":
    """Let the agent of an API act in projects.

    Args:
        parent: the component.
        name: name of the agent's resource, from which the grants' are made.
        api: the API, without `.googleapis.com`.
        fleet: id and number of the fleet's project, whose agent it is.
        projects: project by the end of the grant's name; empty for the fleet's own.
        roles: roles by what the grants' names say of them; each is granted in each project.
    """
    if not projects:
        return []
    child = pulumi.ResourceOptions(parent=parent)
    project, number = fleet
    identity = gcp.projects.ServiceIdentity(
        name, project=project, service=f"{api}.googleapis.com", opts=child
    )
    # The agent's address is known by its form; it exists once its identity was asked for.
    email = pulumi.Output.concat("service-", number, f"@{_DOMAINS[api]}.iam.gserviceaccount.com")
    member = after(pulumi.Output.concat("serviceAccount:", email), [identity])
    return [
        gcp.projects.IAMMember(
            "-".join(part for part in (name, word, key) if part),
            project=place,
            role=role,
            member=member,
            opts=child,
        )
        for key, place in projects.items()
        for word, role in roles.items()
    ]
