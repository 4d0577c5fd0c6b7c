"""The dev spec as raw data, and edits of it by path."""

import copy
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEV_FILE = ROOT / "stacks" / "Pulumi.dev.yaml"
DELETE = object()
"""As a value in an edit: the key is taken out."""

_DEV = yaml.safe_load(DEV_FILE.read_text())["config"]["meshwright:platform"]
_PART = re.compile(r"([^.\[\]]+)|\[(\d+|\+)\]")


@dataclass(frozen=True)
class Case:
    """One wrong spec: the edits that make it so, and what must be said about it."""

    id: str
    edits: dict[str, Any]
    path: str
    rule: str
    fix: str
    also: tuple[str, ...] = field(default=())
    """Paths of further mistakes that the same edit makes."""


def dev() -> dict[str, Any]:
    """A copy of the dev spec, to be edited."""
    return copy.deepcopy(_DEV)


def edited(edits: dict[str, Any]) -> dict[str, Any]:
    """The dev spec with values put at paths such as `clusters[1].node_pools[+]`."""
    spec = dev()
    for path, value in edits.items():
        put(spec, path, value)
    return spec


def put(spec: Any, path: str, value: Any) -> None:
    """Set, append (`[+]`) or delete (`DELETE`) at a path."""
    parts = [key or (index if index == "+" else int(index)) for key, index in _PART.findall(path)]
    for part in parts[:-1]:
        spec = spec[part]
    if value is DELETE:
        del spec[parts[-1]]
    elif parts[-1] == "+":
        spec.append(copy.deepcopy(value))
    else:
        spec[parts[-1]] = copy.deepcopy(value)
