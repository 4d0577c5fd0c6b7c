"""Reads the engine's events into a report.

They come one JSON object a line, as `PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1 pulumi preview --json`
prints them and as the Automation API's event log holds them (Pulumi's sdk/go/common/apitype).
"""

import json
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any, TypeGuard, cast

from meshwright_policies.config import NOT_KNOWN_YET, PACK
from meshwright_policies.report.model import (
    SEVERITIES,
    Change,
    Finding,
    Mended,
    NotKnown,
    Report,
    known_rules,
)
from meshwright_policies.rule import Severity
from meshwright_policies.secret_shapes import mask

_SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks an object that stands for something else than itself."""
_END = ("preview failed", "update failed")
"""What the engine says last when anything has failed: no reason of its own."""
_RULE_EVENTS = (
    "policyAnalyzeSummaryEvent",
    "policyAnalyzeStackSummaryEvent",
    "policyRemediateSummaryEvent",
)


class EventsError(ValueError):
    """A text that is no log of the engine's events."""


class Collector:
    """Takes events as they come; `report()` may be asked for at any time."""

    def __init__(self) -> None:
        self._rules = known_rules()
        self._start()

    def _start(self) -> None:
        self._findings: dict[tuple[str, str, str], Finding] = {}
        self._mended: list[Mended] = []
        self._not_known: list[NotKnown] = []
        self._notes: list[str] = []
        self._packs: dict[str, str] = {}
        self._judged: set[str] = set()
        self._ran: set[str] = set()
        self._errors: list[str] = []
        self._urn = ""

    @property
    def progress(self) -> str:
        """How far the run is, in a few words."""
        return f"resources judged: {len(self._judged)}, findings: {len(self._findings)}"

    def add(self, line: str) -> bool:
        """Take one line; False if it holds no event."""
        try:
            event = json.loads(line)
        except ValueError:
            return False
        if not isinstance(event, dict) or "sequence" not in event:
            return False
        try:
            self._take(cast(dict[str, Any], event))
        except (AttributeError, KeyError, TypeError):
            return False  # it has an event's name, and not what belongs to one
        return True

    def fail(self, reason: str) -> None:
        """Note why the run broke off."""
        text = mask(reason.strip().removeprefix("error: ")).strip()
        self._errors.append(text or "the engine gives no reason")

    def report(self) -> Report:
        """All that was found until now."""
        _, _, rest = self._urn.partition("urn:pulumi:")
        stack, _, rest = rest.partition("::")
        return Report(
            project=rest.partition("::")[0],
            stack=stack,
            packs=tuple(sorted(self._packs.items())),
            resources=len(self._judged),
            ran=frozenset(self._ran),
            findings=tuple(sorted(self._findings.values(), key=_order)),
            mended=tuple(sorted(self._mended, key=lambda m: (m.rule, m.urn))),
            not_known=tuple(sorted(self._not_known, key=lambda n: (n.rule, n.urn))),
            notes=tuple(dict.fromkeys(self._notes)),
            errors=tuple(dict.fromkeys(self._errors)),
        )

    def _take(self, event: Mapping[str, Any]) -> None:
        if "preludeEvent" in event:
            # The log of an `up` holds its preview first: the same findings a second time.
            self._start()
        elif "policyEvent" in event:
            self._violation(event["policyEvent"])
        elif "policyRemediationEvent" in event:
            self._remediation(event["policyRemediationEvent"])
        elif "diagnosticEvent" in event:
            self._diagnostic(event["diagnosticEvent"])
        elif "errorEvent" in event:
            self.fail(event["errorEvent"].get("error", ""))
        elif "resourcePreEvent" in event:
            self._urn = self._urn or event["resourcePreEvent"]["metadata"]["urn"]
        for name in _RULE_EVENTS:
            if name in event:
                self._summary(event[name])

    def _summary(self, summary: Mapping[str, Any]) -> None:
        self._packs[summary["policyPackName"]] = summary["policyPackVersion"]
        names = {*(summary.get("passed") or ()), *(summary.get("failed") or ())}
        self._ran |= names - {NOT_KNOWN_YET, PACK}
        if urn := summary.get("resourceUrn"):
            self._urn = self._urn or urn
            self._judged.add(urn)

    def _diagnostic(self, diagnostic: Mapping[str, Any]) -> None:
        text = diagnostic["message"].strip()
        if diagnostic["severity"] == "error" and text not in _END:
            self.fail(text)

    def _violation(self, event: Mapping[str, Any]) -> None:
        name, urn = event["policyName"], event.get("resourceUrn") or ""
        ours = event["policyPackName"] == PACK
        # The engine has the rule's sentence first, then what this violation is.
        title, _, body = mask(event["message"].strip()).partition("\n")
        if ours and name == NOT_KNOWN_YET:
            self._not_known.append(_not_known(body or title, urn))
            return
        if ours and name == PACK:
            self._notes.append(body or title)
            return
        rule = self._rules.get(name) if ours else None
        where, text = "", body or title
        if rule:
            text = text.replace(f" (source: {rule.source})", "", 1)
            where, _, text = text.partition(": ")
        finding = Finding(
            rule=name,
            title=title,
            severity=_severity(event),
            level=event["enforcementLevel"],
            urn=urn,
            where=where if text else "",
            text=text or where,
            source=rule.source if rule else "",
            pack=event["policyPackName"],
        )
        self._findings[name, urn, finding.sentence] = finding

    def _remediation(self, event: Mapping[str, Any]) -> None:
        name = event["policyName"]
        changes = tuple(_changes(event.get("before"), event.get("after")))
        title = self._rules[name].title if name in self._rules else name
        self._mended.append(Mended(name, title, event.get("resourceUrn") or "", changes))


def read(lines: Iterable[str]) -> Report:
    """The report of a kept log of events.

    Raises:
        EventsError: A line is no event, or there is none.
    """
    collector, number = Collector(), 0
    for number, line in enumerate(lines, start=1):
        if line.strip() and not collector.add(line):
            raise EventsError(f"line {number} is no event of Pulumi's engine: {line.strip()[:60]}")
    if not number:
        raise EventsError("it is empty")
    return collector.report()


def _severity(event: Mapping[str, Any]) -> Severity:
    """The engine's word, or what the level says where a pack rates nothing."""
    try:
        return Severity(event.get("severity"))
    except ValueError:
        return Severity.HIGH if event["enforcementLevel"] == "mandatory" else Severity.MEDIUM


def _not_known(text: str, urn: str) -> NotKnown:
    """`RULE: what is not known`, in two parts."""
    rule, _, rest = text.partition(": ")
    return NotKnown(rule, rest or text, urn)


def _order(finding: Finding) -> tuple[int, bool, str, str, str]:
    worst_first = SEVERITIES.index(finding.severity)
    return worst_first, not finding.mandatory, finding.rule, finding.urn, finding.sentence


def _changes(before: object, after: object, path: str = "") -> Iterable[Change]:
    """The leaves at which two property maps differ."""
    if before == after:
        return
    if before is None and _is_object(after):
        before = {}
    if _is_object(before) and _is_object(after):
        for key in sorted(before.keys() | after.keys()):
            yield from _changes(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    elif _is_list(before) and _is_list(after):
        for index, (old, new) in enumerate(zip_longest(before, after)):
            yield from _changes(old, new, f"{path}[{index}]")
    else:
        yield Change(path, _shown(before), _shown(after))


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict) and _SECRET_SIGNATURE not in value


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and not _is_object(cast(object, value)):
        return "[secret]"
    return mask(json.dumps(value))
