"""Checks of request bodies and query parameters against discovery schemas.

The texts are those of the real front end: every violation of a request is reported at once, fields
are named in snake_case, and the values come back normalised: nulls dropped, names in camelCase,
64-bit integers as strings, output-only fields left out.
"""

import base64
import re
import sys
from collections.abc import Mapping
from typing import Any

from meshwright_sandbox.core.discovery import STANDARD_PARAMETERS, Document, Method
from meshwright_sandbox.core.enums import name_of
from meshwright_sandbox.core.errors import ApiError, bad_request
from meshwright_sandbox.core.formats import FORMATS, base64_bytes

_PREFIX = "Invalid JSON payload received."
# Concurrency tokens travel in both directions, whatever a document says about them.
_ALWAYS_KEPT = frozenset({"etag", "fingerprint", "labelFingerprint"})
_INTEGER = re.compile(r"-?\d{1,99}")  # thousands of digits are no number, also to Python
_INTEGER_BITS = {"int32": 32, "uint32": 32, "int64": 64, "uint64": 64}
_PROTO_TYPE = {
    "boolean": "TYPE_BOOL",
    "string": "TYPE_STRING",
    "number": "TYPE_DOUBLE",
    "integer": "TYPE_INT32",
}


def snake_case(name: str) -> str:
    """`nodePools` -> `node_pools`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel_case(name: str) -> str:
    """`node_pools` -> `nodePools`; names without underscores are left alone."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


class Checker:
    """Checks JSON against the schemas of one document.

    Args:
        document: whose schemas.
        proto: protobuf package with version, for the texts of type errors.
        extra: fields by schema that the API takes besides those of the document.
        keep_null: whether nulls stay, to clear fields in a merge patch.
        lenient: whether unknown fields without content are let through. Compute must do so: the
            official provider sends it empty lists under names of its own (`initialNatIps`).
    """

    def __init__(
        self,
        document: Document,
        proto: str,
        *,
        extra: Mapping[str, Mapping[str, Any]] | None = None,
        keep_null: bool = False,
        lenient: bool = False,
    ) -> None:
        self._schemas = document.schemas
        self._extra = extra or {}
        self._proto = proto
        self._keep_null = keep_null
        self._lenient = lenient
        self._violations: list[tuple[str, str]] = []

    def check(self, schema: str, body: Any, root: str) -> dict[str, Any]:
        """The normalised body.

        Args:
            schema: name of the request's schema.
            body: decoded JSON.
            root: name under which the front end knows the body, e.g. `resource`, or "".

        Raises:
            ApiError: 400 that names each wrong field.
        """
        value = self._message(schema, body, root)
        if self._violations:
            raise bad_request(self._violations)
        return value if isinstance(value, dict) else {}

    def _add(self, path: str, text: str) -> None:
        self._violations.append((path, text))

    def _unknown(self, path: str, name: str, why: str) -> None:
        where = f" at '{path}'" if path else ""
        self._add(path, f'{_PREFIX} Unknown name "{name}"{where}: {why}')

    def _wrong(self, path: str, type_: str, value: Any) -> None:
        shown = f'"{value}"' if isinstance(value, str) else _literal(value)
        self._add(path, f"Invalid value at '{path}' ({type_}), {shown}")

    def _message(self, name: str, value: Any, path: str) -> Any:
        return self._object(self._schemas.get(name, {"type": "any"}), name, value, path)

    def _object(self, schema: Mapping[str, Any], name: str, value: Any, path: str) -> Any:
        properties: Mapping[str, Any] = schema.get("properties", {})
        if name in self._extra:
            properties = {**properties, **self._extra[name]}
        extra = schema.get("additionalProperties")
        if schema.get("type") == "any" or (not properties and extra is None and not name):
            return value
        if not isinstance(value, dict):
            self._wrong(path, f"type.googleapis.com/{self._proto}.{name}", value)
            return None
        result: dict[str, Any] = {}
        for key, item in value.items():
            field = key if key in properties else camel_case(key)
            declared = properties.get(field)
            if declared is None and extra is not None:
                field, declared = key, extra
            if declared is None:
                if not (self._lenient and item in (None, "", [], {})):
                    self._unknown(path, key, "Cannot find field.")
            elif item is None:
                if self._keep_null or declared.get("type") == "any":
                    result[field] = None
            elif not declared.get("readOnly") or field in _ALWAYS_KEPT:
                inner = f"{path}.{snake_case(field)}" if path else snake_case(field)
                checked = self._value(declared, name, field, item, inner)
                result[field] = checked
        return result

    def _value(
        self, schema: Mapping[str, Any], owner: str, field: str, value: Any, path: str
    ) -> Any:
        if "$ref" in schema:
            return self._message(schema["$ref"], value, path)
        kind = schema.get("type", "any")
        if kind == "array":
            items = value if isinstance(value, list) else [value]
            return [
                self._value(schema["items"], owner, field, item, f"{path}[{index}]")
                for index, item in enumerate(items)
                if item is not None
            ]
        if kind == "object":
            return self._object(schema, f"{owner}.{field[:1].upper()}{field[1:]}Entry", value, path)
        if kind == "any":
            return value
        if isinstance(value, list | dict):
            what = "cannot start list" if isinstance(value, list) else "cannot start object"
            parent, _, last = path.rpartition(".")
            self._unknown(parent, last or path, f"Proto field is not repeating, {what}.")
            return None
        return self._scalar(schema, owner, field, value, path)

    def _scalar(
        self, schema: Mapping[str, Any], owner: str, field: str, value: Any, path: str
    ) -> Any:
        kind: str = schema["type"]
        if "enum" in schema:
            allowed: list[str] = schema["enum"]
            if isinstance(value, int) and not isinstance(value, bool):
                value = name_of(value, allowed) or value
            if value not in allowed and value != "":
                enum = f"{self._proto}.{owner}.{field[:1].upper()}{field[1:]}"
                self._wrong(path, f"type.googleapis.com/{enum}", value)
            return value
        bits = _INTEGER_BITS.get(schema.get("format", ""))
        if bits or kind == "integer":
            return self._integer(schema, value, path, bits or 32)
        if kind == "boolean":
            if isinstance(value, bool):
                return value
            if value in ("true", "false"):
                return value == "true"
        elif kind == "number":
            number = value
            if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", value):
                number = float(value)
            is_number = isinstance(number, int | float) and not isinstance(number, bool)
            # JSON has no infinity: 1e999 could not be answered again.
            if is_number and abs(number) <= sys.float_info.max:
                return number
        elif isinstance(value, str):
            return self._text(schema, field, value, path)
        self._wrong(path, _PROTO_TYPE.get(kind, "TYPE_STRING"), value)
        return None

    def _text(self, schema: Mapping[str, Any], field: str, value: str, path: str) -> str | None:
        """A text of the schema's format; base64 is answered in the standard alphabet."""
        kind = schema.get("format", "")
        if kind == "byte" and field not in _ALWAYS_KEPT:
            raw = base64_bytes(value)
            if raw is not None:
                return base64.b64encode(raw).decode()
            why = f'(TYPE_BYTES), Base64 decoding failed for "{value}"'
            self._add(path, f"Invalid value at '{path}' {why}")
            return None
        fault = _format_fault(kind, value, path, field)
        if fault:
            self._add(path, fault)
        return value

    def _integer(self, schema: Mapping[str, Any], value: Any, path: str, bits: int) -> Any:
        name = f"TYPE_{schema.get('format', 'int32').upper()}"
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(path, name, value)
            return None
        unsigned = schema.get("format", "").startswith("u")
        low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if not low <= value <= high:
            self._wrong(path, name, value)
        return str(value) if bits == 64 else value


