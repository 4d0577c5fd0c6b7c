"""With the real engine: a wrong spec is one run error, and a locked stack is explained."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from meshwright_cli._engine import Engine
from meshwright_toolchain import bin_dir
from tests.inputs.specs import ROOT
from tests.lifecycle.harness.preloaded import preloaded_python


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """The Pulumi CLI on a copy of the project and a state of its own."""
    project, state = tmp_path / "project", tmp_path / "state"
    project.mkdir()
    state.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / "stacks", project / "stacks")
    tools = os.environ.get("MESHWRIGHT_TOOLS") or str(bin_dir())
    folders = [str(Path(sys.executable).parent), tools, os.environ["PATH"]]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(folders),
        "VIRTUAL_ENV": sys.prefix,
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "meshwright-sandbox",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_PYTHON_CMD": preloaded_python(),
    }
    return Engine(project, "dev", environment, state)


def refused_preview(engine: Engine) -> str:
    """What `pulumi preview` says as it fails, which is no traceback."""
    done = subprocess.run(
        ["pulumi", "preview", "--stack", "dev", "--non-interactive"], cwd=engine.root,
        env=dict(engine.environment), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in text
    return text


@pytest.mark.engine
def test_wrong_spec_is_one_run_error(engine: Engine) -> None:
    """`pulumi preview` ends with the same text, no traceback, before any provider starts."""
    file = engine.root / "stacks" / "Pulumi.dev.yaml"
    committed = file.read_bytes()
    engine.select()
    assert file.read_bytes() == committed, "creating the stack must not change its file"
    file.write_text(committed.decode().replace("weight: 90", "weight: 91"))

    text = refused_preview(engine)

    assert "1 mistake in the spec; nothing was changed." in text
    assert "the weights of a route sum to 100, these to 101 (91 + 10)" in text
    assert "pulumi:providers" not in text


@pytest.mark.engine
def test_a_spec_in_a_file_of_its_own_is_read_from_there(engine: Engine) -> None:
    """With a spec that the engine could not hand on: its last mistake is found, with its line."""
    engine.select()
    file = engine.root / "stacks" / "Pulumi.dev.yaml"
    labels = "".join(f"  key-{number}: {'v' * 60}\n" for number in range(3000))
    (engine.root / "platform.yaml").write_text(f"labels:\n{labels}projcet: shop-dev\n")
    file.write_text("config:\n  meshwright:platformFile: platform.yaml\n")

    text = refused_preview(engine)

    assert "platform.yaml: " in text
    assert "projcet  (line 3002)" in text


@pytest.mark.parametrize(
    ("pid", "said"),
    [(2**22 + 1, "was killed"), (os.getpid(), "another update works on stack dev")],
    ids=["killed", "alive"],
)
def test_locked_stack_names_the_mend(tmp_path: Path, pid: int, said: str) -> None:
    """Whoever holds the lock is named, whether it lives or was killed, with the way out."""
    engine = Engine(tmp_path, "dev", {}, tmp_path)
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "meshwright"
    holder = {
        "pid": pid,
        "username": "ada",
        "hostname": os.uname().nodename,
        "timestamp": "2026-11-21T06:00:00Z",
    }
    for stack in ("dev", "prod"):
        (folder / stack).mkdir(parents=True)
    (folder / "prod" / "other.json").write_text(json.dumps(holder))

    engine.refuse_lock()  # another stack's lock is no hindrance
    (folder / "dev" / "one.json").write_text(json.dumps(holder))

    with pytest.raises(click.ClickException) as caught:
        engine.refuse_lock()
    assert said in caught.value.message
    assert "pulumi cancel --yes --stack dev" in caught.value.message


@pytest.mark.parametrize("name", ["one.json", "one.json.18ea19bb11edd9ef.tmp"])
def test_a_lock_that_could_not_be_written_names_the_mend(tmp_path: Path, name: str) -> None:
    """A full disk leaves one; the engine itself says `unexpected end of JSON input` then."""
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "meshwright" / "dev"
    folder.mkdir(parents=True)
    (folder / name).touch()

    with pytest.raises(click.ClickException, match="pulumi cancel --yes --stack dev"):
        Engine(tmp_path, "dev", {}, tmp_path).refuse_lock()
