"""Shared VPC: a project that is a host, and a service project that is attached to one."""

from __future__ import annotations

from typing import Any

from meshwright_sandbox.plugins.gcp.cloud import CloudError
from meshwright_sandbox.plugins.gcp.work import Work


def _is_host(work: Work) -> bool:
    return work.kind.token.endswith("HostProject")


def _switch(work: Work, verb: str, doing: str) -> None:
    """Enable or disable what the resource stands for."""
    if _is_host(work):
        project, method, body = work.inputs["project"], f"{verb}XpnHost", None
    else:
        project, method = work.inputs["hostProject"], f"{verb}XpnResource"
        body = {"xpnResource": {"id": work.inputs["serviceProject"], "type": "PROJECT"}}
    with work.cloud.turn(work.turn):
        work.run(method, work.id, body, work.describe(doing), project=project)


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Make the project a host, or attach the service project."""
    _switch(work, "enable", "enabling")
    return work.id, dict(work.inputs)


def read(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the outputs, or None if the link is not there."""
    known = {**work.inputs, **work.identity(identifier)}
    what = work.describe("reading", identifier)
    if _is_host(work):
        found = work.run("get", identifier, None, what, project=known["project"])
        return known if found.get("xpnProjectStatus") == "HOST" else None
    found = work.run("getXpnHost", identifier, None, what, project=known["serviceProject"])
    return known if found.get("name") == known["hostProject"] else None


def update(work: Work, identifier: str, outputs: Any, old: Any) -> dict[str, Any]:
    """Take over settings that only matter at deletion."""
    return dict(work.inputs)


def delete(work: Work, identifier: str) -> None:
    """Undo it; a link that is gone already is no error."""
    try:
        _switch(work, "disable", "disabling")
    except CloudError as error:
        if error.status != 404 and read(work, identifier) is not None:
            raise
