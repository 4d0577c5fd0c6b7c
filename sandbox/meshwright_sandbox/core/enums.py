"""Values of enumerations by their numbers.

Google's client libraries write enumerations as numbers when they speak REST, which every API that
is made of protobuf messages takes as well as names. Discovery documents list only the names.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

_NUMBERED = Path(__file__).parent / "enum_numbers.yaml"
# An API may have new names that a table lacks; of fewer, it is another enumeration.
_NAMES_FOR_ONE_NEW = 10


def name_of(number: int, names: Sequence[str]) -> str | None:
    """The name that a number stands for among the names of an enumeration, or None."""
    return _names(tuple(names)).get(number)


@cache
def _names(names: tuple[str, ...]) -> Mapping[int, str]:
    for table in _tables():
        unknown = [name for name in names if name not in table]
        if len(unknown) * _NAMES_FOR_ONE_NEW <= len(names):
            return {table[name]: name for name in names if name in table}
    return dict(enumerate(names))


@cache
def _tables() -> list[dict[str, int]]:
    return yaml.safe_load(_NUMBERED.read_text(encoding="utf-8"))
