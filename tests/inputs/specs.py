"""The stacks' specs as raw data, and edits of them by path."""

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

STACK_FILES = sorted((ROOT / "stacks").glob("Pulumi.*.yaml"))
_SPECS = {
    path.name.split(".")[1]: yaml.safe_load(path.read_text())["config"]["meshwright:platform"]
    for path in STACK_FILES
}
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
    base: str = "dev"
    """The stack whose spec is edited."""


def spec_of(stack: str) -> dict[str, Any]:
    """A copy of a stack's spec, to be edited."""
    return copy.deepcopy(_SPECS[stack])


def dev() -> dict[str, Any]:
    """A copy of the dev spec, to be edited."""
    return spec_of("dev")


def edited(edits: dict[str, Any], stack: str = "dev") -> dict[str, Any]:
    """A stack's spec with values put at paths such as `clusters[1].node_pools[+]`."""
    spec = spec_of(stack)
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
