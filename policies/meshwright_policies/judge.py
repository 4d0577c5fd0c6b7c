"""Puts resources before the rules, by the policy config: what is said, and what is mended.

Knows nothing of the engine's protocol; servicer.py carries its words to and fro.
"""

import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from meshwright_policies import config, exemptions, lists
from meshwright_policies.config import NOT_KNOWN_YET, PACK, Config, Level
from meshwright_policies.rule import (
    Finding,
    Resource,
    Rule,
    Settings,
    Severity,
    Unjudged,
    Violation,
)
from meshwright_policies.values import UNKNOWN

ABOUT = {
    PACK: "The pack itself: its settings, and what it has to say about them.",
    NOT_KNOWN_YET: "What decides is not known before the update, which judges it then; until then "
    "it is neither right nor wrong.",
}


_Subject = TypeVar("_Subject", Resource, list[Resource])


@dataclass(frozen=True)
class Said:
    """One thing that is said to the user."""

    policy: str
    title: str
    level: Level
    severity: Severity
    message: str
    urn: str = ""


@dataclass(frozen=True)
class Mend:
    """The properties of a resource as one rule would have them."""

    rule: Rule
    properties: dict[str, object]


class Judge:
    """Judges one preview or update; from several threads, if need be.

    Args:
        rules: all of them, in the order in which they speak.
        settled: the policy config.
        preview: whether what is unknown will be known in an update.
    """

    def __init__(
        self, rules: tuple[Rule, ...], settled: Config | None = None, *, preview: bool = True
    ) -> None:
        self.rules = rules
        self.config = settled or Config(config.default_levels(rules))
        self._preview = preview
        self._by_type: dict[str, tuple[Rule, ...]] = {}
        self._lock = threading.Lock()
        self._unjudged: dict[str, set[tuple[str, str]]] = {}
        self._used: set[tuple[str, int]] = set()

    def judging(self, kind: str) -> bool:
        """Whether any rule looks at resources of that type, or in a list of it, by themselves."""
        return bool(self._rules_for(lists.type_of_items(kind)) or self._rules_for(kind))

    def mending(self, kind: str) -> bool:
        """Whether any rule may mend resources of that type."""
        rules = self._rules_for(kind)
        return any(rule.remedy and self._level(rule) is Level.REMEDIATE for rule in rules)

    def resource(self, resource: Resource) -> list[Said]:
        """What the rules for one resource say."""
        said: list[Said] = []
        for part in lists.parts(resource):
            for rule in self._rules_for(part.type):
                if rule.resource_check:
                    found: Iterable[Finding] = [Unjudged("")]
                    if part.properties is not UNKNOWN:
                        found = _whole(rule.resource_check, part, self.config.settings)
                    said += self._said(rule, found, part.urn)
        return said

    def stack(self, resources: list[Resource]) -> list[Said]:
        """What the rules for a whole stack say; after the last of its resources."""
        # Registration differs in order from run to run; what is said shall not.
        resources = sorted(resources, key=lambda resource: resource.urn)
        resources = [part for resource in resources for part in lists.parts(resource)]
        said: list[Said] = []
        for rule in self.rules:
            if rule.stack_check and self._level(rule) is not Level.DISABLED:
                found = _whole(rule.stack_check, resources, self.config.settings)
                said += self._said(rule, found, "")
        said += self._not_known_yet()
        said += self._idle_exemptions()
        return said

    def mends(self, resource: Resource) -> Iterator[Mend]:
        """The mends of a resource, each on top of the one before."""
        for rule in self._rules_for(resource.type):
            if self._level(rule) is not Level.REMEDIATE or not rule.remedy:
                continue
            if self._exempt(rule, resource.urn)[0]:
                continue
            try:
                better = rule.remedy(resource, self.config.settings)
            except Exception:  # judging breaks on it too, and says so
                continue
            if better is not None and better != resource.properties:
                yield Mend(rule, better)
                resource = Resource(
                    resource.urn, resource.type, resource.name, better, resource.cluster
                )

    def _level(self, rule: Rule) -> Level:
        return self.config.levels[rule.id]

    def _rules_for(self, kind: str) -> tuple[Rule, ...]:
        found = self._by_type.get(kind)
        if found is None:
            found = tuple(
                rule
                for rule in self.rules
                if rule.types and rule.types.match(kind) and self._level(rule) is not Level.DISABLED
            )
            self._by_type[kind] = found
        return found

    def _said(self, rule: Rule, findings: Iterable[Finding], urn: str) -> Iterator[Said]:
        level = self._level(rule)
        # What a mend has left wrong is as bad as it would be without one.
        level = Level.MANDATORY if level is Level.REMEDIATE else level
        for finding in (lists.placed(found, urn) for found in findings):
            where = finding.urn
            exempt, note = self._exempt(rule, where)
            if isinstance(finding, Unjudged):
                if not exempt:
                    with self._lock:
                        self._unjudged.setdefault(rule.id, set()).add((where, finding.where))
            elif not exempt:
                message = rule.message(finding) + note
                yield Said(rule.id, rule.title, level, rule.severity, message, where)

    def _exempt(self, rule: Rule, urn: str) -> tuple[bool, str]:
        accepted = self.config.exemptions.get(rule.id) or []
        for index, exemption in enumerate(accepted):
            if exemption.covers(urn):
                with self._lock:
                    self._used.add((rule.id, index))
        return exemptions.judge(accepted, urn, self.config.today) if accepted else (False, "")

    def _not_known_yet(self) -> Iterator[Said]:
        """A word for each rule that met unknown values, and a new page for the next preview."""
        with self._lock:
            unjudged, self._unjudged = self._unjudged, {}
        if self.config.levels[NOT_KNOWN_YET] is Level.DISABLED:
            return
        for rule in self.rules:
            places = sorted(unjudged.get(rule.id, ()))
            if not places:
                continue
            urn, where = places[0]
            count = "a value is" if len(places) == 1 else f"{len(places)} values are"
            first = f"{where or 'all properties'} of {urn.rpartition('::')[2] or 'the stack'}"
            when = "; the update judges" if self._preview else ", even in the update; the next will"
            message = f"{rule.id}: {count} not known yet{when}. First: {first}."
            yield self._remark(NOT_KNOWN_YET, message, urn)

    def _idle_exemptions(self) -> Iterator[Said]:
        """A word for each exemption that covered nothing that was found."""
        with self._lock:
            used, self._used = self._used, set()
        if self.config.levels[PACK] is Level.DISABLED:
            return
        for id, accepted in self.config.exemptions.items():
            for index, exemption in enumerate(accepted):
                if (id, index) not in used and self.config.levels[id] is not Level.DISABLED:
                    yield self._remark(
                        PACK,
                        f"{id}.exemptions[{index}] in the policy config covers nothing that was "
                        f"found in this stack ({exemption.urn}). Remove it, or correct its urn.",
                    )

    def _remark(self, name: str, message: str, urn: str = "") -> Said:
        level = self.config.levels[name]
        level = Level.ADVISORY if level is Level.REMEDIATE else level
        return Said(name, ABOUT[name], level, Severity.LOW, message, urn)


def _whole(
    check: Callable[[_Subject, Settings], Iterable[Finding]], subject: _Subject, settings: Settings
) -> Iterator[Finding]:
    """All that a rule finds; where it breaks, that is a finding and not the end of the preview."""
    try:
        yield from check(subject, settings)
    except Exception as error:  # whatever it did not expect
        place = traceback.extract_tb(error.__traceback__)[-1]
        yield Violation(
            "this rule",
            f"broke before it came to an end: {type(error).__name__} in {Path(place.filename).name}"
            f", line {place.lineno}",
            "Report it as a fault of the rule, and exempt the resource until it is mended",
        )
