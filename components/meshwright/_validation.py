"""Checks the arguments of a component before anything is registered.

A mistake is reported with the component, the argument's path and what to do about it, all mistakes
of one component at once. Values that are only known later (Outputs) are left to the API.
"""

import difflib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, NotRequired, TypeVar, cast, get_args, get_origin, is_typeddict

import pulumi

A = TypeVar("A")
Rule = Callable[[A], Iterator[tuple[str, str]]]

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class ArgumentError(pulumi.RunError):
    """A component was given wrong arguments; the text names each one and its mend.

    It is a `pulumi.RunError`, so that the engine prints the text alone, without a traceback.
    """

    problems: tuple[tuple[str, str], ...]
    """Each mistake: the argument's path, and what is wrong with it."""

    def __init__(self, component: str, name: str, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  {path}: {text}" for path, text in self.problems)
        super().__init__(f"{component} {name!r} was given wrong arguments:\n{lines}")


def checked(component: str, name: str, args: A, kind: type[A], *rules: Rule[A]) -> A:
    """Return `args` without its `None`s, or raise ArgumentError naming every mistake.

    Whole numbers are `int`s in it: from other languages all numbers come as floating point. `rules`
    look at how values fit together; they run once every value has the right shape.
    """
    problems = list(_shape_problems(args, kind, ""))
    if problems:
        raise ArgumentError(component, name, problems)
    cleaned = cast(A, _cleaned(args, kind))
    problems = [problem for rule in rules for problem in rule(cleaned)]
    if problems:
        raise ArgumentError(component, name, problems)
    return cleaned


def is_plain(value: object) -> bool:
    """Whether `value` is known now, rather than an Output or an awaitable."""
    return not isinstance(value, pulumi.Output | Awaitable)


def duplicates(values: Iterable[str]) -> list[str]:
    """The values that occur more than once, each once, in order."""
    seen: dict[str, int] = {}
    for value in values:
        seen[value] = seen.get(value, 0) + 1
    return [value for value, count in seen.items() if count > 1]


def one_of(path: str, value: object, allowed: Iterable[str]) -> Iterator[tuple[str, str]]:
    """A problem when a known `value` is none of the `allowed` ones."""
    choices = list(allowed)
    if is_plain(value) and value is not None and value not in choices:
        close = difflib.get_close_matches(str(value), choices, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        yield path, f"{value!r} must be one of {', '.join(choices)}{hint}"


def _shape_problems(value: object, kind: Any, path: str) -> Iterator[tuple[str, str]]:
    """Compare a value with an annotation of the arguments' restricted kinds."""
    if not is_plain(value):
        if not _takes_outputs(kind):
            plain = "plain text" if _unwrapped(kind) is str else "a plain value"
            text = "since it decides what is made or how it is called; an Output is known too late"
            yield path or "args", f"must be {plain}, {text}"
        return
    kind = _unwrapped(kind)
    if kind is Any:
        return
    if is_typeddict(kind):
        yield from _mapping_problems(value, kind, path)
    elif get_origin(kind) is list:
        if not isinstance(value, list | tuple):
            yield path, f"must be a list, not {_describe(value)}"
            return
        for index, item in enumerate(cast(Iterable[object], value)):
            yield from _shape_problems(item, get_args(kind)[0], f"{path}[{index}]")
    elif get_origin(kind) is dict:
        if not isinstance(value, Mapping):
            yield path, f"must be a map of names to values, not {_describe(value)}"
            return
        for key, item in cast(Mapping[object, object], value).items():
            if not isinstance(key, str):
                yield path, f"must have text as its keys, not {_describe(key)}"
            yield from _shape_problems(item, get_args(kind)[1], f"{path}.{key}")
    elif not _is_scalar(value, kind):
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
            close = difflib.get_close_matches(str(key), fields, n=1, cutoff=0.6)
            mend = f"did you mean `{close[0]}`?" if close else f"known: {', '.join(sorted(fields))}"
            yield _join(path, key), f"unknown argument; {mend}"
    for key, field in fields.items():
        optional = get_origin(field) is NotRequired
        if given.get(key) is not None:
            yield from _shape_problems(given[key], field, _join(path, key))
        elif not optional:
            yield _join(path, key), "missing; it is required"


def _takes_outputs(kind: Any) -> bool:
    """Whether the annotation is a `pulumi.Input[...]`.

    What is none decides which resources there are and how they are called, and an Output in its
    place would count as true, or as text that nobody wrote.
    """
    if get_origin(kind) is NotRequired:
        return _takes_outputs(get_args(kind)[0])
    return kind is Any or any(get_origin(choice) is Awaitable for choice in get_args(kind))


def _unwrapped(kind: Any) -> Any:
    """The annotation inside `NotRequired[...]` and `pulumi.Input[...]`."""
    if get_origin(kind) is NotRequired:
        return _unwrapped(get_args(kind)[0])
    for choice in get_args(kind):
        if get_origin(choice) is Awaitable:
            return _unwrapped(get_args(choice)[0])
    return kind


def _is_scalar(value: object, kind: type) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is int:  # numbers cross the plugin boundary as floating point
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def _describe(value: object) -> str:
    """The kind of a value, never the value, which may be a secret."""
    return "null" if value is None else f"a {type(value).__name__}"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _cleaned(value: object, kind: Any) -> object:
    """A value of the right shape without its `None`s, and with its whole numbers as such."""
    kind = _unwrapped(kind)
    if isinstance(value, Mapping):
        fields: dict[str, Any] = kind.__annotations__ if is_typeddict(kind) else {}
        inner = get_args(kind)[1] if get_origin(kind) is dict else Any
        return {
            key: _cleaned(item, fields.get(key, inner))
            for key, item in cast(Mapping[str, object], value).items()
            if item is not None
        }
    if isinstance(value, list | tuple):
        inner = get_args(kind)[0] if get_origin(kind) is list else Any
        return [_cleaned(item, inner) for item in cast(Iterable[object], value)]
    return int(value) if kind is int and isinstance(value, float) else value
