"""`meshwright validate` and `schema`: exit codes, both outputs, and no secret anywhere."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, get_origin

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from pydantic import BaseModel, TypeAdapter

from meshwright_cli.main import main
from stacks._view import model_of
from stacks.spec import Platform, SpecError, load
from stacks.validate import schema
from tests.inputs.cases_rules import KEY, SECRETS
from tests.inputs.specs import DEV_FILE, Case, dev, edited

CANARIES = ("s3cr3t", "MIIEvQIBADANBgkq", "80012345")


def stack_file(tmp_path: Path, spec: dict[str, Any]) -> Path:
    """A stack's file that holds a spec."""
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text(yaml.safe_dump({"config": {"meshwright:platform": spec}}))
    return path


def test_valid_file() -> None:
    """A valid file: exit code 0 and one line."""
    result = CliRunner().invoke(main, ["validate", str(DEV_FILE)])

    assert (result.exit_code, result.output) == (0, f"{DEV_FILE}: the spec is valid\n")


def test_wrong_file_among_valid_ones(tmp_path: Path) -> None:
    """One wrong file makes the exit code 1; every file is reported."""
    wrong = stack_file(tmp_path, edited({"prefix": "Dev"}))

    result = CliRunner().invoke(main, ["validate", str(DEV_FILE), str(wrong)])

    assert result.exit_code == 1
    assert f"{DEV_FILE}: the spec is valid" in result.stdout
    assert "did you mean dev?" in result.stderr
    assert "Traceback" not in result.output


def test_json(tmp_path: Path) -> None:
    """`--json` gives the same, one entry a file, for programs."""
    wrong = stack_file(tmp_path, edited({"prefix": "Dev"}))

    result = CliRunner().invoke(main, ["validate", "--json", str(wrong), str(DEV_FILE)])

    first, second = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (first["valid"], second["valid"]) == (False, True)
    assert set(first["problems"][0]) == {"path", "line", "value", "rule", "fix"}


def test_as_a_program_of_its_own(tmp_path: Path) -> None:
    """The installed command works from any folder, without network or Pulumi on the PATH."""
    command = Path(sys.executable).parent / "meshwright"
    wrong = stack_file(tmp_path, edited({"clusters": "none"}))

    done = subprocess.run(
        [command, "validate", wrong], cwd=tmp_path, env={"HOME": os.environ["HOME"]},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 1
    assert "must be a list" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    """A folder that is not there, a disk that is full: no traceback."""
    command = [str(Path(sys.executable).parent / "meshwright")]
    target = tmp_path / "absent" / "schema.json"

    done = subprocess.run(
        [*command, "schema", "--write", target], capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == f"Error: {target}: No such file or directory\n"

    for asked in (["validate", DEV_FILE], ["--help"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*command, *asked], stdout=full, stderr=subprocess.PIPE, text=True,
                check=False, timeout=60,
            )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr == "Error: No space left on device\n"


@pytest.mark.parametrize("case", SECRETS, ids=lambda case: case.id)
def test_secrets_never_show(case: Case, tmp_path: Path) -> None:
    """A secret is in no output, no JSON, no repr of an error, whatever else is wrong."""
    spec = edited({**case.edits, "namespaces[1].services[0].port": "x", "projct": KEY})
    path = str(stack_file(tmp_path, spec))

    with pytest.raises(SpecError) as caught:
        load(spec)

    texts = [
        CliRunner().invoke(main, ["validate", path]).output,
        CliRunner().invoke(main, ["validate", "--json", path]).output,
        str(caught.value),
        repr(caught.value),
        repr(caught.value.problems),
    ]
    assert not [canary for text in texts for canary in CANARIES if canary in text]


def test_schema_takes_dev_and_refuses_a_typo() -> None:
    """Editors find with the schema what needs no rule across fields."""
    checker = jsonschema.Draft202012Validator(schema())

    assert not list(checker.iter_errors(yaml.safe_load(DEV_FILE.read_text())))
    wrong = {"config": {"meshwright:platform": edited({"clusters[0].relase_channel": "RAPID"})}}
    assert list(checker.iter_errors(wrong))


def test_schema_describes_every_field() -> None:
    """Each field has a description for the editor's help."""
    definitions: dict[str, Any] = schema()["$defs"]  # type: ignore[assignment]
    bare = [
        f"{name}.{key}"
        for name, part in definitions.items()
        for key, field in part.get("properties", {}).items()
        if not field.get("description")
    ]
    assert not bare


def test_every_example_is_taken() -> None:
    """An editor offers it, and whoever takes it must not be refused."""
    models: list[type[BaseModel]] = [Platform]
    for model in models:
        for name, field in model.model_fields.items():
            inner = model_of(field.annotation)
            models += [inner] if inner is not None and inner not in models else []
            taken: Any = Annotated[field.annotation, *field.metadata, "as it is"]
            for example in field.examples or []:
                whole = [example] if get_origin(field.annotation) is list else example
                assert TypeAdapter(taken).validate_python(whole) == whole, name


def test_model_reads_back_what_it_wrote() -> None:
    """A spec survives the way through the model: nothing is coerced or lost."""
    platform = load(dev())
    again = json.loads(platform.model_dump_json(by_alias=True, exclude_none=True))
    assert load(again) == platform
    assert isinstance(platform, Platform)
