"""Two clusters in two regions, one mesh, and pods that run: shared by all tests of the folder."""

from collections.abc import Generator, Iterator

import pulumi
import pytest

from meshwright import IstioMesh
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_toolchain import bin_dir
from tests.mesh.harness import MeshCluster
from tests.unit.recording import record

# Its tests are others' too, by inheritance: pytest looks at files of tests alone.
pytest.register_assert_rewrite("tests.mesh.shared_routes")

_running: list[MeshCluster] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test says what its clusters looked like: by the time of the report they are gone."""
    report = yield
    if report.failed:
        for cluster in _running:
            try:
                description = cluster.description()
            except Exception as error:  # why the test failed is to be told all the same
                description = f"it could not be asked: {error!r}"
            report.sections.append((f"cluster {cluster.name}", description))
    return report


@pytest.fixture(scope="package")
def mesh_runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    runtime = LocalRuntime(tmp_path_factory.mktemp("mesh"), bin_dir())
    if runtime.network.kind == "host":
        pytest.skip(runtime.network.limits)
    yield runtime
    runtime.shutdown()


def _cluster(
    runtime: LocalRuntime, name: str, location: str, block: int, *, gateway_api: bool = False
) -> Iterator[MeshCluster]:
    cluster = MeshCluster(runtime, name, location, block, gateway_api=gateway_api)
    _running.append(cluster)
    cluster.configure(accessLogFormat=_access_log_format())
    yield cluster
    _running.remove(cluster)
    cluster.traffic.stop()


def _access_log_format() -> str:
    """The line that proxies of an IstioMesh write of a call."""
    recorder = record()

    @pulumi.runtime.test
    def program() -> pulumi.Output[str]:
        return IstioMesh(
            "mesh", {"charts": "oci://charts.example.com", "version": "1.31.1"}
        ).revision

    program()
    istiod = recorder.one("Release", "mesh-istiod-default")
    return istiod.inputs["values"]["meshConfig"]["accessLogFormat"]


@pytest.fixture(scope="package")
def west(mesh_runtime: LocalRuntime) -> Iterator[MeshCluster]:
    yield from _cluster(mesh_runtime, "west", "europe-west1", 16, gateway_api=True)


@pytest.fixture(scope="package")
def east(mesh_runtime: LocalRuntime) -> Iterator[MeshCluster]:
    yield from _cluster(mesh_runtime, "east", "us-east1", 20)
