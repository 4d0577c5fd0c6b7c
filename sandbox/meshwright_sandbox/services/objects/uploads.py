"""How clients put objects into Cloud Storage: in one request, or piece by piece.

https://cloud.google.com/storage/docs/resumable-uploads
"""

import secrets
from typing import Any

from meshwright_sandbox.core.cloud import Call, Interim
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.uploads import Upload
from meshwright_sandbox.services.objects import stored, writes

Json = dict[str, Any]
_SESSIONS = "uploads"


def insert(call: Call) -> Json:
    """`objects.insert`.

    Raises:
        ApiError: 400 for a request without content, 404 for a bucket or an upload that is not
            there, 412 where the object is of another generation, 403 while the bucket retains it.
    """
    upload = call.upload
    if upload is None:
        raise ApiError(
            400,
            "Upload requests must include an uploadType URL parameter and a URL path beginning "
            "with /upload/",
            reason="wrongUrlForUpload",
        )
    if "uploadId" in call.query:
        return _continue(call, upload)
    bucket = call.name.split("/")[1]
    home = call.get(f"b/{bucket}")
    wanted = _wanted(call, upload)
    if upload.kind == "resumable":
        return _start(call, upload, wanted)
    name = f"b/{bucket}/o/{wanted['name']}"
    writes.make_room(call, name)
    call.cloud.store.blobs.append("storage", name, upload.content)
    return _make(call, home, bucket, wanted)


def _wanted(call: Call, upload: Upload) -> Json:
    """The object's name and what else the request says of it, once it is known to be possible."""
    wanted = writes.settings(call, call.body)
    name = call.query.get("name") or call.body.get("name", "")
    if not name:
        raise ApiError(400, "Required parameter: name", reason="required", location="name")
    writes.require_name(name)
    bucket = call.name.split("/")[1]
    before = call.cloud.store.get("storage", f"b/{bucket}/o/{name}")
    stored.require_generation(call, before)
    if upload.content_type:
        wanted.setdefault("contentType", upload.content_type)
    if "contentEncoding" in call.query:
        wanted["contentEncoding"] = call.query["contentEncoding"]
    return wanted | {"name": name, "_md5": call.body.get("md5Hash")}


def _make(call: Call, home: Json, bucket: str, wanted: Json) -> Json:
    """The object whose content is stored already."""
    name = f"b/{bucket}/o/{wanted['name']}"
    content = stored.content_of(call.cloud, name)
    document = stored.describe(home, bucket, wanted["name"], content)
    if wanted["_md5"] not in (None, document["md5Hash"]):
        raise invalid(
            f'Provided MD5 hash "{wanted["_md5"]}" doesn\'t match calculated MD5 hash '
            f'"{document["md5Hash"]}".'
        )
    document |= {field: value for field, value in wanted.items() if field != "_md5"}
    return writes.keep(call, home, document)


def _start(call: Call, upload: Upload, wanted: Json) -> Json:
    """Begin an upload in pieces, to the address that the answer names."""
    identifier = secrets.token_urlsafe(48)
    session = {"bucket": call.name.split("/")[1], "wanted": wanted, "size": 0}
    call.cloud.store.put(
        "storage", f"{_SESSIONS}/{identifier}", session, type_=_SESSIONS, system=True
    )
    place = f"{upload.url}?uploadType=resumable&upload_id={identifier}"
    return Interim(200, {"Location": place, "X-GUploader-UploadID": identifier})


def _continue(call: Call, upload: Upload) -> Json:
    """Take a piece; with the last one the object is there. A piece that came before is no harm."""
    name = f"{_SESSIONS}/{call.query['uploadId']}"
    session = call.cloud.store.get("storage", name)
    if session is None:
        raise ApiError(404, "No such upload.")
    bucket = session["bucket"]
    target = f"b/{bucket}/o/{session['wanted']['name']}"
    if session.get("done"):
        return stored.shown(call, call.get(target))
    home, size = call.get(f"b/{bucket}"), session["size"]
    if upload.first is not None and upload.first <= size < upload.first + len(upload.content):
        piece = upload.content[size - upload.first :]
        call.cloud.store.blobs.append("storage", name, piece)
        size += len(piece)
    if size != upload.total:
        call.cloud.store.put("storage", name, session | {"size": size})
        return Interim(308, {"Range": f"bytes=0-{size - 1}"} if size else {})
    writes.make_room(call, target)
    if size == 0:
        call.cloud.store.blobs.append("storage", name, b"")
    call.cloud.store.blobs.move("storage", name, target)
    call.cloud.store.put("storage", name, session | {"done": True})
    return _make(call, home, bucket, session["wanted"])


METHODS = {"objects.insert": insert}
