"""Applying manifests to a running cluster, and the kubeconfigs that lead to it."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meshwright_sandbox.runtime.api import FIELD_MANAGER
from meshwright_sandbox.runtime.interface import ClusterAccess, RuntimeFailure
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.records import ClusterRecord

AUTH_PLUGIN = "gke-gcloud-auth-plugin"


class Kubectl:
    """Applies manifests with the pinned ``kubectl``, which knows discovery and ordering."""

    def __init__(self, tools: Path, kubeconfig: Path) -> None:
        self._program = [str(tools / "kubectl"), f"--kubeconfig={kubeconfig}"]
        self._cache = kubeconfig.parent / "kubectl-cache"

    def apply(self, manifests: str | Iterable[Mapping[str, Any]]) -> None:
        """Server-side apply; raises :class:`RuntimeFailure` with the API server's words."""
        if not isinstance(manifests, str):
            manifests = "\n---\n".join(json.dumps(m) for m in manifests)
        self.run(
            "apply",
            "--server-side",
            "--force-conflicts",
            f"--field-manager={FIELD_MANAGER}",
            "--filename=-",
            text=manifests,
        )

    def run(self, *arguments: str, text: str = "") -> str:
        """Run one kubectl command and return its output."""
        command = [*self._program, f"--cache-dir={self._cache}", *arguments]
        result = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=180, check=False
        )
        if result.returncode:
            raise RuntimeFailure(f"kubectl {arguments[0]}: {result.stderr.strip()}")
        return result.stdout


def write_admin_kubeconfig(path: Path, access: ClusterAccess) -> None:
    """A kubeconfig with the token in it, for the sandbox's own use."""
    user = {"token": access.token}
    _dump(path, _document([_entry("cluster", access.endpoint, access.ca_certificate, user)]))


def write_user_kubeconfig(
    path: Path, clusters: Iterable[tuple[ClusterRecord, str]], command: str = AUTH_PLUGIN
) -> None:
    """The kubeconfig that ``meshwright sandbox env`` names: one context per running cluster.

    Contexts are named and users authenticate as ``gcloud container clusters get-credentials``
    writes them. Which one is in use, and with which namespace, stays as the user chose.
    """
    user: dict[str, Any] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": command,
            "installHint": "run `meshwright sandbox up`; its environment brings this program",
            "provideClusterInfo": True,
            "interactiveMode": "Never",
        }
    }
    entries = [
        _entry(
            f"gke_{record.request.project}_{record.request.location}_{record.request.name}",
            record.endpoint,
            ca_certificate,
            user,
        )
        for record, ca_certificate in clusters
    ]
    document = _document(entries)
    _keep_choices(document, _read(path))
    _dump(path, document)


def _keep_choices(document: dict[str, Any], before: Mapping[str, Any]) -> None:
    """What ``kubectl config use-context`` and ``set-context --namespace`` have written."""
    known = {context["name"]: context["context"] for context in document["contexts"]}
    if before.get("current-context") in known:
        document["current-context"] = before["current-context"]
    for context in before.get("contexts") or []:
        if context["name"] in known and "namespace" in context["context"]:
            known[context["name"]]["namespace"] = context["context"]["namespace"]


def _read(path: Path) -> Mapping[str, Any]:
    """The kubeconfig there; empty where there is none yet, or none that can be read."""
    try:
        return YAML(typ="safe").load(path.read_text()) or {}
    except (OSError, ValueError, YAMLError):
        return {}


def _entry(
    name: str, endpoint: str, ca_certificate: str, user: Mapping[str, Any]
) -> dict[str, Any]:
    authority = b64encode(ca_certificate.encode()).decode()
    return {
        "name": name,
        "cluster": {"server": f"https://{endpoint}", "certificate-authority-data": authority},
        "user": dict(user),
    }


def _document(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [{"name": e["name"], "cluster": e["cluster"]} for e in entries],
        "users": [{"name": e["name"], "user": e["user"]} for e in entries],
        "contexts": [
            {"name": e["name"], "context": {"cluster": e["name"], "user": e["name"]}}
            for e in entries
        ],
        "current-context": entries[0]["name"] if entries else "",
    }


def _dump(path: Path, document: Mapping[str, Any]) -> None:
    yaml = YAML(typ="safe")
    # Entries of several clusters share one user stanza; anchors would puzzle its readers.
    yaml.representer.ignore_aliases = lambda *_: True
    text = StringIO()
    yaml.dump(document, text)
    write_private(path, text.getvalue())
