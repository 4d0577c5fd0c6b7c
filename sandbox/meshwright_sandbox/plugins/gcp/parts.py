"""Resources that are a part of another one's body: a router's NAT, a feature's membership.

The parent is read, changed and written back while no other change of it is made from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.cloud import CloudError
from meshwright_sandbox.plugins.gcp.convert import body_of, outputs_of
from meshwright_sandbox.plugins.gcp.kinds import last_segment
from meshwright_sandbox.plugins.gcp.work import Work
from meshwright_sandbox.plugins.serving import PluginError

Parts = dict[str, Any]
"""Bodies of all parts by their keys."""
_TRIES = 5


def _is_nat(work: Work) -> bool:
    return work.kind.part == "nats"


def _query(work: Work) -> dict[str, Any]:
    project = work.inputs["project"]
    if _is_nat(work):
        region, router = work.inputs["region"], last_segment(work.inputs["router"])
        return {"project": project, "region": region, "router": router}
    place, feature = work.inputs["location"], last_segment(work.inputs["feature"])
    name = f"projects/{project}/locations/{place}/features/{feature}"
    return {"name": name, "updateMask": work.kind.part}


def _key(work: Work, parts: Parts) -> str:
    if _is_nat(work):
        return work.inputs["name"]
    place = work.inputs.get("membershipLocation")
    end = f"/memberships/{last_segment(work.inputs['membership'])}"
    # The API may answer with the project's number where its id was sent; an import has no place.
    known = [k for k in parts if k.endswith(f"/locations/{place}{end}" if place else end)]
    home = f"projects/{work.inputs['project']}/locations/{place or 'global'}"
    return known[0] if known else f"{home}{end}"


def _parts(work: Work) -> Parts:
    method = f"{work.kind.collection}.get"
    parent = work.cloud.call(work.kind.api, method, _query(work), deadline=work.deadline)
    found = parent.get(work.kind.part) or {}
    return {item["name"]: item for item in found} if isinstance(found, list) else dict(found)


def _change(work: Work, what: str, change: Callable[[Parts], None]) -> None:
    kind, cloud = work.kind, work.cloud
    with cloud.turn(work.turn):
        for attempt in range(_TRIES):
            parts = _parts(work)
            change(parts)
            body = {kind.part: list(parts.values()) if _is_nat(work) else parts}
            method = f"{kind.collection}.patch"
            try:
                answer = cloud.call(kind.api, method, _query(work), body, deadline=work.deadline)
            except CloudError as error:
                # Somebody else changed the parent in between: read it again.
                if error.status in (409, 412) and attempt < _TRIES - 1:
                    continue
                error.args = (f"{what}: {error}",)
                raise
            operations.wait(cloud, kind.api, answer, work.deadline, what)
            return


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Add the part to its parent."""
    what = work.describe("creating")
    body = body_of(work.kind, work.inputs)

    def add(parts: Parts) -> None:
        key = _key(work, parts)
        if _is_nat(work) and key in parts:
            raise PluginError(
                f"{what}: it exists already; take it into the state with `pulumi import"
                f" {work.kind.token} {work.name} {work.id}`, or choose another name"
            )
        parts[key] = body

    _change(work, what, add)
    return work.id, read(work, work.id) or dict(work.inputs)


def read(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the part's outputs, or None if it or its parent is gone."""
    try:
        parts = _parts(work)
    except CloudError as error:
        if error.status == 404:
            return None
        raise
    key = _key(work, parts)
    if not parts.get(key):
        return None
    identity = {n: work.inputs[n] for n in work.kind.placeholders if n in work.inputs}
    if not _is_nat(work):
        identity["membershipLocation"] = key.split("/")[3]
    return outputs_of(work.kind, work.inputs, parts[key], identity)


def update(
    work: Work, identifier: str, outputs: Mapping[str, Any], old: Mapping[str, Any]
) -> dict[str, Any]:
    """Change the part inside its parent."""
    body = body_of(work.kind, work.inputs)
    _change(work, work.describe("updating"), lambda parts: parts.update({_key(work, parts): body}))
    return read(work, identifier) or dict(work.inputs)


def delete(work: Work, identifier: str, outputs: Mapping[str, Any]) -> None:
    """Take the part out of its parent; one that is gone already is no error."""

    def remove(parts: Parts) -> None:
        key = _key(work, parts)
        if _is_nat(work):
            parts.pop(key, None)
        elif key in parts:
            parts[key] = {}  # the API drops memberships without settings

    try:
        _change(work, work.describe("deleting"), remove)
    except CloudError as error:
        if error.status != 404:
            raise
