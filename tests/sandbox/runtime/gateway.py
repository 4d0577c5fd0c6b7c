"""An Envoy that istiod configures as a gateway, services behind it, and callers: all in the
sandbox's network, so that what routes do to calls can be counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kubernetes import client

from meshwright_sandbox.runtime.launcher import Network

PORT = 18080
_ADDRESS = "10.16.250.{}"

_SERVER = """
import http.server, sys
address, version = sys.argv[1:]
class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = 0
    def do_GET(self):
        Answers.seen += "x-ask" not in self.headers
        body = f"{version} {Answers.seen}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer((address, 8080), Answers).serve_forever()
"""

_CALLER = """
import http.client, json, sys
address, port, host, jobs = sys.argv[1:]
answers = []
for headers, count in json.loads(jobs):
    cookie = headers.get("cookie", "")
    for _ in range(count):
        connection = http.client.HTTPConnection(address, int(port), timeout=10)
        connection.request("GET", "/", headers={**headers, "host": host, "cookie": cookie})
        answer = connection.getresponse()
        cookie = answer.headers.get("set-cookie", "").partition(";")[0] or cookie
        answers.append([answer.status, answer.read().decode(), cookie])
        connection.close()
print(json.dumps(answers))
"""


class Traffic:
    """A gateway for `shop.example.com`, and the versions v1 and v2 of a service `checkout`."""

    host = "shop.example.com"

    def __init__(
        self, network: Network, api: client.ApiClient, namespace: str, envoy: Path, folder: Path
    ) -> None:
        self._network, self._api, self.namespace = network, api, namespace
        self._objects = client.CustomObjectsApi(api)
        self._folder, self._envoy = folder, envoy
        self._running = ExitStack()

    def start(self) -> None:
        """Start servers and gateway; what they serve is known a moment later."""
        # Certificates would be pilot-agent's to fetch; what is counted here needs none.
        off = {"mtls": {"mode": "DISABLE"}}
        self._place("istio-system", "security.istio.io/v1", "PeerAuthentication", "default", off)
        # The filter that counts for Prometheus is in Istio's own build of Envoy only.
        metrics = {"providers": [{"name": "prometheus"}], "overrides": [{"disabled": True}]}
        self.apply("telemetry.istio.io/v1", "Telemetry", "off", {"metrics": [metrics]})
        labels = {"app": "checkout"}
        ports = [{"name": "http", "port": 80, "targetPort": 8080}]
        service = {"metadata": {"name": "checkout"}, "spec": {"selector": labels, "ports": ports}}
        client.CoreV1Api(self._api).create_namespaced_service(self.namespace, service)
        for number, version in ((11, "v1"), (12, "v2")):
            address = _ADDRESS.format(number)
            self._spawn([sys.executable, "-c", _SERVER, address, version])
            spec = {"address": address, "labels": labels | {"version": version}}
            self.apply("networking.istio.io/v1", "WorkloadEntry", version, spec)
        server = {
            "port": {"number": PORT, "name": "http", "protocol": "HTTP"},
            "hosts": [self.host],
        }
        spec = {"selector": {"gateway": self.namespace}, "servers": [server]}
        self.apply("networking.istio.io/v1", "Gateway", "gw", spec)
        bootstrap = self._folder / "envoy.json"
        bootstrap.write_text(json.dumps(self._bootstrap()))
        self._spawn([str(self._envoy), "-c", str(bootstrap), "--log-level", "warning"])

    def stop(self) -> None:
        """End all that was started here."""
        self._running.close()
        self._objects.delete_namespaced_custom_object(
            "security.istio.io", "v1", "istio-system", "peerauthentications", "default"
        )

    def apply(self, version: str, kind: str, name: str, spec: dict[str, Any]) -> None:
        """Make an object, or give it this spec."""
        self._place(self.namespace, version, kind, name, spec)

    def _place(
        self, namespace: str, version: str, kind: str, name: str, spec: dict[str, Any]
    ) -> None:
        group, _, short = version.partition("/")
        place = (group, short, namespace, _plural(kind))
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        try:
            self._objects.create_namespaced_custom_object(*place, body)
        except client.ApiException as error:
            if error.status != 409:
                raise
            there = self._objects.get_namespaced_custom_object(*place, name)
            seen = there["metadata"]["resourceVersion"]
            body["metadata"] = {"name": name, "resourceVersion": seen}
            self._objects.replace_namespaced_custom_object(*place, name, body)

    def call(self, *jobs: tuple[dict[str, str], int]) -> list[tuple[int, str, str]]:
        """Call with each job's headers so often, keeping its cookie: status, answer, cookie."""
        command = [
            sys.executable, "-c", _CALLER, _ADDRESS.format(1), str(PORT), self.host,
            json.dumps(jobs),
        ]  # fmt: skip
        done = subprocess.run(
            self._network.command(command), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return [(status, text, cookie) for status, text, cookie in json.loads(done.stdout)]

    def _spawn(self, command: Sequence[str]) -> None:
        log = self._running.enter_context((self._folder / "traffic.log").open("a"))
        process = subprocess.Popen(self._network.command(command), stdout=log, stderr=log)
        self._running.callback(process.wait, 10)
        self._running.callback(process.terminate)

    def _bootstrap(self) -> dict[str, Any]:
        ads = {"ads": {}, "resource_api_version": "V3"}
        place = {"socket_address": {"address": self._istiod(), "port_value": 15010}}
        protocol = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        options = {
            "@type": f"type.googleapis.com/{protocol}",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
        name = f"gw.{self.namespace}"
        return {
            "node": {
                "id": f"router~{_ADDRESS.format(1)}~{name}~{self.namespace}.svc.cluster.local",
                "cluster": name,
                "metadata": {"NAMESPACE": self.namespace, "LABELS": {"gateway": self.namespace}},
            },
            "dynamic_resources": {
                "ads_config": {
                    "api_type": "GRPC",
                    "transport_api_version": "V3",
                    "grpc_services": [{"envoy_grpc": {"cluster_name": "istiod"}}],
                },
                "cds_config": ads,
                "lds_config": ads,
            },
            "static_resources": {
                "clusters": [
                    {
                        "name": "istiod",
                        "type": "STATIC",
                        "typed_extension_protocol_options": {protocol: options},
                        "load_assignment": {
                            "cluster_name": "istiod",
                            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": place}}]}],
                        },
                    }
                ]
            },
        }

    def _istiod(self) -> str:
        """The address of the managed control plane, as its webhooks name it."""
        found = client.AdmissionregistrationV1Api(self._api).list_validating_webhook_configuration()
        urls = [hook.client_config.url for item in found.items for hook in item.webhooks]
        return next(str(urlsplit(url).hostname) for url in urls if url)


def _plural(kind: str) -> str:
    lower = kind.lower()
    return f"{lower[:-1]}ies" if lower.endswith("y") and lower != "gateway" else f"{lower}s"
