"""Objects that are made from other objects: `rewrite`, `copy` and `compose`.

https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
"""

import base64
import json
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.services.objects import stored, writes

Json = dict[str, Any]
_MEBIBYTE = 1 << 20
_MOST_SOURCES = 32


def copy(call: Call) -> Json:
    """`objects.copy`."""
    source, home, target = _source(call), _home(call), _target(call)
    return _make_copy(call, source, home, target)


def rewrite(call: Call) -> Json:
    """`objects.rewrite`: a copy, in several calls where it changes its place or class.

    Raises:
        ApiError: 400 for a token that was not given out for this copy.
    """
    source, home, target = _source(call), _home(call), _target(call)
    size = int(source["size"])
    written = size if _in_place(call, source, home) else _progress(call, source, target)
    answer: Json = {
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": str(written),
        "objectSize": str(size),
        "done": written == size,
    }
    if written < size:
        return answer | {"rewriteToken": _token(source, target, written)}
    return answer | {"resource": _make_copy(call, source, home, target)}


def compose(call: Call) -> Json:
    """`objects.compose`: one object of the contents of up to 32, in their order.

    https://cloud.google.com/storage/docs/composite-objects
    """
    home, target = _home(call), _target(call)
    sources = _components(call)
    wanted = writes.settings(call, call.body.get("destination", {}))
    content = b"".join(stored.content_of(call.cloud, _name_of(source)) for source in sources)
    parts = sum(int(source.get("componentCount", 1)) for source in sources)
    made = _make(call, home, target, content, wanted, parts)
    if call.body.get("deleteSourceObjects"):
        for name in {_name_of(source) for source in sources} - {target}:
            writes.make_room(call, name)
    return made


def _source(call: Call) -> Json:
    """The object that is copied, if it is as the call says it is."""
    name = f"b/{call.params['sourceBucket']}/o/{call.params['sourceObject']}"
    call.get(f"b/{call.params['sourceBucket']}")
    held = call.cloud.store.get("storage", name)
    source = stored.require_held(call, name, held, call.query.get("sourceGeneration"))
    stored.require_generation(call, source, of="Source")
    return source


def _home(call: Call) -> Json:
    return call.get(f"b/{call.params['destinationBucket']}")


def _target(call: Call) -> str:
    """The name under which the new object is kept, if what is there now is as the call says."""
    writes.require_name(call.params["destinationObject"])
    name = f"b/{call.params['destinationBucket']}/o/{call.params['destinationObject']}"
    stored.require_generation(call, call.cloud.store.get("storage", name))
    return name


def _name_of(document: Json) -> str:
    return f"b/{document['bucket']}/o/{document['name']}"


def _components(call: Call) -> list[Json]:
    """The objects that are put together, each as the call says it is."""
    asked = call.body.get("sourceObjects", [])
    if not asked:
        raise ApiError(400, "You must provide at least one source component.", reason="required")
    if len(asked) > _MOST_SOURCES:
        raise invalid(
            f"The number of source components provided ({len(asked)}) exceeds the maximum "
            f"({_MOST_SOURCES})"
        )
    return [_component(call, each) for each in asked]


def _component(call: Call, asked: Json) -> Json:
    name = f"b/{call.params['destinationBucket']}/o/{asked.get('name', '')}"
    held = call.cloud.store.get("storage", name)
    source = stored.require_held(call, name, held, asked.get("generation"))
    wanted = asked.get("objectPreconditions", {}).get("ifGenerationMatch")
    if wanted not in (None, source["generation"]):
        raise stored.other_state(412)
    return source


def _in_place(call: Call, source: Json, home: Json) -> bool:
    """Whether a copy stays where it is, which takes one call however large it is."""
    source_home = call.get(f"b/{source['bucket']}")
    storage_class = call.body.get("storageClass", home["storageClass"])
    same_place = source_home["location"] == home["location"]
    return same_place and source["storageClass"] == storage_class


def _progress(call: Call, source: Json, target: str) -> int:
    """How many bytes are written once this call is done; all, if it does not say how many."""
    size, limit = int(source["size"]), call.query.get("maxBytesRewrittenPerCall")
    if limit is not None and (int(limit) < _MEBIBYTE or int(limit) % _MEBIBYTE):
        raise invalid("maxBytesRewrittenPerCall must be an integral multiple of 1 MiB (1048576).")
    token = call.query.get("rewriteToken")
    written = _written(token, source, target) if token else 0
    return min(size, written + int(limit)) if limit else size


def _token(source: Json, target: str, written: int) -> str:
    content = json.dumps([_name_of(source), source["generation"], target, written])
    return base64.urlsafe_b64encode(content.encode()).decode()


def _written(token: str, source: Json, target: str) -> int:
    """How far the copy is that a token stands for."""
    try:
        *meant, written = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        meant, written = [], 0
    known = meant == [_name_of(source), source["generation"], target]
    if not known or not isinstance(written, int):
        raise invalid("The rewriteToken is not valid for this request.")
    return written


def _make_copy(call: Call, source: Json, home: Json, target: str) -> Json:
    """With what the call says of the copy or, if it says nothing, with what the source says."""
    wanted = writes.settings(call, call.body)
    if not wanted:
        wanted = writes.settings(call, source)
        wanted.pop("storageClass")  # the new bucket's, unless asked for
    parts = int(source.get("componentCount", 0))
    if parts and not _in_place(call, source, home):
        parts = 1
    content = stored.content_of(call.cloud, _name_of(source))
    return _make(call, home, target, content, wanted, parts)


def _make(call: Call, home: Json, target: str, content: bytes, wanted: Json, parts: int) -> Json:
    """The new object; if it is composed of others, ``parts`` says of how many."""
    writes.make_room(call, target)
    call.cloud.store.blobs.append("storage", target, content)
    bucket, _, path = target.removeprefix("b/").partition("/o/")
    document = stored.describe(home, bucket, path, content) | wanted
    if parts:
        document["componentCount"] = parts
        del document["md5Hash"]  # which only objects have that were written in one piece
    return writes.keep(call, home, document)


METHODS = {
    "objects.copy": copy,
    "objects.rewrite": rewrite,
    "objects.compose": compose,
}
