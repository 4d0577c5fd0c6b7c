"""Which programs the commands bring before they start anything."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import meshwright_toolchain
from meshwright_cli import demo
from meshwright_cli.main import main
from meshwright_toolchain import ToolchainError


class Brought(Exception):
    """The work is not gone on with: what was asked for is all that is looked at."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[set[str]]:
    """What each call of `ensure` was asked to bring beside what every stack needs."""
    calls: list[set[str]] = []

    def ensure(*, extras: bool, also: Collection[str]) -> Path:
        assert not extras
        calls.append(set(also))
        raise ToolchainError("the disk is full")

    monkeypatch.setattr(meshwright_toolchain, "ensure", ensure)
    monkeypatch.delenv("MESHWRIGHT_TOOLS", raising=False)
    monkeypatch.setenv("MESHWRIGHT_SANDBOX_HOME", str(tmp_path / "sandbox"))
    return calls


def test_a_sandbox_brings_what_any_stack_needs(asked: list[set[str]]) -> None:
    """Stack istio installs charts; what stands in the way is said in a sentence."""
    result = CliRunner().invoke(main, ["sandbox", "up"])

    assert asked == [{"helm"}]
    assert result.exit_code == 1
    assert result.output == "Error: the disk is full\n"


def test_a_sandbox_without_clusters_needs_no_program(
    asked: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is looked for that nothing will run."""

    def up(*_: Any, **__: Any) -> None:
        raise Brought

    monkeypatch.setattr("meshwright_sandbox.daemon.lifecycle.up", up)

    result = CliRunner().invoke(main, ["sandbox", "up", "--clusters", "none"])

    assert isinstance(result.exception, Brought)
    assert asked == []


@pytest.mark.parametrize(("stack", "also"), [("dev", set[str]()), ("istio", {"helm"})])
def test_a_demo_brings_what_its_stack_needs(
    asked: list[set[str]], monkeypatch: pytest.MonkeyPatch, stack: str, also: set[str]
) -> None:
    """`make demo` does not wait for a program that stack dev has no use for."""
    monkeypatch.setattr(demo, "STACK", stack)

    result = CliRunner().invoke(main, ["demo"])

    assert asked == [also]
    assert "the disk is full" in result.output
