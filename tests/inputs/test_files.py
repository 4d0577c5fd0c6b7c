"""What is wrong with a stack's file itself is said with its line, beside the spec's mistakes."""

import json
import os
import time
from pathlib import Path

import pytest

from stacks.validate import Report, load_file, schema_text, validate_file
from tests.inputs.specs import DEV_FILE, ROOT, STACK_FILES

DEV = DEV_FILE.read_text()
PLATFORM = "  meshwright:platform:\n"


def spec_file(tmp_path: Path, content: str | bytes) -> Path:
    """A stack's file with this content."""
    path = tmp_path / "Pulumi.test.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def report(tmp_path: Path, content: str | bytes) -> Report:
    """The report on a file with this content."""
    return validate_file(spec_file(tmp_path, content))


def said(found: Report) -> list[tuple[int | None, str]]:
    """Line and rule of each mistake."""
    return [(entry["line"], entry["rule"]) for entry in found.data()["problems"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
def test_stack_files_are_valid(path: Path) -> None:
    """No committed stack file has a mistake."""
    assert validate_file(path).text() == f"{path}: the spec is valid"


def test_missing_file_names_the_near_one() -> None:
    """A misspelt file name is answered with the file that is there."""
    found = validate_file(DEV_FILE.with_name("Pulumi.dve.yaml"))

    assert found.problems[0].rule == "there is no such file"
    assert "Pulumi.dev.yaml" in found.problems[0].fix


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    """A folder is refused like any unreadable file."""
    assert "cannot be read" in validate_file(tmp_path).problems[0].rule


@pytest.mark.parametrize(
    ("content", "line", "rule"),
    [
        pytest.param(b"\xef\xbb\xbf" + DEV.encode(), 1, "byte-order mark", id="bom"),
        pytest.param(DEV.encode("utf-16"), 1, "must be UTF-8", id="utf-16"),
        pytest.param(b"config:\n  a: \xff\n", 2, "must be UTF-8", id="not-utf-8"),
        pytest.param(DEV.replace("\n", "\r\n"), 1, "must end with LF", id="crlf"),
        pytest.param(
            DEV.replace(PLATFORM, PLATFORM + "<<<<<<< HEAD\n"), 6, "unfinished merge", id="merge"
        ),
        pytest.param(DEV.replace("    prefix:", "\tprefix:"), 7, "with a tab", id="tab"),
        pytest.param(DEV + "config: [\n", None, "expected", id="broken-yaml"),
        pytest.param("config:\n  a: *b\n", 2, "undefined alias", id="alias"),
        pytest.param("a: 1\n---\nb: 2\n", 2, "single document", id="two-documents"),
        pytest.param("", None, "has the key meshwright:platform", id="empty"),
        pytest.param("config: {}\n", None, "has the key meshwright:platform", id="no-spec"),
        pytest.param("[" * 5000, None, "", id="deep"),
        pytest.param(
            "config:\n" + PLATFORM + "    a: " + "[" * 200 + "]" * 200,
            3,
            "nested deeper",
            id="deep-value",
        ),
        pytest.param("config: &a\n  b: *a\n", 1, "does an alias hold itself", id="alias-of-itself"),
        pytest.param("config:\n  <<: text\n", 2, "can be merged", id="merge-of-a-text"),
        pytest.param(
            DEV.replace("days: 30\n", "days: 030\n"), None, "octal, which is 24", id="octal"
        ),
        pytest.param(
            DEV.replace("environment: dev", "environment: 2026-01-01"),
            9,
            "is a time, no text",
            id="time",
        ),
        pytest.param(
            DEV.replace("prefix: dev", "prefix: !secret dev"), 7, "have no tags", id="tag"
        ),
        pytest.param(
            DEV.replace("port: 8080", "port: !!int many"),
            None,
            "must be a whole number",
            id="tag-of-another-kind",
        ),
        pytest.param(
            DEV.replace("prefix: dev", "prefix: !!null dev"), 7, "is no null, as", id="null-tag"
        ),
        pytest.param(
            DEV.replace("prefix: dev", "!!null prefix: dev"), 7, "is no null, as", id="key-tag"
        ),
        pytest.param(
            DEV.replace("    labels:\n", "    labels: !Labels\n"),
            None,
            "have no tags",
            id="map-tag",
        ),
        pytest.param(
            DEV.replace("port: 8080", "port: " + "9" * 5000),
            None,
            "must be a whole number",
            id="thousands-of-digits",
        ),
        pytest.param(
            'config:\n  meshwright:platformFile: "a\\0b"\n',
            2,
            "must name a file",
            id="nul-in-a-file-name",
        ),
        pytest.param(" " * (10 * 1024 * 1024 + 1), None, "at most 10 MB", id="10-MB"),
        pytest.param(
            "config:\n" + PLATFORM + "    secure: v1:abc\n", None, "the spec is plain", id="secure"
        ),
    ],
)
def test_wrong_file(tmp_path: Path, content: str | bytes, line: int | None, rule: str) -> None:
    """Each class of broken file has its own rule, at its line."""
    found = said(report(tmp_path, content))

    matching = [place for place, text in found if rule in text]
    assert matching, found
    assert line is None or line in matching, found


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3_650", 3650),
        ("0b1010", 10),
        ("0o17", 15),
        ("0o1_7", 15),
        ("0x1F", 31),
        ("0X1F", 31),
        ("+80", 80),
        ("!!int 80", 80),
        ('!!int "80"', 80),
    ],
)
def test_whole_numbers_are_those_of_pulumi(tmp_path: Path, written: str, value: int) -> None:
    """However a number is written, it is the one that the engine hands on."""
    text = DEV.replace("days: 30\n", f"days: {written}\n")

    assert load_file(spec_file(tmp_path, text)).log_sinks[0].log_bucket.retention_days == value  # type: ignore[union-attr]


