"""The Python that is forked for each program the engine starts, and each cloud a test starts.

Only modules that no test changes are loaded beforehand: a program's own are read from its folder,
as ever.

    python -P fork_server.py SOCKET    # ends with its standard input
"""

import importlib
import sys
from pathlib import Path

from meshwright_sandbox.core import discovery
from meshwright_sandbox.forking.server import serve
from meshwright_sandbox.plugins import preloaded

LOADED = (
    "click",
    "meshwright",
    "meshwright_policies.servicer",
    "meshwright_provider.serving",
    "meshwright_sandbox.daemon.lifecycle",
    "meshwright_sandbox.daemon.status",
    "meshwright_sandbox.server",
    "pulumi.policy",
    "pydantic",
    "rich.console",
    "rich.table",
)
# Modules of lazy packages: those that most programs use, others come when they are needed.
SERVICES = ("compute", "container", "gkehub", "logging", "projects", "serviceaccount")
KINDS = ("apps.v1", "core.v1", "rbac.v1", "networking.v1", "apiextensions", "helm.v3")
# Clouds compile the largest of Google's descriptions of its APIs; the rest takes no time.
DOCUMENTS = ("compute.v1", "compute.beta")


def load() -> None:
    """Load what most programs need."""
    preloaded.load()
    for name in LOADED:
        importlib.import_module(name)
    import pulumi_gcp
    import pulumi_kubernetes

    # A lazy module is loaded by the first look into it.
    assert all(getattr(pulumi_gcp, service).outputs for service in SERVICES)
    for kind in KINDS:
        importlib.import_module(f"{pulumi_kubernetes.__name__}.{kind}")
    for document in DOCUMENTS:
        discovery.load(document)
    sys.stdout.write("ready\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), load, while_open=sys.stdin.fileno())
