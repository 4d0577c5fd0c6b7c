"""Cloud Storage's objects: what clients upload, and the files of one JSON document a line that
sinks write. They are listed, read (`alt=media`) and deleted.
"""

import base64
import hashlib
import json
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.cloud import Call, Cloud, Media
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.stamps import new_etag, now

Json = dict[str, Any]
TYPE = "objects"
UNKNOWN_TYPE = "application/octet-stream"
# What would choose other objects than the list answers with.
_NOT_HEEDED = frozenset({"matchGlob", "softDeleted"})


def append(cloud: Cloud, bucket: str, path: str, lines: list[Json]) -> None:
    """Add lines to a bucket's object, which is made if need be."""
    name = f"b/{bucket}/o/{path}"
    cloud.store.contents.add("storage", name, lines)
    home = cloud.store.get("storage", f"b/{bucket}") or {}
    document = describe(home, bucket, path, content_of(cloud, name))
    before = cloud.store.get("storage", name)
    if before:
        document["timeCreated"] = before["timeCreated"]
    document |= {"contentType": "application/json", "generation": "1", "id": f"{bucket}/{path}/1"}
    document |= _retention(home, document["timeCreated"])
    # What a sink has written is nobody's resource, but it keeps its bucket from being deleted.
    project = home.get("_project", "")
    cloud.store.put("storage", name, document, type_=TYPE, project=project, system=True)


def describe(home: Json, bucket: str, path: str, content: bytes) -> Json:
    """What is known of a new object with a content. ``home`` is the bucket's own document."""
    stamp, generation = now(), str(time.time_ns() // 1000)
    return {
        "kind": "storage#object",
        "id": f"{bucket}/{path}/{generation}",
        "name": path,
        "bucket": bucket,
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket}/o/{quote(path, safe='')}",
        "contentType": UNKNOWN_TYPE,
        "size": str(len(content)),
        "md5Hash": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
        "generation": generation,
        "metageneration": "1",
        "etag": new_etag(),
        "storageClass": home.get("storageClass", "STANDARD"),
        "timeCreated": stamp,
        "updated": stamp,
    } | _retention(home, stamp)


def list_(call: Call) -> Json:
    """`objects.list`: by prefix, and below a delimiter by what stands for a folder.

    https://cloud.google.com/storage/docs/json_api/v1/objects/list
    """
    bucket = _bucket_of(call)
    unknown = _NOT_HEEDED & call.query.keys()
    if unknown:
        raise ApiError(501, f"The sandbox lists objects without `{min(unknown)}`.")
    entries = _entries(call, sorted(_objects(call, bucket), key=lambda held: held["name"]))
    page, token = listing.paged(call, entries)
    found: Json = {
        "prefixes": [entry["prefix"] for entry in page if "prefix" in entry],
        "items": [shown(call, entry) for entry in page if "prefix" not in entry],
        "nextPageToken": token,
    }
    return {"kind": "storage#objects"} | {field: each for field, each in found.items() if each}


def _entries(call: Call, held: list[Json]) -> list[Json]:
    """Objects and, in the place of all that lie in one folder, the folder's prefix."""
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    first, end = call.query.get("startOffset", ""), call.query.get("endOffset", "")
    entries: list[Json] = []
    for document in held:
        name: str = document["name"]
        if not name.startswith(prefix) or name < first or (end and name >= end):
            continue
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        folder = {"prefix": name[: cut + len(delimiter)]}
        if cut < 0:
            entries.append(document)
        elif entries[-1:] != [folder]:
            entries.append(folder)
    return entries


def get(call: Call) -> Json:
    """`objects.get`: what is known of an object, or its content."""
    document = current(call)
    if call.query.get("alt") == "media":
        return Media(content_of(call.cloud, call.name), document["contentType"])
    return shown(call, document)


def current(call: Call) -> Json:
    """The object that is called, if it is of the generation that the call names."""
    document = call.get()
    require_held(call, call.name, document, call.query.get("generation"))
    require_generation(call, document)
    return document


def require_held(call: Call, name: str, document: Json | None, generation: str | None) -> Json:
    """An object that may not be there, or be of another generation than the one that is named."""
    if document is None or generation not in (None, document["generation"]):
        raise ApiError(404, call.service.not_found(name), refusal="reference")
    return document


def require_generation(call: Call, document: Json | None, of: str = "") -> None:
    """Refuse a call that is meant for another state of the object; "0" means that it is absent.

    Args:
        call: whose query says which state that is.
        document: the object, if it is there.
        of: "Source" for what the query says of the object that another one is made from.
    """
    present = {"generation": "0"} if document is None else document
    for field in ("generation", "metageneration"):
        is_now = present.get(field)
        if call.query.get(f"if{of}{field.capitalize()}Match", is_now) != is_now:
            raise other_state(412)
        if call.query.get(f"if{of}{field.capitalize()}NotMatch", "") == is_now:
            raise other_state(304 if call.method.http_method == "GET" else 412)


def other_state(status: int) -> ApiError:
    """The answer to a call that is meant for another state of an object."""
    text = "At least one of the pre-conditions you specified did not hold."
    return ApiError(status, text, reason="conditionNotMet")


def shown(call: Call, document: Json) -> Json:
    """An object with the link by which clients download it, so it must lead to the sandbox."""
    path = f"b/{document['bucket']}/o/{quote(document['name'], safe='')}"
    query = f"generation={document['generation']}&alt=media"
    link = f"{call.origin}/storage/download/storage/v1/{path}?{query}"
    return document | {"mediaLink": link}


def delete(call: Call) -> Json:
    """`objects.delete`: refused while the bucket's retention holds it."""
    require_unretained(current(call))
    call.cloud.store.delete("storage", call.name, alone=True)  # a/b is not below a
    return {}


def require_unretained(document: Json) -> None:
    """Refuse to delete or overwrite what the bucket's retention holds."""
    if document.get("retentionExpirationTime", "") > now():
        raise ApiError(
            403,
            f"Object '{document['bucket']}/{document['name']}' is subject to bucket's retention "
            "policy or object retention and cannot be deleted or overwritten until "
            f"{document['retentionExpirationTime']}",
            reason="retentionPolicyNotMet",
        )


def require_empty(call: Call) -> None:
    """Refuse to delete a bucket that holds something."""
    if _objects(call, call.name):
        raise ApiError(409, "The bucket you tried to delete is not empty.", reason="conflict")


def _bucket_of(call: Call) -> str:
    bucket = "/".join(call.name.split("/")[:2])
    call.get(bucket)
    return bucket


def _objects(call: Call, bucket: str) -> list[Json]:
    return [row.doc for row in call.cloud.store.below("storage", bucket) if row.type == TYPE]


def content_of(cloud: Cloud, name: str) -> bytes:
    """What an object holds: what was uploaded, else the lines that sinks wrote."""
    uploaded = cloud.store.blobs.read("storage", name)
    if uploaded is not None:
        return uploaded
    lines = [json.dumps(held.doc) for held in cloud.store.contents.of("storage", name)]
    return "".join(f"{line}\n" for line in lines).encode()


def _retention(bucket: Json, created: str) -> Json:
    seconds = int(bucket.get("retentionPolicy", {}).get("retentionPeriod", 0))
    return {"retentionExpirationTime": _later(created, seconds)} if seconds else {}


def _later(stamp: str, seconds: int) -> str:
    moment = datetime.fromisoformat(stamp) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


METHODS = {
    "objects.list": list_,
    "objects.get": get,
    "objects.delete": delete,
}
