"""What a rule is: a function over resources, with an id, a severity and a source."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Severity(Enum):
    """How bad a violation is; the first two stop an update unless the policy config says less."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Resource:
    """A resource as the engine sees it."""

    urn: str
    type: str
    name: str
    properties: object
    """Dicts, lists and scalars under their Pulumi (camelCase) names; UNKNOWN where not known."""
    cluster: str = ""
    """Which cluster a Kubernetes object goes to; empty for everything else."""

    @property
    def is_patch(self) -> bool:
        """Whether it says a part only of a Kubernetes object that another stack may make."""
        return self.type.endswith("Patch")


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong."""

    where: str
    """The path of the property, or what is missing."""
    what: str
    """What stands there."""
    mend: str
    """What to write instead."""
    urn: str = ""
    """The resource. Default: the one that the rule was given."""


@dataclass(frozen=True)
class Unjudged:
    """A value that decides is not known in this preview: neither a pass nor a violation.

    The pack says so once a rule, and the same rule judges in the update, when it is known.
    """

    where: str
    """The path of the property."""
    urn: str = ""
    """The resource. Default: the one that the rule was given."""


@dataclass(frozen=True)
class Settings:
    """What the policy config sets for all rules alike; see pack.py for its shape."""

    root_namespace: str = "istio-system"
    production_stacks: tuple[str, ...] = ("prod", "production", "prod-*", "*-prod")
    allowed_regions: tuple[str, ...] = ()
    """Patterns of regions, such as europe-*. Empty: any."""
    allowed_registries: tuple[str, ...] = ()
    """Beginnings of image names, such as europe-docker.pkg.dev/acme/. Empty: any."""
    required_labels: tuple[str, ...] = ("environment",)
    """Keys of labels that each labelled resource carries."""


Finding = Violation | Unjudged
ResourceCheck = Callable[[Resource, Settings], Iterable[Finding]]
StackCheck = Callable[[list[Resource], Settings], Iterable[Finding]]
Remedy = Callable[[Resource, Settings], dict[str, object] | None]
"""The resource's properties with the one safe mend made, or None where there is nothing to mend."""


@dataclass(frozen=True)
class Rule:
    """One rule. It looks at resources one by one, or at all of a stack together, or at both."""

    id: str
    title: str
    """The rule as one sentence, with the reason for it."""
    severity: Severity
    source: str
    """Where the rule comes from: benchmark sections and other tools' ids."""
    types: re.Pattern[str] | None = None
    """Which resource types a resource rule looks at; matched from the type token's start."""
    resource_check: ResourceCheck | None = None
    stack_check: StackCheck | None = None
    remedy: Remedy | None = None
    """Makes the mend, for rules that have one safe mend; used at level `remediate`."""

    def message(self, violation: Violation) -> str:
        """The violation for a person: where, what, how to mend it, whose rule it is.

        Why it matters is the title, which the engine prints above the message, after the id.
        """
        return f"{violation.where}: {violation.what}. {violation.mend}. (source: {self.source})"


CLUSTER: Final = "gcp:container/cluster:Cluster"
NODE_POOL: Final = "gcp:container/nodePool:NodePool"


def resource_rule(
    id: str,
    *,
    severity: Severity,
    source: str,
    title: str,
    types: str = "",
    remedy: Remedy | None = None,
    across: StackCheck | None = None,
) -> Callable[[ResourceCheck], Rule]:
    """Make a rule of a function that judges one resource by itself.

    `types` is a regular expression of the type tokens it is about; `across` judges what the rule
    says of several resources together.
    """

    def decorate(check: ResourceCheck) -> Rule:
        return Rule(
            id,
            title,
            severity,
            source,
            types=re.compile(types),
            resource_check=check,
            stack_check=across,
            remedy=remedy,
        )

    return decorate


def stack_rule(
    id: str, *, severity: Severity, source: str, title: str
) -> Callable[[StackCheck], Rule]:
    """Make a rule of a function that judges all resources of a stack together."""

    def decorate(check: StackCheck) -> Rule:
        return Rule(id, title, severity, source, stack_check=check)

    return decorate
