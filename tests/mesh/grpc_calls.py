"""Calls a gRPC service: `python -m tests.mesh.grpc_calls TARGET HOST COUNT HEADERS`, from wherever.

Prints a JSON list of what was answered, or the status that came in its place.
"""

import json
import sys
from typing import Any

import grpc

METHOD = "/shop.Ledger/Book"


def calls(target: str, host: str, count: int, headers: dict[str, str]) -> list[dict[str, Any]]:
    """One after the other, over one connection."""
    channel = grpc.insecure_channel(target, options=[("grpc.default_authority", host)])
    method = channel.unary_unary(METHOD)
    answers = []
    for _ in range(count):
        try:
            answers.append(json.loads(method(b"", metadata=[*headers.items()], timeout=10)))
        except grpc.RpcError as error:
            answers.append({"status": error.code().name})
    return answers


if __name__ == "__main__":
    target, host, count, headers = sys.argv[1:]
    json.dump(calls(target, host, int(count), json.loads(headers)), sys.stdout)
