"""What the commands print, whatever stands in the names and paths that they are given."""

import errno
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

import meshwright_toolchain
from meshwright_cli import _progress, _rollout_screen
from meshwright_cli.main import main
from meshwright_provider.position import Position
from meshwright_sandbox.daemon import lifecycle, surface
from meshwright_sandbox.daemon.home import HOME_VARIABLE, Home, Settings

# What rich would take for the end of a style.
ODD = "a [b] c[/]"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A sandbox that was started once, in a folder with an odd name."""
    found = Home(tmp_path / ODD)
    found.path.mkdir(parents=True)
    found.keep(Settings(8470, 0.01, "none", "meshwright-dev"))
    monkeypatch.setenv(HOME_VARIABLE, str(found.path))
    return found


@pytest.fixture
def running(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Home:
    """The same, as if it ran: `up` finds it."""

    def up(found: Home, **_: Any) -> lifecycle.Started:
        assert found.settings
        return lifecycle.Started(found.settings, True, {}, "")

    monkeypatch.setattr(lifecycle, "up", up)
    monkeypatch.setattr(meshwright_toolchain, "ensure", lambda **_: tmp_path)
    return home


def test_a_fault_is_listed_with_its_whole_pattern(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = {"id": 1, "method": "GET", "path_pattern": "x[a-z][/]", "action": "503"}
    monkeypatch.setattr(surface, "request", lambda *_: [fault | {"count": 1, "hits": 0}])

    result = run("sandbox", "fault", "--list")

    assert result.exit_code == 0, result.exception
    assert "x[a-z][/]" in result.output


def test_status_names_the_whole_folder(home: Home) -> None:
    first = run("sandbox", "status").output.splitlines()[0]

    assert first.endswith(f", in {home.path}")


@pytest.mark.parametrize("number", ["nan", "inf", "-1"])
@pytest.mark.parametrize("command", [("sandbox", "up"), ("demo",)])
def test_a_scale_is_a_finite_number(command: tuple[str, ...], number: str) -> None:
    """By `nan` or `inf` no operation would ever end."""
    result = run(*command, f"--scale={number}")

    assert result.exit_code == 2
    assert "--scale" in result.output


@pytest.mark.parametrize("project", ["Foo Bar", "", "short", "9-starts-so", "ends-so-", "a" * 31])
def test_a_project_is_named_by_its_id(running: Home, project: str) -> None:
    """Else every client would fail later, each in its own words."""
    result = run("sandbox", "up", "--clusters", "none", "--project", project)

    assert result.exit_code == 2
    assert f"{project!r} is no project id: that is 6 to 30 lower-case letters" in result.output


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left"), "cannot be used: No space left; check"),
        (OSError(errno.EACCES, "Denied", "a/b"), "cannot be used: a/b: Denied; check"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), ""),  # `meshwright ... | head -1`
    ],
)
def test_only_a_file_is_blamed_for_what_the_system_refuses(
    home: Home, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    def refused(*_: Any) -> None:
        raise error

    monkeypatch.setattr(surface, "request", refused)

    result = run("sandbox", "fault", "--clear")

    assert result.exit_code == 1
    assert said in result.output
    assert said or not result.output


def test_a_running_sandbox_says_what_it_keeps(running: Home) -> None:
    asked = run("sandbox", "up", "--scale", "5", "--port", "9000")
    same = run("sandbox", "up", "--clusters", "none")

    kept = "It keeps --port 8470, --scale 0.01, --clusters none; to change that"
    assert kept in asked.output
    assert "It keeps" not in same.output


def test_a_demo_needs_clusters(running: Home) -> None:
    result = run("demo")

    assert result.exit_code == 1
    assert f"the sandbox in {running.path} was started without clusters" in result.output
    assert "meshwright sandbox down" in result.output


def test_a_demo_says_what_this_machine_does_not_allow(
    running: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(8470, 0.01, "real", "meshwright-dev")
    started = lifecycle.Started(settings, False, {}, "no network namespace here")
    monkeypatch.setattr(lifecycle, "up", lambda *_, **__: started)
    (running.path / "token").write_text("any")
    # What follows needs the engine.
    monkeypatch.setattr("meshwright_cli._engine.Engine", lambda *_: (_ for _ in ()).throw(OSError))

    result = run("demo")

    assert "Note: no network namespace here\n" in result.output


def test_a_port_that_is_not_for_this_user_is_not_called_in_use(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As 443 is not for most; root, who may be running this, is refused in their place."""

    def refused(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refused)

    result = run("sandbox", "up", "--clusters", "none", "--port", "443")

    assert result.exit_code == 1
    assert "this user may not listen on port 443; name one from 1024 on" in result.output


def test_who_ordered_a_rollout_and_why_are_shown_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    position = Position("Paused", "v1", "v2", weight=5, step=1, by=ODD, reason="x[/]")
    shown: Any = SimpleNamespace(position=position, service="shop/a", steps=[], weights={"v1": 95})

    _rollout_screen.show([shown])

    line = capsys.readouterr().out.splitlines()[-1]
    assert ODD in line
    assert "x[/]" in line


@contextmanager
def told(console: Console) -> Iterator[_progress.Tell]:
    with _progress.progress(console, ODD) as tell:
        yield tell


def test_a_log_gets_a_line_for_each_thing_that_is_done() -> None:
    log = io.StringIO()
    with told(Console(file=log, width=10)) as tell:
        tell("a long sentence of many words")
        tell("a long sentence of many words")

    assert log.getvalue() == f"{ODD}\na long sentence of many words\n"


def test_a_terminal_shows_it_as_it_is() -> None:
    screen = io.StringIO()
    with told(Console(file=screen, width=60, force_terminal=True)) as tell:
        tell("[/]")

    assert " [/]" in screen.getvalue()
