"""Builds the values of a YAML file and keeps the line of each, by YAML 1.2's core schema."""

import re
from typing import cast

import yaml

from stacks import _secrets
from stacks._secrets import Location
from stacks._view import Problem

MAX_NODES = 200_000
"""Values in a file once its aliases are written out; more is a mistake or an attack."""

_NUMBER = re.compile(r"[-+]?(0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+)")


class Reader:
    """Composes the nodes of a file and builds values from them, keeping each one's line.

    Args:
        text: of the file.
        spec_at: the place at which the spec begins, from where the places of its mistakes count.
    """

    def __init__(self, text: str, spec_at: Location) -> None:
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []
        self.failed = False
        self._text = text
        self._spec_at = spec_at
        self._left = MAX_NODES

    def root(self) -> object:
        """The file's value; None when it cannot be read."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML has it
        try:
            node = cast(yaml.Node | None, yaml.compose(self._text, loader))  # pyright: ignore
            return None if node is None else self._value(node, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = ", ".join(filter(None, (error.context, error.problem)))
            self._fail(said or "cannot be parsed", mark.line + 1 if mark else None)
        except yaml.YAMLError as error:
            self._fail(str(error).splitlines()[0], None)
        except RecursionError:
            self._fail("is nested too deep", None)
        return None

    def _fail(self, rule: str, line: int | None) -> None:
        self.failed = True
        fix = "compare the indentation and quotes of this line and the one before"
        self.problems.append(Problem(("file",), "YAML", rule, fix, line))

    def _value(self, node: yaml.Node, loc: Location) -> object:
        self._left -= 1
        if self._left < 0:
            raise yaml.MarkedYAMLError(
                problem=f"holds more than {MAX_NODES} values", problem_mark=node.start_mark
            )
        self.lines.setdefault(loc, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._map(node, loc)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*loc, i)) for i, item in enumerate(node.value)]
        return _scalar(node)

    def _map(self, node: yaml.MappingNode, loc: Location) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            here = (*loc, key)
            line = key_node.start_mark.line + 1
            if key in result:
                first = self.lines[here]
                depth = len(self._spec_at)
                self.problems.append(
                    Problem(
                        here[depth:] if here[:depth] == self._spec_at else here,
                        _shown(value_node, here),
                        f"a key stands once; line {first} has it already",
                        "remove one of the two",
                        line,
                    )
                )
                continue
            self.lines[here] = line
            result[key] = self._value(value_node, here)
        return result


def _shown(node: yaml.Node, loc: Location) -> str:
    kinds: dict[type[yaml.Node], str] = {
        yaml.MappingNode: "a map",
        yaml.SequenceNode: "a list",
    }
    return kinds.get(type(node)) or _secrets.shown(_scalar(node), loc)


def _scalar(node: yaml.Node) -> object:
    """A scalar by YAML 1.2's core schema; PyYAML's own resolver is YAML 1.1."""
    text = str(node.value)
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "int" and _NUMBER.fullmatch(text):
        base = {"0x": 16, "0o": 8}.get(text.lstrip("+-")[:2], 10)
        return int(text, base)
    if kind == "float" and ":" not in text:
        return float(text.lower().replace(".nan", "nan").replace(".inf", "inf").replace("_", ""))
    return text
