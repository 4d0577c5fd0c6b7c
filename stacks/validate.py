"""Checks a stack's file without Pulumi, a provider or a network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks import _errors, _file
from stacks._secrets import Location
from stacks._view import Problem
from stacks.spec import Platform


@dataclass(frozen=True)
class Report:
    """What is wrong with one stack's file; nothing, when `problems` is empty."""

    path: Path
    problems: tuple[Problem, ...]
    lines: Mapping[Location, int]

    def text(self) -> str:
        """The report for people."""
        if not self.problems:
            return f"{self.path}: the spec is valid"
        return f"{self.path}: {_errors.render(self.problems, self.lines)}"

    def data(self) -> dict[str, object]:
        """The report for programs."""
        return {"file": str(self.path), **_errors.as_data(self.problems, self.lines)}


def validate_file(path: Path) -> Report:
    """Check one stack's file: the file itself, each field, and how they fit together."""
    file = _file.read(path)
    problems = list(file.problems)
    if file.readable:
        problems += _errors.problems_of(file.spec, Platform)
    problems.sort(key=lambda problem: _errors.line_of(problem, file.lines) or 0)
    return Report(file.path, tuple(problems), file.lines)


_NAMED: dict[str, object] = {
    "type": "object",
    "description": "The name of a file beside this one, in which the spec stands; for one that is "
    "too large for Pulumi's config (128 KB).",
    "required": [_file.FILE],
    "properties": {_file.FILE: {"type": "string", "pattern": r"^[^/]+\.yaml$"}},
    "additionalProperties": False,
}


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
                "required": [_file.PLATFORM],
                "properties": {_file.PLATFORM: {"anyOf": [{"$ref": "#/$defs/Platform"}, _NAMED]}},
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
