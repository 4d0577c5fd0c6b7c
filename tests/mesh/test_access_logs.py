"""What proxies write of calls, as it arrives where the platform's log sinks lead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshwright_sandbox.traffic.calls import Call, call
from tests.mesh.harness import MeshCluster, gateway_selector, identity
from tests.sandbox.log_entries import PROXIES, Json, Logs
from tests.sandbox.runtime.conftest import PROJECT, eventually
from tests.sandbox.server import Sandbox, client

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]

LEDGER, GATEWAY, SERVICE, HOST = "ledger", "counter", "books", "ledger.example.com"
CLIENT, PORT = "198.18.9.9", 8080
PROBE = "/healthz"
TRAFFIC = 'log_id("server-accesslog-stackdriver")'


@pytest.fixture(scope="module")
def logs(west: MeshCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logs]:
    """The logs of the cluster's project, while the cluster's agent writes there."""
    cloud = Sandbox(tmp_path_factory.mktemp("logging") / "home")
    cloud.start()

    def write(entries: list[Json]) -> None:  # in a thread of its own, where no client is shared
        status, answer = cloud.call("POST", "/logging/v2/entries:write", {"entries": entries})
        if status != 200:
            raise OSError(answer)  # the agent sends them again

    west.write_entries = write
    logs = Logs(lambda api, version: client(cloud.url, api, version), PROJECT)
    yield logs
    west.write_entries = lambda _: None
    cloud.stop()
    client.cache_clear()


@pytest.fixture(scope="module")
def kept(logs: Logs) -> str:
    """What is kept of access logs, as the stacks' sinks do: all but probes."""
    bucket = logs.bucket("mesh-access")
    probes = [{"name": "probes", "filter": f'textPayload:"GET {PROBE} "'}]
    logs.sink(f"logging.googleapis.com/{bucket}", filter=PROXIES, exclusions=probes)
    return f"{bucket}/views/_AllLogs"


@pytest.fixture(scope="module")
def cluster(west: MeshCluster, kept: str) -> Iterator[MeshCluster]:
    """A service that lets in its gateway and one caller; both kinds of logs are on."""
    del kept
    west.namespace(LEDGER)
    west.create(LEDGER, "Telemetry", "logs", telemetry("envoy", "stackdriver"))
    west.deploy(LEDGER, SERVICE)
    west.serve(LEDGER, SERVICE)
    west.deploy_gateway(LEDGER, GATEWAY)
    for caller in ("teller", "visitor"):
        west.deploy(LEDGER, caller, account=caller)
    west.create(LEDGER, "PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
    allowed = [identity(LEDGER, account) for account in ("default", "teller")]
    names = [name.removeprefix("spiffe://") for name in allowed]
    rules = [{"from": [{"source": {"principals": names}}]}]
    selector = {"matchLabels": {"app": SERVICE}}
    policy = {"action": "ALLOW", "selector": selector, "rules": rules}
    west.create(LEDGER, "AuthorizationPolicy", SERVICE, policy)
    server = {"port": {"number": PORT, "name": "http", "protocol": "HTTP"}, "hosts": [HOST]}
    gateway = {"selector": gateway_selector(LEDGER, GATEWAY), "servers": [server]}
    west.create(LEDGER, "Gateway", GATEWAY, gateway)
    route = {"route": [{"destination": {"host": SERVICE, "port": {"number": 80}}}]}
    hosts = {"hosts": [HOST], "gateways": [GATEWAY], "http": [route]}
    west.create(LEDGER, "VirtualService", SERVICE, hosts)
    west.wait(LEDGER, SERVICE, GATEWAY, "teller", "visitor")
    yield west
    west.core.delete_namespace(LEDGER)


def telemetry(*providers: str) -> dict[str, object]:
    """Access logs by these providers."""
    return {"accessLogging": [{"providers": [{"name": name} for name in providers]}]}


def test_a_clients_address_is_kept_and_probes_are_not(
    cluster: MeshCluster, logs: Logs, kept: str
) -> None:
    """Of a call through the gateway both kinds of logs name the address it came from."""
    (pod,) = cluster.traffic.pods(LEDGER, GATEWAY)
    url = f"http://{pod['status']['podIP']}:{PORT}"

    def from_outside(path: str) -> None:
        wanted = Call(f"{url}{path}", headers={"host": HOST}, source=CLIENT)
        (answer,) = call(cluster.network, wanted)
        assert answer.status == 200

    eventually(lambda: from_outside("/"))
    from_outside(PROBE)
    from_outside("/paid")
    of_gateway = f'resource.labels.pod_name="{pod["metadata"]["name"]}"'
    lines = eventually(lambda: at_least(1, logs, f'{of_gateway} "GET /paid "', kept))
    assert CLIENT in lines[0]["textPayload"]
    assert lines[0]["logName"] == logs.log("stdout")
    assert lines[0]["labels"]["k8s-pod/app"] == GATEWAY
    assert lines[0]["resource"]["labels"]["cluster_name"] == cluster.name
    everywhere = f"projects/{PROJECT}"
    probes = f'{of_gateway} "GET {PROBE} "'
    eventually(lambda: at_least(1, logs, probes, everywhere))
    assert logs.read(probes, of=kept) == []
    found = f'{TRAFFIC} {of_gateway} httpRequest.requestUrl:"/paid"'
    (entry,) = eventually(lambda: at_least(1, logs, found, everywhere))
    assert entry["httpRequest"]["remoteIp"] == CLIENT
    assert entry["httpRequest"]["status"] == 200


def test_who_was_refused_is_known_by_address_and_principal(
    cluster: MeshCluster, logs: Logs
) -> None:
    """The log of the workload that refused, since the caller's own may be silent."""
    (visitor,) = cluster.traffic.pods(LEDGER, "visitor")

    def refused() -> None:
        (answer,) = cluster.call(LEDGER, "visitor", SERVICE, 1)
        assert answer.status == 403

    eventually(refused)
    query = f'{TRAFFIC} httpRequest.status=403 labels."k8s-pod/app"={SERVICE}'
    entry = eventually(lambda: at_least(1, logs, query, f"projects/{PROJECT}"))[0]
    assert entry["labels"]["source_principal"] == identity(LEDGER, "visitor")
    assert entry["labels"]["destination_principal"] == identity(LEDGER, "default")
    assert entry["labels"]["response_details"].startswith("rbac_access_denied")
    assert entry["httpRequest"]["remoteIp"] == visitor["status"]["podIP"]
    assert entry["resource"]["labels"]["namespace_name"] == LEDGER
    assert logs.read(f'{query} labels.source_principal:"teller"') == []


def test_lines_of_open_source_istio_name_the_principal_too(
    cluster: MeshCluster, logs: Logs, kept: str
) -> None:
    """Those that the mesh's own clusters write are of the form that IstioMesh gives."""
    for caller, status in (("visitor", 403), ("teller", 200)):
        line = f'"k8s-pod/app"={SERVICE} textPayload:" {status} "'

        def named(caller: str = caller, status: int = status, line: str = line) -> None:
            (answer,) = cluster.call(LEDGER, caller, SERVICE, 1)
            assert answer.status == status
            found = logs.read(f"labels.{line}", of=kept)
            assert any(e["textPayload"].endswith(f" {identity(LEDGER, caller)}") for e in found)

        eventually(named)


def at_least(count: int, logs: Logs, query: str, of: str) -> list[Json]:
    """The entries found, once there are so many."""
    found = logs.read(query, of=of)
    assert len(found) >= count, query
    return found
