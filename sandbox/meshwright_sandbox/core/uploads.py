"""Uploads as Google's clients send them: content alone, with its metadata, or piece by piece.

https://cloud.google.com/storage/docs/uploads-downloads
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from meshwright_sandbox.core.errors import ApiError, invalid

_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-\d+|\*)/(?P<total>\d+|\*)")
_HEAD = re.compile(rb"\r?\n\r?\n")
_PARTS = 2


@dataclass(frozen=True)
class Upload:
    """What one request uploads.

    Attributes:
        kind: `media`, `multipart` or `resumable`.
        url: where the request went, without its query.
        metadata: JSON of the resource that shall hold the content, or nothing.
        content: the content, or a piece of it.
        content_type: the content's type, or "".
        first: the piece's place in the content; None where the client only asks how far it is.
        total: the length of all the content, or None if that is not known yet.
    """

    kind: str
    url: str
    metadata: bytes = b""
    content: bytes = b""
    content_type: str = ""
    first: int | None = 0
    total: int | None = None


def meant_method(http_method: str, query: Mapping[str, str]) -> str:
    """Pieces of an upload are PUT to the address of a method that is called by POST."""
    return "POST" if http_method == "PUT" and "upload_id" in query else http_method


def read(url: str, query: Mapping[str, str], headers: Mapping[str, str], raw: bytes) -> Upload:
    """What a request uploads.

    Raises:
        ApiError: 400 for an upload of no known type, or that is not of the form of its type.
    """
    kind, content_type = query.get("uploadType", ""), headers.get("Content-Type", "")
    if "upload_id" in query:
        first, total = _place(headers.get("Content-Range", ""), len(raw))
        return Upload("resumable", url, content=raw, first=first, total=total)
    if kind == "resumable":
        return Upload(kind, url, raw, content_type=headers.get("X-Upload-Content-Type", ""))
    if kind == "media":
        return Upload(kind, url, content=raw, content_type=content_type)
    if kind == "multipart":
        metadata, content, inner = _parts(content_type, raw)
        return Upload(kind, url, metadata, content, inner)
    raise ApiError(
        400,
        "Upload requests must include an uploadType URL parameter and a URL path beginning with "
        "/upload/",
        reason="wrongUrlForUpload",
    )


def _place(content_range: str, length: int) -> tuple[int | None, int | None]:
    """(first, total) of a piece; without a range it is all of the content."""
    if not content_range:
        return 0, length
    match = _RANGE.fullmatch(content_range)
    if match is None:
        raise invalid(f"Failed to parse Content-Range header: {content_range}")
    total = None if match["total"] == "*" else int(match["total"])
    return (int(match["first"]) if match["first"] else None), total


def _parts(content_type: str, raw: bytes) -> tuple[bytes, bytes, str]:
    """Metadata, content and the content's type of a multipart body.

    Split by hand, since the content may be any bytes, and parsers of mail count in lines.
    """
    header = Message()
    header["Content-Type"] = content_type
    boundary = str(header.get_param("boundary", "")).strip("'")  # gcloud quotes it so
    parts = raw.split(f"--{boundary}".encode())[1:-1] if boundary else []
    if len(parts) != _PARTS:
        raise invalid("Malformed multipart body.")
    (_, metadata), (kind, content) = (_part(part) for part in parts)
    return metadata, content, kind


def _part(part: bytes) -> tuple[str, bytes]:
    """Type and content of what stands between two boundaries."""
    newline = b"\r\n" if part.startswith(b"\r\n") else b"\n"
    head, *rest = _HEAD.split(part, maxsplit=1)
    if not rest:
        raise invalid("Malformed multipart body.")
    headers = BytesHeaderParser().parsebytes(head.lstrip())
    return headers.get("Content-Type", ""), rest[0].removesuffix(newline)
