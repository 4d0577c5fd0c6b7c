"""The shapes of arguments: what an annotation of the arguments' restricted kinds takes."""

import difflib
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from typing import Any, NotRequired, cast, get_args, get_origin, is_typeddict

import pulumi

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_KINDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a decimal number",
    bool: "a boolean",
    dict: "a map",
    list: "a list",
    type(None): "null",
}


def is_plain(value: object) -> bool:
    """Whether `value` is known now, rather than an Output or an awaitable."""
    return not isinstance(value, pulumi.Output | Awaitable)


def shape_problems(value: object, kind: Any, path: str) -> Iterator[tuple[str, str]]:
    """Compare a value with an annotation of the arguments' restricted kinds."""
    if not is_plain(value):
        if not takes_outputs(kind):
            plain = "plain text" if unwrapped(kind) is str else "a plain value"
            text = "since it decides what is made or how it is called; an Output is known too late"
            yield path or "args", f"must be {plain}, {text}"
        return
    kind = unwrapped(kind)
    if kind is Any:
        return
    if is_typeddict(kind):
        yield from _mapping_problems(value, kind, path)
    elif get_origin(kind) is list:
        if not isinstance(value, list | tuple):
            yield path, f"must be a list, not {_describe(value)}"
            return
        for index, item in enumerate(cast(Iterable[object], value)):
            yield from shape_problems(item, get_args(kind)[0], f"{path}[{index}]")
    elif get_origin(kind) is dict:
        if not isinstance(value, Mapping):
            yield path, f"must be a map of names to values, not {_describe(value)}"
            return
        for key, item in cast(Mapping[object, object], value).items():
            if not isinstance(key, str):
                yield path, f"must have text as its keys, not {_describe(key)}"
            yield from shape_problems(item, get_args(kind)[1], f"{path}.{key}")
    elif not is_scalar(value, kind):
        yield path, f"must be {_WORDS[kind]}, not {_describe(value)}"


def _mapping_problems(value: object, kind: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        yield (
            path or "args",
            f"must be a map with the keys of {kind.__name__}, not {_describe(value)}",
        )
        return
    fields: dict[str, Any] = kind.__annotations__
    given = dict(cast(Mapping[str, object], value))
    for key in given:
        if key not in fields:
            near = meant(key, fields)
            mend = f"did you mean `{near}`?" if near else f"known: {', '.join(sorted(fields))}"
            yield _join(path, key), f"unknown argument; {mend}"
    for key, field in fields.items():
        optional = get_origin(field) is NotRequired
        if given.get(key) is not None:
            yield from shape_problems(given[key], field, _join(path, key))
        elif not optional:
            yield _join(path, key), "missing; it is required"


def meant(key: object, fields: Mapping[str, Any]) -> str | None:
    """The field that somebody meant who wrote another word."""
    return next(iter(difflib.get_close_matches(str(key), fields, n=1, cutoff=0.6)), None)


def takes_outputs(kind: Any) -> bool:
    """Whether the annotation is a `pulumi.Input[...]`.

    What is none decides which resources there are and how they are called, and an Output in its
    place would count as true, or as text that nobody wrote.
    """
    if get_origin(kind) is NotRequired:
        return takes_outputs(get_args(kind)[0])
    return kind is Any or any(get_origin(choice) is Awaitable for choice in get_args(kind))


def unwrapped(kind: Any) -> Any:
    """The annotation inside `NotRequired[...]` and `pulumi.Input[...]`."""
    if get_origin(kind) is NotRequired:
        return unwrapped(get_args(kind)[0])
    for choice in get_args(kind):
        if get_origin(choice) is Awaitable:
            return unwrapped(get_args(choice)[0])
    return kind


def is_scalar(value: object, kind: type) -> bool:
    """Whether a value is of a scalar kind."""
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is int:  # numbers cross the plugin boundary as floating point
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def _describe(value: object) -> str:
    """The kind of a value, never the value, which may be a secret; in no language's own words."""
    if isinstance(value, float) and value.is_integer():
        return _KINDS[int]
    return _KINDS.get(type(value)) or f"a {type(value).__name__}"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def cleaned(value: object, kind: Any) -> object:
    """A value of the right shape without its `None`s, and with its whole numbers as such."""
    kind = unwrapped(kind)
    if isinstance(value, Mapping):
        fields: dict[str, Any] = kind.__annotations__ if is_typeddict(kind) else {}
        inner = get_args(kind)[1] if get_origin(kind) is dict else Any
        return {
            key: cleaned(item, fields.get(key, inner))
            for key, item in cast(Mapping[str, object], value).items()
            if item is not None
        }
    if isinstance(value, list | tuple):
        inner = get_args(kind)[0] if get_origin(kind) is list else Any
        return [cleaned(item, inner) for item in cast(Iterable[object], value)]
    return int(value) if kind is int and isinstance(value, float) else value
