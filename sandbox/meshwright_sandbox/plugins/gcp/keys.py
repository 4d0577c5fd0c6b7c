"""Key rings and keys: names that stay for ever, so deleting one means something else.

As with the official plugin, a key ring only leaves the state; a key's versions are destroyed, after
its rotation has ended, which would make another one.
"""

from __future__ import annotations

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.lifecycle import create, live_answer, read, update
from meshwright_sandbox.plugins.gcp.work import Work

__all__ = ["create", "delete", "read", "update"]
_GONE = ("DESTROYED", "DESTROY_SCHEDULED")


def delete(work: Work, identifier: str) -> None:
    """Make a key unusable; the API has no way to give its name, or a ring's, back."""
    live = live_answer(work, identifier)
    if live is None or work.kind.token.endswith("KeyRing"):
        return
    what = work.describe("destroying the versions of", identifier)
    if live.get("rotationPeriod"):
        mask = "rotationPeriod,nextRotationTime"
        work.run("patch", identifier, {}, what, updateMask=mask)
    versions, page = f"{work.kind.collection}.cryptoKeyVersions", ""
    while True:
        query = {"parent": identifier, **({"pageToken": page} if page else {})}
        answer = operations.run(
            work.cloud, work.kind.api, f"{versions}.list", query, None, work.deadline, what
        )
        for version in answer.get("cryptoKeyVersions", []):
            if version["state"] not in _GONE:
                where = {"name": version["name"]}
                operations.run(
                    work.cloud, work.kind.api, f"{versions}.destroy", where, {}, work.deadline, what
                )
        page = answer.get("nextPageToken", "")
        if not page:
            return
