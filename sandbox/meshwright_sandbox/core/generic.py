"""Create, get, update and delete for any collection, as its declaration and document say."""

import re
from collections.abc import Iterator
from typing import Any

from meshwright_sandbox.core import emulated, labels, masks, operation_views, references, stamps
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, aborted, invalid, precondition
from meshwright_sandbox.core.schema import snake_case

Json = dict[str, Any]
_CONTAINERS = frozenset({"projects", "locations", "zones", "regions", "organizations", "folders"})


def create(call: Call) -> Json:
    """Create a resource, or start the operation that does."""
    require_parent(call)
    if "-" in call.name.split("/"):
        raise invalid(f"'{call.name}' is no place for one resource: '-' stands for any.")
    collection = call.collection
    short = new_id(call)
    last = collection.full_id(call, short) if collection.full_id else short
    name = f"{call.name}/{last}"
    if call.cloud.store.get(call.service.name, name) is not None:
        raise ApiError(409, call.service.already_exists(name))
    document = _without_empty(call, _resource_sent(call))
    call.name = name
    stamps.on_create(call, name, document)
    if collection.defaults:
        collection.defaults(call, document)
    labels.check(call, document)
    uses = references.resolve(call, document)
    if collection.check:
        collection.check(call, document)
    _require_fields(call, document)
    store(call, document, uses)
    return _answer(call, "create", document)


def get(call: Call) -> Json:
    """Read a resource."""
    return call.shown(call.type, call.get())


def update(call: Call) -> Json:
    """Patch or replace a resource."""
    collection = call.collection
    before = call.get()
    require_idle(call)
    changes = _resource_sent(call)
    _require_current(call, before, changes)
    after = _changed(call, before, changes)
    call.before = before
    labels.check(call, after)
    uses = references.resolve(call, after)  # first, so that links compare in their stored form
    for path in (*collection.immutable, *_fixed(call)):
        if masks.get_path(after, path) != masks.get_path(before, path):
            raise _immutable(call, path)
    if collection.check:
        collection.check(call, after)
    store(call, after, uses)
    return _answer(call, "update", after, before=before)


def store(call: Call, document: Json, uses: references.Uses) -> None:
    """Keep the called resource as it is now, with what it uses."""
    stamps.on_update(call, document)
    call.put(call.name, document)
    call.cloud.store.set_uses(call.service.name, call.name, uses)


def delete(call: Call) -> Json:
    """Delete a resource, unless something depends on it."""
    document = call.get()
    require_idle(call)
    _require_current(call, document, {"etag": call.query.get("etag")})
    blockers = call.collection.blockers(call, call.name) if call.collection.blockers else []
    blockers += [name for _, name in call.cloud.store.users(call.service.name, call.name)]
    if call.collection.has_children:
        blockers += [row.name for row in call.cloud.store.below(call.service.name, call.name)]
    if blockers:
        raise _in_use(call, blockers[0])
    if _answers_operation(call):
        answer: Json = {}
        if call.collection.delete_answers:
            about = {"schema": call.schema, "type": call.type, "version": call.version}
            answer["response"] = operation_views.message(call, about, document)
        return call.start("delete", target_id=document.get("id"), **answer)
    call.cloud.store.delete(call.service.name, call.name)
    return {}


def new_id(call: Call) -> str:
    """The short name of the resource that a create call asks for.

    Raises:
        ApiError: 400 when it is missing or not allowed.
    """
    source = call.collection.id_from or _id_source(call)
    where, _, path = source.partition(":")
    if where == "query":
        value = call.query.get(path, "")
    else:
        value = str(masks.get_path(call.sent, path) or "")
    schema = call.schema_properties.get("name", {})
    if where == "query":
        schema = call.method.query_parameters.get(path, {})
    in_rpc = call.service.style == "rpc"
    # A one-platform API's body names a resource in full: its pattern is none of a short name.
    by_default = None if in_rpc and where == "body" else call.service.id_pattern
    pattern = call.collection.id_pattern or schema.get("pattern") or by_default
    field = snake_case(path) if in_rpc else f"resource.{path}"
    if in_rpc and where == "body":
        value = value.rpartition("/")[2]
    if in_rpc and not value:
        raise invalid(f"Required field '{field}' is missing.")
    if not value:
        pattern = pattern or "[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?"
    if pattern and not re.fullmatch(pattern, value):
        raise invalid(
            f"Invalid value for field '{field}': '{value}'. Must be a match of regex '{pattern}'"
        )
    if "/" in value:
        raise invalid(f"Invalid value for field '{field}': '{value}'.")
    return value


def _id_source(call: Call) -> str:
    parameters = emulated.id_parameters(call.method)
    if parameters:
        return f"query:{parameters[0]}"
    return f"body:{call.collection.body_field}.name" if call.collection.body_field else "body:name"


def _resource_sent(call: Call) -> Json:
    """The resource in a request, without fields that only the cloud sets."""
    collection = call.collection
    wrapped = collection.body_field and call.method.request != call.schema
    sent = call.body.get(collection.body_field or "", {}) if wrapped else call.body
    return {k: v for k, v in sent.items() if k not in collection.output_only}


