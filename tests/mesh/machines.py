"""A service `checkout` in two versions on machines of a Mesh, routed by what TrafficRoute renders.

The machines are groups of the emulated Compute Engine; the sandbox runs them, and serves their
proxies as Google's control plane would.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from meshwright._service_proxy import service_proxy_metadata
from meshwright_sandbox.runtime.launcher import Network, read_note
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.server import DEFAULT_PROJECT, DEFAULT_PROJECT_NUMBER
from meshwright_sandbox.traffic.calls import Answer, Call, call
from meshwright_sandbox.traffic.echo import IMAGE, PORT, REQUESTS_PATH, SETTINGS_PATH
from meshwright_toolchain import bin_dir, module_dir
from tests.mesh.load import calls_go_on
from tests.sandbox.machines import Machines
from tests.sandbox.runtime.conftest import eventually
from tests.sandbox.server import Sandbox, client, enable_apis, finish
from tests.sandbox.vpc import REGION, make_network, make_subnetwork
from tests.unit.routes import arguments, made

SERVICE, MESH = "checkout", f"projects/{DEFAULT_PROJECT}/locations/global/meshes/shop"
# Another region than that of the machines which call.
FAR = "europe-west1"
# Names of a Mesh's routes may resolve to any address: the proxy goes by the name.
ANY_ADDRESS = "10.99.0.1"
_KINDS = {"HttpRoute": "httpRoutes", "GrpcRoute": "grpcRoutes", "TcpRoute": "tcpRoutes"}


class RealSandbox(Sandbox):
    """A sandbox that runs what it can."""

    def _command(self, port: str, scale: float) -> list[str]:
        command = super()._command(port, scale)
        command[command.index("none")] = "real"
        return [*command, "--tools", str(bin_dir())]


class MachineShop:
    """The service, and a machine of the Mesh that calls it."""

    def __init__(self, home: Path) -> None:
        self.sandbox = RealSandbox(home)
        self.processes = ProcessTable(home)
        self._set: set[str] = set()
        self._groups: dict[str, Machines] = {}

    def open(self) -> None:
        """Have it all run."""
        self.sandbox.start()
        enable_apis(self.sandbox, DEFAULT_PROJECT)
        compute = self.api("compute", "v1")
        network = make_network(compute, DEFAULT_PROJECT)
        make_subnetwork(compute, DEFAULT_PROJECT, network, ipCidrRange="10.80.0.0/24")
        elsewhere = {"region": FAR, "ipCidrRange": "10.81.0.0/24"}
        make_subnetwork(compute, DEFAULT_PROJECT, network, **elsewhere)
        self.create("meshes", "meshId", "shop", {"interceptionPort": 15001})
        self.machines = Machines(compute, DEFAULT_PROJECT)
        self.group("caller", 1)
        self.group("v1", 1)
        self.group("v2", 1)
        self.carry_traffic()
        self.ready("caller", "v1", "v2")
        self.route(active="v1")

    def carry_traffic(self) -> None:
        bootstrap = module_dir("istio") / "tools/packaging/common/envoy_bootstrap.json"
        self.sandbox.admin("POST", "traffic", {"bootstrap": str(bootstrap)})

    def close(self) -> None:
        self.sandbox.admin("DELETE", "traffic")
        self.sandbox.stop()
        self.processes.stop(*self.processes.entries())
        client.cache_clear()

    def api(self, name: str, version: str) -> Any:
        return client(self.sandbox.url, name, version)

    def create(self, collection: str, key: str, name: str, body: dict[str, Any]) -> bool:
        """Make a resource of the service routing API, or change it to this; whether it was not."""
        places = self.api("networkservices", "v1").projects().locations()
        parent = f"projects/{DEFAULT_PROJECT}/locations/global"
        resources = getattr(places, collection)()
        listed = resources.list(parent=parent).execute().get(collection, [])
        there = {resource["name"]: resource for resource in listed}
        full = f"{parent}/{collection}/{name}"
        if full in there:
            if all(there[full].get(field) == value for field, value in body.items()):
                return False
            mask = ",".join(body)
            started = resources.patch(name=full, body=body, updateMask=mask).execute()
        else:
            started = resources.create(parent=parent, **{key: name}, body=body).execute()
        finish(places.operations(), started)
        return True

    def group(
        self, name: str, size: int, *, protocol: str = "HTTP", region: str = REGION, **labels: str
    ) -> None:
        """Machines with a proxy, and a backend service of them."""
        metadata = service_proxy_metadata(
            mesh="shop",
            project_number=str(DEFAULT_PROJECT_NUMBER),
            proxy_port=15001,
            serving_ports=[PORT],
            tracing=False,
            intercept_all=False,
            labels=labels,
            access_logs=True,
        )
        items = [{"key": key, "value": value} for key, value in metadata.items()]
        subnet = f"projects/{DEFAULT_PROJECT}/regions/{region}/subnetworks/sub"
        template = self.machines.template(
            name,
            metadata={"items": items},
            labels=labels,
            networkInterfaces=[{"subnetwork": subnet}],
        )
        port = {"name": protocol.lower(), "port": PORT}
        machines = Machines(self.machines.compute, DEFAULT_PROJECT, region)
        machines.group(template, name=name, targetSize=size, namedPorts=[port])
        self._groups[name] = machines
        self.backend(name, name, protocol=protocol)

    def backend(self, name: str, *groups: str, protocol: str = "HTTP", **more: Any) -> None:
        """A backend service of groups."""
        managers = self.machines.compute.regionInstanceGroupManagers()
        found = [
            managers.get(**self._groups[group].place, instanceGroupManager=group).execute()
            for group in groups
        ]
        backend = {
            "name": name,
            "loadBalancingScheme": "INTERNAL_SELF_MANAGED",
            "protocol": protocol,
            "portName": protocol.lower(),
            "backends": [{"group": manager["instanceGroup"]} for manager in found],
            **more,
        }
        self.machines.make("backendServices", backend, regional=False)

    def resize(self, group: str, size: int) -> None:
        managers = self.machines.compute.regionInstanceGroupManagers()
        place = self.machines.place | {"instanceGroupManager": group}
        self.machines.wait(managers.resize(**place, size=size).execute())

    def workloads(self, group: str) -> list[dict[str, str]]:
        """What the sandbox says of the machines of a group."""
        told = self.sandbox.admin("GET", "traffic")["machines"]
        return [w for w in told if re.fullmatch(rf".*/{group}(-[a-z0-9]{{4}})?", w["workload"])]

    def serve_on_cloud_run(self, name: str) -> None:
        """A Cloud Run service in the Mesh, and a backend service of it."""
        body = {
            "launchStage": "BETA",
            "template": {
                "serviceMesh": {"mesh": MESH},
                "containers": [{"image": f"{IMAGE}:{name}", "ports": [{"containerPort": PORT}]}],
            },
        }
        services = self.api("run", "v2").projects().locations()
        parent = f"projects/{DEFAULT_PROJECT}/locations/{REGION}"
        started = services.services().create(parent=parent, serviceId=name, body=body).execute()
        finish(services.operations(), started)
        endpoints = {
            "name": name,
            "networkEndpointType": "SERVERLESS",
            "cloudRun": {"service": name},
        }
        self.machines.make("regionNetworkEndpointGroups", endpoints)
        groups = self.machines.compute.regionNetworkEndpointGroups()
        made = groups.get(**self.machines.place, networkEndpointGroup=name).execute()
        backend = {
            "name": name,
            "loadBalancingScheme": "INTERNAL_SELF_MANAGED",
            "protocol": "HTTP",
            "backends": [{"group": made["selfLink"]}],
        }
        self.machines.make("backendServices", backend, regional=False)

    def ready(self, *groups: str) -> None:
        """Until the machines of these groups run and answer."""

        def all_ready() -> None:
            for group in groups:
                found = self.workloads(group)
                assert found, group
                assert [w["state"] for w in found] == ["ready"] * len(found), found

        eventually(all_ready)

    def route(self, *, groups: tuple[str, str] = ("v1", "v2"), **more: Any) -> None:
        """Make the route with these arguments, and wait until the caller's proxy goes by it.

        ``groups`` serve its versions `v1` and `v2`.
        """
        link = f"projects/{DEFAULT_PROJECT}/global/backendServices/"
        named = zip(("v1", "v2"), groups, strict=True)
        versions = [{"name": name, "backend_service": link + group} for name, group in named]
        given = {"project": DEFAULT_PROJECT, "meshes": [MESH], "versions": versions, **more}
        before, changed = self._known(), False
        for item in made(arguments("networkservices", **given)).registrations:
            kind = item.type.rsplit(":", 1)[-1]
            if kind in _KINDS:
                # The recorder has every number as a float, which the API refuses.
                whole = re.sub(r"(?<=\d)\.0(?=[,}\]])", "", json.dumps(item.inputs))
                inputs = json.loads(whole)
                body = {
                    name: inputs[name]
                    for name in ("hostnames", "meshes", "rules")
                    if name in inputs
                }
                key = kind[0].lower() + kind[1:] + "Id"
                changed |= self.create(_KINDS[kind], key, inputs["name"], body)

        def known() -> None:
            assert self._known() != before or not changed

        eventually(known)

    def _known(self) -> str:
        """What the caller's proxy knows of routes; when it learnt it does not matter."""
        (told,) = call(self.inside("caller"), Call("http://127.0.0.1:15000/config_dump"))
        found = [
            config
            for config in told.json()["configs"]
            if config["@type"].endswith(("RoutesConfigDump", "ListenersConfigDump"))
        ]
        return re.sub(r'"(last_updated|version_info)": "[^"]*"', "", json.dumps(found))

    def inside(self, group: str) -> Network:
        """The network of a group's first machine."""
        holder = self.processes.get(f"{self.workloads(group)[0]['processes']}/network")
        assert holder is not None
        kind = read_note(self.sandbox.home)["kind"]
        return Network(kind, holder.pid)  # type: ignore[arg-type]

    def call(self, count: int = 1, *, concurrency: int = 4, **headers: str) -> list[Answer]:
        """Call the service from the caller's machine, by way of its proxy."""
        return call(self.inside("caller"), self._call(count, concurrency, headers))

    def call_each(self, *headers: dict[str, str], count: int) -> list[list[Answer]]:
        """As `call`, for each of these headers one after the other."""
        answers = call(self.inside("caller"), *(self._call(count, 4, h) for h in headers))
        return [answers[start : start + count] for start in range(0, len(answers), count)]

    def called_meanwhile(
        self, at_least: int, *headers: dict[str, str]
    ) -> AbstractContextManager[list[Answer]]:
        """Call on and on, with each of these headers by turns; the list is whole at the end."""
        # Many at a time: to start a caller takes longer than its calls.
        planned = [self._call(50, 4, given) for given in headers or ({},)] * 5
        return calls_go_on(self.inside("caller"), planned, at_least)

    def settings(self, version: str, **settings: object) -> None:
        """How a version answers from now on."""
        body, headers = json.dumps(settings), {"content-type": "application/json"}
        planned = self._own(version, SETTINGS_PATH, method="PUT", body=body, headers=headers)
        (done,) = call(self.inside(version), planned)
        assert done.status == 200, done
        self._set.add(version)

    def answer_well(self) -> None:
        """Versions that were told to fail or to be slow do so no more."""
        for version in sorted(self._set):
            self.settings(version, error_rate=0, latency_seconds=0)
        self._set.clear()

    def requests(self, version: str) -> int:
        """How many calls have reached a version."""
        (told,) = call(self.inside(version), self._own(version, REQUESTS_PATH))
        return int(told.json()["requests"])

    def _own(self, version: str, path: str, **how: Any) -> Call:
        return Call(f"http://127.0.0.1:{PORT}{path}", **how)

    def pids(self, group: str) -> list[int]:
        """The processes of a group's first machine."""
        prefix = self.workloads(group)[0]["processes"]
        return [entry.pid for entry in self.processes.entries(f"{prefix}/") if entry.alive]

    def crash(self, group: str) -> None:
        """Kill what a group's first machine serves; its proxy stays."""
        name = f"{self.workloads(group)[0]['processes']}/app"
        self.processes.stop(*self.processes.entries(name), grace=0)

    def call_grpc(self, host: str, count: int, **headers: str) -> list[dict[str, Any]]:
        """Call a gRPC service from the caller's machine."""
        command = [sys.executable, "-m", "tests.mesh.grpc_calls", f"{ANY_ADDRESS}:80", host]
        done = subprocess.run(
            self.inside("caller").command([*command, str(count), json.dumps(headers)]),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def _call(self, count: int, concurrency: int, headers: dict[str, str]) -> Call:
        given = {"host": SERVICE, **headers}
        url = f"http://{ANY_ADDRESS}/"
        return Call(url, headers=given, count=count, concurrency=concurrency, keep_alive=True)
