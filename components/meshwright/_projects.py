"""What is asked about a project."""

from collections.abc import Iterator

import pulumi

from ._functions import asked

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
    found = asked("the project's number", _GET_PROJECT, {"projectId": project}, parent)
    return found.apply(lambda found: found["number"])
