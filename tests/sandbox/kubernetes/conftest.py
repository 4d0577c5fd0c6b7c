"""One real API server for all tests of the kubernetes plugin; they use objects of their own."""

from collections.abc import Iterator

import pytest

from tests.sandbox.kubernetes.harness import ApiServer, KubernetesPlugin


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    server = ApiServer(tmp_path_factory.mktemp("cluster"), "meshwright-test")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def plugin(cluster: ApiServer) -> Iterator[KubernetesPlugin]:
    running = KubernetesPlugin(str(cluster.kubeconfig))
    yield running
    running.close()
