"""A sandbox server for each test module, and real clients of it."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.server import COVERAGE_FILE, Sandbox, client, enable_apis, record_coverage

GoogleClients = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def sandbox(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Sandbox]:
    """A running sandbox with simulated time at zero, and every API of it enabled."""
    server = Sandbox(tmp_path_factory.mktemp("sandbox") / "home")
    server.start()
    yield server
    record_coverage(server.journal(), pytestconfig.rootpath / COVERAGE_FILE)
    server.stop()


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