def require_parent(call: Call) -> None:
    """Refuse a nested resource whose parent does not exist."""
    parent_type = call.type.rpartition(".")[0]
    if not parent_type or parent_type.rpartition(".")[2] in _CONTAINERS:
        return
    parent = call.name.rpartition("/")[0]
    if "get" not in call.document.verbs(parent_type) or re.search(r"/-(/|$)", call.name):
        return
    if call.cloud.store.get(call.service.name, parent) is None:
        raise ApiError(404, call.service.not_found(parent), refusal="reference")


def require_idle(call: Call) -> None:
    """Refuse a change of a resource that an operation is working on."""
    running = call.cloud.store.unfinished(call.service.name, call.name)
    if any(not operation.get("hidden") for operation in running):
        if call.service.operations == "compute":
            text = f"The resource '{call.name}' is not ready"
            raise ApiError(400, text, reason="resourceNotReady")
        if call.service.operations == "container":
            raise precondition(call.service.busy(call.name))
        raise aborted(call.service.busy(call.name))


def _require_current(call: Call, before: Json, changes: Json) -> None:
    for token in ("fingerprint", "labelFingerprint"):
        current = before.get(token)
        if changes.get(token) and current and not stamps.same_token(current, changes[token]):
            raise ApiError(
                412,
                f"Invalid fingerprint: '{changes[token]}'. Supplied fingerprint does not match "
                "current metadata fingerprint.",
            )
    if call.if_match not in ("", "*") and not stamps.same_token(before.get("etag"), call.if_match):
        raise ApiError(412, "Precondition check failed.")
    etag = changes.get("etag")
    if call.collection.etag and etag and not stamps.same_token(before.get("etag"), etag):
        raise aborted(f"The etag '{etag}' does not match the current etag of '{call.name}'.")


def _changed(call: Call, before: Json, changes: Json) -> Json:
    properties = call.schema_properties
    tokens = ("etag", "fingerprint", "labelFingerprint")
    changes = {k: v for k, v in changes.items() if k not in tokens}
    mask = call.query.get("updateMask") or call.body.get("updateMask")
    kept = {
        key: value
        for key, value in before.items()
        if key.startswith("_")
        or key in tokens
        or key in call.collection.output_only
        or properties.get(key, {}).get("readOnly")
        or key in ("name", "id", "kind", "selfLink", "creationTimestamp", "region", "zone")
    }
    if mask:  # which may be `*`, and yet does not reach what only the cloud sets
        masked = masks.apply_mask(before, changes, mask, properties, call.collection.merge_maps)
        return _without_empty(call, masked | kept)
    if call.method.http_method == "PUT":
        fixed = {k: before[k] for k in call.collection.immutable if k in before}
        named = {k: v for k, v in changes.items() if k != "name"}
        return _without_empty(call, kept | fixed | named)
    changes.pop("name", None)
    return _without_empty(call, masks.merge_patch(before, changes))


def _without_empty(call: Call, document: Json) -> Json:
    """A copy without what these APIs do not tell from absent fields; a label may be empty."""
    cleaned = masks.without_empty(document)
    texts = {
        name
        for name, declared in call.schema_properties.items()
        if declared.get("additionalProperties", {}).get("type") == "string"
    }
    for path in {*texts, *call.collection.labels}:
        entries = masks.get_path(document, path)
        if isinstance(entries, dict) and entries:
            kept = {key: value for key, value in entries.items() if value is not None}
            masks.set_path(cleaned, path, kept)
    return cleaned


def _require_fields(call: Call, document: Json) -> None:
    """Refuse a new resource without what the document calls required, and no default replaces."""
    for field, declared in call.schema_properties.items():
        if declared.get("required") and field not in ("name", *document):
            raise invalid(f"Required field '{snake_case(field)}' is missing.")


def _fixed(call: Call) -> Iterator[str]:
    """Paths of the fields, and of fields one level below, that the document calls immutable."""
    for name, declared in call.schema_properties.items():
        if declared.get("immutable"):
            yield name
        inner = call.document.schemas.get(declared.get("$ref", ""), {}).get("properties", {})
        yield from (f"{name}.{field}" for field in inner if inner[field].get("immutable"))


def _immutable(call: Call, path: str) -> ApiError:
    if call.service.style == "legacy":
        return invalid(f"Invalid value for field 'resource.{path}'. The field cannot be changed.")
    return invalid(f"Field '{snake_case(path)}' is immutable.")


def _in_use(call: Call, user: str) -> ApiError:
    if call.service.operations == "compute":
        kinds = call.name.split("/")[-2]  # by which a global address is an address
        singular = re.sub(r"(?<=ss)es$|s$", "", re.sub(r"ies$", "ys", kinds))
        kind = snake_case(singular)
        return ApiError(
            400,
            f"The {kind} resource '{call.name}' is already being used by '{user}'",
            reason="resourceInUseByAnotherResource",
        )
    return precondition(f"The resource '{call.name}' is being used by '{user}'.")


def _answers_operation(call: Call) -> bool:
    return bool(call.method.response and call.method.response.endswith("Operation"))


def _answer(call: Call, verb: str, document: Json, **fields: Any) -> Json:
    if _answers_operation(call):
        return call.start(verb, **fields)
    return call.shown(call.type, document)
