"""AWS beside Google Cloud, for clusters that are attached from there: moto's server under `/aws`.

moto keeps its state in memory only. What changed it is therefore written down and done again when
the first request after a restart comes; its random names are seeded, so that they come out alike.
Nothing of moto is loaded before that request.
"""

import io
import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp_wsgi import WSGIHandler

from meshwright_sandbox.core.endpoints import AWS_PREFIX

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
_KEPT_HEADERS = ("HTTP_AUTHORIZATION", "HTTP_X_AMZ_TARGET", "CONTENT_TYPE")


class Aws:
    """A WSGI application: moto, loaded when it is needed, with a memory.

    Args:
        home: folder of the sandbox's state.
    """

    def __init__(self, home: Path) -> None:
        self._changes = home / "aws.jsonl"
        self._lock = threading.Lock()
        self._moto: Application | None = None

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request, as if it had come to a server of AWS's own."""
        environ["SCRIPT_NAME"] = ""
        for name in ("RAW_URI", "REQUEST_URI"):
            environ[name] = environ[name].removeprefix(AWS_PREFIX)
        with self._lock:
            moto = self._moto = self._moto or self._load()
            if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
                return moto(environ, start_response)
            return self._change(moto, environ, start_response)

    def _change(
        self, moto: Application, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        statuses: list[str] = []

        def note(status: str, *rest: Any) -> Any:
            statuses.append(status)
            return start_response(status, *rest)

        answer = list(moto(environ, note))
        if statuses and statuses[-1].startswith("2"):
            change = {
                "method": environ["REQUEST_METHOD"],
                "path": environ["PATH_INFO"],
                "query": environ["QUERY_STRING"],
                "headers": {name: environ[name] for name in _KEPT_HEADERS if name in environ},
                "body": body.decode("latin-1"),
            }
            with self._changes.open("a", encoding="utf-8") as file:
                file.write(json.dumps(change) + "\n")
        return answer

    def _load(self) -> Application:
        from moto.moto_api._internal import mock_random

        mock_random.seed("meshwright")  # before any service's module takes names from it
        from moto.server import DomainDispatcherApplication, create_backend_app

        moto = DomainDispatcherApplication(create_backend_app)
        for change in self._remembered():
            _do_again(moto, change)
        return moto

    def _remembered(self) -> list[dict[str, Any]]:
        """The changes so far; one that a crash cut short was never answered, and is dropped."""
        if not self._changes.exists():
            return []
        text = self._changes.read_text(encoding="utf-8")
        whole, newline, _ = text.rpartition("\n")
        self._changes.write_text(whole + newline, encoding="utf-8")
        return [json.loads(line) for line in whole.splitlines()]

    def reset(self) -> None:
        """Forget every resource of AWS."""
        with self._lock:
            self._changes.unlink(missing_ok=True)
            if self._moto:
                reset = {"method": "POST", "path": "/moto-api/reset", "query": "", "body": ""}
                _do_again(self._moto, reset | {"headers": {}})


def add_routes(app: web.Application, aws: Aws) -> None:
    """Mount it."""
    app.router.add_route("*", f"{AWS_PREFIX}{{path_info:/.*}}", WSGIHandler(aws).handle_request)


def _do_again(moto: Application, change: dict[str, Any]) -> None:
    from werkzeug.test import Client

    Client(moto).open(
        path=change["path"],
        method=change["method"],
        query_string=change["query"],
        data=change["body"].encode("latin-1"),
        environ_overrides=change["headers"],
    )
