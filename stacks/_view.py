"""A forgiving look at a raw spec, so that rules run on whatever is well-formed in it.

pydantic skips cross-field checks while a single field is wrong. Rules therefore read the raw value
through this view: what is absent gives the model's default, what has the wrong type gives nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stacks import _secrets
from stacks._secrets import Location


@dataclass(frozen=True)
class Problem:
    """One mistake in a spec. Its texts are safe to print: secrets were masked before."""

    # A key can be a secret itself: only `path`, which masks it, is for printing.
    loc: Location = field(repr=False)
    value: str
    rule: str
    fix: str
    line: int | None = None
    """Where in the file it is, when its place alone does not say."""

    @property
    def path(self) -> str:
        """Where it is, such as `clusters[0].node_pools[1].name`."""
        return _secrets.path(self.loc)


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def field_of(model: type[BaseModel] | None, key: str) -> FieldInfo | None:
    """The field that a key of the spec names, by its alias where it has one."""
    return _fields(model).get(key) if model else None


@cache
def _default(model: type[BaseModel] | None, key: str) -> object:
    """What an absent key stands for, as a spec would write it; for reading, since it is kept."""
    field = field_of(model, key)
    if field is None or field.is_required():
        return None
    default = field.get_default(call_default_factory=True, validated_data={})
    return default.model_dump(by_alias=True) if isinstance(default, BaseModel) else default


@cache
def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model inside a field's annotation: `X`, `X | None`, `list[X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := model_of(arg))), None)


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a part of the spec may have."""
    return list(_fields(model))


def as_map(raw: object) -> Mapping[str, object]:
    """The raw value if it is a map, else an empty one."""
    return cast(Mapping[str, object], raw) if isinstance(raw, Mapping) else {}


def as_list(raw: object) -> list[object]:
    """The raw value if it is a list, else an empty one."""
    return cast(list[object], raw) if isinstance(raw, list) else []


@dataclass(frozen=True, repr=False)
class View:
    """One part of a raw spec."""

    raw: object
    model: type[BaseModel] | None
    loc: Location = ()

    def get(self, key: str) -> object:
        """The value of a key as it stands, or its default."""
        mapping = as_map(self.raw)
        return mapping[key] if key in mapping else _default(self.model, key)

    def part(self, key: str) -> "View":
        """The part under a key; an absent one gives its defaults."""
        field = field_of(self.model, key)
        model = model_of(field.annotation) if field else None
        return View(self.get(key), model, (*self.loc, key))

    def each(self, key: str) -> "list[View]":
        """The entries of a list that are maps."""
        part = self.part(key)
        entries: list[object] = as_list(part.raw)
        return [
            View(cast(object, entry), part.model, (*part.loc, index))
            for index, entry in enumerate(entries)
            if isinstance(entry, Mapping)
        ]

    def text(self, key: str) -> str | None:
        """A text, or None when it is absent or something else."""
        value = self.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> float | None:
        """A number, or None; a boolean is none."""
        value = self.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def integer(self, key: str) -> int | None:
        """A whole number, or None; a boolean is none."""
        value = self.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def texts(self, key: str) -> list[tuple[int, str]]:
        """The texts of a list, with their positions."""
        entries = as_list(self.get(key))
        return [(index, entry) for index, entry in enumerate(entries) if isinstance(entry, str)]

    def has(self, key: str) -> bool:
        """Whether the key is there, with a value other than null."""
        return as_map(self.raw).get(key) is not None

    def problem(self, key: str | tuple[str | int, ...], rule: str, fix: str) -> Problem:
        """A mistake in the value of a key, or at a place further down."""
        tail = (key,) if isinstance(key, str) else key
        value: object = self.get(tail[0]) if isinstance(tail[0], str) else None
        for part in tail[1:]:
            value = cast(Any, value)[part]
        loc = (*self.loc, *tail)
        return Problem(loc, _secrets.shown(value, loc), rule, fix)
