"""Buckets of Cloud Storage: with `forceDestroy` what they hold goes first."""

from __future__ import annotations

from meshwright_sandbox.plugins.gcp import lifecycle, operations
from meshwright_sandbox.plugins.gcp.cloud import CloudError
from meshwright_sandbox.plugins.gcp.lifecycle import create, read, update
from meshwright_sandbox.plugins.gcp.work import Work

__all__ = ["create", "delete", "read", "update"]


def delete(work: Work, identifier: str) -> None:
    """Remove the bucket; one that is gone already is no error."""
    if work.inputs.get("forceDestroy"):
        _empty(work, identifier)
    lifecycle.delete(work, identifier)


def _empty(work: Work, identifier: str) -> None:
    what, place = work.describe("emptying", identifier), {"bucket": identifier}

    def objects(verb: str, **query: str) -> dict[str, list[dict[str, str]]]:
        method = f"objects.{verb}"
        call = {**place, **query}
        return operations.run(work.cloud, work.kind.api, method, call, None, work.deadline, what)

    try:
        while found := objects("list").get("items"):
            for each in found:
                objects("delete", object=each["name"])
    except CloudError as error:
        if error.status != 404:
            raise
