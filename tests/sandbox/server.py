"""The sandbox as a process under test, and real clients of it."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import Resource, build_from_document

from meshwright_sandbox.core.discovery import path_of
from meshwright_sandbox.core.endpoints import ENDPOINTS

# Variable that names the folder of notes: which methods real clients called, how it ended.
COVERAGE_NOTES = "MESHWRIGHT_COVERAGE_NOTES"


class Sandbox:
    """A server process with a state folder; it can be killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._log = (home.parent / f"{home.name}.log").open("a")

    def start(self, *, scale: float = 0) -> None:
        """Start on the state in `home`; returns once it serves."""
        self._process = subprocess.Popen(
            self._command("0", scale), stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the server did not start, see {self._log.name}"
        self.url = json.loads(line)["url"]

    def try_start(self, port: str) -> tuple[int, str]:
        """Start where that must fail: exit code and what was said."""
        ended = subprocess.run(
            self._command(port, 0), capture_output=True, text=True, check=False, timeout=120
        )
        return ended.returncode, ended.stderr

    def _command(self, port: str, scale: float) -> list[str]:
        command = [sys.executable, "-m", "meshwright_sandbox.server", "--home", str(self.home)]
        return [*command, "--port", port, "--scale", str(scale), "--clusters", "none"]

    def kill(self) -> None:
        """End the process as `kill -9` does."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End the process as `meshwright sandbox down` does."""
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=10)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's own surface."""
        return self.call(method, f"/_sandbox/{path}", body)[1]

    def call(
        self, method: str, path: str, body: Any = None, timeout: float = 30
    ) -> tuple[int, Any]:
        """A bare HTTP request, for what no client library can be made to send."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else data
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def inventory(self) -> list[str]:
        """Names of everything that exists."""
        return [entry["name"] for entry in self.admin("GET", "inventory")]

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        """Requests answered so far."""
        return self.admin("GET", f"requests?since={since}")

    def fault(self, method: str, pattern: str, action: str, count: int = 1) -> None:
        """Arm a fault."""
        order = {"method": method, "path_pattern": pattern, "action": action, "count": count}
        self.admin("POST", "faults", order)


def enable_apis(server: Sandbox, project: str) -> None:
    """Enable every API that the sandbox serves."""
    apis = [f"{endpoint.prefix}.googleapis.com" for endpoint in ENDPOINTS]
    path = f"/serviceusage/v1/projects/{project}/services:batchEnable"
    status, answer = server.call("POST", path, {"serviceIds": [*apis, "mesh.googleapis.com"]})
    assert status == 200, answer


@lru_cache(maxsize=32)
def client(url: str, api: str, version: str) -> Resource:
    """google-api-python-client for one API of a sandbox."""
    document = json.loads(path_of(f"{api}.{version}").read_text(encoding="utf-8"))
    document["rootUrl"] = f"{url}/{api}/"  # where batch requests go; the rest go to the endpoint
    return build_from_document(
        document,
        credentials=Credentials(token="sandbox"),
        client_options={"api_endpoint": f"{url}/{api}/{document['servicePath']}"},
    )


def finish(operations: Any, operation: dict[str, Any], **where: str) -> dict[str, Any]:
    """Poll an operation until it is done; the sandbox ends it without simulated time."""
    while operation.get("status") != "DONE" and not operation.get("done"):
        name = {"operation": operation["name"]} if where else {"name": operation["name"]}
        operation = operations.get(**name, **where).execute()
    return operation


def record_coverage(journal: list[dict[str, Any]], folder: Path) -> None:
    """Note what real clients saw: accepted, wrong field refused, missing reference refused."""
    notes: set[tuple[str, str]] = set()
    for entry in journal:
        agent = entry.get("client", "")
        if "id" not in entry or not any(name in agent for name in _REAL_CLIENTS):
            continue
        outcome = "accepted" if entry["status"] == 200 else entry.get("refusal")
        if outcome:
            notes.add((entry["id"], outcome))
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"id": name, "outcome": how}) + "\n" for name, how in sorted(notes)]
    (folder / f"{uuid.uuid4()}.jsonl").write_text("".join(lines), encoding="utf-8")


# google-api-python-client calls itself "(gzip)".
_REAL_CLIENTS = ("gzip", "gcloud", "google-cloud-sdk")
