"""What is wrong with a stack's file itself is said with its line, beside the spec's mistakes."""

import json
import time
from pathlib import Path

import pytest
import yaml

from stacks.source import load_from
from stacks.spec import SpecError, load
from stacks.validate import Report, schema_text, validate_file
from tests.inputs.specs import DEV_FILE, ROOT, STACK_FILES, dev

DEV = DEV_FILE.read_text()
PLATFORM = "  meshwright:platform:\n"


def report(tmp_path: Path, content: str | bytes) -> Report:
    """The report on a file with this content."""
    path = tmp_path / "Pulumi.test.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return validate_file(path)


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


def beside(tmp_path: Path, spec: str | bytes, value: str = "{file: platform.test.yaml}") -> Path:
    """A stack's file that names another, and that other with this content."""
    named = tmp_path / "platform.test.yaml"
    named.write_bytes(spec if isinstance(spec, bytes) else spec.encode())
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text(f"config:\n  meshwright:platform: {value}\n")
    return path


def test_a_spec_may_stand_in_a_file_beside_the_stacks(tmp_path: Path) -> None:
    """Both ways give the same platform; a mistake names the line of the file that it is in."""
    spec = yaml.safe_dump(dev(), sort_keys=False)
    path = beside(tmp_path, spec)

    assert not validate_file(path).problems
    named = yaml.safe_load(path.read_text())["config"]["meshwright:platform"]
    assert load_from(named, tmp_path) == load_from(dev(), tmp_path) == load(dev())
    report = validate_file(beside(tmp_path, spec.replace("weight: 90", "weight: 91")))
    (entry,) = report.data()["problems"]  # type: ignore[misc]
    assert report.path == tmp_path / "platform.test.yaml"
    assert spec.split("\n")[entry["line"] - 1].strip() == "weights:"  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "spec", "rule"),
    [
        ("{file: ../secrets.yaml}", "", "beside the stack's own"),
        ("{file: 5}", "", "beside the stack's own"),
        ("{file: platform.json}", "", "beside the stack's own"),
        ("{file: platform.tset.yaml}", "", "there is no such file"),
        ("{file: platform.test.yaml}", b"\xef\xbb\xbfproject: a\n", "byte-order mark"),
        ("{file: platform.test.yaml}", "<<<<<<< HEAD\n", "unfinished merge"),
        ("{file: platform.test.yaml}", "project: meshwright-dev\n", "is required"),
        ("{file: platform.test.yaml}", "project: a\nproject: b\n", "stands once"),
        ("{file: platform.test.yaml, project: a}", "", "not a key"),
    ],
)
def test_a_named_file_is_refused_as_the_stacks_own_is(
    tmp_path: Path, value: str, spec: str | bytes, rule: str
) -> None:
    """By `meshwright validate`, and by the program."""
    path = beside(tmp_path, spec, value)

    with pytest.raises(SpecError) as caught:
        load_from(yaml.safe_load(path.read_text())["config"]["meshwright:platform"], tmp_path)
    for found in (validate_file(path).problems, caught.value.problems):
        assert [problem for problem in found if rule in problem.rule], found


def test_a_spec_that_pulumi_cannot_hand_over_is_told_where_to_go(tmp_path: Path) -> None:
    """The engine would say `argument list too long`; beside the stack's file it may be large."""
    spec = dev()
    (first,) = [item for item in spec["namespaces"] if item["name"] == "shop"]
    last = first["services"][-1]
    first["services"] += [{**last, "name": f"service-{number}"} for number in range(900)]

    found = report(tmp_path, yaml.safe_dump({"config": {"meshwright:platform": spec}})).problems

    assert [problem.path for problem in found] == ["config.meshwright:platform"]
    assert "at most 128 KB" in found[0].rule
    assert "{file: platform.test.yaml}" in found[0].fix
    assert not validate_file(beside(tmp_path, yaml.safe_dump(spec))).problems
