"""What rules say of arguments of which some have a wrong shape, so that it is said at once.

Every rule judges twice, with opposite stand-ins for what is wrong or missing: nothing at all, and
something that equals whatever it is compared with. What it says both times, of other places, has
nothing to do with what is wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NotRequired, TypeVar, cast, get_args, get_origin, is_typeddict

from ._shapes import cleaned, is_plain, is_scalar, meant, shape_problems, takes_outputs, unwrapped

A = TypeVar("A")
Problem = tuple[str, str]


class _Anything(str):
    """A text that takes itself for every other."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


_LEAST: dict[type, object] = {str: "", int: 0, float: 0.0, bool: False}
_MOST: dict[type, object] = {str: _Anything("x"), int: 10**9, float: 1e9, bool: True}


def said_anyway(
    args: A,
    kind: type[A],
    wrong: Iterable[Problem],
    rules: Iterable[Callable[[A], Iterator[Problem]]],
) -> list[Problem]:
    """The problems that `rules` find whatever stood in the wrong places."""
    if not isinstance(cast(object, args), Mapping):
        return []
    places = [path for path, _ in wrong]
    least, most = (
        [problem for rule in rules for problem in _found(rule, cast(A, stood_in))]
        for stood_in in (cleaned(_filled(args, kind, s), kind) for s in (_LEAST, _MOST))
    )
    return [p for p in least if p in most and not any(_within(p[0], place) for place in places)]


def _found(rule: Callable[[A], Iterator[Problem]], args: A) -> Iterator[Problem]:
    """What a rule says before a stand-in that it cannot take ends it."""
    try:
        yield from rule(args)
    except Exception:  # rules rely on right shapes, and may do anything with a wrong value
        return


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def _filled(value: object, kind: Any, scalars: dict[type, object]) -> object:
    """The value with stand-ins for what in it is wrong or missing."""
    if not is_plain(value):
        if takes_outputs(kind):
            return value
        value = None
    kind = unwrapped(kind)
    if kind is Any:
        return value
    if is_typeddict(kind):
        return dict(_entries(value, kind, scalars))
    if get_origin(kind) is list:
        inner = get_args(kind)[0]
        items = cast(Iterable[object], value) if isinstance(value, list | tuple) else None
        if items is None:
            items = () if scalars is _LEAST else (None,)
        return [_filled(item, inner, scalars) for item in items]
    if get_origin(kind) is dict:
        inner = get_args(kind)[1]
        known = cast(Mapping[object, object], value) if isinstance(value, Mapping) else None
        if known is None:
            known = {} if scalars is _LEAST else {"x": None}
        return {str(key): _filled(item, inner, scalars) for key, item in known.items()}
    return value if is_scalar(value, kind) else scalars.get(kind)


def _entries(value: object, kind: Any, scalars: dict[type, object]) -> Iterator[tuple[str, object]]:
    """The entries of a map with given keys; what is wrong and not needed is left out for the least
    of stand-ins, and what was meant by a misspelt key is there for the most.
    """
    fields: dict[str, Any] = kind.__annotations__
    given: Mapping[str, object] = {}
    if isinstance(value, Mapping):
        given = cast(Mapping[str, object], value)
    meant_ones = {meant(key, fields) for key in given if key not in fields}
    for key, field in fields.items():
        optional = get_origin(field) is NotRequired
        item = given.get(key)
        if item is None and optional and not (scalars is _MOST and key in meant_ones):
            continue
        if item is not None and optional and scalars is _LEAST and _is_other(item, field):
            continue
        yield key, _filled(item, field, scalars)


def _is_other(value: object, kind: Any) -> bool:
    """Whether a value itself, and not only something in it, has a wrong shape."""
    return any(path == "value" for path, _ in shape_problems(value, kind, "value"))
