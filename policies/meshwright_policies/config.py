"""The policy config: what stops an update, what is accepted, and what the rules take as given.

It is the file of `--policy-pack-config`. The engine reads it, merges the defaults in and hands it
to the pack; `read` does the same for who has no engine. What is wrong is said all at once.
"""

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from meshwright_policies.config_errors import explain, unknown_key
from meshwright_policies.exemptions import Exemption
from meshwright_policies.rule import Rule, Settings, Severity
from meshwright_policies.values import at

ALL = "all"
"""Pulumi's own key: a level for every rule that has none of its own."""
PACK = "meshwright"
"""The key of what holds for all rules alike, and the name under which the pack itself speaks."""
NOT_KNOWN_YET = "not-known-yet"
"""The name under which the pack says what a preview cannot judge."""


class Level(StrEnum):
    """What a violation does, in the engine's words."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    REMEDIATE = "remediate"
    DISABLED = "disabled"


DEFAULTS = {
    Severity.CRITICAL: Level.MANDATORY,
    Severity.HIGH: Level.MANDATORY,
    Severity.MEDIUM: Level.ADVISORY,
    Severity.LOW: Level.ADVISORY,
}

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Closed(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=False
    )


class AcceptedViolation(_Closed):
    """A violation that is accepted until a day."""

    urn: _Text = Field(description="The resource's URN, or a pattern of it with *.")
    reason: _Text = Field(description="Why it is accepted.")
    expires: datetime.date = Field(description="The last day on which it is.")


class RuleConfig(_Closed):
    """One rule: its level, and what is accepted."""

    enforcement_level: Level | None = None
    exemptions: list[AcceptedViolation] = []


class PackConfig(_Closed):
    """What holds for all rules alike."""

    enforcement_level: Level | None = Field(
        default=None, description="`disabled` silences the pack's own remarks."
    )
    levels: dict[str, Level] = Field(
        default={}, description="Levels by severity or by rule; a rule's own comes first."
    )
    root_namespace: _Text = Field(
        default=Settings.root_namespace, description="The mesh's root namespace."
    )
    production_stacks: list[_Text] = Field(
        default=[*Settings.production_stacks],
        description="Patterns of the names of stacks that are production.",
    )
    allowed_regions: list[_Text] = Field(
        default=[], description="Patterns of regions, such as europe-*. Empty: any."
    )
    allowed_registries: list[_Text] = Field(
        default=[],
        description="How images' names may begin, such as europe-docker.pkg.dev/acme/. Empty: any.",
    )
    required_labels: list[_Text] = Field(
        default=[*Settings.required_labels],
        description="Keys of labels that each labelled resource carries.",
    )
    today: datetime.date | None = Field(
        default=None, description="The day that exemptions are judged by. Default: today, in UTC."
    )

    def settings(self) -> Settings:
        """What the rules get of it."""
        return Settings(
            root_namespace=self.root_namespace,
            production_stacks=tuple(self.production_stacks),
            allowed_regions=tuple(self.allowed_regions),
            allowed_registries=tuple(self.allowed_registries),
            required_labels=tuple(self.required_labels),
        )


class Wrong(ValueError):
    """The config has mistakes; the message has a line for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "a mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        super().__init__(f"the policy config has {count}:" + "".join(f"\n  {p}" for p in problems))


@dataclass(frozen=True)
class Config:
    """A config that is right, with every level decided."""

    levels: Mapping[str, Level]
    """By rule id, and by the names under which the pack itself speaks."""
    settings: Settings = field(default_factory=Settings)
    exemptions: Mapping[str, list[Exemption]] = field(default_factory=dict[str, list[Exemption]])
    day: datetime.date | None = None

    @property
    def today(self) -> datetime.date:
        """The day that exemptions are judged by."""
        return self.day or datetime.datetime.now(datetime.UTC).date()


def default_levels(rules: tuple[Rule, ...]) -> dict[str, Level]:
    """The level of everything that can be configured, by name."""
    levels = {rule.id: DEFAULTS[rule.severity] for rule in rules}
    return {PACK: Level.ADVISORY, **levels, NOT_KNOWN_YET: Level.ADVISORY}


def read(path: Path, rules: tuple[Rule, ...]) -> Config:
    """The config of a file.

    Raises:
        Wrong: it has mistakes.
        OSError: it cannot be read.
    """
    try:
        written: object = json.loads(path.read_text(encoding="utf-8") or "{}")
    except ValueError as error:
        raise Wrong([f"{path} is no JSON: {error}"]) from None
    if not isinstance(written, dict):
        raise Wrong([f"{path} holds no object of rule ids and levels"])
    return parse(cast(dict[str, object], written), rules)


