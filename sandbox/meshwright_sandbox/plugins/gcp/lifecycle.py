"""Create, read, update and delete of a resource that is one object of one collection."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.cloud import Cancelled, Cloud, CloudError
from meshwright_sandbox.plugins.gcp.convert import body_of, outputs_of
from meshwright_sandbox.plugins.gcp.kinds import Kind, dig, put, relative
from meshwright_sandbox.plugins.gcp.schema import document, methods
from meshwright_sandbox.plugins.serving import InitializationFailed, PluginError

MARK = "__meta"
"""Output that keeps the operation a resource was left in, until it is ready."""
_READ_AGAIN = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Pauses before a resource just made is looked for again: lists lag behind."""
_BUSY = (409, 412)


@dataclass
class Work:
    """One resource and one thing to do with it."""

    kind: Kind
    cloud: Cloud
    urn: str
    inputs: dict[str, Any]
    timeout: float = 0.0
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + (self.timeout or self.kind.timeout)

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def id(self) -> str:
        """The id that the inputs lead to."""
        values = dict(self.inputs)
        for name, template in self.kind.refs.items():
            if name in self.kind.placeholders or template == "{}":
                values[name] = str(values.get(name, "")).rpartition("/")[2]
        return re.sub(r"{(\w*)}", lambda m: str(values.get(m[1], "")), self.kind.id)

    def describe(self, doing: str) -> str:
        """Return what is being done, for messages."""
        return f"{doing} gcp:{self.kind.label} '{self.name}' ({self.id})"

    @property
    def turn(self) -> str:
        """Name of what changes of this resource take turns on."""
        return self.kind.lock.format(**self.inputs) if self.kind.lock else ""


def identity_of(kind: Kind, text: str, cloud: Cloud) -> dict[str, str]:
    """Return the properties that an id is made of, from any form that import accepts.

    Raises:
        PluginError: if the id has none of those forms.
    """
    text = relative(text.strip())
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>[^/@]+)"

    pattern = re.sub(r"\\{(\w+)\\}", group, re.escape(kind.id))
    found = re.fullmatch(pattern, text)
    if found:
        return found.groupdict()
    names = kind.placeholders
    parts = text.split("/")
    defaults = {"project": cloud.project, "region": cloud.region, "location": cloud.region}
    if len(parts) <= len(names):
        given = dict(zip(names[len(names) - len(parts) :], parts))
        whole = {name: given.get(name) or defaults.get(name, "") for name in names}
        if all(whole.values()):
            return whole
    raise PluginError(
        f"gcp:{kind.label}: '{text}' is no id of this type; give it as"
        f" {kind.id} or {'/'.join('{%s}' % n for n in names)}"
    )


def parameters(kind: Kind, identifier: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return path and query parameters under every name that Google's methods use for them."""
    parent = identifier.rsplit("/", 2)[0]
    found = {"parent": parent, "name": identifier, "resource": identifier, **kind.query}
    if kind.token.endswith("Sink"):
        found |= {"sinkName": identifier}
    if kind.api.startswith("pubsub"):
        found |= {"topic": identifier}
    for name in kind.placeholders:
        found.setdefault(name, values.get(name))
    if "project" in values:
        found |= {"project": values["project"], "projectId": values["project"]}
    if kind.collection and "." not in kind.collection:  # compute, storage: named after the type
        label = kind.label.rpartition(".")[2]
        simple = {"GlobalAddress": "address"}.get(label, label[0].lower() + label[1:])
        found[simple] = values.get(kind.placeholders[-1])
    return found


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Make the resource, wait until it is ready, and return its id and outputs."""
    kind, cloud = work.kind, work.cloud
    if kind.adopts and (live := _get(work, work.id)) is not None:
        outputs = outputs_of(kind, work.inputs, live, _identity(work))
        return work.id, update(work, work.id, outputs, dict(outputs))
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
            live = _get(work, identifier)
        if live is None and isinstance(error, operations.OperationFailed):
            raise  # nothing was left behind
        outputs = outputs_of(work.kind, work.inputs, live or {}, _identity(work))
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


def _identity(work: Work, identifier: str = "") -> dict[str, Any]:
    if "{}" in work.kind.id or not identifier:
        return {n: work.inputs[n] for n in work.kind.placeholders if n in work.inputs}
    return identity_of(work.kind, identifier, work.cloud)


def explained(work: Work, error: CloudError, what: str) -> PluginError:
    """Return the error with what to do when the resource exists already."""
    if error.status != 409:
        error.args = (f"{what}: {error}",)
        return error
    parent = work.urn.split("::")[2].rpartition("$")[0].rpartition("$")[2]
    under = f" --parent NAME=URN-of-its-{parent.rpartition(':')[2]}" if parent else ""
    why = "exists already"
    if error.lost:
        why = (
            "exists now, and an earlier attempt of this request got no answer, so it most likely"
            " made the resource"
        )
    return PluginError(
        f"{what}: it {why}. If it belongs to this stack, take it into the state with `pulumi import"
        f" {work.kind.token} {work.name} {work.id}{under}` and run again; otherwise delete it or"
        f" choose another name ({error})",
        grpc.StatusCode.UNKNOWN if error.lost else grpc.StatusCode.FAILED_PRECONDITION,
    )


def _get(work: Work, identifier: str) -> dict[str, Any] | None:
    kind = work.kind
    query = parameters(kind, identifier, {**work.inputs, **_identity(work, identifier)})
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
    live = _get(work, identifier)
    for pause in _READ_AGAIN if patient else ():
        if live is not None or work.cloud.cancelled.wait(pause):
            break
        live = _get(work, identifier)
    if live is None:
        return None
    return outputs_of(work.kind, work.inputs, live, _identity(work, identifier))


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
    live = _get(work, identifier)
    if live is not None and any(dig(live, path) in work.kind.broken for path in work.kind.ready):
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
        query = parameters(kind, identifier, {**work.inputs, **_identity(work, identifier)})
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
    live = _get(work, identifier) or {}
    return {**request, **{n: live[n] for n in wanted if n in live}}


def _patch(work: Work, identifier: str, changed: dict[str, Any], after: dict[str, Any]) -> None:
    kind = work.kind
    what = work.describe("updating")
    body = dict(after) if kind.full else dict(changed)
    query = parameters(kind, identifier, {**work.inputs, **_identity(work, identifier)})
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


def delete(work: Work, identifier: str, outputs: Mapping[str, Any]) -> None:
    """Remove the resource; one that is gone already is no error."""
    kind, cloud = work.kind, work.cloud
    what = f"deleting gcp:{kind.label} '{work.name}' ({identifier})"
    if kind.adopts and identifier.rpartition("/")[2].startswith("_"):
        return  # built-in log buckets cannot be deleted
    query = parameters(kind, identifier, {**work.inputs, **_identity(work, identifier)})
    setting, parameter = kind.force
    if setting and outputs.get(setting):
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
