"""What is said of an object may change; its content only by another upload.

https://cloud.google.com/storage/docs/json_api/v1/objects/patch
"""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.masks import merge_patch
from meshwright_sandbox.core.stamps import new_etag, now
from meshwright_sandbox.services.objects import stored, writes

Json = dict[str, Any]


def patch(call: Call) -> Json:
    """`objects.patch`: what the request names is set or, with null, taken away."""
    before = stored.current(call)
    settings = writes.settings(call, before)
    return _change(call, before, merge_patch(settings, _asked(call, before)))


def update(call: Call) -> Json:
    """`objects.update`: what the request does not name is taken away."""
    before = stored.current(call)
    return _change(call, before, _asked(call, before))


def _asked(call: Call, before: Json) -> Json:
    asked = writes.settings(call, call.body)
    if asked.pop("storageClass", before["storageClass"]) != before["storageClass"]:
        raise invalid("The storage class of an object is changed by rewriting it.")
    return asked


def _change(call: Call, before: Json, settings: Json) -> Json:
    fixed = before.keys() - writes.settings(call, before).keys() | {"storageClass"}
    after = {field: before[field] for field in fixed} | settings
    after.setdefault("contentType", stored.UNKNOWN_TYPE)
    after |= {
        "metageneration": str(int(before["metageneration"]) + 1),
        "updated": now(),
        "etag": new_etag(),
    }
    call.cloud.store.put("storage", call.name, after)
    return stored.shown(call, after)


METHODS = {"objects.patch": patch, "objects.update": update}
