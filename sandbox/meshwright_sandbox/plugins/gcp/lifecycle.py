"""Life cycle of a resource that is one object of one collection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.cloud import CloudError
from meshwright_sandbox.plugins.gcp.convert import body_of, outputs_of
from meshwright_sandbox.plugins.gcp.kinds import Kind, dig, put, relative
from meshwright_sandbox.plugins.gcp.labels import effective, wanted
from meshwright_sandbox.plugins.gcp.schema import method_of, request_fields, tree
from meshwright_sandbox.plugins.gcp.work import Work, explained
from meshwright_sandbox.plugins.serving import InitializationFailed, PluginError

MARK = "__meta"
"""Output that keeps the operation a resource was left in, until it is ready."""
# Pauses before a resource just made is looked for again: reads lag behind writes.
_READ_AGAIN = (0.2, 0.5, 1.0, 2.0, 4.0)
_RACES = (409, 412)
_TRIES = 4

Outputs = dict[str, Any]


def create_request(work: Work) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the method that makes the resource, its body, and where its name goes in the query."""
    kind, body = work.kind, body_of(work.kind, work.inputs, work.cloud.labels)
    known = method_of(kind.api, f"{kind.collection}.insert")
    request: dict[str, Any] = {kind.wrap: body} if kind.wrap else body
    query = {}
    if kind.name_at.startswith("?"):
        query[kind.name_at[1:]] = work.own_name
    elif kind.name_at:
        into = request if kind.name_at.startswith("^") else body
        put(into, kind.name_at.lstrip("^"), work.own_name)
    return kind.create or ("insert" if known else "create"), request, query


def create(work: Work) -> tuple[str, Outputs]:
    """Make the resource, wait until it is ready, and return its id and outputs."""
    kind, cloud = work.kind, work.cloud
    if kind.adopts and (live := read(work, work.id)) is not None:
        # Only what the program sets is compared: the rest is the service's own.
        settings = {name: live[name] for name in work.inputs if name in live}
        return work.id, update(work, work.id, live, settings)
    what = work.describe("creating")
    verb, request, further = create_request(work)
    method = f"{kind.collection}.{verb}"
    with cloud.turn(work.turn):
        query = work.query(method, work.id, **further)
        try:
            answer = cloud.call(kind.api, method, query, request, work.deadline)
        except CloudError as error:
            error.args = (f"{what}: {error}",)
            raise explained(work, error, what) from None
        if operations.is_operation(kind.api, method):
            _await(work, work.id, answer, what)
    identifier = relative(answer["name"]) if kind.made_up else work.id
    _finish(work, identifier)
    outputs = read(work, identifier)
    for pause in _READ_AGAIN:
        if outputs is not None or cloud.cancelled.wait(pause):
            break
        outputs = read(work, identifier)
    if outputs is None:
        raise PluginError(f"{what}: made, but it cannot be read back; run `pulumi refresh`")
    return identifier, outputs


