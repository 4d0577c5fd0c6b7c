"""The readiness plugin as a process, a GKE Hub that follows a script, and an engine to tell."""

import json
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from tests.lifecycle.harness.preloaded import python_of_a_run

RESOURCE = "meshwright:index:MeshReadiness"
URN = f"urn:pulumi:dev::shop::{RESOURCE}::mesh"
A = {"membership": "a", "location": "europe-west1"}
B = {"membership": "b", "location": "europe-west4"}
KEY_A = "projects/12/locations/europe-west1/memberships/a"
KEY_B = "projects/12/locations/europe-west4/memberships/b"
INPUTS = {"project": "p1", "memberships": [A, B], "timeoutSeconds": 10, "pollIntervalSeconds": 0.02}


def reported(state: str, **details: str) -> dict:
    """One membership as the API reports it."""
    listed = [{"code": code, "details": text} for code, text in details.items()]
    return {
        "servicemesh": {
            "controlPlaneManagement": {
                "state": state,
                "implementation": "TRAFFIC_DIRECTOR",
                "details": listed,
            },
            "dataPlaneManagement": {"state": state},
        }
    }


def feature(**states: str) -> dict:
    keys = {"a": KEY_A, "b": KEY_B}
    return {"membershipStates": {keys[name]: reported(state) for name, state in states.items()}}


ACTIVE = feature(a="ACTIVE", b="ACTIVE")


class Hub:
    """Answers features.get from a script; its last line stays."""

    def __init__(self) -> None:
        self.script: list[tuple[int, dict]] = [(200, ACTIVE)]
        self.seen: list[tuple[str, Message]] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.seen.append((self.path, self.headers))
                status, content = hub.script[0]
                if len(hub.script) > 1:
                    hub.script.pop(0)
                self._answer(status, content)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                token = {"access_token": "from-adc", "expires_in": 3600, "token_type": "Bearer"}
                self._answer(200, token)

            def _answer(self, status: int, content: dict) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def plays(self, *script: tuple[int, dict]) -> None:
        self.script, self.seen = list(script), []

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Engine(engine_pb2_grpc.EngineServicer):
    """Notes the lines that the plugin asks to show."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.told = threading.Event()
        self._server = grpc.server(ThreadPoolExecutor(2))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Log(self, request, context):  # noqa: N802 - gRPC's name
        self.lines.append(request.message)
        self.told.set()
        return empty_pb2.Empty()

    def close(self) -> None:
        self._server.stop(grace=None)


class Plugin:
    """A running plugin process and a client of it."""

    def __init__(self, engine: Engine, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [python_of_a_run(), "-m", "meshwright_provider", engine.address],
            stdout=subprocess.PIPE,
            env={"PATH": "", **environment},
        )
        assert self.process.stdout is not None
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self.call = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def create(self, timeout: float = 0, preview: bool = False, **changed: object):
        return self.call.Create(
            provider_pb2.CreateRequest(
                urn=URN,
                type=RESOURCE,
                properties=struct({**INPUTS, **changed}),
                timeout=timeout,
                preview=preview,
            )
        )

    def check(self, **changed: object) -> provider_pb2.CheckResponse:
        news = {key: value for key, value in {**INPUTS, **changed}.items() if value is not None}
        return self.call.Check(provider_pb2.CheckRequest(type=RESOURCE, news=struct(news)))

    def diff(self, states: dict, **changed: object) -> provider_pb2.DiffResponse:
        return self.call.Diff(
            provider_pb2.DiffRequest(
                type=RESOURCE,
                olds=struct({**INPUTS, "states": states}),
                old_inputs=struct(INPUTS),
                news=struct({**INPUTS, **changed}),
            )
        )

    def read(self, identifier: str, inputs: dict | None = None) -> provider_pb2.ReadResponse:
        return self.call.Read(
            provider_pb2.ReadRequest(type=RESOURCE, id=identifier, inputs=struct(inputs or {}))
        )

    def close(self) -> None:
        self._channel.close()
        self.process.terminate()
        assert self.process.wait(60) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


def struct(properties: dict) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(properties)
    return made


def plain(message: struct_pb2.Struct) -> dict:
    return json_format.MessageToDict(message)
