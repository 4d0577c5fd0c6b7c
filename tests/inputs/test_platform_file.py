"""A spec in a file of its own, named by the stack's file."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from meshwright_cli.main import main
from stacks.spec import SpecError, load
from stacks.validate import load_file, load_platform, validate_file
from tests.inputs.specs import dev, edited

PLATFORM = "meshwright:platform"
NAMED = f"{PLATFORM}File"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder whose stack names a file with the spec of `dev`."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    spec(tmp_path, dev())
    stack(tmp_path, {NAMED: "specs/dev.yaml"})
    return tmp_path


def spec(project: Path, content: dict[str, Any]) -> Path:
    path = project / "specs" / "dev.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def stack(project: Path, config: dict[str, Any]) -> Path:
    path = project / "stacks" / "Pulumi.dev.yaml"
    path.write_text(yaml.safe_dump({"config": config}))
    return path


def test_the_file_is_found_from_the_projects_folder(project: Path) -> None:
    """Pulumi.yaml's folder is what its path begins at, wherever the stack's file is."""
    file = project / "stacks" / "Pulumi.dev.yaml"

    assert validate_file(file).text() == f"{file}: the spec is valid"
    assert load_file(file) == load(dev())


def test_its_mistakes_are_said_with_its_own_name_and_lines(project: Path) -> None:
    """Beside those of the stack's file, in one report."""
    wrong = spec(project, edited({"prefix": "Dev"}))
    file = stack(project, {NAMED: "specs/dev.yaml", "meshwright:adminToken": "s3cr3t-canary"})

    result = CliRunner().invoke(main, ["validate", str(file)])

    assert result.exit_code == 1
    assert f"{file}: 1 mistake in the spec" in result.stderr
    assert f"{wrong}: 1 mistake in the spec" in result.stderr
    assert "prefix  (line 2)" in result.stderr
    assert "s3cr3t-canary" not in result.output


def test_the_json_report_holds_both(project: Path) -> None:
    """The stack's file is not valid when the file that it names is not."""
    wrong = spec(project, edited({"prefix": "Dev"}))

    result = CliRunner().invoke(
        main, ["validate", "--json", str(project / "stacks" / "Pulumi.dev.yaml")]
    )

    (report,) = json.loads(result.stdout)
    assert (report["valid"], report["problems"]) == (False, [])
    assert report["platform_file"]["file"] == str(wrong)
    assert [entry["path"] for entry in report["platform_file"]["problems"]] == ["prefix"]


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        pytest.param({PLATFORM: dev(), NAMED: "specs/dev.yaml"}, "one spec", id="both"),
        pytest.param({NAMED: ["specs/dev.yaml"]}, "must name a file", id="list"),
        pytest.param({NAMED: ""}, "must name a file", id="empty"),
        pytest.param({NAMED: {"secure": "v1:abc"}}, "must name a file", id="secret"),
    ],
)
def test_what_names_no_file_is_refused(project: Path, config: dict[str, Any], rule: str) -> None:
    """A stack names one file, by a text, or holds its spec."""
    (problem,) = validate_file(stack(project, config)).problems

    assert problem.path.endswith(NAMED)
    assert rule in problem.rule


def test_a_file_that_is_not_there_names_the_near_one(project: Path) -> None:
    """As for a stack's file."""
    report = validate_file(stack(project, {NAMED: "specs/dve.yaml"}))

    assert not report.valid
    assert "there is no such file" in report.text()
    assert "specs/dev.yaml?" in report.text()


def test_a_program_is_told_of_every_mistake_with_its_line(project: Path) -> None:
    """What `pulumi up` prints."""
    path = spec(project, edited({"prefix": "Dev"}))
    path.write_text(path.read_text() + "prefix: again\n")

    with pytest.raises(SpecError, match="a key stands once") as caught:
        load_platform(path)

    assert {problem.path for problem in caught.value.problems} == {"prefix"}
    assert "(line 2)" in str(caught.value)


def test_a_file_is_read_and_checked_once_and_its_mistakes_are_those_of_the_check(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `meshwright demo` starts with."""
    opened: list[Path] = []
    real = os.open

    def recorded(path: Path, flags: int) -> int:
        opened.append(path)
        return real(path, flags)

    monkeypatch.setattr(os, "open", recorded)
    named = spec(project, dev())
    file = stack(project, {NAMED: "specs/dev.yaml"})
    load_file(file)
    monkeypatch.undo()
    assert sorted(opened) == sorted([file, named])
    named.write_text("prefix: 5\n")
    with pytest.raises(SpecError) as caught:
        load_file(file)
    assert str(caught.value) == validate_file(file).text()


def test_a_spec_that_the_engine_cannot_hand_on_is_refused_with_the_way_out(project: Path) -> None:
    """In the stack's own file only: a file of its own may be longer."""
    big = dev()
    labels = {f"key-{number}": "v" * 60 for number in range(5)}
    namespace = {**big["namespaces"][0], "services": [], "labels": labels}
    big["namespaces"] += [{**namespace, "name": f"team-{number}"} for number in range(400)]

    (problem,) = validate_file(stack(project, {PLATFORM: big})).problems
    spec(project, big)

    assert "at most 128 KiB" in problem.rule
    assert NAMED in problem.fix
    assert validate_file(stack(project, {NAMED: "specs/dev.yaml"})).valid
