"""A small catalogue of our own, and a `go` that does in an instant what the real one does."""

import stat
from pathlib import Path

import pytest

from meshwright_toolchain import cache, catalogue, install
from meshwright_toolchain.catalogue import Group, ModuleFiles, Program

# Notes each call in `calls`; does what the files in its folder tell it: `version`, `refusal`,
# `broken` (how many downloads break), `failure-<group>` (what a build prints before it fails).
FAKE_GO = """\
#!/usr/bin/env python3
import json, os, pathlib, signal, sys
home = pathlib.Path(__file__).resolve().parent.parent / "go"
group = pathlib.Path.cwd().name
with (home / "calls").open("a") as calls:
    calls.write(f"{sys.argv[1]} {group}\\n")
def told(name):
    file = home / name
    return file.read_text() if file.exists() else ""
def end(text):
    sys.stderr.write(text + "\\n")
    sys.exit(1)
if sys.argv[1] == "env":
    print(told("version") or "go1.26.8")
elif sys.argv[1] == "list":
    broken = int(told("broken") or 0)
    if broken:
        (home / "broken").write_text(str(broken - 1))
        end("go: a.example/b@v1.0.0: Get: dial tcp: connection reset by peer")
    if told("refusal"):
        end(told("refusal"))
    print("fmt", *sys.argv[7:], sep="\\n")
elif sys.argv[1] == "mod":
    print(json.dumps({"Dir": str(home / "module")}, indent=1))
elif sys.argv[1] == "build":
    if told(f"failure-{group}"):
        end(told(f"failure-{group}"))
    (home / f"tags-{group}").write_text(" ".join(a for a in sys.argv if a.startswith("-tags")))
    if told("pauses"):
        print("fmt", file=sys.stderr, flush=True)
        signal.pause()
    target = sys.argv[sys.argv.index("-o") + 1]
    for package in sys.argv[sys.argv.index("-o") + 2:]:
        print(package, file=sys.stderr)
        program = pathlib.Path(target) / package.split("/")[-1]
        version = told("builds") or "v1.2.3"
        program.write_text(f"#!/bin/sh\\necho {program.name} {version}\\n")
        program.chmod(0o755)
"""


def program(name: str, *, extra: bool = False, beside: str = "", asked: bool = False) -> Program:
    return Program(name, f"a.example/{name}", ("version",), r"v(1\.2\.\d+)", extra, beside, asked)


class Go:
    """The fake compiler: what it was asked, and what it is told to do."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder = home, folder

    def tell(self, **settings: str) -> None:
        for name, text in settings.items():
            (self.home / name.replace("_", "-")).write_text(text)

    def forget(self, name: str) -> None:
        (self.home / name).unlink()

    def calls(self, command: str) -> list[str]:
        """The groups that a command was called for, in order."""
        file = self.home / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.split()[1] for line in lines if line.split()[0] == command]

    def tags(self, group: str) -> str:
        """The build tags that a group was built with, as Go's option."""
        return (self.home / f"tags-{group}").read_text()

    def remove(self) -> None:
        (self.folder / "go").unlink()


def write_program(path: Path, text: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def make_program():
    return write_program


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalogue: groups `engine` (one program, one script), `tools` (two), `rivals` (one)."""
    groups = (
        Group(
            "engine",
            (program("engine"),),
            (
                ModuleFiles(
                    "sdk", "a.example/sdk", ("bin/run-python", "data"), ("bin/run-python",), "data"
                ),
            ),
        ),
        Group("tools", (program("kit", beside="engine"), program("spare", extra=True))),
        Group("rivals", (program("rival", asked=True),), tags=("small", "quick")),
    )
    folder = tmp_path / "modules"
    for group in groups:
        (folder / group.name).mkdir(parents=True)
        (folder / group.name / "go.mod").write_text(f"module {group.name}\n\ngo 1.26.0\n")
        (folder / group.name / "go.sum").write_text("")
    monkeypatch.setattr(catalogue, "MODULES", folder)
    for module in (cache, install):
        monkeypatch.setattr(module, "GROUPS", groups)
        monkeypatch.setattr(module, "WHEELS", ())
    monkeypatch.setenv("MESHWRIGHT_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def go(tmp_path: Path, modules: Path, monkeypatch: pytest.MonkeyPatch) -> Go:
    home, folder = tmp_path / "go", tmp_path / "path"
    for made in (home / "module" / "bin", home / "module" / "data", folder):
        made.mkdir(parents=True)
    (home / "module" / "bin" / "run-python").write_text("#!/bin/sh\necho run\n")
    (home / "module" / "data" / "crd.yaml").write_text("kind: CustomResourceDefinition\n")
    compiler = folder / "go"
    compiler.write_text(FAKE_GO)
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return Go(home, folder)