@pytest.mark.parametrize("written", ["!!str 2026-01-01", '"2026-01-01"', "!!str 010"])
def test_a_text_may_be_marked_as_one(tmp_path: Path, written: str) -> None:
    """As the engine takes it: quotes and the tag of texts say the same."""
    text = DEV.replace("environment: dev", f"environment: {written}")

    labels = load_file(spec_file(tmp_path, text)).labels

    assert labels["environment"] == written.removeprefix("!!str ").strip('"')


def test_merge_keys_are_those_of_pulumi(tmp_path: Path) -> None:
    """`<<` brings keys in, what stands beside it counts more, and lines are those of the values."""
    old = "        region: europe-west1\n        network: mesh\n"
    merged = "        <<: {region: europe-west9, network: mesh, frobnicate: 1}\n"
    found = report(tmp_path, DEV.replace(old, merged + "        region: europe-west1\n", 1))

    (entry,) = found.data()["problems"]  # type: ignore[misc]
    assert (entry["path"], entry["line"]) == ("clusters[0].frobnicate", 30)  # type: ignore[index]


def test_control_characters_are_spelled_out(tmp_path: Path) -> None:
    """A terminal would obey them, and some cannot be seen."""
    found = report(tmp_path, DEV.replace("prefix: dev", '"\\e[2Jprefix": "d\\e[31mev\\u202e"'))

    text = found.text()
    assert r"\x1b[2Jprefix" in text
    assert r"d\x1b[31mev\u202e" in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_a_pipe_that_nobody_writes_to_is_empty(tmp_path: Path) -> None:
    """It is answered like an empty file; nobody waits for ever."""
    path = tmp_path / "Pulumi.pipe.yaml"
    os.mkfifo(path)

    assert "has the key meshwright:platform" in validate_file(path).problems[0].rule


def test_every_merge_mark_is_named(tmp_path: Path) -> None:
    """All marks of a conflict are listed; half-merged contents are not judged."""
    lines = DEV.split("\n")
    conflict = ["<<<<<<< HEAD", "    prefix: a", "=======", "    prefix: b", ">>>>>>> other"]

    found = report(tmp_path, "\n".join([*lines[:5], *conflict, *lines[5:]]))

    assert [line for line, _ in said(found)] == [6, 8, 10]


