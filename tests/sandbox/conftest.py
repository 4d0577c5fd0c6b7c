"""A sandbox server for each test module, and real clients of it."""

import json
import os
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from meshwright_sandbox.core.endpoints import ENDPOINTS
from tests.sandbox.buckets import Bucket
from tests.sandbox.gcp_plugin import PROJECT, Plugin
from tests.sandbox.machines import Machines
from tests.sandbox.platform import prepare
from tests.sandbox.server import COVERAGE_NOTES, Sandbox, client, enable_apis, record_coverage
from tests.sandbox.vpc import make_network, make_subnetwork

GoogleClients = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox with simulated time at zero, and every API of it enabled."""
    server = Sandbox(tmp_path_factory.mktemp("sandbox") / "home")
    server.start()
    yield server
    record_coverage(server.journal(), Path(os.environ[COVERAGE_NOTES]))
    server.stop()
    client.cache_clear()  # the next server may get this one's port, and not its connections


@pytest.fixture(scope="module")
def network(sandbox: Sandbox) -> None:
    """The network that every cluster of a file uses."""
    prepare(sandbox)


@pytest.fixture(scope="module")
def plugin(sandbox: Sandbox) -> Iterator[Plugin]:
    """The stand-in for the gcp plugin, on a project where it may use every API."""
    enable_apis(sandbox, PROJECT)
    running = Plugin(sandbox.url)
    yield running
    running.stop()


@pytest.fixture
def project(sandbox: Sandbox, request: pytest.FixtureRequest) -> str:
    """A project of the test's own, with the APIs enabled, so that tests do not meet."""
    name = f"test-{zlib.crc32(request.node.nodeid.encode()):08x}"
    enable_apis(sandbox, name)
    return name


@pytest.fixture
def google(sandbox: Sandbox) -> GoogleClients:
    """`google("compute", "v1")` is google-api-python-client for that API of the sandbox."""
    return lambda api, version: client(sandbox.url, api, version)


@pytest.fixture
def compute(google: GoogleClients) -> Any:
    """The compute v1 client."""
    return google("compute", "v1")


@pytest.fixture
def machines(compute: Any, project: str) -> Machines:
    """A network with one subnetwork, and calls for what runs in it."""
    make_subnetwork(compute, project, make_network(compute, project))
    return Machines(compute, project)


@pytest.fixture
def bucket(google: GoogleClients, project: str) -> Bucket:
    """A bucket of the test's project."""
    return Bucket(google("storage", "v1"), project)


@pytest.fixture
def gcloud(sandbox: Sandbox, project: str, tmp_path: Path) -> Callable[..., Any]:
    """`gcloud("compute", "networks", "list")` runs Google's own tool; its answer, decoded."""
    program = shutil.which("gcloud")
    if program is None:
        pytest.skip("gcloud is not installed: its view of the sandbox cannot be tested")
    overrides: dict[str, str] = {}
    for endpoint in ENDPOINTS:
        overrides |= endpoint.variables(sandbox.url)
    environment = (
        os.environ
        | overrides
        | {
            "CLOUDSDK_AUTH_ACCESS_TOKEN": "sandbox",
            "CLOUDSDK_CONFIG": str(tmp_path / "gcloud"),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_CORE_PROJECT": project,
        }
    )

    def run(*arguments: str, check: bool = True) -> Any:
        ended = subprocess.run(
            [program, *arguments, "--format=json"],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=120,
        )
        if not check:
            return ended
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout or "null")

    return run