def unfinished(outputs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the operation that an earlier run left the resource in, if it did.

    The official plugin keeps other notes of its own under the same name.
    """
    try:
        noted = json.loads(outputs.get(MARK) or "{}")
    except ValueError:
        return None
    return noted if isinstance(noted, dict) and noted.get("name") else None


def _await(work: Work, identifier: str, operation: dict[str, Any], what: str) -> None:
    """Wait for what a create started; keep the resource in the state if it may be there."""
    try:
        operations.wait(work.cloud, work.kind.api, operation, work.deadline, what)
    except (operations.NotEnded, operations.OperationFailed, CloudError) as error:
        live = None if work.cloud.cancelled.is_set() else read(work, identifier)
        if live is None and isinstance(error, operations.OperationFailed):
            raise  # nothing was left behind
        mark = {MARK: json.dumps(operation)}
        outputs = {**work.inputs, **(live or {}), **mark}
        raise InitializationFailed(identifier, outputs, [str(error)]) from None


def _finish(work: Work, identifier: str) -> None:
    """Do what the API does not take at creation."""
    if work.inputs.get("removeDefaultNodePool"):
        name = f"{identifier}/nodePools/default-pool"
        what = f"removing {name}"
        with work.cloud.turn(work.turn):
            _gone(lambda: work.run("nodePools.delete", identifier, None, what, name=name))


def _gone(delete_it: Any) -> None:
    try:
        delete_it()
    except CloudError as error:
        if error.status != 404:
            raise


def live_answer(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the resource as the API gives it, or None if there is no such resource."""
    try:
        return work.run("get", identifier, None, work.describe("reading", identifier))
    except CloudError as error:
        if error.status == 404:
            return None
        raise


def read(work: Work, identifier: str) -> Outputs | None:
    """Return the resource's outputs, or None if there is no such resource."""
    live = live_answer(work, identifier)
    if live is None:
        return None
    return outputs_of(work.kind, work.inputs, live, work.identity(identifier), work.cloud.labels)


def delete(work: Work, identifier: str) -> None:
    """Remove the resource; one that is gone already is no error."""
    if work.kind.adopts and work.own_name.startswith("_"):
        return  # built-in log buckets cannot be deleted
    setting, parameter = work.kind.force
    further = {parameter: True} if setting and work.inputs.get(setting) else {}
    what = work.describe("deleting", identifier)
    with work.cloud.turn(work.turn):
        _gone(lambda: work.run("delete", identifier, None, what, **further))


def update(work: Work, identifier: str, outputs: Outputs, old: dict[str, Any]) -> Outputs:
    """Bring the resource to the new inputs and return its outputs.

    Args:
        work: the resource with its new inputs.
        identifier: its id.
        outputs: the outputs in the state.
        old: the inputs in the state.
    """
    kind, labels = work.kind, work.cloud.labels
    what = work.describe("updating", identifier)
    operation = unfinished(outputs)
    if operation and not _settle(work, identifier, operation):
        return create(work)[1]
    before, after = body_of(kind, old, labels), body_of(kind, work.inputs, labels)
    if kind.labels and "effectiveLabels" in outputs:
        path = tree(kind).properties[kind.labels].path
        put(before, path, outputs["effectiveLabels"])
        own = work.inputs.get(kind.labels) or {}
        put(after, path, effective(outputs, wanted(labels, own, outputs)))
    changed = _changed_paths(kind, before, after)
    with work.cloud.turn(work.turn):
        for path in changed & kind.setters.keys():
            verb, _, target = kind.setters[path].partition(":")
            request: dict[str, Any] = {}
            value = _cleared(dig(before, path), dig(after, path))
            put(request, target, kind.cleared.get(path) if value is None else value)
            _change(work, identifier, verb, request, what)
        rest = sorted(changed - kind.setters.keys())
        if rest and kind.patch:
            fields = {name: _cleared(before.get(name), after.get(name)) for name in rest}
            _patch(work, identifier, fields, what)
    found = read(work, identifier)
    if found is None:
        raise PluginError(f"{what}: it was deleted outside of Pulumi; run `pulumi refresh` first")
    return found


def _settle(work: Work, identifier: str, operation: dict[str, Any]) -> bool:
    """Wait for what an earlier run left unfinished; return whether the resource is usable."""
    what = work.describe("waiting for", identifier)
    with suppress(operations.OperationFailed):  # what it left behind decides
        operations.wait(work.cloud, work.kind.api, operation, work.deadline, what)
    live = live_answer(work, identifier)
    if live is not None and live.get("status") in work.kind.broken:
        delete(work, identifier)
        return False
    return live is not None


def _cleared(before: Any, after: Any) -> Any:
    """Return the new value, or what takes the old one away."""
    return after if after is not None or isinstance(before, dict) else type(before)()


def _changed_paths(kind: Kind, before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return changed API paths: those with a setter of their own, else top-level fields."""
    found = {path for path in kind.setters if dig(before, path) != dig(after, path)}
    rest = [json.loads(json.dumps(body)) for body in (before, after)]
    for body in rest:
        for path in kind.setters:
            holder, _, last = f"_.{path}".rpartition(".")
            if isinstance(inner := dig({"_": body}, holder), dict):
                inner.pop(last, None)
    old, new = rest
    return found | {n for n in {*old, *new} if (old.get(n) or None) != (new.get(n) or None)}


def _change(
    work: Work, identifier: str, verb: str, request: dict[str, Any], what: str, **query: Any
) -> None:
    """Send a change, with the live fingerprint where the method wants one; again after a race."""
    known = request_fields(work.kind.api, f"{work.kind.collection}.{verb}")
    wanted = {"fingerprint", "labelFingerprint"} & known.keys()
    if verb == "patch":
        wanted -= {"labelFingerprint"}
    for attempt in range(_TRIES):
        live: Mapping[str, Any] = (live_answer(work, identifier) or {}) if wanted else {}
        body = {**request, **{name: live[name] for name in wanted & live.keys()}}
        try:
            work.run(verb, identifier, body, what, **query)
            return
        except CloudError as error:
            if error.status not in _RACES or attempt == _TRIES - 1:
                raise


def _patch(work: Work, identifier: str, body: dict[str, Any], what: str) -> None:
    kind, mask = work.kind, ",".join(body)
    known = request_fields(kind.api, f"{kind.collection}.{kind.patch}")
    query = {"updateMask": mask} if kind.mask else {}
    if "updateMask" in known:  # some services take the mask beside the resource in the body
        inner = next(name for name in known if name != "updateMask")
        body = {inner: {"name": identifier, **body}, "updateMask": mask}
    _change(work, identifier, kind.patch, body, what, **query)
