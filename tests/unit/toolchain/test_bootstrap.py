"""What `make` says while it makes .venv, and when it makes it anew."""

import os
import pty
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "toolchain/bootstrap.py"
# What a pip writes for two packages, one of which is there; and what it complains of.
PIP = """
import sys
print("Looking in indexes: https://packages.example.com/simple")
print("Collecting alpha==1.0 (from -r requirements/development.txt (line 1))")
print("  Downloading alpha-1.0-py3-none-any.whl (40 MB)")
print("Requirement already satisfied: beta==2.0 in ./lib (from -r requirements/development.txt)")
print("Requirement already satisfied: gamma>=1 in ./lib (from beta==2.0)")
print({complaint!r}, file=sys.stderr)
print("Installing collected packages: alpha")
print("Successfully installed alpha-1.0")
sys.exit({code})
"""
RETRYING = "WARNING: Retrying after connection broken"
DISK_FULL = "ERROR: Could not install packages: [Errno 28] No space left on device"


@pytest.fixture
def bootstrap(tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """`bootstrap(code, complaint)`: the program, with a pip that says and ends with that."""

    def load(code: int, complaint: str = RETRYING) -> SimpleNamespace:
        pip = tmp_path / "python"
        pip.write_text(f"#!{sys.executable}\n{PIP.format(code=code, complaint=complaint)}")
        pip.chmod(0o755)
        names = runpy.run_path(str(PROGRAM))
        names["run_pip"].__globals__["PYTHON"] = str(pip)
        return SimpleNamespace(**names)

    return load


def test_pip_names_no_packages_in_a_log_and_its_warnings_stand(bootstrap, capfd) -> None:
    bootstrap(0).run_pip("2 pinned packages", 2)

    said = capfd.readouterr()
    assert said.out == "meshwright: installing 2 pinned packages\n"
    assert said.err == f"{RETRYING}\n"


def test_a_log_shows_life_now_and_then(bootstrap, capfd) -> None:
    loaded = bootstrap(0)
    loaded.Progress.tell.__globals__["HEARTBEAT_SECONDS"] = 0
    loaded.run_pip("2 pinned packages", 2)

    said = capfd.readouterr().out
    counts = re.findall(r"meshwright: installing 2 pinned packages: (.+), \d+ s\n", said)
    assert set(counts) >= {"1 of 2", "2 of 2"}
    assert "3 of 2" not in counts
    assert "Successfully" not in said


def test_a_terminal_has_one_line_that_fits(bootstrap, monkeypatch) -> None:
    """What is written over is never longer than the terminal is wide, or each would stay."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("COLUMNS", "24")
        bootstrap(0).run_pip("2 pinned packages", 2)
    said = ""
    with os.fdopen(ours, "rb", buffering=0) as reader, suppress(OSError):  # its way to say the end
        while part := reader.read(65536):  # what was written last may arrive by itself
            said += part.decode()

    title, _, rest = said.partition("\n")
    shown = [part for part in rest.split("\r") if part]
    assert title.strip() == "meshwright: installing 2 pinned packages"
    assert any(part.startswith("  2 of 2, ") for part in shown)
    assert {len(part) for part in shown} == {23}
    assert not shown[-1].strip()


def test_a_pip_that_fails_ends_in_a_sentence(bootstrap, capfd) -> None:
    with pytest.raises(SystemExit):
        bootstrap(1).run_pip("2 pinned packages", 2)

    said = capfd.readouterr().err
    assert "could not install 2 pinned packages" in said
    assert "check the network" in said


def test_a_disk_that_fills_up_is_not_taken_for_a_network(bootstrap, capfd) -> None:
    with pytest.raises(SystemExit):
        bootstrap(1, DISK_FULL).run_pip("2 pinned packages", 2)

    said = capfd.readouterr().err
    assert "free 2 GB" in said
    assert "network" not in said


@pytest.mark.parametrize("folder", ["a:b", "a $b"])
def test_a_path_that_nothing_can_be_installed_from_is_told(tmp_path: Path, folder: str) -> None:
    """PATH could not hold the first, which venv refuses; setuptools would expand the second."""
    ended = subprocess.run(
        [sys.executable, copy_of(tmp_path / folder) / "toolchain/bootstrap.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "move this folder" in ended.stderr


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_ends_what_runs_and_is_no_traceback(tmp_path: Path, signal: str) -> None:
    """From a terminal, from CI, and from a terminal that was closed: all unwind."""
    folder = copy_of(tmp_path / "copy")
    program = (
        "import runpy, signal, venv\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # whoever runs the tests may ignore it
        f"def create(*_): signal.raise_signal(signal.{signal})\n"
        "venv.EnvBuilder.create = create\n"
        f"runpy.run_path({str(folder / 'toolchain/bootstrap.py')!r}, run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr == "\nmeshwright: stopped; run the same command again to go on\n"


@pytest.mark.parametrize(
    ("made_in", "anew"), [("here", False), ("somewhere else", True), ("", True)]
)
def test_an_environment_of_another_folder_is_made_anew(
    tmp_path: Path, made_in: str, anew: bool
) -> None:
    """In a checkout that was moved or copied, and only there; its path may hold a space."""
    folder = copy_of(tmp_path / "a checkout")
    (folder / ".venv").mkdir()
    if made_in:
        place = folder if made_in == "here" else tmp_path / made_in
        command = f"command = python3 -m venv {place.resolve() / '.venv'}\n"
        (folder / ".venv/pyvenv.cfg").write_text(command)
    (folder / ".venv/.ready").write_text("")
    linked = tmp_path / "linked"
    linked.symlink_to(folder)

    for start in (folder, linked):
        planned = subprocess.run(
            ["make", "-n", ".venv/.ready"], cwd=start, capture_output=True, text=True, check=True
        )
        assert ("bootstrap.py" in planned.stdout) is anew


@pytest.mark.parametrize(
    ("environment", "meant"),
    [
        ({}, "own"),
        ({"MESHWRIGHT_SANDBOX_HOME": "named"}, "named"),
        ({"MESHWRIGHT_SANDBOX_HOME": "other", "MESHWRIGHT_SAVED_PATH": "/bin"}, "own"),
        (
            {
                "MESHWRIGHT_SANDBOX_HOME": "other",
                "MESHWRIGHT_SAVED_PATH": "/bin",
                "MESHWRIGHT_SAVED_MESHWRIGHT_SANDBOX_HOME": "named",
            },
            "named",
        ),
    ],
)
def test_make_down_ends_no_other_checkouts_sandbox(
    tmp_path: Path, environment: dict[str, str], meant: str
) -> None:
    """Whose environment the shell may hold, by `meshwright sandbox env`."""
    folder = copy_of(tmp_path / "checkout")
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/pyvenv.cfg").write_text(f"command = {folder.resolve() / '.venv'}\n")
    (folder / ".venv/.ready").write_text("")
    command = folder / ".venv/bin/meshwright"
    command.write_text('#!/bin/sh\necho "$@" for "${MESHWRIGHT_SANDBOX_HOME:-own}"\n')
    command.chmod(0o755)

    said = subprocess.check_output(
        ["make", "down"], cwd=folder, env={"PATH": os.environ["PATH"], **environment}, text=True
    )

    assert said == f"sandbox down for {meant}\n"


def test_programs_are_built_while_packages_are_installed_and_not_beyond(
    bootstrap, tmp_path: Path
) -> None:
    """A stand-in for the toolchain says who it is, and that of a compiler that never ends."""
    os.mkfifo(tmp_path / "who")
    package = tmp_path / "toolchain/meshwright_toolchain"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(
        "import os, pathlib, subprocess, sys\n"
        "compiler = subprocess.Popen(['sleep', '600'])\n"
        f"who = pathlib.Path({str(tmp_path / 'who')!r})\n"
        "who.write_text(' '.join([str(os.getpid()), str(compiler.pid), *sys.argv[1:]]))\n"
        "compiler.wait()\n"
    )
    loaded = bootstrap(0)
    loaded.main.__globals__["ROOT"] = str(tmp_path)

    with loaded.building_ahead():
        builder, compiler, *arguments = (tmp_path / "who").read_text().split()
        compiling = psutil.Process(int(compiler))
        assert arguments == ["ensure", "--no-extras"]
        assert compiling.is_running()
    assert not psutil.pid_exists(int(builder))
    psutil.wait_procs([compiling], timeout=10)
    assert not compiling.is_running() or compiling.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("chosen", ["of the user's own", ""])
def test_nothing_is_built_ahead_for_who_names_a_folder_of_programs(
    bootstrap, tmp_path: Path, monkeypatch, chosen: str
) -> None:
    package = tmp_path / "toolchain/meshwright_toolchain"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.setenv("MESHWRIGHT_TOOLS", chosen)
    loaded = bootstrap(0)
    loaded.main.__globals__["ROOT"] = str(tmp_path)

    with loaded.building_ahead() as ahead:
        if ahead:
            ahead.wait()
    assert (tmp_path / "ran").exists() is not bool(chosen)


def test_the_toolchain_needs_no_package_to_build(tmp_path: Path) -> None:
    """It is run before there is any; without a compiler it ends in its own sentence."""
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "meshwright_toolchain", "ensure", "--no-extras"],
        cwd=ROOT / "toolchain",
        env={"PATH": str(tmp_path), "MESHWRIGHT_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("meshwright: Go is not installed and ")


def copy_of(folder: Path) -> Path:
    """A checkout of which only what `make` needs to begin is there."""
    (folder / "toolchain").mkdir(parents=True)
    (folder / "requirements").mkdir()
    shutil.copy(PROGRAM, folder / "toolchain")
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "requirements/development.txt").write_text("")
    return folder
