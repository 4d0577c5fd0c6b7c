"""Property values as the engine sends them, in plain Python.

A property map travels as a protobuf ``Struct``. Unknown values (preview) and secrets are marked in
it by reserved strings, which here become :data:`UNKNOWN` and :class:`Secret`; everything else is
the plain ``dict``/``list``/scalar. Asset and resource-reference marks are left as they are, since
the plugins ask the engine not to send them.

See "Provider protocol" in the Pulumi developer documentation (``provider.proto``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
SECRET_MARK = _SECRET.encode()
"""What stands in each message that holds a secret."""
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_STRINGS = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # any string
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


class _Unknown:
    """The type of :data:`UNKNOWN`; there is one instance."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: dict[int, Any]) -> _Unknown:
        return self


UNKNOWN = _Unknown()
"""A value that is not known before the deployment runs."""


@dataclass(frozen=True)
class Secret:
    """A value that the engine must encrypt in the state and mask in its output."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(***)"


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return a property map as plain values, with secrets and unknowns marked."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: struct_pb2.Value) -> Any:
    which = value.WhichOneof("kind")
    if which == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWN_STRINGS else value.string_value
    if which == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if which == "bool_value":
        return value.bool_value
    if which == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if which != "struct_value":
        return None
    fields = value.struct_value.fields
    mark = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
    if mark == _SECRET:
        return Secret(_decode(fields["value"]))
    if mark == _OUTPUT:
        inner = _decode(fields["value"]) if "value" in fields else UNKNOWN
        return Secret(inner) if fields["secret"].bool_value else inner
    return {key: _decode(item) for key, item in fields.items()}


def encode(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return the property map for the engine; the opposite of :func:`decode`."""
    struct = struct_pb2.Struct()
    for key, value in values.items():
        _encode(value, struct.fields[key])
    return struct


def _encode(value: Any, into: struct_pb2.Value) -> None:
    if isinstance(value, Secret):
        into.struct_value.fields[_SIGNATURE].string_value = _SECRET
        _encode(value.value, into.struct_value.fields["value"])
    elif value is UNKNOWN:
        into.string_value = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    elif value is None:
        into.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, (int, float)):
        into.number_value = value
    elif isinstance(value, str):
        into.string_value = value
    elif isinstance(value, Mapping):
        into.struct_value.SetInParent()
        for key, item in value.items():
            _encode(item, into.struct_value.fields[key])
    else:
        into.list_value.SetInParent()
        for item in value:
            _encode(item, into.list_value.values.add())


def reveal(value: Any) -> Any:
    """Return the value with every secret mark taken off."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, Mapping):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def conceal(value: Any, like: Any) -> Any:
    """Return ``value`` marked secret wherever ``like`` (same shape) is."""
    if isinstance(value, Secret):
        return value
    if isinstance(like, Secret):
        return Secret(value)
    if isinstance(value, Mapping) and isinstance(like, Mapping):
        return {key: conceal(item, like.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(like, list) and has_secret(like):
        same = len(value) == len(like)
        return [conceal(v, w) for v, w in zip(value, like, strict=True)] if same else Secret(value)
    return value


def has_secret(value: Any) -> bool:
    """Whether a secret stands anywhere inside the value."""
    if isinstance(value, Mapping):
        return any(map(has_secret, value.values()))
    return isinstance(value, Secret) or (isinstance(value, list) and any(map(has_secret, value)))


def has_unknown(value: Any) -> bool:
    """Whether an unknown stands anywhere inside the value."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, Mapping):
        return any(map(has_unknown, value.values()))
    return value is UNKNOWN or (isinstance(value, list) and any(map(has_unknown, value)))
