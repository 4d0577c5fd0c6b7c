"""Reads a stack's file the way Pulumi's CLI does, and says what is wrong with the file itself.

A large spec stands in a file of its own beside the stack's, which names it: `platform: {file: X}`.
Pulumi parses first and speaks of the first mistake only; this reader names all of them with their
lines. Scalars follow YAML 1.2's core schema, as Pulumi's parser does: `yes` is a text.
Source: https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from stacks import _secrets
from stacks._secrets import Location
from stacks._view import Problem, as_map
from stacks._yaml import Reader

MAX_BYTES = 10 * 1024 * 1024
PLATFORM = "meshwright:platform"
FILE = "file"
MAX_HANDED_OVER = 128 * 1024
"""Bytes of one environment variable on Linux, in which Pulumi hands all config to a program."""

_MERGE_MARK = re.compile(r"(<{7}|\|{7}|={7}|>{7})( |$)")


@dataclass
class StackFile:
    """What a stack's file holds: the raw spec, the line of each place, the file's mistakes."""

    path: Path
    """The file in which the spec stands."""
    spec: object = None
    readable: bool = False
    """Whether there is a spec to check."""
    lines: dict[Location, int] = field(default_factory=dict[Location, int])
    problems: list[Problem] = field(default_factory=list[Problem])


def read(path: Path) -> StackFile:
    """Read a stack's file; every mistake of the file itself is among its problems."""
    file = StackFile(path)
    reader = _parsed(file, ("config", PLATFORM))
    if reader is None:
        return file
    config = as_map(as_map(file.spec).get("config"))
    file.spec = None
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
    if is_named(file.spec):
        beside = read_named(path.parent, file.spec)
        beside.problems = file.problems + beside.problems
        return beside
    file.problems += _too_large(path, config)
    depth = ("config", PLATFORM)
    file.lines = {loc[2:]: line for loc, line in reader.lines.items() if loc[:2] == depth}
    file.readable = True
    return file


def is_named(raw: object) -> bool:
    """Whether the value of the stack's key only names the file in which the spec stands."""
    return set(as_map(raw)) == {FILE}


def read_named(folder: Path, raw: object) -> StackFile:
    """Read the spec from the file of a folder that the value of the stack's key names."""
    name = as_map(raw)[FILE]
    if not isinstance(name, str) or name != Path(name).name or Path(name).suffix != ".yaml":
        rule = "names a YAML file beside the stack's own"
        problem = Problem((FILE,), _secrets.shown(name, (FILE,)), rule, "write file: platform.yaml")
        return StackFile(folder, problems=[problem])
    file = StackFile(folder / name)
    reader = _parsed(file, ())
    if reader is not None and not reader.failed:
        file.lines, file.readable = reader.lines, True
    return file


def _parsed(file: StackFile, spec_at: Location) -> Reader | None:
    """Read a file's value into `file.spec`, where its spec begins at a place; None if none is."""
    text, problems = _text(file.path)
    file.problems += problems
    if text is None:
        return None
    marks = list(_merge_marks(text))
    tabs = list(_tabs(text))
    file.problems += marks + tabs
    if marks:
        return None  # both sides of a conflict stand in it: there is no one spec to check
    # Tabs are reported above; as spaces they let the rest be read.
    reader = Reader(text.expandtabs(2), spec_at)
    file.spec = reader.root()
    file.problems += [] if tabs and reader.failed else reader.problems
    return reader


def _too_large(path: Path, config: Mapping[str, object]) -> Iterator[Problem]:
    """A mistake if Pulumi cannot hand the config to the program, as JSON of texts of JSON."""
    texts = {key: item if isinstance(item, str) else _json(item) for key, item in config.items()}
    size = len(_json(texts).encode()) + len("PULUMI_CONFIG=")
    if size >= MAX_HANDED_OVER:
        name = f"platform.{path.stem.removeprefix('Pulumi.')}.yaml"
        yield Problem(
            ("config", PLATFORM),
            f"{size // 1024} KB as JSON",
            "Pulumi hands a program at most 128 KB of config",
            f"move the spec to {path.with_name(name)} and write {PLATFORM}: {{{FILE}: {name}}}",
        )


def _json(value: object) -> str:
    """JSON as Go writes it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"})


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
