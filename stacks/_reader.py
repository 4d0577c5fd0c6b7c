"""Reads YAML as Pulumi's CLI does, with the line of every value and every mistake at once.

Scalars follow Pulumi's parser, which is Go's yaml.v3: `yes` is a text, `010` is eight. What people
mean otherwise than it reads it is a mistake, named here: the engine would go on with another value.
"""

import math
import re
from typing import cast

import yaml

from stacks import _secrets
from stacks._secrets import Location
from stacks._view import Problem

MAX_NODES = 200_000
"""Values in a file once its aliases are written out; more is a mistake or an attack."""

MAX_DEPTH = 100
"""Maps and lists inside one another; no spec has a fifth of it, and an alias can hold itself."""

_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]{1,16}|0[oO][0-7]{1,22}|0[bB][01]{1,64}|[0-9]{1,20})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_OCTAL = re.compile(r"[-+]?0[0-7]+")
_TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?")
_BASES = {"0x": 16, "0o": 8, "0b": 2}
_STANDARD = "tag:yaml.org,2002:"
_IMPLICIT = yaml.resolver.Resolver()
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLS = ("true", "True", "TRUE", "false", "False", "FALSE")


class Reader:
    """Composes the nodes of a text and builds values from them, keeping each one's line.

    `spec` is where in it the spec stands.
    """

    def __init__(self, text: str, spec: Location) -> None:
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []
        self.failed = False
        self._text = text
        self._spec = spec
        self._left = MAX_NODES

    def root(self) -> object:
        """The text's value; None when it cannot be read, which `failed` tells."""
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
        if len(loc) > MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem=f"is nested deeper than {MAX_DEPTH} levels; does an alias hold itself?",
                problem_mark=node.start_mark,
            )
        self.lines.setdefault(loc, node.start_mark.line + 1)
        self._misread(node, loc)
        if isinstance(node, yaml.MappingNode):
            return self._map(node, loc)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*loc, i)) for i, item in enumerate(node.value)]
        return _scalar(node)

    def _misread(self, node: yaml.Node, loc: Location, *, is_key: bool = False) -> None:
        """A value of the spec that the engine takes for another one than people mean by it, or
        refuses; a key by its tag alone.
        """
        if loc[:1] == self._spec[:1] and loc[: len(self._spec)] != self._spec:
            return  # the engine keeps the stack's other values as the text that they are
        is_scalar = isinstance(node, yaml.ScalarNode)
        text, kind = str(node.value) if is_scalar else "", node.tag.rpartition(":")[2]
        plain = is_scalar and not node.style and not is_key  # type: ignore[attr-defined]
        if rule := _wrong_tag(node):
            fix = "remove what starts with '!' before it"
        elif plain and kind != "str" and _OCTAL.fullmatch(text):
            octal = int(text, 8)
            rule = f"starts with 0: the engine reads it as octal, which is {octal}"
            fix = f"write {int(text)}, or {octal} if that is meant"
        elif plain and not _is_tagged(node) and _TIME.fullmatch(text):
            rule = "is a time, no text: the engine hands it on in other words"
            fix = f'put it in quotes: "{text}"'
        else:
            return
        here = self._from_the_spec(loc)
        value = _shown(node, here)
        if value != _secrets.MASK:
            self.problems.append(Problem(here, value, rule, fix, node.start_mark.line + 1))

    def _merge(self, node: yaml.Node, loc: Location) -> dict[str, object]:
        """What `<<` brings into a map; of several maps the first that has a key counts."""
        if isinstance(node, yaml.MappingNode):
            return self._map(node, loc)
        merged: dict[str, object] = {}
        for part in reversed(node.value) if isinstance(node, yaml.SequenceNode) else (node,):
            if not isinstance(part, yaml.MappingNode):
                raise yaml.MarkedYAMLError(
                    problem="only a map, or a list of maps, can be merged by <<",
                    problem_mark=node.start_mark,
                )
            merged |= self._map(part, loc)
        return merged

    def _map(self, node: yaml.MappingNode, loc: Location) -> dict[str, object]:
        result: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key_node, value_node in node.value:
            if key_node.tag.endswith(":merge"):
                merged |= self._merge(value_node, loc)
        for key_node, value_node in node.value:
            if key_node.tag.endswith(":merge"):
                continue
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            here = (*loc, key)
            self._misread(key_node, here, is_key=True)
            line = key_node.start_mark.line + 1
            if key in result:
                first = self.lines[here]
                self.problems.append(
                    Problem(
                        self._from_the_spec(here),
                        _shown(value_node, here),
                        f"a key stands once; line {first} has it already",
                        "remove one of the two",
                        line,
                    )
                )
                continue
            self.lines[here] = line
            result[key] = self._value(value_node, here)
        return {**merged, **result}

    def _from_the_spec(self, loc: Location) -> Location:
        """A place as the spec's users name it, which is without the keys around the spec."""
        depth = len(self._spec)
        return loc[depth:] if loc[:depth] == self._spec else loc


def _shown(node: yaml.Node, loc: Location) -> str:
    kinds: dict[type[yaml.Node], str] = {
        yaml.MappingNode: "a map",
        yaml.SequenceNode: "a list",
    }
    return kinds.get(type(node)) or _secrets.shown(_scalar(node), loc)


def _scalar(node: yaml.Node) -> object:
    """A scalar as Go's yaml.v3 reads it; PyYAML's own resolver is YAML 1.1."""
    text = str(node.value)
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    # Some numbers of Go's parser are texts to PyYAML.
    unseen = kind == "str" and not node.style and not _is_tagged(node)  # type: ignore[attr-defined]
    return _number(text) if kind in ("int", "float") or (unseen and _may_be_number(text)) else text


def _may_be_number(text: str) -> bool:
    return text[:1] in {*"+-.0123456789"}


def _is_tagged(node: yaml.Node) -> bool:
    """Whether a tag is written out before a node."""
    if isinstance(node, yaml.CollectionNode):
        is_map = isinstance(node, yaml.MappingNode)
        return node.tag != f"{_STANDARD}{'map' if is_map else 'seq'}"
    if node.style:  # type: ignore[attr-defined]
        return node.tag != f"{_STANDARD}str"
    implied = cast(str, _IMPLICIT.resolve(yaml.ScalarNode, node.value, (True, False)))  # type: ignore[no-untyped-call]
    return node.tag != implied


def _wrong_tag(node: yaml.Node) -> str:
    """What is wrong with the tag before a value, if there is one."""
    if not _is_tagged(node):
        return ""
    if isinstance(node, yaml.CollectionNode):
        return "values of a spec have no tags"
    text, kind = str(node.value), node.tag.removeprefix(_STANDARD)
    read = _number(text) if _may_be_number(text) else text
    lawful = {
        "str": True,
        "null": text in _NULLS,
        "bool": text in _BOOLS,
        "int": isinstance(read, int),
        "float": isinstance(read, int | float),
    }
    if kind not in lawful:
        return "values of a spec have no tags"
    return "" if lawful[kind] else f"is no {kind}, as its tag says, and the engine refuses it"


def _number(text: str) -> object:
    """The number that a text is, or the text."""
    digits = text.replace("_", "")
    if _SPECIAL.fullmatch(text):
        return float(text.lower().replace(".", ""))
    if _INTEGER.fullmatch(digits):
        octal = _OCTAL.fullmatch(digits)
        return int(digits, _BASES.get(digits.lstrip("+-")[:2].lower(), 8 if octal else 10))
    number = float(digits) if _FLOAT.fullmatch(digits) else math.inf
    return text if math.isinf(number) else number
