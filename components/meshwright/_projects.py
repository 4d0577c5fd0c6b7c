"""What is asked about a project."""

from collections.abc import Iterator
from importlib import metadata

import pulumi

_GET_PROJECT = "gcp:organizations/getProject:getProject"


def number_problems(path: str, number: object) -> Iterator[tuple[str, str]]:
    """What is wrong with a project's number, if it is known now."""
    if isinstance(number, str) and not number.isdecimal():
        yield path, f"{number!r} must be the project's number, not its id"


def project_number(parent: pulumi.Resource, project: pulumi.Input[str]) -> pulumi.Output[str]:
    """The number of a project, by the function that `gcp.organizations` has for it.

    It is called by its token: that module would load every resource type of organisations, which
    is a twentieth of a whole preview, for this one answer.
    """
    answer = pulumi.runtime.invoke_output(
        _GET_PROJECT,
        {"projectId": project},
        pulumi.InvokeOutputOptions(parent=parent, version=metadata.version("pulumi-gcp")),
    )
    return answer.apply(lambda found: found["number"])
