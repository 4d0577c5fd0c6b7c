"""Runs one `pulumi preview` under policies and hands on its events."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

import yaml

from meshwright_policies import RULES, config
from meshwright_policies.report.events import Collector
from meshwright_policies.report.model import Report

OWN_PACK = Path(__file__).resolve().parents[2]
"""The folder of this policy pack."""
_STREAM = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true", "PULUMI_SKIP_UPDATE_CHECK": "true"}


class PreviewError(Exception):
    """The preview cannot be started; the text says what to do."""


@dataclass(frozen=True)
class Project:
    """A Pulumi project's folder, as far as a report needs it."""

    folder: Path
    settings: Mapping[str, Any]

    @classmethod
    def at(cls, folder: Path) -> "Project":
        """The project of a folder.

        Raises:
            PreviewError: There is none, or its file cannot be read.
        """
        path = folder / "Pulumi.yaml"
        try:
            settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise PreviewError(
                f"{path}: {error.strerror}; name a project's folder by --cwd"
            ) from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise PreviewError(f"{path} is not readable as YAML: {error}") from error
        if not isinstance(settings, dict):
            raise PreviewError(f"{path} holds no project; it needs a name and a runtime")
        return cls(folder, cast(dict[str, Any], settings))

    def beside_stack_files(self, name: str) -> Path:
        """A file in the folder of the stacks' files."""
        return self.folder / str(self.settings.get("stackConfigDir") or ".") / name

    def policy_config(self, stack: str) -> Path | None:
        """The policy config that stands beside a stack's file, if there is one."""
        path = self.beside_stack_files(f"policies.{_short(stack)}.json")
        return path if path.is_file() else None

    def finding_file(self, stack: str) -> str:
        """The file that findings of a stack stand at, relative to the repository's root."""
        path = self.beside_stack_files(f"Pulumi.{_short(stack)}.yaml").resolve()
        if not path.is_file():
            path = (self.folder / "Pulumi.yaml").resolve()
        roots = (parent for parent in path.parents if (parent / ".git").exists())
        return path.relative_to(next(roots, self.folder.resolve())).as_posix()


@dataclass(frozen=True)
class Preview:
    """What to preview, and under which packs."""

    project: Project
    stack: str
    packs: Sequence[Path]
    configs: Sequence[Path]
    environment: Mapping[str, str]

    def disabled(self) -> set[str]:
        """The rules of this pack that the config turns off; the engine counts them as passed.

        Raises:
            PreviewError: The config is wrong; the text names every mistake.
        """
        off: set[str] = set()
        for pack, path in zip(self.packs, self.configs, strict=False):
            if pack.resolve() == OWN_PACK:
                try:
                    levels = config.read(path, RULES).levels
                except config.Wrong as error:
                    raise PreviewError(f"{path}: {error}") from error
                off |= {name for name, level in levels.items() if level is config.Level.DISABLED}
        return off

    def run(
        self, on_progress: Callable[[str], None] = lambda _: None, keep: IO[str] | None = None
    ) -> Report:
        """Run it; everything that goes wrong on the way is an error of the report.

        Args:
            on_progress: Told in a few words how far it is.
            keep: Gets each event that matters for a report, to read it again later.

        Raises:
            PreviewError: It cannot even be started.
        """
        off = self.disabled()
        collector, others = Collector(), list[str]()
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
            subprocess.Popen(
                self._command(),
                cwd=self.project.folder,
                env={**self.environment, **_STREAM},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                errors="replace",
                process_group=0,  # a Ctrl-C reaches it once, by us: a second one ends it at once
            ) as process,
        ):
            assert process.stdout, "it was asked for a pipe"
            try:
                for line in process.stdout:
                    if not collector.add(line):
                        others.append(line)
                    elif keep and '"severity":"debug"' not in line:
                        keep.write(line)
                    on_progress(collector.progress)
            except BaseException:
                # The engine ends what it started, and gives the stack free, before it ends itself.
                process.send_signal(signal.SIGINT)
                process.wait()
                raise
            code = process.wait()
            errors.seek(0)
            said = errors.read().strip() or "".join(others).strip()
        report = collector.report()
        if code and not report.errors and not report.exit_code():
            collector.fail(said or f"`pulumi preview` ended with exit code {code} and no word")
            report = collector.report()
        stack = report.stack or _short(self.stack)
        return replace(report, stack=stack, ran=report.ran - off)

    def _command(self) -> list[str]:
        command = [program(self.environment), "preview", "--json", "--non-interactive"]
        command += ["--stack", self.stack]
        for pack in self.packs:
            command += ["--policy-pack", str(pack.resolve())]
        for path in self.configs:
            command += ["--policy-pack-config", str(path.resolve())]
        return command


def program(environment: Mapping[str, str]) -> str:
    """The Pulumi CLI.

    Raises:
        PreviewError: There is none.
    """
    found = shutil.which("pulumi", path=environment.get("PATH"))
    if found is None:
        raise PreviewError("there is no `pulumi` on the PATH; `make tools` brings it")
    return found


def with_programs(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """An environment in which the engine finds this Python, and the programs of a folder last.

    The engine starts a pack with the Python that is first on the PATH: it must be one that has
    this package. Where it is already, the caller's order stays as it is, that of plugins too.
    """
    given, own = environment.get("PATH", os.defpath), Path(sys.executable).parent
    first = shutil.which("python3", path=given)
    path = [given, str(folder)]
    if first is None or Path(first).parent != own:
        path.insert(0, str(own))
    return {**environment, "PATH": os.pathsep.join(path)}


def selected_stack(project: Project, environment: Mapping[str, str]) -> str:
    """The stack that is selected in a project.

    Raises:
        PreviewError: None is.
    """
    result = subprocess.run(
        [program(environment), "stack", "--show-name", "--non-interactive"],
        cwd=project.folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    name = result.stdout.strip()
    if result.returncode or not name:
        raise PreviewError(
            f"{result.stderr.strip() or 'no stack is selected'}; name one by --stack"
        )
    return name


def _short(stack: str) -> str:
    """A stack's name without its organisation and project."""
    return stack.rpartition("/")[2]
