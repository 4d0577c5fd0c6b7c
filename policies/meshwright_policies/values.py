"""Reads resource properties in which any part may be missing, or unknown during a preview.

A rule must not judge what is not known yet: the same rule runs again in the update, when it is.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final, cast

from meshwright_policies.rule import Settings, Unjudged


class Unknown:
    """The type of UNKNOWN; equal to nothing but itself, and false as a condition."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class SecretText(str):
    """A string that the engine keeps secret: it compares and matches as one, and never shows."""

    __slots__ = ()

    def __str__(self) -> str:
        return "[secret]"

    __repr__ = __str__

    def __format__(self, format_spec: str) -> str:
        return "[secret]"

    def partition(self, sep: str, /) -> tuple[str, str, str]:
        before, found, after = super().partition(sep)
        return SecretText(before), found, SecretText(after)

    def rpartition(self, sep: str, /) -> tuple[str, str, str]:
        before, found, after = super().rpartition(sep)
        return SecretText(before), found, SecretText(after)

    def removesuffix(self, suffix: str, /) -> str:
        return SecretText(super().removesuffix(suffix))

    def reveal(self) -> str:
        """What it says."""
        return self[:]


def as_secret_as(source: object, text: str) -> str:
    """A text that was taken from a value, and shows no more than the value does."""
    return SecretText(text) if isinstance(source, SecretText) else text


def at(value: object, *path: str) -> object:
    """What stands at a path of keys: None if it is missing, UNKNOWN if any step is unknown."""
    found: Any = value
    for key in path:
        if not isinstance(found, dict):
            return UNKNOWN if found is UNKNOWN else None
        found = found.get(key)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return found  # pyright: ignore[reportUnknownVariableType]


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
