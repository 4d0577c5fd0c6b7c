"""What every way of writing an object to Cloud Storage has in common."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.services.objects import stored

Json = dict[str, Any]
_LONGEST_NAME = 1024
# What a request may say of an object; the rest is the cloud's to say.
_SETTABLE = (
    *("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType"),
    *("customTime", "metadata", "storageClass"),
)
_NOT_HEEDED = frozenset({"customerEncryption", "eventBasedHold", "retention", "temporaryHold"})
_KEYS = frozenset({"kmsKeyName", "destinationKmsKeyName"})


def settings(call: Call, sent: Json) -> Json:
    """What a request's description of an object sets.

    Raises:
        ApiError: 501 for what the sandbox's objects do not have.
    """
    asked = {field for field in _NOT_HEEDED if sent.get(field)}
    unknown = sorted(asked | (_KEYS & call.query.keys()))
    if unknown:
        raise ApiError(501, f"The sandbox takes objects without `{unknown[0]}`.")
    return {field: sent[field] for field in _SETTABLE if field in sent}


def require_name(name: str) -> None:
    """Refuse a name that no object may have."""
    wrong = name in (".", "..") or "\n" in name or "\r" in name
    if wrong or len(name.encode()) > _LONGEST_NAME:
        raise invalid(f"Invalid object name: '{name}'")


def make_room(call: Call, name: str) -> None:
    """Take away what a new object replaces."""
    before = call.cloud.store.get("storage", name)
    if before is not None:
        stored.require_unretained(before)
        call.cloud.store.delete("storage", name, alone=True)


def keep(call: Call, home: Json, document: Json) -> Json:
    """Store an object whose content is stored already; its answer. ``home`` is its bucket."""
    name = f"b/{document['bucket']}/o/{document['name']}"
    project = home.get("_project", "")
    call.cloud.store.put("storage", name, document, type_=stored.TYPE, project=project)
    return stored.shown(call, document)
