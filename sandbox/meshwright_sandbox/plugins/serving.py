"""Serve a provider plugin to the Pulumi engine over gRPC.

A plugin is a `PluginServicer` with the resource methods filled in; `serve` runs it as the
engine expects of an executable: one argument (the engine's address), the chosen port as the
first line on standard output, an end when the engine ends. A method raises `PluginError` or
`InitializationFailed` for what the user should read; anything else is a bug and is reported
in one line (set ``MESHWRIGHT_PLUGIN_DEBUG=1`` to see its traceback on standard error).

Protocol: https://www.pulumi.com/docs/iac/guides/building-extending/providers/
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    errors_pb2,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from meshwright_sandbox.plugins.values import encode

_MESSAGE_LIMIT = 400 * 1024 * 1024
_OPTIONS = [
    ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
    ("grpc.max_send_message_length", _MESSAGE_LIMIT),
    # Two plugins of one name must not share a port, which Linux would allow.
    ("grpc.so_reuseport", 0),
]
# A readiness wait holds its thread, so there must be more threads than `--parallel` allows.
_THREADS = 256
# It ends within it whatever its calls do: the engine kills it after five seconds.
_ENDED_WITHIN_SECONDS = 4


class PluginError(Exception):
    """What the user did or met, told in full: what, where, why, how to mend.

    The default code tells the engine that nothing was changed; use `grpc.StatusCode.UNKNOWN`
    where a request may have taken effect although its answer was lost.
    """

    def __init__(
        self, message: str, code: grpc.StatusCode = grpc.StatusCode.FAILED_PRECONDITION
    ) -> None:
        super().__init__(message)
        self.code = code


class InitializationFailed(Exception):
    """The resource exists but is not ready: the engine keeps it in the state, marked so.

    Args:
        identifier: the resource's id.
        outputs: its properties as far as they are known.
        reasons: what is missing, one sentence each.
        inputs: the live inputs; only `Read` needs them.
    """

    def __init__(
        self,
        identifier: str,
        outputs: Mapping[str, Any],
        reasons: Sequence[str],
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__("; ".join(reasons))
        self.detail = provider_pb2.ErrorResourceInitFailed(
            id=identifier,
            properties=encode(outputs),
            reasons=list(reasons),
            inputs=encode(inputs) if inputs is not None else None,
        )


class InputsRefused(Exception):
    """A component cannot be built of its inputs; the engine tells it beside the component."""


class Engine:
    """The engine's side channel: log lines, and whether it still lives."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        self._stub = engine_pb2_grpc.EngineStub(self._channel)

    def log(self, message: str, *, urn: str = "", level: str = "INFO", brief: bool = False) -> None:
        """Show a line beside the resource; `brief` ones vanish when the next one comes."""
        request = engine_pb2.LogRequest(
            severity=engine_pb2.LogSeverity.Value(level), message=message, urn=urn, ephemeral=brief
        )
        try:
            self._stub.Log(request, timeout=5)
        except grpc.RpcError:
            # The work matters more than its log line, and an engine that has ended ends the plugin.
            return

    def watch(self, on_death: Callable[[], None]) -> None:
        """Call `on_death` once the connection is lost and the address answers no more.

        For a plugin that the engine did not start: gRPC looks at it five times a second.
        """
        connected = threading.Event()

        def state_changed(state: grpc.ChannelConnectivity) -> None:
            if state is grpc.ChannelConnectivity.READY:
                connected.set()
            elif connected.is_set() and not self._answers():
                on_death()

        self._channel.subscribe(state_changed, try_to_connect=True)

    def _answers(self) -> bool:
        host, _, port = self.address.rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=5):
                return True
        except OSError:
            return False