def check_query(
    method: Method, query: Mapping[str, str], extra: frozenset[str] = frozenset()
) -> dict[str, str]:
    """The query with names as the document writes them.

    Args:
        method: what is called.
        query: as sent.
        extra: parameters that the API takes though its document does not say so.

    Raises:
        ApiError: 400 for a parameter the method does not have, or a value of the wrong type.
    """
    declared = method.query_parameters
    result: dict[str, str] = {}
    violations: list[tuple[str, str]] = []
    for key, value in query.items():
        name = key if key in declared or key in STANDARD_PARAMETERS else camel_case(key)
        if name in declared:
            value = _plain(declared[name], value)
            again = declared[name].get("repeated") and name in result
            result[name] = f"{result[name]},{value}" if again else value
            path = snake_case(name)
            type_ = _wrong_query_type(declared[name], value)
            if type_:
                violations.append((path, f"Invalid value at '{path}' ({type_}), \"{value}\""))
            last = path.rpartition(".")[2]
            fault = _format_fault(declared[name].get("format", ""), value, path, last)
            if fault:
                violations.append((path, fault))
        elif name in STANDARD_PARAMETERS or name in extra:
            result[name] = value
        else:
            violations.append(
                (
                    "",
                    f'{_PREFIX} Unknown name "{key}": Cannot bind query parameter. '
                    f"Field '{key}' could not be found in request message.",
                )
            )
    if violations:
        raise bad_request(violations)
    missing = [n for n, p in declared.items() if p.get("required") and n not in result]
    if missing:
        raise ApiError(
            400, f"Required parameter: {missing[0]}", reason="required", location=missing[0]
        )
    return result


def _format_fault(kind: str, value: str, path: str, field: str) -> str:
    """What is wrong with a text of that format, as the front end says it, or ""."""
    if kind not in FORMATS:
        return ""
    fault = FORMATS[kind].fault(value)
    message = f"type.googleapis.com/{FORMATS[kind].message}"
    return fault and f"Invalid value at '{path}' ({message}), Field '{field}', {fault}"


def _plain(declared: Mapping[str, Any], value: str) -> str:
    """A value in one form: `True` and `1` are `true`, an enumeration's number is its name."""
    if declared.get("type") == "boolean":
        return {"True": "true", "1": "true", "False": "false", "0": "false"}.get(value, value)
    if "enum" in declared and _INTEGER.fullmatch(value):
        return name_of(int(value), declared["enum"]) or value
    return value


def _wrong_query_type(declared: Mapping[str, Any], value: str) -> str:
    if declared.get("type") == "integer" or declared.get("format") in _INTEGER_BITS:
        return "" if _INTEGER.fullmatch(value) else f"TYPE_{declared['format'].upper()}"
    if declared.get("type") == "boolean":
        return "" if value in ("true", "false") else "TYPE_BOOL"
    if "enum" in declared and value not in declared["enum"]:
        return "TYPE_ENUM"
    return ""


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "{...}" if isinstance(value, dict) else str(value)
