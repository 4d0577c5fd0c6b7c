"""Each way in which bringing programs can fail ends in one sentence that says what to do."""

import errno
import os
import signal
import sys

import psutil
import pytest

from meshwright_toolchain import ToolchainError, __main__, ensure, golang, install
from meshwright_toolchain.progress import PlainReporter


@pytest.fixture
def sentence(capfd, monkeypatch: pytest.MonkeyPatch):
    """Run the command that must fail; what it says to the user besides its progress."""

    def run() -> str:
        monkeypatch.setattr(sys, "argv", ["meshwright_toolchain", "ensure"])
        assert __main__.main() == 1
        output = capfd.readouterr()
        assert "Traceback" not in output.out + output.err
        said = [line for line in output.err.splitlines() if line.startswith("meshwright: ")]
        assert len(said) == 1
        return said[0]

    return run


def test_no_compiler(go, sentence) -> None:
    go.remove()

    said = sentence()

    assert "Go is not installed" in said
    assert "install Go 1.26 or newer" in said


def test_a_compiler_that_is_too_old(go, sentence) -> None:
    go.tell(version="go1.22.2")

    said = sentence()

    assert "go1.22.2" in said
    assert "install Go 1.26 or newer" in said
    assert go.calls("build") == []


@pytest.mark.parametrize(
    "refusal",
    [
        "go: k8s.io/kubernetes@v1.36.3: reading module: 403 Forbidden",
        "go: a.example/b@v1.0.0: reading module: 404 Not Found",
        "a.example/b@v1.0.0: verifying module: checksum mismatch",
        "go: a.example/b@v1.0.0: module lookup disabled by GOPROXY=off",
    ],
)
def test_a_refused_download_is_final(go, sentence, refusal: str) -> None:
    go.tell(refusal=refusal)

    said = sentence()

    assert "was refused" in said
    assert refusal in said
    assert "go env GOPROXY" in said
    assert go.calls("list").count("engine") == 1


def test_a_broken_connection_is_tried_again(go, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golang, "RETRY_SECONDS", 0)
    go.tell(broken="2")

    ensure()

    assert go.calls("list").count("engine") == 3


def test_a_connection_that_stays_broken_is_named(go, sentence, monkeypatch) -> None:
    monkeypatch.setattr(golang, "RETRY_SECONDS", 0)
    go.tell(broken="99")

    assert "connection reset by peer" in sentence()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("/tmp/x: write: no space left on device", "disk filled up"),
        ("compile: signal: killed", "ran out of memory"),
        ("# a.example/engine\nmain.go:1: syntax error", "main.go:1: syntax error"),
    ],
)
def test_a_build_that_fails(go, sentence, output: str, words: str) -> None:
    go.tell(failure_engine=output)

    assert words in sentence()


def test_a_program_with_another_version_than_the_pins_say(go, sentence) -> None:
    go.tell(builds="v9.9.9")

    assert "engine was built but does not answer with the version" in sentence()


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "cannot be written"), (errno.EIO, "error")],
)
def test_a_cache_that_cannot_be_written(go, sentence, monkeypatch, number, words) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "I/O error", "cache/bin")

    monkeypatch.setattr(install, "_link", refuse)

    said = sentence()

    assert words in said
    assert "$MESHWRIGHT_CACHE" in said


def test_a_cache_folder_that_is_a_file(go, sentence, monkeypatch, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MESHWRIGHT_CACHE", str(tmp_path / "file"))

    assert "name another folder" in sentence()


class Interrupting(PlainReporter):
    """Does what Ctrl-C does, as soon as a build is at work."""

    def advance(self, task: str, step: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupted_run_ends_its_compilers(go) -> None:
    go.tell(pauses="yes")
    others = psutil.Process().children()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        with pytest.raises(KeyboardInterrupt):
            ensure(report=Interrupting())
    finally:
        signal.signal(signal.SIGINT, before)

    assert set(psutil.Process().children()) <= set(others)


def test_the_error_is_one_class_for_callers(go) -> None:
    go.remove()

    with pytest.raises(ToolchainError):
        ensure()