def test_duplicate_keys_and_wrong_values_come_together(tmp_path: Path) -> None:
    """A doubled key does not hide the mistakes beside it."""
    text = DEV.replace("    prefix: dev\n", "    prefix: dev\n    prefix: dev2\n    fleets: {}\n")

    found = report(tmp_path, text).problems

    assert [(p.path, p.line) for p in found if "stands once" in p.rule] == [("prefix", 8)]
    assert any(p.path == "fleets" and "did you mean fleet?" in p.fix for p in found)


def test_yaml_booleans_are_those_of_pulumi(tmp_path: Path) -> None:
    """`yes` is a text in YAML 1.2, so it is refused where true is meant and fine in a label."""
    text = DEV.replace("deletion_protection: false # dev", "deletion_protection: no # dev")
    text = text.replace("      environment: dev\n", "      environment: no\n")

    found = report(tmp_path, text).problems

    assert [(p.path, p.value, p.fix) for p in found] == [
        ("clusters[0].deletion_protection", '"no"', "write false, without quotes")
    ]


def test_lines_of_mistakes(tmp_path: Path) -> None:
    """A mistake in the spec names the line of its value in the file."""
    found = report(tmp_path, DEV.replace("weight: 90", "weight: 91"))

    (entry,) = found.data()["problems"]  # type: ignore[misc]
    assert DEV.split("\n")[entry["line"] - 1].strip() == "weights:"  # type: ignore[index]


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    """Nested aliases that stand for billions of values end early, with a sentence."""
    levels = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    levels += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    found = said(report(tmp_path, "\n".join(levels)))

    assert any("more than" in rule for _, rule in found), found


def test_plain_secret_beside_the_spec(tmp_path: Path) -> None:
    """A config key that is named as a secret must be encrypted; an encrypted one is fine."""
    text = DEV.replace(PLATFORM, "  meshwright:adminToken: s3cr3t-canary\n" + PLATFORM)
    text = text.replace(PLATFORM, "  meshwright:apiKey:\n    secure: v1:abc\n" + PLATFORM)

    found = report(tmp_path, text)

    assert [p.path for p in found.problems] == ["config.meshwright:adminToken"]
    assert "pulumi config set --secret meshwright:adminToken" in found.problems[0].fix
    assert "s3cr3t-canary" not in found.text() + json.dumps(found.data())


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("  shop:db:\n    password: s3cr3t-canary\n", id="in-a-map"),
        pytest.param("  shop:urls:\n    - https://ada:s3cr3t-canary@example.com\n", id="in-a-list"),
        pytest.param("  shop:password: s3cr3t-canary\n" * 2, id="twice"),
    ],
)
def test_plain_secrets_beside_the_spec_at_any_depth(tmp_path: Path, written: str) -> None:
    """Inside maps and lists too, and when the key stands twice."""
    found = report(tmp_path, DEV.replace(PLATFORM, written + PLATFORM))

    assert any("plain text" in rule for _, rule in said(found))
    assert "s3cr3t-canary" not in found.text() + json.dumps(found.data()) + repr(found)


def test_a_text_in_place_of_the_spec_is_not_shown(tmp_path: Path) -> None:
    """It may be anything, such as the spec as JSON with what it holds."""
    text = 'config:\n  meshwright:platform: \'{"password": "s3cr3t-canary"}\'\n'
    found = report(tmp_path, text)

    assert [problem.value for problem in found.problems] == ["a text"]


def test_ten_thousand_entries_take_seconds(tmp_path: Path) -> None:
    """A file with 10,000 entries, each wrong in two ways, is answered in a few seconds."""
    peers = "".join(
        f"          - {{name: P{i}, cidr: 10.{i // 256 % 256}.{i % 256}.0/24}}\n"
        for i in range(10_000)
    )
    text = DEV.replace("        peers:\n", "        peers:\n" + peers)

    started = time.process_time()
    found = report(tmp_path, text)
    seconds = time.process_time() - started

    assert any("at most 1000" in p.rule for p in found.problems)
    assert seconds < 10, f"{seconds:.1f} s"


def test_schema_file_is_current() -> None:
    """The committed schema is the model's."""
    committed = (ROOT / "stacks" / "platform.schema.json").read_text()
    renew = "renew it: .venv/bin/meshwright schema --write stacks/platform.schema.json"
    assert committed == schema_text(), renew
