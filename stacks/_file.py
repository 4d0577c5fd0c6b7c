"""Reads a stack's file the way Pulumi's CLI does, and says what is wrong with the file itself.

Pulumi parses first and speaks of the first mistake only; this reader names all of them with their
lines. Scalars follow YAML 1.2's core schema, as Pulumi's parser does: `yes` is a text.
Source: https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import cast

import yaml

from stacks import _secrets
from stacks._secrets import Location
from stacks._view import Problem, as_map

MAX_BYTES = 10 * 1024 * 1024
MAX_NODES = 200_000
"""Values in a file once its aliases are written out; more is a mistake or an attack."""

PLATFORM = "meshwright:platform"

_MERGE_MARK = re.compile(r"(<{7}|\|{7}|={7}|>{7})( |$)")
_NUMBER = re.compile(r"[-+]?(0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+)")


@dataclass
class StackFile:
    """What a stack's file holds: the raw spec, the line of each place, the file's mistakes."""

    spec: object = None
    readable: bool = False
    """Whether there is a spec to check."""
    lines: dict[Location, int] = field(default_factory=dict[Location, int])
    problems: list[Problem] = field(default_factory=list[Problem])


def read(path: Path) -> StackFile:
    """Read a stack's file; every mistake of the file itself is among its problems."""
    text, problems = _text(path)
    file = StackFile(problems=problems)
    if text is None:
        return file
    marks = list(_merge_marks(text))
    tabs = list(_tabs(text))
    file.problems += marks + tabs
    if marks:
        return file  # both sides of a conflict stand in it: there is no one spec to check
    # Tabs are reported above; as spaces they let the rest be read.
    reader = _Reader(text.expandtabs(2))
    root = reader.root()
    file.problems += [] if tabs and reader.failed else reader.problems
    config = as_map(as_map(root).get("config"))
    file.problems += _plain_secrets(config, reader.lines)
    if reader.failed:
        return file
    if PLATFORM not in config:
        near = get_close_matches(PLATFORM, list(config), n=1)
        fix = f"did you mean it by {near[0]}?" if near else "add it below config:"
        file.problems.append(
            Problem(("config",), "nothing", f"a stack's file has the key {PLATFORM}", fix)
        )
        return file
    file.spec = config[PLATFORM]
    if set(as_map(file.spec)) == {"secure"}:
        rule = "the spec is plain; secrets stand under keys of their own"
        fix = f"write {PLATFORM} as a map, without --secret"
        file.problems.append(Problem(("config", PLATFORM), _secrets.MASK, rule, fix))
        return file
    depth = ("config", PLATFORM)
    file.lines = {loc[2:]: line for loc, line in reader.lines.items() if loc[:2] == depth}
    file.readable = True
    return file


def _text(path: Path) -> tuple[str | None, list[Problem]]:
    """The file's text, without byte-order mark and carriage returns, and what was wrong with it."""

    def wrong(rule: str, fix: str, line: int | None = None) -> Problem:
        return Problem(("file",), f'"{path}"', rule, fix, line)

    try:
        if path.stat().st_size > MAX_BYTES:
            size = f"{path.stat().st_size / 1024 / 1024:.1f} MB"
            rule = f"must be at most 10 MB, this has {size}"
            return None, [wrong(rule, "a spec is written by people: is this the right file?")]
        content = path.read_bytes()
    except FileNotFoundError:
        near = get_close_matches(path.name, _names_beside(path), n=1, cutoff=0.5)
        fix = f"did you mean {path.parent / near[0]}?" if near else "name a stack's file"
        return None, [wrong("there is no such file", fix)]
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        return None, [wrong(rule, "name a file that you may read, such as stacks/Pulumi.dev.yaml")]
    problems: list[Problem] = []
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
        problems.append(wrong("must not start with a byte-order mark", "save it without BOM", 1))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, [*problems, wrong("must be UTF-8", "save it as UTF-8", line)]
    if "\r" in text:
        line = text[: text.index("\r")].count("\n") + 1
        rule = "lines must end with LF, these end with CRLF"
        problems.append(wrong(rule, "convert it: dos2unix, or your editor's line endings", line))
    return text.replace("\r\n", "\n").replace("\r", "\n"), problems


def _names_beside(path: Path) -> list[str]:
    return [other.name for other in path.parent.glob("*.yaml")] if path.parent.is_dir() else []


def _merge_marks(text: str) -> Iterator[Problem]:
    for number, line in enumerate(text.split("\n"), 1):
        if _MERGE_MARK.match(line):
            yield Problem(
                ("file",),
                f'"{line[:7]}"',
                "holds the mark of an unfinished merge",
                "choose one side and remove the marks",
                number,
            )


def _tabs(text: str) -> Iterator[Problem]:
    for number, line in enumerate(text.split("\n"), 1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent and line.strip():
            yield Problem(
                ("file",), '"\\t"', "is indented with a tab", "indent with spaces", number
            )


def _plain_secrets(config: object, lines: dict[Location, int]) -> Iterator[Problem]:
    """Keys beside the spec whose name says secret, but whose value stands in plain text."""
    for key, value in as_map(config).items():
        named = _secrets.is_secret_key(key.rpartition(":")[2])
        plain = isinstance(value, str | int | float) and not isinstance(value, bool)
        if key != PLATFORM and plain and (named or _secrets.is_secret_value(value)):
            loc = ("config", key)
            yield Problem(
                loc,
                _secrets.MASK,
                "a secret stands in plain text",
                f"change it where it was issued, then: pulumi config set --secret {key}",
                lines.get(loc),
            )


class _Reader:
    """Composes the nodes of a file and builds values from them, keeping each one's line."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []
        self.failed = False
        self._text = text
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
                self.problems.append(
                    Problem(
                        here[2:] if here[:2] == ("config", PLATFORM) else here,
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
