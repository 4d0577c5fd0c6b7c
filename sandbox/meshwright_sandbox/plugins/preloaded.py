"""A Python that has loaded the stand-in plugins, and forks for each that an engine starts.

An engine starts a plugin for each of its providers, two for each cluster, one after the other:

    python -P -m meshwright_sandbox.plugins.preloaded SOCKET
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from meshwright_sandbox.forking.server import serve
from meshwright_sandbox.plugins.gcp import schema

# With what the plugins load only once they need it.
_LOADED = (
    "google.auth.transport.urllib3",
    "google.oauth2.credentials",
    "googleapiclient.discovery",
    "kubernetes.client",
    "kubernetes.config",
    "meshwright_sandbox.plugins.gcp.functions",
    "meshwright_sandbox.plugins.gcp.provider",
    "meshwright_sandbox.plugins.kubernetes.components",
    "meshwright_sandbox.plugins.kubernetes.groups",
)
_DOCUMENTS = ("compute.v1", "container.v1beta1")


def load() -> None:
    """Load what the plugins need, Google's largest descriptions of its APIs included."""
    for name in _LOADED:
        importlib.import_module(name)
    for document in _DOCUMENTS:
        schema.document(document)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), load)
