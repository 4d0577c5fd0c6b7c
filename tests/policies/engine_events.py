"""Lines as the engine prints them (apitype/events.go of Pulumi's SDK), for tests of reports."""

import itertools
import json
from typing import Any

from meshwright_policies.report import Report, read

_numbers = itertools.count()
CLUSTER = "urn:pulumi:dev::shop::gcp:container/cluster:Cluster::east"
ROUTE = (
    "urn:pulumi:dev::shop::meshwright:index:TrafficRoute"
    "$kubernetes:networking.istio.io/v1:VirtualService::checkout"
)
_PACK = {"policyPackName": "meshwright", "policyPackVersion": "0.1.0", "policyPackVersionTag": "1"}
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----"


def event(**content: Any) -> str:
    """One line."""
    return json.dumps({"sequence": next(_numbers), "timestamp": 1795262007, **content}) + "\n"


def violation(
    rule: str = "GKE-01",
    text: str = "privateClusterConfig.enablePrivateNodes: is not set. Set it to true.",
    *,
    urn: str = CLUSTER,
    level: str = "mandatory",
    severity: str = "high",
    title: str = "Nodes have private addresses only.",
    pack: str = "meshwright",
) -> str:
    """A policy event; the engine has the policy's description before the message."""
    whole = {"resourceUrn": urn, "policyName": rule, "message": f"{title}\n{text}\n"}
    whole |= {"color": "never", "enforcementLevel": level, **_PACK, "policyPackName": pack}
    return event(policyEvent=whole | ({"severity": severity} if severity else {}))


def not_known(text: str) -> str:
    """What the pack says about values that a preview does not know."""
    return violation("not-known-yet", text, level="advisory", severity="low", urn=CLUSTER)


def remediation(rule: str, before: dict, after: dict) -> str:
    """A resource that a rule has rewritten."""
    whole = {"resourceUrn": CLUSTER, "policyName": rule, "color": "raw", **_PACK}
    return event(policyRemediationEvent=whole | {"before": before, "after": after})


def judged(urn: str, *, passed: tuple[str, ...] = (), failed: tuple[str, ...] = ()) -> str:
    """The summary after each resource."""
    whole = {"resourceUrn": urn, **_PACK, "passed": list(passed), "failed": list(failed)}
    return event(policyAnalyzeSummaryEvent=whole)


def diagnostic(message: str, severity: str = "error") -> str:
    """A message of the engine, of a program or of a plugin."""
    whole = {"message": message, "color": "never", "severity": severity}
    return event(diagnosticEvent={"prefix": f"{severity}: ", **whole})


def prelude() -> str:
    """The start of a preview, or of an update."""
    return event(preludeEvent={"config": {}})


def report(*lines: str) -> Report:
    """The report of a log of these lines."""
    return read(lines)


MIXED = (
    prelude(),
    judged(CLUSTER, passed=("GKE-02", "GKE-03"), failed=("GKE-01", "GKE-16")),
    judged(ROUTE, passed=("MESH-16",)),
    violation(),
    violation("GKE-16", "enableIntranodeVisibility: is [not] set. Set it.", level="advisory",
              severity="low", title="Flows are seen."),
    remediation("GKE-13", {}, {"releaseChannel": {"channel": "REGULAR"}}),
    not_known("GKE-03: 2 values are not known in this preview, first: nodeConfig.mode"),
    violation("meshwright", "GKE-02.exemptions[0] covers nothing. Remove it.", level="advisory"),
    diagnostic("preview failed\n"),
)  # fmt: skip
"""A log with one of everything."""
