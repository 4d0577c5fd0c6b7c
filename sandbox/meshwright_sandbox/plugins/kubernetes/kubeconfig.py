"""Kubeconfigs as the kubernetes provider takes them: content, a path, or the user's default."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from meshwright_sandbox.plugins.serving import PluginError


def server_of(kubeconfig: str, context: str) -> str | None:
    """Return the API server's address in a kubeconfig, as far as it can be told."""
    try:
        content = read(kubeconfig)
        chosen = context or content["current-context"]
        named = {item["name"]: item["context"] for item in content["contexts"]}[chosen]
        servers = {item["name"]: item["cluster"]["server"] for item in content["clusters"]}
        return servers[named["cluster"]]
    except (OSError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        return None


def is_content(kubeconfig: str) -> bool:
    return "\n" in kubeconfig or kubeconfig.lstrip().startswith("{")


def named(kubeconfig: str) -> str:
    """The path, or paths, of what is given or else of the environment as it is now."""
    return kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"


def read(kubeconfig: str) -> dict[str, Any]:
    """Return the content of a kubeconfig; of several files, merged as kubectl does."""
    if is_content(kubeconfig):
        texts = [kubeconfig]
    else:
        parts = named(kubeconfig).split(os.pathsep)
        paths = [Path(part).expanduser() for part in parts if part]
        texts = [path.read_text() for path in paths if path.exists()]
    merged: dict[str, Any] = {"clusters": [], "contexts": [], "users": []}
    for text in texts:
        content = yaml.safe_load(text)
        merged = {**content, **merged}
        for part in ("clusters", "contexts", "users"):
            merged[part] = [*merged[part], *(content.get(part) or [])]
    return merged


def check_exec_plugin(content: Mapping[str, Any], context: str | None) -> None:
    """Name a missing credential program: the client library would go on without credentials."""
    chosen = context or content.get("current-context")
    contexts = {item["name"]: item["context"] for item in content["contexts"]}
    users = {item["name"]: item.get("user") or {} for item in content["users"]}
    name = (contexts.get(chosen) or {}).get("user")
    plugin = (users.get(name) or {}).get("exec")
    if plugin and shutil.which(plugin["command"]) is None:
        hint = plugin.get("installHint") or f"install {plugin['command']} and put it on PATH"
        raise PluginError(
            f"user {name!r} of the kubeconfig gets its credentials from the program "
            f"{plugin['command']!r}, which is not on PATH. {hint}"
        )
