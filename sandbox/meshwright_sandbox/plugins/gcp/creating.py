"""Create, read and delete of a resource that is one object of one collection."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.cloud import Cancelled, CloudError
from meshwright_sandbox.plugins.gcp.convert import body_of, outputs_of
from meshwright_sandbox.plugins.gcp.kinds import dig, put
from meshwright_sandbox.plugins.gcp.schema import methods
from meshwright_sandbox.plugins.gcp.work import Work, explained, parameters
from meshwright_sandbox.plugins.serving import InitializationFailed, PluginError

MARK = "__meta"
"""Output that keeps the operation a resource was left in, until it is ready."""
_READ_AGAIN = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Pauses before a resource just made is looked for again: reads lag behind writes."""


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Make the resource, wait until it is ready, and return its id and outputs."""
    kind, cloud = work.kind, work.cloud
    body = body_of(kind, work.inputs)
    known = methods(kind.api, kind.collection)
    verb = kind.create or ("insert" if "insert" in known else "create")
    request, query = _create_request(work, body, known[verb])
    method = f"{kind.collection}.{verb}"
    what = work.describe("creating")
    with cloud.turn(work.turn):
        try:
            answer = cloud.call(kind.api, method, query, request, deadline=work.deadline)
        except CloudError as error:
            raise explained(work, error, what) from None
        identifier = work.id if "{}" not in kind.id else answer["name"]
        _await(work, identifier, method, answer, what)
    _finish(work, identifier, body)
    outputs = read(work, identifier, patient=True)
    if outputs is None:
        raise PluginError(f"{what}: made, but it cannot be read back; run `pulumi refresh`")
    return identifier, outputs


def _create_request(
    work: Work, body: dict[str, Any], described: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    kind = work.kind
    own_name = work.inputs.get(kind.placeholders[-1]) if kind.placeholders else ""
    query = parameters(kind, work.id, work.inputs)
    pattern = dig(described, "parameters.name.pattern")
    if pattern and not re.match(pattern, query["name"]):
        query["name"] = query["parent"]  # IAM calls the parent so
    request: dict[str, Any] = {kind.wrap: body} if kind.wrap else body
    if kind.name_at.startswith("?"):
        query[kind.name_at[1:]] = own_name
    elif kind.name_at.startswith("^"):
        request[kind.name_at[1:]] = own_name
    elif kind.name_at:
        put(body, kind.name_at, own_name)
    return request, query


def _await(work: Work, identifier: str, method: str, answer: dict[str, Any], what: str) -> None:
    """Wait for what a create started; keep the resource in the state whatever happens."""
    if not operations.is_operation(work.kind.api, method):
        return
    try:
        operations.wait(work.cloud, work.kind.api, answer, work.deadline, what)
    except (operations.TimedOut, operations.OperationFailed, Cancelled, CloudError) as error:
        live = None
        if not work.cloud.cancelled.is_set():
            live = get(work, identifier)
        if live is None and isinstance(error, operations.OperationFailed):
            raise  # nothing was left behind
        outputs = outputs_of(work.kind, work.inputs, live or {}, work.identity())
        outputs = {**work.inputs, **outputs, MARK: json.dumps({"operation": answer})}
        raise InitializationFailed(identifier, outputs, [str(error)]) from None


def _finish(work: Work, identifier: str, body: dict[str, Any]) -> None:
    """Do what the API does not take at creation."""
    kind, inputs = work.kind, work.inputs
    late = {name: inputs[name] for name in kind.unsent if inputs.get(name)}
    if late and inputs.get("disabled"):
        work.cloud.call(kind.api, f"{kind.collection}.disable", {"name": identifier}, {})
    if inputs.get("removeDefaultNodePool"):
        method = f"{kind.collection}.nodePools.delete"
        what = f"removing the default node pool of {identifier}"
        with work.cloud.turn(work.turn):
            try:
                query = {"name": f"{identifier}/nodePools/default-pool"}
                answer = work.cloud.call(kind.api, method, query, deadline=work.deadline)
            except CloudError as error:
                if error.status == 404:
                    return
                raise
            operations.wait(work.cloud, kind.api, answer, work.deadline, what)


def get(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the resource as the API gives it, or None if there is no such resource."""
    kind = work.kind
    query = parameters(kind, identifier, {**work.inputs, **work.identity(identifier)})
    query.pop("uniqueWriterIdentity", None)
    try:
        return work.cloud.call(kind.api, f"{kind.collection}.get", query, deadline=work.deadline)
    except CloudError as error:
        if error.status == 404:
            return None
        error.args = (f"{work.describe('reading')}: {error}",)
        raise


def read(work: Work, identifier: str, patient: bool = False) -> dict[str, Any] | None:
    """Return the resource's outputs, or None if there is no such resource.

    Args:
        work: the resource.
        identifier: its id.
        patient: whether it must be there and may only not be visible yet.
    """
    live = get(work, identifier)
    for pause in _READ_AGAIN if patient else ():
        if live is not None or work.cloud.cancelled.wait(pause):
            break
        live = get(work, identifier)
    if live is None:
        return None
    return outputs_of(work.kind, work.inputs, live, work.identity(identifier))


def delete(work: Work, identifier: str, outputs: Mapping[str, Any]) -> None:
    """Remove the resource; one that is gone already is no error."""
    kind, cloud = work.kind, work.cloud
    what = f"deleting gcp:{kind.label} '{work.name}' ({identifier})"
    if kind.adopts and identifier.rpartition("/")[2].startswith("_"):
        return  # built-in log buckets cannot be deleted
    query = parameters(kind, identifier, {**work.inputs, **work.identity(identifier)})
    setting, parameter = kind.force
    if setting and work.inputs.get(setting):
        query[parameter] = True
    method = f"{kind.collection}.delete"
    with cloud.turn(work.turn):
        try:
            answer = cloud.call(kind.api, method, query, deadline=work.deadline)
        except CloudError as error:
            if error.status == 404:
                return
            error.args = (f"{what}: {error}",)
            raise
        if operations.is_operation(kind.api, method):
            operations.wait(cloud, kind.api, answer, work.deadline, what)
