"""Request bodies as they came over the wire: read whole, and decoded as Google's front end does."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from aiohttp import web

from meshwright_sandbox.core.errors import ApiError

_MOST_NESTED = 100  # protobuf's own limit; deeper input would end the recursion of what checks it


async def read_body(request: web.Request) -> bytes:
    """The request's body, unpacked.

    Raises:
        ApiError: 400 when it is not packed as its headers say, 413 when it is too large.
    """
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise ApiError(413, "Request payload size exceeds the limit.") from error
    except web.RequestPayloadError as error:
        raise ApiError(400, "Request payload cannot be read: is it encoded as it says?") from error


def overridden(request: web.Request, raw: bytes) -> tuple[str, Mapping[str, str], bytes]:
    """Method, query and body that a request means.

    Clients send what is too long for a URL by POST, and say so in a header: the parameters of a
    GET are then the body, as a form.
    """
    method = request.headers.get("X-HTTP-Method-Override", "").upper()
    if request.method != "POST" or not method:
        return request.method, request.query, raw
    if method != "GET" or request.content_type != "application/x-www-form-urlencoded":
        return method, request.query, raw
    form = "&".join(part for part in (request.query_string, raw.decode(errors="replace")) if part)
    return method, request.rel_url.with_query(parse_qsl(form, keep_blank_values=True)).query, b""


def decode(raw: bytes) -> Any:
    """The JSON value of a body; an empty body is an empty object.

    So is an empty string: as that, Google's client for Node.js sends a message without fields.

    Raises:
        ValueError: the body is not JSON (in UTF-8, without NaN), or is nested too deeply.
    """
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_number)
    except RecursionError:
        raise ValueError(_too_deep()) from None
    if value == "":
        return {}
    _require_shallow(value)
    if b"\\u" in raw:
        _require_whole_characters(value)
    return value


def _require_whole_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("Invalid string: half of a surrogate pair.") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"Unexpected token: {name}")


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(_MOST_NESTED):
        level = [
            item
            for holder in level
            if isinstance(holder, dict | list)
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
        if not level:
            return
    raise ValueError(_too_deep())


def _too_deep() -> str:
    return f"Message too deep. Max recursion depth is {_MOST_NESTED}."
