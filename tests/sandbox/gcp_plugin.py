"""The stand-in gcp plugin as a process, spoken to as the engine does."""

import os
import subprocess
from dataclasses import dataclass, field
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from meshwright_sandbox.core.endpoints import ENDPOINTS
from meshwright_sandbox.plugins.values import decode, encode
from tests.lifecycle.harness.preloaded import python_of_a_run

PROJECT = "meshwright-dev"
REGION = "europe-west4"


def environment(url: str, project: str = PROJECT) -> dict[str, str]:
    """Variables that point the plugin at a sandbox."""
    found = {"GOOGLE_OAUTH_ACCESS_TOKEN": "sandbox", "GOOGLE_PROJECT": project}
    for endpoint in ENDPOINTS:
        found |= endpoint.variables(url)
    return found


@dataclass
class Made:
    """A resource as the engine's state would hold it."""

    token: str
    name: str
    inputs: dict[str, Any]
    id: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)


class Failed(Exception):
    """The plugin's error, and the state it asked the engine to keep."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.code = error.code()
        self.kept: pb.ErrorResourceInitFailed | None = None
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                self.kept = pb.ErrorResourceInitFailed()
                status_pb2.Status.FromString(value).details[0].Unpack(self.kept)


class Plugin:
    """A running plugin; each method is one call of the provider protocol."""

    def __init__(self, url: str, **variables: str) -> None:
        command = [python_of_a_run(), "-m", "meshwright_sandbox.plugins.gcp", "127.0.0.1:1"]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **environment(url), **variables},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        port = int(self.process.stdout.readline())
        self._stub = provider_pb2_grpc.ResourceProviderStub(
            grpc.insecure_channel(f"127.0.0.1:{port}")
        )
        self.configure()

    def configure(self, **settings: Any) -> None:
        self._stub.Configure(pb.ConfigureRequest(args=encode(settings), acceptSecrets=True))

    def check_config(self, settings: dict[str, Any]) -> dict[str, str]:
        """Return what is wrong with the provider's settings, by their names."""
        answer = self._call("CheckConfig", pb.CheckRequest(news=encode(settings)))
        return {failure.property: failure.reason for failure in answer.failures}

    def cancel(self) -> None:
        from google.protobuf import empty_pb2

        self._stub.Cancel(empty_pb2.Empty())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._stub, method)(request, timeout=120)
        except grpc.RpcError as error:
            raise Failed(error) from None

    def check(
        self, token: str, name: str, news: dict[str, Any], olds: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the checked inputs, and what is wrong by property."""
        answer = self._call(
            "Check",
            pb.CheckRequest(
                urn=urn(token, name), news=encode(news), olds=encode(olds or {}), randomSeed=b"s"
            ),
        )
        return decode(answer.inputs), {f.property: f.reason for f in answer.failures}

    def create(
        self,
        token: str,
        name: str,
        news: dict[str, Any],
        *,
        preview: bool = False,
        timeout: float = 0,
    ) -> Made:
        inputs, wrong = self.check(token, name, news)
        assert not wrong, wrong
        answer = self._call(
            "Create",
            pb.CreateRequest(
                urn=urn(token, name), properties=encode(inputs), preview=preview, timeout=timeout
            ),
        )
        return Made(token, name, inputs, answer.id, decode(answer.properties))

    def diff(self, made: Made, news: dict[str, Any]) -> pb.DiffResponse:
        inputs, wrong = self.check(made.token, made.name, news, made.inputs)
        assert not wrong, wrong
        return self._call(
            "Diff",
            pb.DiffRequest(
                id=made.id,
                urn=urn(made.token, made.name),
                olds=encode(made.outputs),
                old_inputs=encode(made.inputs),
                news=encode(inputs),
            ),
        )

    def update(self, made: Made, news: dict[str, Any], *, preview: bool = False) -> Made:
        inputs, wrong = self.check(made.token, made.name, news, made.inputs)
        assert not wrong, wrong
        answer = self._call(
            "Update",
            pb.UpdateRequest(
                preview=preview,
                id=made.id,
                urn=urn(made.token, made.name),
                olds=encode(made.outputs),
                old_inputs=encode(made.inputs),
                news=encode(inputs),
            ),
        )
        return Made(made.token, made.name, inputs, made.id, decode(answer.properties))

    def read(self, made: Made, *, importing: bool = False) -> Made | None:
        """Refresh a resource, or import it: then only its id is known."""
        known = pb.ReadRequest(id=made.id, urn=urn(made.token, made.name))
        if not importing:
            known.inputs.CopyFrom(encode(made.inputs))
            known.properties.CopyFrom(encode(made.outputs))
        answer = self._call("Read", known)
        if not answer.id:
            return None
        inputs, outputs = decode(answer.inputs), decode(answer.properties)
        if importing:  # the engine has what it imports checked
            _, wrong = self.check(made.token, made.name, inputs)
            assert not wrong, wrong
        return Made(made.token, made.name, inputs, answer.id, outputs)

    def delete(self, made: Made) -> None:
        self._call(
            "Delete",
            pb.DeleteRequest(
                id=made.id,
                urn=urn(made.token, made.name),
                properties=encode(made.outputs),
                old_inputs=encode(made.inputs),
            ),
        )

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        answer = self._call("Invoke", pb.InvokeRequest(tok=token, args=encode(arguments)))
        return decode(getattr(answer, "return"))


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::meshwright:index:Thing${token}::{name}"


def kinds(answer: pb.DiffResponse) -> dict[str, str]:
    """Return what a diff says by property path."""
    return {
        path: pb.PropertyDiff.Kind.Name(found.kind) for path, found in answer.detailedDiff.items()
    }
