"""What workloads outside of clusters need in their project: APIs, and accounts of their own."""

from collections.abc import Iterable

import pulumi
import pulumi_gcp as gcp

from ._outputs import after


def ready_project(
    parent: pulumi.Resource, name: str, project: pulumi.Input[str], apis: Iterable[str]
) -> pulumi.Input[str]:
    """The project, once it has those APIs, such as `run`."""
    enabled = [
        gcp.projects.Service(
            f"{name}-{api}-api",
            project=project,
            service=f"{api}.googleapis.com",
            # Others in the project may use it.
            disable_on_destroy=False,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for api in apis
    ]
    return after(project, enabled) if enabled else project


def workload_account(
    parent: pulumi.Resource,
    name: str,
    account_id: str,
    project: pulumi.Input[str],
    roles: Iterable[str],
) -> pulumi.Output[str]:
    """E-mail of a new service account, once it has its roles in the project."""
    account = gcp.serviceaccount.Account(
        f"{name}-account",
        account_id=account_id,
        project=project,
        display_name=f"Workload {name} in the mesh",
        opts=pulumi.ResourceOptions(parent=parent),
    )
    grants = [
        gcp.projects.IAMMember(
            f"{name}-{role.rpartition('/')[2]}",
            project=project,
            role=role,
            member=pulumi.Output.concat("serviceAccount:", account.email),
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for role in roles
    ]
    return after(account.email, grants)
