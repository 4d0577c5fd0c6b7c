"""Batch requests: one multipart request that carries several, answered in one response.

`gcloud` sends its compute calls this way, and so does google-api-python-client when asked to.
"""

from collections.abc import Awaitable, Callable
from email.message import Message
from email.parser import BytesParser
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from meshwright_sandbox.core.errors import ApiError

# (HTTP method, path with the service's prefix, query, body) -> (status, JSON text)
Answer = Callable[[str, str, dict[str, str], bytes], Awaitable[tuple[int, str]]]
_REQUEST_LINE = 2  # at least a method and a path
_BOUNDARY = "batch_meshwright"


def batched_service(path: str) -> str | None:
    """The prefix of the service that a path is a batch endpoint of: `SERVICE/batch/...`, or
    `batch/SERVICE/VERSION` at the root of the host, where gcloud asks for some lists.
    """
    match path.strip("/").split("/"):
        case [service, "batch", *_] | ["batch", service, *_]:
            return service
        case _:
            return None


async def serve_batch(
    request: web.Request, prefix: str, raw: bytes, answer: Answer
) -> web.Response:
    """Answer each inner request to a service in turn.

    Raises:
        ApiError: 400 for a body that is not multipart/mixed.
    """
    head = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
    outer = BytesParser().parsebytes(head + raw)
    if not outer.is_multipart():
        raise ApiError(400, "Failed to parse batch request, error: not multipart/mixed.")
    parts = [
        await _part(part, prefix, answer)
        for part in outer.get_payload()
        if isinstance(part, Message)
    ]
    text = "".join(f"--{_BOUNDARY}\r\n{part}\r\n" for part in parts) + f"--{_BOUNDARY}--\r\n"
    return web.Response(
        text=text, headers={"Content-Type": f"multipart/mixed; boundary={_BOUNDARY}"}
    )


async def _part(part: Message, prefix: str, answer: Answer) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    line, _, rest = content.partition(b"\n")
    words = line.decode(errors="replace").split()
    if len(words) < _REQUEST_LINE:
        raise ApiError(400, "Failed to parse batch request, error: a part is no HTTP request.")
    method, target = words[:2]
    inner = BytesParser().parsebytes(rest)
    body = inner.get_payload(decode=True)
    url = urlsplit(target)
    path = url.path if url.path.startswith(f"/{prefix}/") else f"/{prefix}{url.path}"
    status, text = await answer(
        method, path, dict(parse_qsl(url.query)), body if isinstance(body, bytes) else b""
    )
    identifier = part.get("Content-ID", "").strip("<>")
    return (
        "Content-Type: application/http\r\n"
        f"Content-ID: <response-{identifier}>\r\n\r\n"
        f"HTTP/1.1 {status} Status\r\nContent-Type: application/json; charset=UTF-8\r\n"
        f"Content-Length: {len(text.encode())}\r\n\r\n{text}\r\n"
    )
