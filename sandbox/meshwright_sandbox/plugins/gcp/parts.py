"""Resources that are a part of another one's body: a router's NAT, a feature's membership.

The parent is read, changed and written back while no other change of it is made from here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.cloud import CloudError
from meshwright_sandbox.plugins.gcp.convert import body_of, outputs_of
from meshwright_sandbox.plugins.gcp.kinds import last_segment
from meshwright_sandbox.plugins.gcp.work import Work, taking_over
from meshwright_sandbox.plugins.serving import PluginError

Parts = dict[str, Any]
"""Bodies of all parts by their keys."""
_RACES = (409, 412)
_TRIES = 5


def _is_nat(work: Work) -> bool:
    return work.kind.part == "nats"


def _call(work: Work, verb: str, body: Any, what: str) -> dict[str, Any]:
    given = work.inputs
    if _is_nat(work):
        query = {key: last_segment(given[key]) for key in ("project", "region", "router")}
    else:
        place = f"projects/{given['project']}/locations/{given['location']}"
        name = f"{place}/features/{last_segment(given['feature'])}"
        query = {"name": name, "updateMask": work.kind.part}
    method = f"{work.kind.collection}.{verb}"
    return operations.run(work.cloud, work.kind.api, method, query, body, work.deadline, what)


def _key(work: Work, parts: Parts) -> str:
    if _is_nat(work):
        return work.own_name
    place = work.inputs.get("membershipLocation")
    end = f"/memberships/{last_segment(work.inputs['membership'])}"
    # The API may answer with the project's number where its id was sent; an import has no place.
    known = [k for k in parts if k.endswith(f"/locations/{place}{end}" if place else end)]
    home = f"projects/{work.inputs['project']}/locations/{place or 'global'}"
    return known[0] if known else f"{home}{end}"


def _parts(work: Work, what: str) -> Parts:
    found = _call(work, "get", None, what).get(work.kind.part) or {}
    return {item["name"]: item for item in found} if isinstance(found, list) else dict(found)


def _change(work: Work, doing: str, change: Callable[[Parts], None]) -> None:
    what = work.describe(doing)
    with work.cloud.turn(work.turn):
        for attempt in range(_TRIES):
            parts = _parts(work, what)
            change(parts)
            body = {work.kind.part: list(parts.values()) if _is_nat(work) else parts}
            try:
                _call(work, "patch", body, what)
                return
            except CloudError as error:
                # Somebody else changed the parent in between: read it again.
                if error.status not in _RACES or attempt == _TRIES - 1:
                    raise


def _body(work: Work) -> dict[str, Any]:
    body = body_of(work.kind, work.inputs, {})
    return {"name": work.own_name, **body} if _is_nat(work) else body


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Add the part to its parent."""

    def add(parts: Parts) -> None:
        key = _key(work, parts)
        if _is_nat(work) and key in parts:
            raise PluginError(
                f"{work.describe('creating')}: it exists already; take it into the state with"
                f" `{taking_over(work)}`, or choose another name"
            )
        parts[key] = _body(work)

    _change(work, "creating", add)
    return work.id, read(work, work.id) or dict(work.inputs)


def read(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the part's outputs, or None if it or its parent is gone."""
    try:
        parts = _parts(work, work.describe("reading"))
    except CloudError as error:
        if error.status == 404:
            return None
        raise
    key = _key(work, parts)
    if not parts.get(key):
        return None
    identity = work.identity()
    if not _is_nat(work):
        identity["membershipLocation"] = key.split("/")[3]
    return outputs_of(work.kind, work.inputs, parts[key], identity, {})


def update(work: Work, identifier: str, outputs: Any, old: Any) -> dict[str, Any]:
    """Change the part inside its parent."""
    _change(work, "updating", lambda parts: parts.update({_key(work, parts): _body(work)}))
    return read(work, identifier) or dict(work.inputs)


def delete(work: Work, identifier: str) -> None:
    """Take the part out of its parent; one that is gone already is no error."""

    def remove(parts: Parts) -> None:
        key = _key(work, parts)
        if _is_nat(work):
            parts.pop(key, None)
        elif key in parts:
            parts[key] = {}  # the API drops memberships without settings

    try:
        _change(work, "deleting", remove)
    except CloudError as error:
        if error.status != 404:
            raise
