"""What the fork server runs is told from a Python of its own by its speed alone."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.lifecycle.harness.preloaded import Forked, preloaded_python

LOOK = """\
import json, os, sys
told = [sys.argv[1:], os.getcwd(), os.environ["SHOP"], __name__, "pulumi_gcp" in sys.modules]
print(json.dumps(told))
print(sys.stdin.read(), file=sys.stderr)
sys.exit(7)
"""
WAIT = "import os, signal\nprint(os.getpid(), flush=True)\nsignal.pause()\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "program.py"


def started(program: Path, *arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [preloaded_python(), program, *arguments], cwd=program.parent, text=True,
        stdin=pipe, stdout=pipe, stderr=pipe, env={"SHOP": "open", "PATH": os.environ["PATH"]},
    )  # fmt: skip


def test_a_program_has_its_own_arguments_folder_environment_and_streams(program: Path) -> None:
    program.write_text(LOOK)

    process = started(program, "-u", "two words")
    output, errors = process.communicate("what is typed", timeout=60)

    assert json.loads(output) == [
        ["-u", "two words"], str(program.parent), "open", "__main__", True,
    ]  # fmt: skip
    assert errors.strip() == "what is typed"
    assert process.returncode == 7


@pytest.mark.parametrize(("last", "code"), [("", 0), ("sys.exit('refused')", 1), ("1 / 0", 1)])
def test_what_is_left_for_a_programs_end_is_done(program: Path, last: str, code: int) -> None:
    left = "import atexit, sys\natexit.register(print, 'bye', end='')\nprint('hello', end=' ')\n"
    program.write_text(left + last)

    process = started(program)
    output, errors = process.communicate(timeout=60)

    assert (output, process.returncode) == ("hello bye", code)
    assert ("refused" in errors, "ZeroDivisionError" in errors) == ("exit" in last, "/" in last)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_what_was_forked(program: Path, number: signal.Signals) -> None:
    program.write_text(WAIT)
    process = started(program)
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))

    process.send_signal(number)

    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert ("KeyboardInterrupt" in errors) is (number is signal.SIGINT)
    assert not child.is_running()


def test_a_killed_process_takes_what_was_forked_with_it(program: Path) -> None:
    program.write_text(WAIT)
    process = started(program)
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))

    process.kill()
    process.communicate(timeout=60)

    psutil.wait_procs([child], timeout=60)
    assert not child.is_running()


def test_what_a_test_forked_is_gone_once_it_was_waited_for(program: Path) -> None:
    program.write_text(WAIT)
    with program.with_name("errors").open("w") as errors:
        forked = Forked(str(program), stderr=errors)
    child = psutil.Process(int(forked.stdout.readline()))

    forked.send_signal(signal.SIGKILL)

    assert forked.wait(timeout=60) == -signal.SIGKILL
    assert not child.is_running()


def test_the_language_host_is_told_version_and_packages() -> None:
    def told(*arguments: str) -> str:
        return subprocess.check_output([preloaded_python(), *arguments], text=True)

    assert told("--version").split() == ["Python", sys.version.split()[0]]
    listed = json.loads(told("-m", "pip", "list", "-v", "--format", "json"))
    assert {"pulumi_gcp", "pulumi_kubernetes"} <= {package["name"] for package in listed}
