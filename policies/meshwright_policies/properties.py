"""Reads the properties that the engine sends, and writes a rule's mend back into them.

One pass over the message gives plain dicts, lists and scalars, with UNKNOWN for what a preview does
not know yet and SecretText for what the engine keeps secret.
"""

from collections.abc import Callable, Mapping
from typing import cast

from google.protobuf.struct_pb2 import NULL_VALUE, Struct, Value
from pulumi_policy import proxy
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY

from meshwright_policies.values import UNKNOWN, SecretText

UNKNOWNS = frozenset(
    (
        proxy.UNKNOWN_ARCHIVE_VALUE,
        proxy.UNKNOWN_ARRAY_VALUE,
        proxy.UNKNOWN_ASSET_VALUE,
        proxy.UNKNOWN_BOOLEAN_VALUE,
        proxy.UNKNOWN_NUMBER_VALUE,
        proxy.UNKNOWN_OBJECT_VALUE,
        proxy.UNKNOWN_STRING_VALUE,
    )
)


def read(struct: Struct) -> dict[str, object]:
    """The properties of a resource."""
    return {key: _read(value, str) for key, value in struct.fields.items()}


def mended(sent: Struct, before: dict[str, object], after: dict[str, object]) -> Struct:
    """What was sent, with the difference between two readings of it made.

    What did not change stays as it was sent, so that secrets stay secret, and what is not known yet
    stays a promise of the same type.
    """
    result = Struct()
    for key, value in after.items():
        old = sent.fields.get(key)
        result.fields[key].CopyFrom(_mended(old, before.get(key), value))
    return result


def _read(value: Value, text: Callable[[str], str]) -> object:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        found = value.string_value
        return UNKNOWN if found in UNKNOWNS else text(found)
    if kind == "struct_value":
        fields = value.struct_value.fields
        if _is_secret(fields):
            return _read(fields["value"], SecretText)
        return {key: _read(item, text) for key, item in fields.items()}
    if kind == "list_value":
        return [_read(item, text) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _mended(sent: Value | None, before: object, after: object) -> Value:
    if sent is not None and after == before:
        return sent
    result = Value()
    fields = (sent if sent is not None else result).struct_value.fields
    if sent is not None and _is_secret(fields):
        result.CopyFrom(sent)
        inner = _mended(fields["value"], before, after)
        result.struct_value.fields["value"].CopyFrom(inner)
    elif isinstance(after, dict):
        old = cast(dict[str, object], before if isinstance(before, dict) else {})
        result.struct_value.SetInParent()
        for key, item in cast(dict[str, object], after).items():
            was = fields.get(key)
            result.struct_value.fields[key].CopyFrom(_mended(was, old.get(key), item))
    elif isinstance(after, list):
        _mend_list(result, sent, before, cast(list[object], after))
    else:
        _write(result, after)
    return result


def _mend_list(result: Value, sent: Value | None, before: object, after: list[object]) -> None:
    """Element by element: a mend changes what stands in a list, or adds at its end."""
    items = list(sent.list_value.values) if sent is not None else []
    old = cast(list[object], before if isinstance(before, list) else [])
    result.list_value.SetInParent()
    for index, item in enumerate(after):
        known = index < len(items) and index < len(old)
        was = (items[index], old[index]) if known else (None, None)
        result.list_value.values.append(_mended(*was, item))


def _write(result: Value, scalar: object) -> None:
    if scalar is UNKNOWN:
        result.string_value = proxy.UNKNOWN_STRING_VALUE
    elif isinstance(scalar, bool):
        result.bool_value = scalar
    elif isinstance(scalar, int | float):
        result.number_value = scalar
    elif isinstance(scalar, SecretText):
        fields = result.struct_value.fields
        fields[SPECIAL_SIG_KEY].string_value = SPECIAL_SECRET_SIG
        fields["value"].string_value = scalar.reveal()
    elif isinstance(scalar, str):
        result.string_value = scalar
    else:
        result.null_value = NULL_VALUE


def _is_secret(fields: Mapping[str, Value]) -> bool:
    """Whether a message's fields are the engine's wrapping of a secret."""
    kind = fields.get(SPECIAL_SIG_KEY)
    return kind is not None and kind.string_value == SPECIAL_SECRET_SIG
