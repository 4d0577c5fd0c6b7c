"""The echo service for gRPC: it answers any unary method with what it saw of the call, as JSON.

It is set up as the one for HTTP is (see `echo`).
"""

from __future__ import annotations

import asyncio
import json
import os

import grpc

from meshwright_sandbox.traffic.echo import PORT, Settings, settings_of


class GrpcEcho(grpc.GenericRpcHandler):
    """Answers calls, and counts them."""

    def __init__(self, pod: str, settings: Settings) -> None:
        self._pod, self._settings, self._requests = pod, settings, 0

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = handler_call_details.method
        seen = {str(key): str(value) for key, value in handler_call_details.invocation_metadata}

        async def answer(_: bytes, __: grpc.aio.ServicerContext) -> bytes:
            self._requests += 1
            told = {"pod": self._pod, "version": self._settings.version, "method": method}
            return json.dumps(told | {"requests": self._requests, "headers": seen}).encode()

        return grpc.unary_unary_rpc_method_handler(answer)


async def _serve() -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (GrpcEcho(os.environ.get("HOSTNAME", ""), settings_of(os.environ)),)
    )
    server.add_insecure_port(f"0.0.0.0:{os.environ.get('PORT', PORT)}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve())
