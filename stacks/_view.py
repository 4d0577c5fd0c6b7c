"""A forgiving look at a raw spec, so that rules run on whatever is well-formed in it.

pydantic skips cross-field checks while a single field is wrong. Rules therefore read the raw value
through this view: what is absent gives the model's default, what has the wrong type gives nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stacks import _secrets
from stacks._secrets import Location


@dataclass(frozen=True)
class Problem:
    """One mistake in a spec. Its texts are safe to print: secrets were masked before."""

    loc: Location
    value: str
    rule: str
    fix: str

    @property
    def path(self) -> str:
        """Where it is, such as `clusters[0].node_pools[1].name`."""
        return _secrets.path(self.loc)


def field_of(model: type[BaseModel] | None, key: str) -> FieldInfo | None:
    """The field that a key of the spec names, by its alias where it has one."""
    fields = model.model_fields if model else {}
    return next((field for name, field in fields.items() if (field.alias or name) == key), None)


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model inside a field's annotation: `X`, `X | None`, `list[X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := model_of(arg))), None)


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a part of the spec may have."""
    return [field.alias or name for name, field in model.model_fields.items()]


@dataclass(frozen=True, repr=False)
class View:
    """One part of a raw spec."""

    raw: object
    model: type[BaseModel] | None
    loc: Location = ()

    def get(self, key: str) -> object:
        """The value of a key as it stands, or its default."""
        if isinstance(self.raw, Mapping) and key in self.raw:
            return cast(Mapping[str, object], self.raw)[key]
        field = field_of(self.model, key)
        if field is None or field.is_required():
            return None
        return field.get_default(call_default_factory=True, validated_data={})

    def part(self, key: str) -> "View":
        """The part under a key; an absent one gives its defaults."""
        field = field_of(self.model, key)
        raw = self.get(key)
        plain = raw.model_dump(by_alias=True) if isinstance(raw, BaseModel) else raw
        return View(plain, model_of(field.annotation) if field else None, (*self.loc, key))

    def each(self, key: str) -> "list[View]":
        """The entries of a list that are maps."""
        part = self.part(key)
        if not isinstance(part.raw, list):
            return []
        entries = cast(list[object], part.raw)
        return [
            View(entry, part.model, (*part.loc, index))
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
        value = self.get(key)
        entries = cast(list[object], value) if isinstance(value, list) else []
        return [(index, entry) for index, entry in enumerate(entries) if isinstance(entry, str)]

    def has(self, key: str) -> bool:
        """Whether the key is there, with a value other than null."""
        return (
            isinstance(self.raw, Mapping)
            and cast(Mapping[str, object], self.raw).get(key) is not None
        )

    def problem(self, key: str | tuple[str | int, ...], rule: str, fix: str) -> Problem:
        """A mistake in the value of a key, or at a place further down."""
        tail = (key,) if isinstance(key, str) else key
        value: object = self
        for part in tail:
            if isinstance(value, View) and isinstance(part, str):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int):
                value = cast(list[object], value)[part]
        raw = value.raw if isinstance(value, View) else value
        loc = (*self.loc, *tail)
        return Problem(loc, _secrets.shown(raw, loc), rule, fix)
