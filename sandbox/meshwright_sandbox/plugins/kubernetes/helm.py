"""The pinned ``helm`` program, as the stand-in's way to do what ``helm.v3.Release`` asks for.

Commands: https://helm.sh/docs/helm/helm/.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from meshwright_sandbox.plugins.serving import PluginError

_LOOK_SECONDS = 0.2


class HelmError(PluginError):
    """What helm said when it failed."""

    @property
    def not_found(self) -> bool:
        return "release: not found" in str(self)

    @property
    def unreachable(self) -> bool:
        return "cluster unreachable" in str(self)


class Helm:
    """Runs helm against one cluster.

    Args:
        kubeconfig: content of a kubeconfig or a path to one; empty for the user's default.
        context: the context to use; empty for the current one.
        cancelled: once set, the running command is ended in good order.
    """

    def __init__(self, kubeconfig: str, context: str, cancelled: threading.Event) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._cancelled = cancelled

    def chart(self, release: Mapping[str, Any]) -> dict[str, Any]:
        """The chart's own description; it needs no cluster."""
        return yaml.safe_load(self._run(["show", "chart", *_chart(release)]))

    def install(self, release: Mapping[str, Any], timeout: float) -> None:
        """Install it; a release that has the name already is an error, as it is for helm."""
        command = ["install", *_place(release), *_chart(release), *_flags(release, timeout)]
        command += ["--create-namespace"] * bool(release.get("createNamespace"))
        self._in_cluster([*command, "--values=-"], json.dumps(release.get("values") or {}))

    def upgrade(self, release: Mapping[str, Any], timeout: float) -> None:
        """Bring it to the new chart and values; installs it where it is gone."""
        command = ["upgrade", "--install", *_place(release), *_chart(release)]
        command += _flags(release, timeout)
        command += [f"--history-max={release.get('maxHistory', 0)}"]
        command += ["--cleanup-on-fail"] * bool(release.get("cleanupOnFail"))
        self._in_cluster([*command, "--values=-"], json.dumps(release.get("values") or {}))

    def uninstall(self, release: Mapping[str, Any], timeout: float) -> None:
        """Remove it and wait for its objects to go; one that is gone already is as good."""
        command = ["uninstall", *_place(release), f"--timeout={timeout:.0f}s"]
        try:
            self._in_cluster([*command, *["--wait"] * (not release.get("skipAwait"))])
        except HelmError as error:
            if not error.not_found:
                raise

    def look(self, release: Mapping[str, Any]) -> dict[str, Any] | None:
        """Status, values and manifest of the release; None where there is none."""
        try:
            found = json.loads(self._in_cluster(["get", "metadata", *_place(release), *_JSON]))
        except HelmError as error:
            if error.not_found:
                return None
            raise
        values = json.loads(self._in_cluster(["get", "values", *_place(release), *_JSON]))
        manifest = self._in_cluster(["get", "manifest", *_place(release)])
        return {**found, "values": values or {}, "manifest": manifest}

    def _in_cluster(self, command: list[str], given: str = "") -> str:
        with self._kubeconfig_file() as path:
            settings = [f"--kubeconfig={path}"] if path else []
            settings += [f"--kube-context={self._context}"] if self._context else []
            return self._run([*command, *settings], given)

    def _run(self, command: list[str], given: str = "") -> str:
        program = shutil.which("helm")
        if program is None:
            raise PluginError(
                "helm.v3.Release needs the program `helm` (3.x) on PATH; "
                "run `python -m meshwright_toolchain ensure` or install it from helm.sh"
            )
        process = subprocess.Popen(
            [program, *command], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        ended = False
        while True:
            try:
                output, complaint = process.communicate(given, timeout=_LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                given = ""  # it has been written; what is left of it is remembered
                if self._cancelled.is_set() and not ended:
                    ended = True
                    process.terminate()
        if process.returncode:
            said = complaint.strip().removeprefix("Error: ")
            raise HelmError(f"helm {command[0]}: {said or f'exit code {process.returncode}'}")
        return output

    @contextlib.contextmanager
    def _kubeconfig_file(self) -> Iterator[str]:
        """A path to the kubeconfig; a content is written to a file that only this user reads."""
        if "\n" not in self._kubeconfig and not self._kubeconfig.lstrip().startswith("{"):
            # No home's sign is expanded in an empty path, which leaves the choice to helm.
            yield self._kubeconfig and str(Path(self._kubeconfig).expanduser())
            return
        with tempfile.TemporaryDirectory(prefix="helm-") as folder:
            path = Path(folder) / "kubeconfig"
            path.touch(mode=0o600)
            path.write_text(self._kubeconfig, encoding="utf-8")
            yield str(path)


_JSON = ("--output=json",)


def _place(release: Mapping[str, Any]) -> list[str]:
    return [release["name"], f"--namespace={release['namespace']}"]


def _chart(release: Mapping[str, Any]) -> list[str]:
    found = [release["chart"]]
    repository = (release.get("repositoryOpts") or {}).get("repo")
    if repository:
        found.append(f"--repo={repository}")
    if release.get("version"):
        found.append(f"--version={release['version']}")
    return found


def _flags(release: Mapping[str, Any], timeout: float) -> list[str]:
    flags = [f"--timeout={timeout:.0f}s"]
    flags += ["--wait"] * (not release.get("skipAwait"))
    for key, flag in (
        ("waitForJobs", "--wait-for-jobs"),
        ("atomic", "--atomic"),
        ("skipCrds", "--skip-crds"),
        ("disableWebhooks", "--no-hooks"),
    ):
        flags += [flag] * bool(release.get(key))
    return flags
