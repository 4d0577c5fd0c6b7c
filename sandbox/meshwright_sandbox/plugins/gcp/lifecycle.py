"""Life cycle of a resource that is one object of one collection; here above all its update."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp import creating, operations
from meshwright_sandbox.plugins.gcp.cloud import CloudError
from meshwright_sandbox.plugins.gcp.convert import body_of
from meshwright_sandbox.plugins.gcp.creating import MARK, delete, get, read
from meshwright_sandbox.plugins.gcp.kinds import Kind, dig, put
from meshwright_sandbox.plugins.gcp.schema import document, methods
from meshwright_sandbox.plugins.gcp.work import Work, parameters
from meshwright_sandbox.plugins.serving import PluginError

__all__ = ["create", "delete", "read", "update"]

_BUSY = (409, 412)


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Make the resource, or take over one of those that are there from the start."""
    if work.kind.adopts and (live := read(work, work.id)) is not None:
        return work.id, update(work, work.id, live, live)
    return creating.create(work)


def update(
    work: Work, identifier: str, outputs: Mapping[str, Any], old: Mapping[str, Any]
) -> dict[str, Any]:
    """Bring the resource to the new inputs and return its outputs.

    Args:
        work: the resource with its new inputs.
        identifier: its id.
        outputs: the outputs in the state.
        old: the inputs in the state.
    """
    kind, cloud = work.kind, work.cloud
    what = work.describe("updating")
    if MARK in outputs and not _settle(work, identifier, outputs[MARK]):
        return create(work)[1]
    before, after = body_of(kind, dict(old)), body_of(kind, work.inputs)
    changed = _changed_paths(kind, before, after)
    with cloud.turn(work.turn):
        for method, request in _set_requests(kind, changed, before, after).items():
            _change(work, identifier, method, request, what)
        rest = sorted(path for path in changed if path not in kind.setters)
        if rest and kind.patch:
            fields = {name: _cleared(before.get(name), after.get(name)) for name in rest}
            _patch(work, identifier, fields, after)
        if "disabled" in kind.unsent and bool(old.get("disabled")) != work.inputs["disabled"]:
            verb = "disable" if work.inputs["disabled"] else "enable"
            cloud.call(kind.api, f"{kind.collection}.{verb}", {"name": identifier}, {})
    found = read(work, identifier)
    if found is None:
        raise PluginError(f"{what}: it was deleted outside of Pulumi; run `pulumi refresh` first")
    return found


def _settle(work: Work, identifier: str, mark: str) -> bool:
    """Wait for what an earlier run left unfinished; return whether the resource is usable."""
    what = work.describe("waiting for")
    try:
        operation = json.loads(mark)["operation"]
        operations.wait(work.cloud, work.kind.api, operation, work.deadline, what)
    except (operations.OperationFailed, CloudError) as error:
        if isinstance(error, CloudError) and error.status != 404:
            raise
    live = get(work, identifier)
    if live is not None and live.get("status") in work.kind.broken:
        delete(work, identifier, {})
        live = None
    return live is not None


def _changed_paths(kind: Kind, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return changed API paths: those with a setter of their own, else top-level fields."""
    found = []
    for path in kind.setters:
        if dig(before, path) != dig(after, path):
            found.append(path)
    for name in sorted({*before, *after}):
        nested = [path for path in kind.setters if path == name or path.startswith(f"{name}.")]
        left, right = _without(before, name, nested), _without(after, name, nested)
        if left != right:
            found.append(name)
    return list(dict.fromkeys(found))


def _without(body: dict[str, Any], name: str, nested: list[str]) -> Any:
    if name in nested:
        return None
    value = json.loads(json.dumps(body.get(name)))
    for path in nested:
        holder = dig({name: value}, path.rpartition(".")[0])
        if isinstance(holder, dict):
            holder.pop(path.rpartition(".")[2], None)
    return value or None


def _cleared(before: Any, after: Any) -> Any:
    """Return the new value, or what takes the old one away."""
    if after is not None or isinstance(before, dict):
        return after
    return type(before)()


def _set_requests(
    kind: Kind, changed: list[str], before: dict[str, Any], after: dict[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    requests: dict[str, list[dict[str, Any]]] = {}
    for path in changed:
        method, _, target = kind.setters.get(path, "").partition(":")
        if method:
            request: dict[str, Any] = {}
            put(request, target, _cleared(dig(before, path), dig(after, path)))
            requests.setdefault(method, []).append(request)
    return requests


def _change(
    work: Work, identifier: str, verb: str, requests: list[dict[str, Any]], what: str
) -> None:
    kind, cloud = work.kind, work.cloud
    method = f"{kind.collection}.{verb}"
    for request in requests:
        body = _with_fingerprint(work, identifier, verb, request)
        query = parameters(kind, identifier, {**work.inputs, **work.identity(identifier)})
        try:
            answer = cloud.call(kind.api, method, query, body, deadline=work.deadline)
        except CloudError as error:
            error.args = (f"{what}: {error}",)
            raise
        if operations.is_operation(kind.api, method):
            operations.wait(cloud, kind.api, answer, work.deadline, what)


def _with_fingerprint(
    work: Work, identifier: str, verb: str, request: dict[str, Any]
) -> dict[str, Any]:
    """Add the live fingerprint where the method wants one, so that no other change is lost."""
    described = methods(work.kind.api, work.kind.collection)[verb]["request"]["$ref"]
    known = document(work.kind.api)["schemas"][described].get("properties", {})
    wanted = [n for n in ("fingerprint", "labelFingerprint") if n in known]
    if not wanted or (verb == "patch" and "fingerprint" not in wanted):
        return request
    live = get(work, identifier) or {}
    return {**request, **{n: live[n] for n in wanted if n in live}}


def _patch(work: Work, identifier: str, changed: dict[str, Any], after: dict[str, Any]) -> None:
    kind = work.kind
    what = work.describe("updating")
    body = dict(after) if kind.full else dict(changed)
    query = parameters(kind, identifier, {**work.inputs, **work.identity(identifier)})
    request = methods(kind.api, kind.collection)[kind.patch]["request"]["$ref"]
    known = document(kind.api)["schemas"][request].get("properties", {})
    mask = ",".join(changed)
    if "updateMask" in known:  # some services take the mask beside the resource in the body
        inner = next(name for name in known if name != "updateMask")
        body = {inner: {"name": identifier, **body}, "updateMask": mask}
    elif kind.mask:
        query["updateMask"] = mask
    if "fingerprint" in known:
        body = _with_fingerprint(work, identifier, kind.patch, body)
    method = f"{kind.collection}.{kind.patch}"
    for attempt in range(4):
        try:
            answer = work.cloud.call(kind.api, method, query, body, deadline=work.deadline)
            break
        except CloudError as error:
            if error.status not in _BUSY or attempt == 3:
                error.args = (f"{what}: {error}",)
                raise
            body = _with_fingerprint(work, identifier, kind.patch, body)
    if operations.is_operation(kind.api, method):
        operations.wait(work.cloud, kind.api, answer, work.deadline, what)
