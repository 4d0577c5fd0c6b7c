"""Reads resource properties in which any part may be missing, or unknown during a preview.

A rule must not judge what is not known yet: the same rule runs again in the update, when it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, cast

from pulumi_policy.proxy import UnknownValueError

from meshwright_policies.rule import Settings, Unjudged


class Unknown:
    """The type of UNKNOWN; equal to nothing but itself, and false as a condition."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def plain(value: object) -> object:
    """Turn the engine's guarded view into dicts and lists, with UNKNOWN where it would raise."""
    if isinstance(value, Mapping):
        mapping = cast(Mapping[str, object], value)
        return {key: _read(mapping, key) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        sequence = cast(Sequence[object], value)
        return [_read(sequence, index) for index in range(len(sequence))]
    return value


def at(value: object, *path: str) -> object:
    """What stands at a path of keys: None if it is missing, UNKNOWN if any step is unknown."""
    for key in path:
        if not isinstance(value, Mapping):
            return UNKNOWN if value is UNKNOWN else None
        value = cast(Mapping[str, object], value).get(key)
    return value


def unjudged(value: object, *path: str, prefix: str = "") -> Iterator[Unjudged]:
    """Says that what stands at a path is not known yet, where that is so."""
    if at(value, *path) is UNKNOWN:
        yield Unjudged(prefix + ".".join(path))


def each(value: object, *path: str) -> Iterator[tuple[int, object]]:
    """The elements of the list at a path, with their index; none if it is missing or unknown."""
    found = at(value, *path)
    if isinstance(found, list):
        yield from enumerate(cast(list[object], found))


def differs(value: object, *wanted: object) -> bool:
    """Whether a value is known and is none of those wanted."""
    return value is not UNKNOWN and value not in wanted


def is_production(urn: str, settings: Settings) -> bool:
    """Whether the stack that the URN names is a production stack."""
    stack = urn.split(":")[2] if urn.count(":") >= 2 else ""
    return any(fnmatchcase(stack, pattern) for pattern in settings.production_stacks)


def _read(container: Mapping[str, object] | Sequence[object], key: str | int) -> object:
    try:
        return plain(container[key])  # type: ignore[index]
    except UnknownValueError:
        return UNKNOWN
