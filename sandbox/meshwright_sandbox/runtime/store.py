"""A cluster's store, etcd, asked directly, past its API server.

https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/ says how its requests look as JSON.
"""

from __future__ import annotations

import json
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from meshwright_sandbox.runtime.inside import run_inside
from meshwright_sandbox.runtime.launcher import Network

_SECONDS = 30


class Store:
    """The etcd that listens at ``port`` of ``network``; raises :class:`RuntimeFailure`."""

    def __init__(self, network: Network, port: int) -> None:
        self._network, self._port = network, port

    def read(self, keys: Sequence[str]) -> dict[str, bytes]:
        """What stands under those of ``keys`` that there are."""
        answers = self._ask([("range", {"key": _encoded(key.encode())}) for key in keys])
        found = (pair for answer in answers for pair in answer.get("kvs", ()))
        return {b64decode(pair["key"]).decode(): b64decode(pair["value"]) for pair in found}

    def add(self, entries: Mapping[str, bytes]) -> bool:
        """Write each entry unless its key is there; whether all were written."""
        answers = self._ask([("txn", _if_absent(key, value)) for key, value in entries.items()])
        return all(answer.get("succeeded") for answer in answers)

    def _ask(self, requests: list[tuple[str, Any]]) -> list[dict[str, Any]]:
        return run_inside(self._network, __name__, {"port": self._port, "requests": requests})


def answer(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The store's answers, once inside the network."""
    return [_post(asked["port"], *request) for request in asked["requests"]]


def _post(port: int, method: str, body: Any) -> dict[str, Any]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v3/kv/{method}")
    request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
        return json.load(response)


def _if_absent(key: str, value: bytes) -> dict[str, Any]:
    encoded = _encoded(key.encode())
    absent = {"key": encoded, "target": "VERSION", "result": "EQUAL", "version": "0"}
    put = {"request_put": {"key": encoded, "value": _encoded(value)}}
    return {"compare": [absent], "success": [put]}


def _encoded(text: bytes) -> str:
    return b64encode(text).decode()
