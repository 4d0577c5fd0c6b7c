"""Checks a stack's file without Pulumi, a provider or a network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stacks import _errors, _file
from stacks._secrets import Location
from stacks._view import Problem
from stacks.spec import Platform, SpecError


@dataclass(frozen=True)
class Report:
    """What is wrong with one stack's file; nothing, when `problems` is empty."""

    path: Path
    problems: tuple[Problem, ...]
    # A key can be a secret itself.
    lines: Mapping[Location, int] = field(repr=False)
    platform_file: "Report | None" = None
    """The same of the file that holds the spec, where the stack's file names one."""

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong with any of its files."""
        return not self.problems and (self.platform_file is None or self.platform_file.valid)

    def text(self) -> str:
        """The report for people."""
        if self.valid:
            return f"{self.path}: the spec is valid"
        own = f"{self.path}: {_errors.render(self.problems, self.lines)}" if self.problems else ""
        named = self.platform_file.text() if self.platform_file else ""
        return "\n\n".join(filter(None, (own, named)))

    def data(self) -> dict[str, object]:
        """The report for programs."""
        own = {"file": str(self.path), **_errors.as_data(self.problems, self.lines)}
        if self.platform_file is None:
            return own
        return {**own, "valid": self.valid, "platform_file": self.platform_file.data()}


def validate_file(path: Path) -> Report:
    """Check one stack's file: the file itself, each field, and how they fit together."""
    return _read(path)[0]


def _report(path: Path, file: _file.StackFile) -> Report:
    problems = list(file.problems)
    if file.readable:
        problems += _errors.problems_of(file.spec, Platform)
    problems.sort(key=lambda problem: _errors.line_of(problem, file.lines) or 0)
    return Report(path, tuple(problems), file.lines)


def _read(path: Path) -> tuple[Report, object]:
    """What is wrong with a stack's file, and the spec that it holds or names."""
    file = _file.read(path)
    report = _report(path, file)
    if file.platform_file is None:
        return report, file.spec
    named = _file.read_platform(file.platform_file)
    return replace(report, platform_file=_report(file.platform_file, named)), named.spec


def load_file(path: Path) -> Platform:
    """The spec of a stack's file, read and checked once.

    Raises:
        SpecError: The file has mistakes; the text names each, with its line.
    """
    report, spec = _read(path)
    if not report.valid:
        named = report.platform_file.problems if report.platform_file else ()
        raise SpecError([*report.problems, *named], report.text())
    return Platform.model_validate(spec)


def load_platform(path: Path) -> Platform:
    """The spec that a file holds.

    Raises:
        SpecError: The file has mistakes; the text names each, with its line.
    """
    file = _file.read_platform(path)
    report = _report(path, file)
    if not report.valid:
        raise SpecError(report.problems, report.text())
    return Platform.model_validate(file.spec)


def schema() -> dict[str, object]:
    """The JSON Schema of a stack's file, as editors read it; generated from the model."""
    spec = Platform.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions = spec.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack's file of Meshwright",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "oneOf": [{"required": [_file.PLATFORM]}, {"required": [_file.PLATFORM_FILE]}],
                "properties": {
                    _file.PLATFORM: {"$ref": "#/$defs/Platform"},
                    _file.PLATFORM_FILE: {
                        "type": "string",
                        "minLength": 1,
                        "description": "A file that holds the spec, for one that is longer than "
                        "the engine takes; its path from the folder of Pulumi.yaml.",
                    },
                },
            },
            "encryptionsalt": {"type": "string"},
            "encryptedkey": {"type": "string"},
            "secretsprovider": {"type": "string"},
        },
        "$defs": {**definitions, "Platform": spec},
    }


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(schema(), indent=2) + "\n"
