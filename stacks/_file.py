"""Reads a stack's file the way Pulumi's CLI does, and says what is wrong with the file itself.

Pulumi parses first and speaks of the first mistake only; this reader names all of them with their
lines. Source: https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from stacks import _secrets
from stacks._reader import Reader
from stacks._secrets import Location
from stacks._view import Problem, as_map

MAX_BYTES = 10 * 1024 * 1024
PLATFORM = "meshwright:platform"
PLATFORM_FILE = "meshwright:platformFile"
"""Names a file that holds the spec, from the project's folder, in the place of `PLATFORM`."""
MAX_CONFIG_BYTES = 128 * 1024
"""Linux takes no longer environment variable, and in one the engine hands the config on.

Sources: MAX_ARG_STRLEN in https://man7.org/linux/man-pages/man2/execve.2.html; PULUMI_CONFIG in the
engine's language hosts.
"""

_MERGE_MARK = re.compile(r"(<{7}|\|{7}|={7}|>{7})( |$)")


@dataclass
class StackFile:
    """What a stack's file holds: the raw spec, the line of each place, the file's mistakes."""

    spec: object = None
    readable: bool = False
    """Whether there is a spec to check."""
    lines: dict[Location, int] = field(default_factory=dict[Location, int])
    problems: list[Problem] = field(default_factory=list[Problem])
    platform_file: Path | None = None
    """The file that holds the spec, where the stack's file names one."""


def read(path: Path) -> StackFile:
    """Read a stack's file; every mistake of the file itself is among its problems."""
    file, root = _root(path)
    config = as_map(as_map(root).get("config"))
    file.problems += _plain_secrets(config, file.lines)
    if not file.readable:
        return file
    file.readable = False
    if PLATFORM_FILE in config:
        file.platform_file = _named(config, path, file)
        return file
    if PLATFORM not in config:
        near = get_close_matches(PLATFORM, list(config), n=1, cutoff=0.5)
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
    file.problems += _too_long(file.spec)
    depth = ("config", PLATFORM)
    file.lines = {loc[2:]: line for loc, line in file.lines.items() if loc[:2] == depth}
    file.readable = True
    return file


def read_platform(path: Path) -> StackFile:
    """Read a file that holds a spec and nothing else; its mistakes are among its problems."""
    file, file.spec = _root(path)
    return file


def _root(path: Path) -> tuple[StackFile, object]:
    """The value of a file, readable when it could be parsed."""
    text, problems = _text(path)
    file = StackFile(problems=problems)
    if text is None:
        return file, None
    marks = list(_merge_marks(text))
    tabs = list(_tabs(text))
    file.problems += marks + tabs
    if marks:
        return file, None  # both sides of a conflict stand in it: there is no one spec to check
    # Tabs are reported above; as spaces they let the rest be read.
    reader = Reader(text.expandtabs(2), ("config", PLATFORM))
    root = reader.root()
    file.problems += [] if tabs and reader.failed else reader.problems
    file.lines = reader.lines
    file.readable = not reader.failed
    return file, root


def _named(config: Mapping[str, object], path: Path, file: StackFile) -> Path | None:
    """The file that holds the spec; it stands below the folder of Pulumi.yaml."""
    name = config[PLATFORM_FILE]
    if PLATFORM in config:
        rule, fix = f"{PLATFORM} stands beside it: a stack has one spec", "remove one of the two"
    elif not isinstance(name, str) or not name or "\0" in name:
        rule, fix = "must name a file", "write its path from the folder of Pulumi.yaml"
    else:
        projects = (parent for parent in path.parents if (parent / "Pulumi.yaml").is_file())
        return next(projects, path.parent) / name
    loc = ("config", PLATFORM_FILE)
    file.problems.append(Problem(loc, _secrets.shown(name, loc), rule, fix, file.lines[loc]))
    return None


def _too_long(spec: object) -> Iterator[Problem]:
    """A spec that the engine could not start the program with."""
    handed_on = len(json.dumps({PLATFORM: json.dumps(spec)}).encode())
    if handed_on >= MAX_CONFIG_BYTES:
        yield Problem(
            ("config", PLATFORM),
            f"{handed_on // 1024} KiB",
            f"the engine hands on at most {MAX_CONFIG_BYTES // 1024} KiB of config",
            f"move the map into a file of its own and name that by {PLATFORM_FILE}",
        )


def _text(path: Path) -> tuple[str | None, list[Problem]]:
    """The file's text, without byte-order mark and carriage returns, and what was wrong with it."""

    def wrong(rule: str, fix: str, line: int | None = None) -> Problem:
        return Problem(("file",), f'"{path}"', rule, fix, line)

    try:
        content = _content(path)
    except FileNotFoundError:
        near = get_close_matches(path.name, _names_beside(path), n=1, cutoff=0.5)
        fix = f"did you mean {path.parent / near[0]}?" if near else "name a stack's file"
        return None, [wrong("there is no such file", fix)]
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        return None, [wrong(rule, "name a file that you may read, such as stacks/Pulumi.dev.yaml")]
    if len(content) > MAX_BYTES:
        rule = "must be at most 10 MB, this has more"
        return None, [wrong(rule, "a spec is written by people: is this the right file?")]
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


def _content(path: Path) -> bytes:
    """What a file holds, or one byte more than it may; a pipe that nobody writes to is empty."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)  # only to open it must not wait
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_BYTES + 1)


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
    beside = {
        key: value for key, value in as_map(config).items() if key not in (PLATFORM, PLATFORM_FILE)
    }
    for place in _secrets.find(beside, frozenset()):
        loc = ("config", *place)
        key = _secrets.path(place)
        way = "--secret" if len(place) == 1 else "--secret --path"
        yield Problem(
            loc,
            _secrets.MASK,
            "a secret stands in plain text",
            f"change it where it was issued, then: pulumi config set {way} {key}",
            lines.get(loc),
        )
