"""The pack as the engine knows it: an analyzer that it starts and asks about every resource.

The SDK's own servicer reads a resource's properties anew for each policy, and unwraps secrets;
docs/decisions tells what that costs, and why this one stands on the protocol itself.
"""

from collections.abc import Iterable

import grpc
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2

from meshwright_policies import RULES, config, properties
from meshwright_policies.clusters import Clusters
from meshwright_policies.config import PACK, Level
from meshwright_policies.judge import ABOUT, Judge, Said
from meshwright_policies.rule import Resource, Rule, Severity
from meshwright_policies.values import UNKNOWN

_LEVELS = {
    Level.ADVISORY: proto.ADVISORY,
    Level.MANDATORY: proto.MANDATORY,
    Level.REMEDIATE: proto.REMEDIATE,
    Level.DISABLED: proto.DISABLED,
}
_SEVERITIES = {
    Severity.CRITICAL: proto.POLICY_SEVERITY_CRITICAL,
    Severity.HIGH: proto.POLICY_SEVERITY_HIGH,
    Severity.MEDIUM: proto.POLICY_SEVERITY_MEDIUM,
    Severity.LOW: proto.POLICY_SEVERITY_LOW,
}
# The engine puts the version in PulumiPolicy.yaml in its place.
_VERSION = "0.0.1"


class Servicer(analyzer_pb2_grpc.AnalyzerServicer):
    """Answers the engine during one preview or update."""

    def __init__(self, rules: tuple[Rule, ...] = RULES) -> None:
        self._rules = rules
        self._preview = True
        self._judge = Judge(rules)
        self.awaits_config = False
        """Whether the engine has begun and given no config yet."""

    @property
    def config(self) -> config.Config:
        """The policy config that counts."""
        return self._judge.config

    def GetAnalyzerInfo(self, request: Empty, context: grpc.ServicerContext) -> proto.AnalyzerInfo:  # noqa: N802
        """What policies there are. The pack's config is for `Configure` to check, all at once."""
        by_id = {rule.id: rule for rule in self._rules}
        policies = [
            _info(by_id[name], level) if name in by_id else _own_info(name, level)
            for name, level in config.default_levels(self._rules).items()
        ]
        return proto.AnalyzerInfo(
            name=PACK, version=_VERSION, supportsConfig=True, policies=policies
        )

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """The pack's version."""
        return plugin_pb2.PluginInfo(version=_VERSION)

    def ConfigureStack(  # noqa: N802
        self, request: proto.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> proto.AnalyzerStackConfigureResponse:
        """Whether this is a preview."""
        self._preview = request.dry_run
        self.awaits_config = True
        self._judge = Judge(self._rules, self._judge.config, preview=self._preview)
        return proto.AnalyzerStackConfigureResponse()

    def Configure(  # noqa: N802
        self, request: proto.ConfigureAnalyzerRequest, context: grpc.ServicerContext
    ) -> Empty:
        """Take the policy config, or refuse it with all that is wrong."""
        self.awaits_config = False
        words = {number: level.value for level, number in _LEVELS.items()}
        written: dict[str, object] = {
            key: json_format.MessageToDict(value.properties)
            | {"enforcementLevel": words[value.enforcementLevel]}
            for key, value in request.policyConfig.items()
        }
        try:
            settled = config.parse(written, self._rules)
        except config.Wrong as wrong:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(wrong))
        self._judge = Judge(self._rules, settled, preview=self._preview)
        return Empty()

    def Remediate(  # noqa: N802
        self, request: proto.AnalyzeRequest, context: grpc.ServicerContext
    ) -> proto.RemediateResponse:
        """The mends of one resource."""
        response = proto.RemediateResponse()
        if not self._judge.mending(request.type):
            return response
        sent, before = request.properties, properties.read(request.properties)
        resource = Resource(request.urn, request.type, request.name, before)
        for mend in self._judge.mends(resource):
            sent = properties.mended(sent, before, mend.properties)
            before = mend.properties
            response.remediations.add(
                policyName=mend.rule.id,
                policyPackName=PACK,
                policyPackVersion=_VERSION,
                description=mend.rule.title,
                properties=sent,
            )
        return response

    def Analyze(  # noqa: N802
        self, request: proto.AnalyzeRequest, context: grpc.ServicerContext
    ) -> proto.AnalyzeResponse:
        """What is wrong with one resource."""
        if not self._judge.judging(request.type):
            return proto.AnalyzeResponse()
        inputs = properties.read(request.properties)
        resource = Resource(request.urn, request.type, request.name, inputs)
        return self._answer(self._judge.resource(resource))

    def AnalyzeStack(  # noqa: N802
        self, request: proto.AnalyzeStackRequest, context: grpc.ServicerContext
    ) -> proto.AnalyzeResponse:
        """What is wrong with the stack as a whole."""
        clusters = Clusters()
        return self._answer(
            self._judge.stack(
                [
                    # While a cluster is only planned, the engine knows nothing of its objects.
                    Resource(
                        r.urn,
                        r.type,
                        r.name,
                        properties.read(r.properties) or UNKNOWN,
                        clusters.name(r) if r.type.startswith("kubernetes:") else "",
                    )
                    for r in request.resources
                ]
            )
        )

    def _answer(self, said: Iterable[Said]) -> proto.AnalyzeResponse:
        return proto.AnalyzeResponse(
            diagnostics=[
                proto.AnalyzeDiagnostic(
                    policyName=one.policy,
                    policyPackName=PACK,
                    policyPackVersion=_VERSION,
                    description=one.title,
                    message=f"{one.title}\n{one.message}",
                    enforcementLevel=_LEVELS[one.level],
                    severity=_SEVERITIES[one.severity],
                    urn=one.urn,
                )
                for one in said
            ]
        )


def _info(rule: Rule, level: Level) -> proto.PolicyInfo:
    kind = proto.POLICY_TYPE_RESOURCE if rule.resource_check else proto.POLICY_TYPE_STACK
    return proto.PolicyInfo(
        name=rule.id,
        description=rule.title,
        enforcementLevel=_LEVELS[level],
        policy_type=kind,
        severity=_SEVERITIES[rule.severity],
        tags=[source.strip() for source in rule.source.split(",")],
    )


def _own_info(name: str, level: Level) -> proto.PolicyInfo:
    return proto.PolicyInfo(
        name=name,
        description=ABOUT[name],
        enforcementLevel=_LEVELS[level],
        policy_type=proto.POLICY_TYPE_STACK,
        severity=proto.POLICY_SEVERITY_LOW,
    )
