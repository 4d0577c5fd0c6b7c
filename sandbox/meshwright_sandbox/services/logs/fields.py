"""Fields of log entries by their paths: which there are, of what kind, and what an entry has there.

A field that the LogEntry type declares has its default where an entry lacks it; one of a payload or
of labels is missing, and no comparison with it holds; any other is a mistake in the query
(https://cloud.google.com/logging/docs/view/logging-query-language#missing-fields).
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from meshwright_sandbox.core.discovery import load
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.schema import camel_case

Json = dict[str, Any]
_STEP = re.compile(r'"((?:[^"\\]|\\.)*)"|([^."]+)')
# Kinds of values; anything in a payload has the kind of what is found there.
STRING, NUMBER, BOOLEAN, SEVERITY, TIME, DURATION, DYNAMIC, MESSAGE = (
    "string", "number", "boolean", "severity", "time", "duration", "dynamic", "message",
)  # fmt: skip
_DEFAULTS: dict[str, Any] = {STRING: "", NUMBER: 0, BOOLEAN: False, SEVERITY: "DEFAULT"}
_FORMATS = {
    "google-datetime": TIME,
    "google-duration": DURATION,
    "int64": NUMBER,
    "int32": NUMBER,
}
_TYPES = {"string": STRING, "integer": NUMBER, "number": NUMBER, "boolean": BOOLEAN}
_DIGITS = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Field:
    """One field: its ``steps`` from the entry, and its ``kind``."""

    text: str
    steps: tuple[str, ...]
    kind: str

    def present(self, entry: Json) -> list[Any]:
        """The values that the entry has there, those of a list one by one."""
        return _values(entry, self.steps)

    def values(self, entry: Json) -> list[Any]:
        """Those values; the default where the entry lacks a field that its type declares."""
        found = self.present(entry)
        if found or self.kind not in _DEFAULTS:
            return found
        return [_DEFAULTS[self.kind]]


@cache
def field(text: str) -> Field:
    """The field at a path as a query writes it.

    Raises:
        ApiError: 400 for one that no log entry can have.
    """
    steps = [quoted or plain for quoted, plain in _STEP.findall(text)]
    schemas = load("logging.v2").schemas
    kind, declared, found = MESSAGE, schemas["LogEntry"], list[str]()
    for index, step in enumerate(steps):
        properties = declared.get("properties")
        if properties is None:  # below a scalar
            raise _not_found(text)
        name = camel_case(step)
        if name not in properties:
            raise _not_found(text)
        found.append(name)
        declared = properties[name]
        if declared.get("type") == "array":
            declared = declared["items"]
        if "additionalProperties" in declared:  # a map or a payload: any key may follow
            return Field(text, (*found, *steps[index + 1 :]), DYNAMIC)
        if "$ref" in declared:
            declared, kind = schemas[declared["$ref"]], MESSAGE
        else:
            kind = SEVERITY if name == "severity" else _kind(declared)
    return Field(text, tuple(found), kind)


def leaves(value: Any) -> list[Any]:
    """Everything that is said anywhere in a value."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def shown(value: Any) -> str:
    """A value as a query would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def number(value: Any) -> float | None:
    """A value as a number, if it is one; 64-bit integers travel as strings."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else None


def _kind(declared: Json) -> str:
    return _FORMATS.get(declared.get("format", "")) or _TYPES.get(declared["type"], DYNAMIC)


def _not_found(text: str) -> Exception:
    return invalid(f"Unparseable filter: Field not found: '{text}'.")


def _values(value: Any, steps: tuple[str, ...]) -> list[Any]:
    if isinstance(value, list):
        return [found for item in value for found in _values(item, steps)]
    if not steps:
        return [value]
    if not isinstance(value, dict) or steps[0] not in value:
        return []
    return _values(value[steps[0]], steps[1:])
