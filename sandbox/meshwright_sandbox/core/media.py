"""Content that was asked for (`alt=media`), whole or in the part that the request names.

https://cloud.google.com/storage/docs/json_api/v1/parameters#range
"""

import re

from aiohttp import web

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def answer(content: bytes, content_type: str, wanted: str) -> web.Response:
    """The response to a request whose header `Range` is `wanted`; "" asks for everything."""
    headers = {"Content-Type": content_type}
    match = _RANGE.fullmatch(wanted)
    first, last = match.groups() if match else ("", "")
    if not first and not last:
        return web.Response(body=content, headers=headers)
    size = len(content)
    start = int(first) if first else max(size - int(last), 0)
    stop = min(int(last) + 1, size) if first and last else size
    if start >= stop:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    return web.Response(
        status=206,
        body=content[start:stop],
        headers=headers | {"Content-Range": f"bytes {start}-{stop - 1}/{size}"},
    )
