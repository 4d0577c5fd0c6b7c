"""What one comparison of the Logging query language means: operators, values, conversions.

https://cloud.google.com/logging/docs/view/logging-query-language#comparisons
"""

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import re2

from meshwright_sandbox.core.discovery import load
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.services.logs import fields
from meshwright_sandbox.services.logs.fields import Field

Json = dict[str, Any]
Test = Callable[[Json], bool]
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_SEVERITIES: list[str] = load("logging.v2").schemas["LogEntry"]["properties"]["severity"]["enum"]


class Value:
    """One value of a query: its text, and whether it was quoted."""

    def __init__(self, written: str) -> None:
        self.quoted = written[:1] in ("'", '"')
        self.text = unquoted(written) if self.quoted else written


def comparison(field: Field, sign: str, value: Value) -> Test:
    """The test of entries that ``field sign value`` is.

    Raises:
        ApiError: 400 for a value that the field cannot have, or an operator that it does not take.
    """
    if sign == ":" and value.text == "*" and not value.quoted:
        return lambda entry: any(map(_is_there, field.present(entry)))
    if sign in ("=~", "!~"):
        return _expression(field, sign, value)
    if sign == ":" and field.kind in (fields.STRING, fields.DYNAMIC, fields.MESSAGE):
        return lambda entry: any(_has(found, value.text) for found in field.values(entry))
    if field.kind == fields.MESSAGE:
        raise invalid(
            f"Unparseable filter: the field '{field.text}' holds others and can only be compared "
            "with the has operator (:)"
        )
    compare = _comparer(field, "=" if sign == ":" else sign, value)
    return lambda entry: any(compare(found) for found in field.values(entry))


def unquoted(written: str) -> str:
    """A quoted text's content; what is no escape keeps its backslash, as patterns need it."""
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[0]), written[1:-1])


def mentions(entry: Json, text: str) -> bool:
    """Whether any field of the entry holds a text."""
    return _has(entry, text)


def _comparer(field: Field, sign: str, value: Value) -> Callable[[Any], bool]:
    if field.kind == fields.DYNAMIC:
        return lambda found: _dynamic(found, sign, value)
    convert = _CONVERSIONS[field.kind]
    wanted = convert(value.text)
    if wanted is None:
        raise invalid(
            f"Unparseable filter: '{value.text}' is no {field.kind}, which '{field.text}' is"
        )
    return lambda found: _compared(convert(fields.shown(found)), sign, wanted)


def _dynamic(found: Any, sign: str, value: Value) -> bool:
    """A payload's value decides as what both are compared."""
    if found is None:
        return sign == "=" and value.text == "NULL_VALUE" and not value.quoted
    if isinstance(found, dict):
        return False
    if isinstance(found, bool):
        return _compared(fields.shown(found), sign, value.text.lower())
    if isinstance(found, int | float):
        wanted = fields.number(value.text)
        return wanted is not None and _compared(float(found), sign, wanted)
    return _compared(str(found).casefold(), sign, value.text.casefold())


def _compared(found: Any, sign: str, wanted: Any) -> bool:
    if found is None:
        return False
    if sign == "=":
        return bool(found == wanted)
    if sign == "!=":
        return bool(found != wanted)
    return _ORDER[sign](found, wanted)


def _expression(field: Field, sign: str, value: Value) -> Test:
    """A regular expression: RE2's, anywhere in a text, with regard to case."""
    if field.kind not in (fields.STRING, fields.DYNAMIC):
        raise invalid(
            f"Unparseable filter: regular expressions are for texts; '{field.text}' is a "
            f"{field.kind}"
        )
    if not value.quoted:
        raise invalid("Unparseable filter: regular expressions must be in double quotes")
    options = re2.Options()
    options.log_errors = False
    try:
        pattern = re2.compile(value.text, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise invalid(f"Unparseable filter: regular expression '{value.text}': {reason}") from error
    wanted = sign == "=~"
    return lambda entry: any(
        isinstance(found, str) and bool(pattern.search(found)) is wanted
        for found in field.values(entry)
    )


def _is_there(found: Any) -> bool:
    return found not in (None, "", 0, False, {})


def _has(found: Any, text: str) -> bool:
    """The has operator: a part of a text, a key, or either of anything inside."""
    if isinstance(found, dict):
        return text in found or any(_has(leaf, text) for leaf in fields.leaves(found))
    return found is not None and text.casefold() in fields.shown(found).casefold()


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _severity(text: str) -> int | None:
    """Severities are ordered, and 100 apart."""
    if text.upper() in _SEVERITIES:
        return _SEVERITIES.index(text.upper()) * 100
    return int(text) if text.isdigit() else None


def _time(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _duration(text: str) -> float | None:
    match = _DURATION.fullmatch(text)
    return float(match[1]) * _SECONDS[match[2]] if match else None


_CONVERSIONS: dict[str, Callable[[str], Any]] = {
    fields.STRING: str.casefold,
    fields.NUMBER: fields.number,
    fields.BOOLEAN: _boolean,
    fields.SEVERITY: _severity,
    fields.TIME: _time,
    fields.DURATION: _duration,
}


def unsupported(name: str) -> ApiError:
    """The refusal of a function that the sandbox does not evaluate."""
    return invalid(
        f"Unparseable filter: the function '{name}' is not evaluated by the sandbox; it knows "
        "log_id, source, sample and ip_in_net"
    )
