# pyright: basic
# gRPC carries no usable annotations.
"""Run the plugin as the engine expects it, and never longer than the engine."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from meshwright_provider.servicer import MeshwrightServicer

_MESSAGE_LIMIT = 400 * 1024 * 1024
_OPTIONS = [
    ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
    ("grpc.max_send_message_length", _MESSAGE_LIMIT),
]
_PARENT_CHECK_SECONDS = 0.5


def serve() -> None:
    """Read the engine's address from the command line, print the port, serve until the end."""
    parser = argparse.ArgumentParser(
        prog="pulumi-resource-meshwright",
        description="Pulumi plugin of the package meshwright (started by the engine).",
    )
    parser.add_argument("engine", help="address of the Pulumi engine, host:port")
    arguments, _ = parser.parse_known_args()
    asyncio.run(_serve(arguments.engine))


async def _serve(engine_address: str) -> None:
    parent = os.getppid()
    stop = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    server = grpc.aio.server(options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(
        MeshwrightServicer(engine_address), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that was killed (-9) leaves its plugins to another parent.
    while os.getppid() == parent and not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), _PARENT_CHECK_SECONDS)
        except TimeoutError:
            continue
    await server.stop(grace=0.5)
