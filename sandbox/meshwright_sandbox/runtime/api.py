"""A minimal client of one API server, for the sandbox's controllers.

Plain JSON over urllib3: the generated Kubernetes client would take some 60 MB of the emulator's
memory and a second of its start for six kinds of request.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import urllib3

Object = dict[str, Any]
FIELD_MANAGER = "gke-sandbox"
_SECONDS = 30.0


class ApiError(Exception):
    """The API server refused a request; ``status`` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class Api:
    """One API server at ``https://{endpoint}``, with a bearer token. Safe to share by threads."""

    def __init__(self, endpoint: str, ca_certificate: str, token: str) -> None:
        self._base = f"https://{endpoint}"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._pool = urllib3.PoolManager(
            maxsize=8, cert_reqs="CERT_REQUIRED", ca_cert_data=ca_certificate, retries=False
        )

    def as_user(self, name: str) -> Api:
        """The same API server, asked in another user's name and with that user's leave alone."""
        other = copy.copy(self)
        other._headers = {**self._headers, "Impersonate-User": name}
        return other

    def get(self, path: str, accept: str = "application/json") -> Object:
        return self._call("GET", path, accept=accept)

    def signing_keys(self) -> tuple[Object, ...]:
        """The JSON Web Keys that the tokens of its service accounts verify against."""
        return tuple(self.get("/openid/v1/jwks", accept="application/jwk-set+json")["keys"])

    def create(self, path: str, body: Object) -> Object:
        return self._call("POST", path, body)

    def create_missing(self, path: str, body: Object) -> None:
        """Create the object, unless one of its name is there already, which stays as it is."""
        try:
            self.create(path, body)
        except ApiError as error:
            if error.status != 409:
                raise

    def merge(self, path: str, body: Object) -> Object:
        """Merge ``body`` into the object at ``path`` (RFC 7386)."""
        return self._call("PATCH", path, body, "application/merge-patch+json")

    def apply(self, path: str, body: Object) -> Object:
        """Server-side apply as the sandbox's field manager."""
        query = f"?fieldManager={FIELD_MANAGER}&force=true"
        return self._call("PATCH", path + query, body, "application/apply-patch+yaml")

    def delete(self, path: str) -> None:
        self._call("DELETE", path)

    def watch(self, path: str, version: str, seconds: int) -> Iterator[Object]:
        """Events of the collection at ``path`` since ``version``, for at most ``seconds``."""
        query = f"watch=true&resourceVersion={version}&timeoutSeconds={seconds}"
        response = self._pool.request(
            "GET",
            f"{self._base}{path}{'&' if '?' in path else '?'}{query}",
            headers=self._headers,
            timeout=urllib3.Timeout(connect=_SECONDS, read=seconds + _SECONDS),
            preload_content=False,
        )
        try:
            if response.status != 200:
                raise ApiError(response.status, response.data.decode(errors="replace"))
            buffer = b""
            for part in response.stream(amt=None):
                *lines, buffer = (buffer + part).split(b"\n")
                for line in lines:
                    yield json.loads(line)
        finally:
            response.close()

    def close(self) -> None:
        self._pool.clear()

    def _call(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Object:
        response = self._pool.request(
            method,
            self._base + path,
            body=json.dumps(body) if body is not None else None,
            headers={**self._headers, "Content-Type": content_type, "Accept": accept},
            timeout=_SECONDS,
        )
        if not 200 <= response.status < 300:
            raise ApiError(response.status, response.data.decode(errors="replace"))
        return response.json()
