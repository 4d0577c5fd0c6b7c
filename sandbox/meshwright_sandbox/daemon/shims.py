"""Programs in ``HOME/bin``, found on the PATH of the sandbox's environment only."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path

from meshwright_sandbox.daemon.environment import saved_value
from meshwright_sandbox.daemon.home import Home, SandboxError
from meshwright_sandbox.forking import client
from meshwright_sandbox.runtime.kube import AUTH_PLUGIN
from meshwright_sandbox.runtime.private_files import write_private

PLUGINS = ("gcp", "kubernetes")
PLUGINS_VARIABLE = "MESHWRIGHT_PLUGINS"


def write_shims(home: Home) -> dict[str, str]:
    """Write the programs; returns for each provider plugin whether it is official or stand-in."""
    home.programs.mkdir(parents=True, exist_ok=True)
    _write_auth_plugin(home)
    chosen: dict[str, str] = {}
    for name in PLUGINS:
        program = home.programs / f"pulumi-resource-{name}"
        chosen[name] = _choose(name)
        if chosen[name] == "official":
            program.unlink(missing_ok=True)
        else:
            command = [sys.executable, "-I", "-S", client.__file__, str(home.plugin_socket)]
            # -P: it starts in the program's folder, whose modules must not be taken for its own.
            command += ["-P", "-m", f"meshwright_sandbox.plugins.{name}"]
            _write(program, f'exec {shlex.join(command)} "$@"')
    return chosen


def _write_auth_plugin(home: Home) -> None:
    """Stands for https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl
    #install_plugin: answers kubectl's exec credential request with the sandbox's token.
    """
    credential = {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {"interactive": False},
        "status": {"token": home.token_file.read_text().strip()},
    }
    answer = home.path / "exec-credential.json"
    write_private(answer, json.dumps(credential) + "\n")
    _write(home.programs / AUTH_PLUGIN, f"exec cat {shlex.quote(str(answer))}")


def _write(program: Path, command: str) -> None:
    staged = program.with_suffix(".new")
    staged.write_text(f"#!/bin/sh\n{command}\n")
    staged.chmod(0o755)
    staged.replace(program)


def _choose(name: str) -> str:
    wish = os.environ.get(PLUGINS_VARIABLE, "")
    if wish not in ("", "official", "stand-in"):
        raise SandboxError(f"{PLUGINS_VARIABLE} is {wish!r}; allowed are 'official' and 'stand-in'")
    return wish or ("official" if official_plugin(name) else "stand-in")


def official_plugin(name: str) -> Path | None:
    """The official provider plugin, where the engine would find one new enough for our SDK."""
    on_path = shutil.which(f"pulumi-resource-{name}", path=saved_value("PATH"))
    if on_path:
        return Path(on_path)
    pulumi_home = Path(os.environ.get("PULUMI_HOME", "~/.pulumi")).expanduser()
    needed = _numbers(metadata.version(f"pulumi-{name}"))
    for folder in (pulumi_home / "plugins").glob(f"resource-{name}-v*"):
        program = folder / f"pulumi-resource-{name}"
        if program.exists() and _numbers(folder.name.rsplit("-v", 1)[-1]) >= needed:
            return program
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
