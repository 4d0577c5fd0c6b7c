"""The report as SARIF 2.1.0 (OASIS), which GitHub and other code scanning services take.

A resource has no line of its own in the engine's events, so every result stands at the stack's
file, and its resource and property are its logical locations. What was mended or is not known yet
is no result, since scanning services would show it as an alert: those are notifications.
"""

import hashlib
from collections import Counter

from sarif_pydantic import (  # pyright: ignore[reportMissingTypeStubs] it is typed, but says so nowhere
    ArtifactLocation,
    Invocation,
    Level,
    Location,
    LogicalLocation,
    Message,
    PhysicalLocation,
    Region,
    ReportingDescriptor,
    Result,
    Run,
    Sarif,
    Tool,
    ToolDriver,
)
from sarif_pydantic.sarif import (  # pyright: ignore[reportMissingTypeStubs]
    Notification,
    ReportingConfiguration,
    ReportingDescriptorReference,
    RunAutomationDetails,
)

from meshwright_policies.report.model import Finding, Report, known_rules, resource_name
from meshwright_policies.rule import Severity

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {
    Severity.CRITICAL: Level.ERROR,
    Severity.HIGH: Level.ERROR,
    Severity.MEDIUM: Level.WARNING,
    Severity.LOW: Level.NOTE,
}
# GitHub sorts by these numbers: over 9.0 is critical, from 7.0 high, from 4.0 medium.
_SCORES = {Severity.CRITICAL: 9.5, Severity.HIGH: 8.0, Severity.MEDIUM: 5.5, Severity.LOW: 2.0}


class _Invocation(Invocation):
    tool_execution_notifications: list[Notification]


def write_sarif(report: Report, file: str) -> str:
    """The report as JSON text.

    Args:
        report: What was found.
        file: The file that the findings stand at: the stack's, relative to the repository's root.
    """
    rules = _rules(report)
    names = [rule.id for rule in rules]
    seen: Counter[str] = Counter()
    run = Run(
        tool=Tool(driver=ToolDriver(name="meshwright", version=_version(report), rules=rules)),
        automation_details=RunAutomationDetails(id=f"meshwright/{report.stack}/"),
        invocations=[
            _Invocation(
                execution_successful=not report.errors,
                tool_execution_notifications=_notifications(report),
            )
        ],
        results=[_result(f, names.index(f.rule), file, seen) for f in report.findings],
    )
    log = Sarif.model_validate({"$schema": SCHEMA, "runs": [run]})
    return (
        # By what the objects are: an invocation has more than the library's own class knows of.
        log.model_dump_json(indent=2, by_alias=True, exclude_none=True, serialize_as_any=True)
        + "\n"
    )


def _version(report: Report) -> str | None:
    return dict(report.packs).get("meshwright")


def _rules(report: Report) -> list[ReportingDescriptor]:
    found = {
        rule.id: _descriptor(rule.id, rule.title, rule.severity, rule.source)
        for rule in known_rules().values()
    }
    for finding in report.findings:
        if finding.rule not in found:
            found[finding.rule] = _descriptor(finding.rule, finding.title, finding.severity, "")
    return list(found.values())


def _descriptor(id: str, title: str, severity: Severity, source: str) -> ReportingDescriptor:
    text = f"{title}\n\nSource: {source}" if source else title
    return ReportingDescriptor(
        id=id,
        short_description=Message(text=title),
        full_description=Message(text=title),
        help=Message(text=text, markdown=text),
        default_configuration=ReportingConfiguration(level=_LEVELS[severity].value),
        properties={
            "tags": ["security", id.partition("-")[0]],
            "security-severity": str(_SCORES[severity]),
        },
    )


def _result(finding: Finding, index: int, file: str, seen: Counter[str]) -> Result:
    identity = f"{finding.rule} {finding.urn} {finding.where}"
    seen[identity] += 1
    digest = hashlib.sha256(identity.encode()).hexdigest()
    logical = [LogicalLocation(fully_qualified_name=finding.urn, kind="resource")]
    if finding.where:
        logical.append(LogicalLocation(fully_qualified_name=finding.where, kind="property"))
    place = PhysicalLocation(
        artifact_location=ArtifactLocation(uri=file), region=Region(start_line=1)
    )
    return Result(
        rule_id=finding.rule,
        rule_index=index,
        level=_LEVELS[finding.severity],
        message=Message(text=f"{resource_name(finding.urn)}: {finding.sentence}"),
        locations=[Location(physical_location=place, logical_locations=logical)],
        # The same finding keeps its fingerprint over runs, whatever value stands there.
        partial_fingerprints={"meshwrightFinding/v1": f"{digest[:32]}:{seen[identity]}"},
        properties={"enforcementLevel": finding.level, "severity": finding.severity.value},
    )


def _notifications(report: Report) -> list[Notification]:
    mended = [
        _notification(
            Level.NOTE, f"mended: {resource_name(m.urn)} {c.path}: {c.before} -> {c.after}", m.rule
        )
        for m in report.mended
        for c in m.changes
    ]
    waiting = [
        _notification(Level.NOTE, f"not known yet: {n.text}", n.rule) for n in report.not_known
    ]
    notes = [_notification(Level.WARNING, note) for note in report.notes]
    errors = [_notification(Level.ERROR, error) for error in report.errors]
    return [*mended, *waiting, *notes, *errors]


def _notification(level: Level, text: str, rule: str = "") -> Notification:
    reference = ReportingDescriptorReference(id=rule) if rule else None
    return Notification(level=level, message=Message(text=text), associated_rule=reference)