def parse(written: Mapping[str, object], rules: tuple[Rule, ...]) -> Config:
    """The config that is written under its keys; a level alone stands for an object with it.

    Raises:
        Wrong: it has mistakes.
    """
    by_id = {rule.id: rule for rule in rules}
    problems: list[str] = []
    models: dict[str, RuleConfig | PackConfig] = {}
    for key, value in written.items():
        if key != ALL and key != PACK and key != NOT_KNOWN_YET and key not in by_id:
            problems.append(unknown_key(key, [ALL, PACK, *by_id, NOT_KNOWN_YET]))
            continue
        model = PackConfig if key == PACK else RuleConfig
        content = {"enforcementLevel": value} if isinstance(value, str) else value
        try:
            models[key] = TypeAdapter(model).validate_json(json.dumps(content), strict=True)
        except ValidationError as error:
            problems += explain(key, error, list(_keys(model)), list(_keys(PackConfig)), PACK)
    problems += _misfits(written, by_id)
    if problems:
        raise Wrong(sorted(problems))
    pack = cast(PackConfig, models.get(PACK) or PackConfig())
    return Config(
        _levels(models, pack, rules),
        pack.settings(),
        {
            id: [Exemption(e.urn, e.reason, e.expires) for e in model.exemptions]
            for id, model in models.items()
            if isinstance(model, RuleConfig) and model.exemptions
        },
        pack.today,
    )


def schema(rules: tuple[Rule, ...]) -> dict[str, Any]:
    """The JSON Schema of the file, for editors."""
    models = (RuleConfig, PackConfig)
    definitions: dict[str, Any] = {}
    for model in models:
        made = model.model_json_schema(ref_template="#/$defs/{model}")
        definitions |= made.pop("$defs", {})
        definitions[model.__name__] = made
    level = {"$ref": "#/$defs/Level"}
    either = [level, {"$ref": "#/$defs/RuleConfig"}]
    named = {rule.id: {"description": rule.title, "anyOf": either} for rule in rules}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Config of the policy pack meshwright",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            ALL: {"description": "A level for every rule.", **level},
            PACK: {"$ref": "#/$defs/PackConfig"},
            **named,
            NOT_KNOWN_YET: {"description": "What a preview cannot judge.", **level},
        },
        "$defs": definitions,
    }


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, described in model.model_fields.items():
        yield described.alias or name


def _misfits(written: Mapping[str, object], by_id: Mapping[str, Rule]) -> Iterator[str]:
    """What is wrong though each value alone is right; also beside values that are not."""
    for key in (ALL, NOT_KNOWN_YET):
        if at(written, key, "exemptions"):
            yield f"{key}.exemptions: write exemptions under the id of the rule they are from."
    levels = at(written, PACK, "levels")
    severities = [severity.value for severity in Severity]
    for name, level in cast(dict[str, object], levels if isinstance(levels, dict) else {}).items():
        rule = by_id.get(name)
        if rule is None and name not in severities:
            yield unknown_key(name, [*severities, *by_id], f"{PACK}.levels.")
        elif rule and level == Level.REMEDIATE and not rule.remedy:
            yield _no_remedy(f"{PACK}.levels.{name}", by_id)
    if at(written, ALL) == "remediate" or at(written, ALL, "enforcementLevel") == "remediate":
        return
    for id, rule in by_id.items():
        own = written.get(id)
        level = own if isinstance(own, str) else at(own, "enforcementLevel")
        if level == Level.REMEDIATE and not rule.remedy:
            yield _no_remedy(id, by_id)


def _no_remedy(where: str, by_id: Mapping[str, Rule]) -> str:
    able = ", ".join(rule.id for rule in by_id.values() if rule.remedy)
    return f"{where}: this rule has no mend that is always safe. Rules with one: {able}."


def _levels(
    models: Mapping[str, RuleConfig | PackConfig], pack: PackConfig, rules: tuple[Rule, ...]
) -> dict[str, Level]:
    """The most particular word counts: a rule's own level, its severity's, that of all."""
    levels: dict[str, Level] = {}
    every = models[ALL].enforcement_level if ALL in models else None
    for name, default in default_levels(rules).items():
        base = every or default
        own = models[name].enforcement_level if name in models else None
        levels[name] = own or base
        rule = next((rule for rule in rules if rule.id == name), None)
        if rule is None:
            continue
        # The engine fills every rule's level in, so one that is as it would be anyway says nothing.
        said = own if own != base else None
        by_severity = pack.levels.get(rule.severity.value)
        level = pack.levels.get(rule.id) or said or by_severity or base
        if level is Level.REMEDIATE and not rule.remedy:
            level = default
        levels[name] = level
    return levels
