"""The pack as the engine meets it, without the engine: messages of its protocol in and out."""

import json
from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY

from meshwright_policies import RULES
from meshwright_policies.rule import Rule
from meshwright_policies.servicer import Servicer

LEVELS = {
    "advisory": proto.ADVISORY,
    "mandatory": proto.MANDATORY,
    "remediate": proto.REMEDIATE,
    "disabled": proto.DISABLED,
}


class Refused(Exception):
    """What the engine would print as the pack's answer to its config."""


class Context(grpc.ServicerContext):
    """Answers nothing but refusals."""

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise Refused(details)


Context.__abstractmethods__ = frozenset()


def secret(value: object) -> dict[str, object]:
    """A property as the engine marks it secret."""
    return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": value}


def struct(properties: Mapping[str, Any]) -> Struct:
    message = Struct()
    message.update(properties)
    return message


class Pack:
    """The pack with a config, as the engine fills it in: each policy's default, then the file's."""

    def __init__(
        self, config: Mapping[str, Any] | None = None, *, rules: tuple[Rule, ...] = RULES,
        preview: bool = True,
    ) -> None:  # fmt: skip
        self.servicer = Servicer(rules)
        self.context: Any = Context()
        self.info = self.servicer.GetAnalyzerInfo(None, self.context)
        stack = proto.AnalyzerStackConfigureRequest(stack="dev", dry_run=preview)
        self.servicer.ConfigureStack(stack, self.context)
        given = {
            key: {"enforcementLevel": value} if isinstance(value, str) else dict(value)
            for key, value in (config or {}).items()
        }
        every = LEVELS.get(given.get("all", {}).get("enforcementLevel"))
        request = proto.ConfigureAnalyzerRequest()
        for policy in self.info.policies:
            level = policy.enforcementLevel if every is None else every
            request.policyConfig[policy.name].enforcementLevel = level
        for key, value in given.items():
            if "enforcementLevel" in value:
                level = LEVELS[value.pop("enforcementLevel")]
                request.policyConfig[key].enforcementLevel = level
            request.policyConfig[key].properties.update(json.loads(json.dumps(value)))
        self.servicer.Configure(request, self.context)

    def analyze(self, kind: str, name: str, properties: Mapping[str, Any]) -> list[Any]:
        """What is said of one resource."""
        request = self._request(kind, name, properties)
        return list(self.servicer.Analyze(request, self.context).diagnostics)

    def remediate(self, kind: str, name: str, properties: Mapping[str, Any]) -> list[Any]:
        """How one resource is mended."""
        request = self._request(kind, name, properties)
        return list(self.servicer.Remediate(request, self.context).remediations)

    def finish(self, *resources: proto.AnalyzerResource) -> list[Any]:
        """What is said of the stack."""
        request = proto.AnalyzeStackRequest(resources=resources)
        return list(self.servicer.AnalyzeStack(request, self.context).diagnostics)

    @staticmethod
    def _request(kind: str, name: str, properties: Mapping[str, Any]) -> proto.AnalyzeRequest:
        return proto.AnalyzeRequest(
            type=kind, name=name, urn=urn(kind, name), properties=struct(properties)
        )


def urn(kind: str, name: str) -> str:
    """The URN of a resource of stack dev."""
    return f"urn:pulumi:dev::shop::{kind}::{name}"
