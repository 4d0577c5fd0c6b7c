"""What a report holds; text, JSON, SARIF and JUnit are four views of the same one."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from meshwright_policies.rule import Rule, Severity

MANDATORY = "mandatory"
SEVERITIES = tuple(Severity)
"""From the worst to the least."""


@dataclass(frozen=True)
class Finding:
    """A violation that stands: nobody mended it, and no exemption covers it."""

    rule: str
    title: str
    """The rule as one sentence, with the reason for it."""
    severity: Severity
    level: str
    """advisory or mandatory."""
    urn: str
    """The resource; empty where the engine named none."""
    where: str
    """The path of the property; empty for rules of other packs, which need not say it."""
    text: str
    """What is wrong, and how to mend it."""
    source: str
    """Where the rule comes from; empty for rules of other packs."""
    pack: str

    @property
    def mandatory(self) -> bool:
        """Whether the engine stops an update for it."""
        return self.level == MANDATORY

    @property
    def sentence(self) -> str:
        """Where and what, in one piece."""
        return f"{self.where}: {self.text}" if self.where else self.text


@dataclass(frozen=True)
class Change:
    """One property that a rule has rewritten; values as JSON text, empty where there is none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class Mended:
    """What a rule at level `remediate` has put right on the way to the cloud."""

    rule: str
    title: str
    urn: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class NotKnown:
    """A rule that could not judge everything, because values are known only in the update."""

    rule: str
    text: str
    urn: str


@dataclass(frozen=True)
class Report:
    """One run of the engine under policies."""

    project: str = ""
    stack: str = ""
    packs: tuple[tuple[str, str], ...] = ()
    """Name and version of each pack that ran."""
    resources: int = 0
    """How many resources were judged."""
    ran: frozenset[str] = frozenset()
    """The rules that judged something; a disabled one did not."""
    findings: tuple[Finding, ...] = ()
    """The worst first."""
    mended: tuple[Mended, ...] = ()
    not_known: tuple[NotKnown, ...] = ()
    notes: tuple[str, ...] = ()
    """What the pack says about its own config, such as an exemption that covers nothing."""
    errors: tuple[str, ...] = field(default=())
    """Why the run itself broke off, if it did; then there may be more findings than these."""

    def failing(self, fail_on: Severity | None = None) -> list[Finding]:
        """The findings that make a check fail.

        Args:
            fail_on: Advisory findings of this severity or a worse one fail too.
        """
        serious = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on else ()
        return [f for f in self.findings if f.mandatory or f.severity in serious]

    def exit_code(self, fail_on: Severity | None = None) -> int:
        """0: nothing fails; 1: findings do; 2: the run itself broke off, and no finding fails."""
        if self.failing(fail_on):
            return 1
        return 2 if self.errors else 0


def resource_name(urn: str) -> str:
    """The resource of a URN for a person: its type, without its parents' types, and its name."""
    parts = urn.split("::", 3)
    if len(parts) < 4:
        return urn
    return f"{parts[2].rpartition('$')[2]} {parts[3]}"


def counted(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many findings there are of each severity that occurs, the worst first."""
    found = [finding.severity for finding in findings]
    return {severity: found.count(severity) for severity in SEVERITIES if severity in found}


def known_rules() -> dict[str, Rule]:
    """The rules of this pack by id, in their order."""
    from meshwright_policies import RULES

    return {rule.id: rule for rule in RULES}
