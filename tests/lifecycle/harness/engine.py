"""One stack, driven by the real `pulumi` program as a user's shell drives it."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshwright_toolchain import bin_dir
from tests.lifecycle.harness.preloaded import preloaded_python
from tests.lifecycle.harness.vault import PROVIDER, vault

_ENDED_WITHIN_SECONDS = 480
STAND_INS = {name: f"meshwright_sandbox.plugins.{name}" for name in ("gcp", "kubernetes")}
# Half of the engine's time, and most of it for a large stack, goes into saving the whole state
# after each step.
_SAVED_ONCE = {"PULUMI_SKIP_CHECKPOINTS": "true"}
_ROOT = Path(__file__).parents[3]


@dataclass
class Run:
    """What a command of the engine did."""

    code: int
    output: str
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def changes(self) -> dict[str, int]:
        """How many resources each kind of step touched; `same` and pure reads are left out."""
        return dict(Counter(op for op, _ in self.steps))

    @property
    def steps(self) -> list[tuple[str, str]]:
        """(operation, `type::name`) of each step that changes something."""
        found: list[tuple[str, str]] = []
        for event in self.events:
            metadata = event.get("resourcePreEvent", {}).get("metadata")
            if metadata and metadata["op"] not in ("same", "read", "refresh"):
                kind, name = metadata["urn"].split("::")[-2:]
                found.append((metadata["op"], f"{kind.split('$')[-1]}::{name}"))
        return found

    @property
    def errors(self) -> list[tuple[str, str]]:
        """(URN, text) of each error that belongs to a resource."""
        diagnostics = [
            event["diagnosticEvent"] for event in self.events if "diagnosticEvent" in event
        ]
        return [
            (diagnostic["urn"], diagnostic["message"])
            for diagnostic in diagnostics
            if diagnostic.get("severity") == "error" and diagnostic.get("urn")
        ]

    def succeeded(self) -> "Run":
        """This run, if it ended well; else the test fails with what was printed."""
        assert self.code == 0, self.output
        return self

    def failed(self) -> "Run":
        """This run, if it ended badly and without a traceback."""
        assert self.code != 0, self.output
        assert "Traceback" not in self.output, self.output
        return self


class Stack:
    """A program in a folder of its own, its state beside it."""

    def __init__(
        self,
        program: Path,
        work: Path,
        environment: dict[str, str],
        *,
        name: str = "test",
        ended_within: float = _ENDED_WITHIN_SECONDS,
        backend: str = "",
        plugins: Mapping[str, str] | None = None,
        hastened: bool = True,
    ) -> None:
        """`plugins` are Python modules by the plugin's name. Default: the sandbox's stand-ins.

        What is not `hastened` runs as it does in a user's shell, until :meth:`hasten` is called.
        """
        self.name = name
        self._ended_within = ended_within
        self.work = work / "program"
        self.state = work / "state"
        self.backend = backend or f"file://{self.state}"
        shutil.copytree(program, self.work)
        self.state.mkdir()
        self._shims = shims = work / "bin"
        shims.mkdir()
        for plugin, module in (plugins or STAND_INS).items():
            _shim(shims / f"pulumi-resource-{plugin}", module)
        folders = [
            *([] if plugins else _official_plugins()),
            str(shims),
            str(Path(sys.executable).parent),
            str(bin_dir()),
        ]
        own = {"PULUMI_CONFIG_PASSPHRASE": "test"} | vault()
        given = os.environ | own | environment
        self.environment = given | {
            "PATH": os.pathsep.join([*folders, given["PATH"]]),
            "PULUMI_HOME": str(work / "home"),
            "PULUMI_BACKEND_URL": self.backend,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DEBUG_COMMANDS": "true",
            "MESHWRIGHT_RETRY_DEADLINE": "20",
        }
        self._runs = 0
        if hastened:
            self.hasten()
        settings = [file.read_text() for file in self.work.rglob(f"Pulumi.{name}.yaml")]
        with_passphrase = any("encryptionsalt:" in text for text in settings)
        keeper = [] if with_passphrase else ["--secrets-provider", PROVIDER]
        self.run("stack", "init", name, *keeper).succeeded()

    def hasten(self) -> None:
        """Spend on the next runs what they are about, and little else.

        Programs, policies and plugins are forked from a Python that has loaded the SDKs, and the
        state is saved once a run, unless the environment says otherwise (fixture `checkpoints`).
        """
        self.environment = _SAVED_ONCE | self.environment
        self.environment["PULUMI_PYTHON_CMD"] = preloaded_python()
        _shim(self._shims / "pulumi-resource-meshwright", "meshwright_provider")

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> Run:
        """Run a command to its end."""
        with self.running(*arguments, environment=environment) as process:
            output, _ = process.communicate(timeout=self._ended_within)
        return Run(process.returncode, output, self._events())

    @contextmanager
    def running(
        self, *arguments: str, environment: dict[str, str] | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """A command that is still under way; it is ended with the block."""
        self._runs += 1
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        if arguments[0] in ("up", "preview", "refresh", "destroy"):
            command += ["--event-log", str(self._event_log()), "--stack", self.name]
        process = subprocess.Popen(
            command, cwd=self.work, env=self.environment | (environment or {}), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate(timeout=30)

    def _event_log(self) -> Path:
        return self.state / f"events-{self._runs}.jsonl"

    def _events(self) -> list[dict[str, Any]]:
        log = self._event_log()
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def configure(self, **values: str) -> None:
        """Set values of the program's own namespace."""
        settings = [word for key in values for word in ("--plaintext", f"{key}={values[key]}")]
        self.run("config", "set-all", "--stack", self.name, *settings).succeeded()

    def up(self, *arguments: str) -> Run:
        """`pulumi up` without questions."""
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def preview(self, *arguments: str) -> Run:
        """`pulumi preview`."""
        return self.run("preview", *arguments)

    def refresh(self, *arguments: str) -> Run:
        """`pulumi refresh` without questions."""
        return self.run("refresh", "--yes", "--skip-preview", *arguments)

    def destroy(self, *arguments: str) -> Run:
        """`pulumi destroy` without questions."""
        return self.run("destroy", "--yes", "--skip-preview", *arguments)

    def mend_state(self) -> None:
        """What docs/state.md says after a killed engine: drop empty `.attrs` files.

        The file backend replaces a state in one step, but writes the notes beside it (content type,
        checksum) before that; a kill in between leaves them empty, and nothing can be loaded.
        """
        for notes in (self.state / ".pulumi").rglob("*.attrs"):
            if notes.stat().st_size == 0:
                notes.unlink()

    def deployment(self) -> dict[str, Any]:
        """The state as `pulumi stack export` gives it, which checks its integrity."""
        target = self.state / "export.json"
        self.run("stack", "export", "--stack", self.name, "--file", str(target)).succeeded()
        return json.loads(target.read_text())["deployment"]

    def outputs(self) -> dict[str, Any]:
        """What the stack exports; where its resource stands in a state is the engine's choice."""
        (stack,) = (
            entry
            for entry in self.deployment()["resources"]
            if entry["type"] == "pulumi:pulumi:Stack"
        )
        return stack["outputs"]

    def resources(self) -> list[dict[str, Any]]:
        """Custom resources in the state, providers left out."""
        return custom_resources(self.deployment())


def custom_resources(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    """Custom resources of an exported state, providers left out."""
    return [
        entry
        for entry in deployment.get("resources", [])
        if entry.get("custom") and not entry["type"].startswith("pulumi:")
    ]


def _shim(path: Path, module: str) -> None:
    # The engine starts plugins in the program's folder, whose modules must not be taken for theirs.
    python = f'"${{PULUMI_PYTHON_CMD:-{sys.executable}}}"'
    start = f'exec env PYTHONPATH="{_ROOT}" {python} -P -m {module} "$@"'
    path.write_text(f"#!/bin/sh\n{start}\n")
    path.chmod(0o755)


def _official_plugins() -> list[str]:
    """Folder of official plugins to test with instead of the stand-ins, if one is named."""
    folder = os.environ.get("MESHWRIGHT_TEST_PLUGINS")
    return [folder] if folder else []