class PluginServicer(provider_pb2_grpc.ResourceProviderServicer):
    """What every plugin answers alike. Subclasses set `name`, `version` and `known_settings`.

    With `accepts_secrets` the engine sends secret inputs marked and the plugin marks its outputs;
    without, they come plain and the engine marks the outputs that have a secret input's name.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    known_settings: ClassVar[frozenset[str]] = frozenset()
    accepts_secrets: ClassVar[bool] = False

    def __init__(self, engine_address: str) -> None:
        self.engine = Engine(engine_address)
        self.cancelled = threading.Event()
        self.on_engine_death: Callable[[], None] = self.cancelled.set

    def Handshake(self, request, context):  # noqa: N802 - gRPC's names
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=self.accepts_secrets)

    def Attach(self, request, context):  # noqa: N802
        self.engine = Engine(request.address)
        self.engine.watch(self.on_engine_death)
        return empty_pb2.Empty()

    def Cancel(self, request, context):  # noqa: N802
        self.cancelled.set()
        return empty_pb2.Empty()

    def GetPluginInfo(self, request, context):  # noqa: N802
        return plugin_pb2.PluginInfo(version=self.version)

    def GetSchema(self, request, context):  # noqa: N802
        """Describe the provider alone: SDKs of the official plugin describe the types.

        Programs in YAML have no SDK, and could not make a provider without this.
        """
        # The engine adds the version; a schema must not name it.
        settings = sorted(self.known_settings - {"version"})
        inputs = {name: {"$ref": "pulumi.json#/Any"} for name in settings}
        provider = {"inputProperties": inputs}
        schema = {"name": self.name, "version": self.version, "provider": provider}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request, context):  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):  # noqa: N802
        """Changed provider settings never replace the resources they manage."""
        changed = request.news != request.olds
        kind = provider_pb2.DiffResponse
        return kind(changes=kind.DIFF_SOME if changed else kind.DIFF_NONE)

    def Configure(self, request, context):  # noqa: N802
        return provider_pb2.ConfigureResponse(
            acceptSecrets=self.accepts_secrets, supportsPreview=True
        )


class _CleanErrors(grpc.ServerInterceptor):
    """Turn exceptions into gRPC statuses whose text is meant for the user."""

    def intercept_service(self, continuation, handler_call_details):
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        answer = handler.unary_unary
        method = handler_call_details.method.rpartition("/")[2]

        def guarded(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return answer(request, context)
            except PluginError as error:
                context.abort(error.code, str(error))
            except InitializationFailed as error:
                _abort_with_detail(context, grpc.StatusCode.UNKNOWN, str(error), error.detail)
            except InputsRefused as error:
                detail, code = errors_pb2.InputPropertiesError(), grpc.StatusCode.INVALID_ARGUMENT
                _abort_with_detail(context, code, str(error), detail)
            except NotImplementedError:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{method} is not implemented")
            except Exception as error:
                if context.code() is not None:
                    raise  # context.abort() was called by the method itself
                if os.environ.get("MESHWRIGHT_PLUGIN_DEBUG"):
                    traceback.print_exc()
                context.abort(
                    grpc.StatusCode.INTERNAL,
                    f"a fault in the plugin itself ({method}): {type(error).__name__}: {error}",
                )

        return grpc.unary_unary_rpc_method_handler(
            guarded, handler.request_deserializer, handler.response_serializer
        )


def _abort_with_detail(
    context: grpc.ServicerContext, code: grpc.StatusCode, message: str, detail: Any
) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(code=code.value[0], message=message, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, message)


def serve(create: Callable[[str], PluginServicer]) -> None:
    """Run a plugin until it is told to stop or its engine is gone.

    Args:
        create: makes the servicer from the engine's address.
    """
    parser = argparse.ArgumentParser(description="Pulumi provider plugin (started by the engine)")
    parser.add_argument("engine", help="address of the Pulumi engine, host:port")
    parser.add_argument("--logflow", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--logtostderr", action="store_true", help=argparse.SUPPRESS)
    arguments, _ = parser.parse_known_args()
    parent = os.getppid()

    # A signal may come just before this thread begins to wait, or to another thread, and its
    # handler is run by this one alone: what is written as it arrives ends the wait in any case.
    ended, ending = os.pipe()
    os.set_blocking(ending, False)
    signal.set_wakeup_fd(ending)

    def end(*_: Any) -> None:
        os.write(ending, b"\0")

    servicer = create(arguments.engine)
    servicer.on_engine_death = end
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, end)

    server = grpc.server(
        ThreadPoolExecutor(max_workers=_THREADS), interceptors=[_CleanErrors()], options=_OPTIONS
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=_watch_parent, args=(parent, end), daemon=True).start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()

    os.read(ended, 1)
    servicer.cancelled.set()
    # Threads may still hang in a request to a cluster that no longer answers.
    server.stop(grace=1).wait(_ENDED_WITHIN_SECONDS)
    os._exit(0)


def _watch_parent(parent: int, end: Callable[[], None]) -> None:
    """Call `end` once the engine, which is this process's parent, has ended: killed (-9), too.

    The kernel tells it. There is a plugin for each cluster, and to look now and then would cost
    what grows with the clusters times the time that they all take.
    """
    try:
        ended = select.poll()
        ended.register(os.pidfd_open(parent), select.POLLIN)
        # An orphan has another parent, and its engine's number may be somebody else's by now.
        if os.getppid() == parent:
            ended.poll()
    except ProcessLookupError:
        pass
    end()
