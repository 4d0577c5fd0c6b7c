"""Turns the sandbox's traffic on, waits for its pods, and drives load through a gateway."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from meshwright_sandbox.daemon.home import Home, SandboxError, Settings
from meshwright_sandbox.daemon.surface import healthy, request
from meshwright_sandbox.runtime.certificates import CertificateAuthority
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network, open_network, read_note
from meshwright_sandbox.traffic.load import Load
from meshwright_sandbox.traffic.waiting import wait_until_it_answers

_LISTENS_WITHIN_SECONDS = 60
Json = dict[str, Any]
Progress = Callable[[str], None]
_READY_SECONDS = 240
_POLL_SECONDS = 0.5
# Starting the pods of several clusters takes as long as it takes.
_START_SECONDS = 120
_NOTHING = (
    "no pod or machine is there that the sandbox can run: it runs gateways, the echo service, "
    "Google's hello-app and machines of a mesh; bring a stack up first: `meshwright demo`"
)
_PERCENTILES = {"p50": 500, "p90": 900, "p99": 990, "p99.9": 999}


@dataclass(frozen=True)
class Door:
    """One server of a gateway: ``port`` is the public one, ``inner_port`` that of its pods."""

    cluster: str
    gateway: str
    hosts: list[str]
    tls: bool
    port: int
    inner_port: int
    addresses: list[str]

    def url(self, host: str, path: str) -> str:
        """The address that a caller outside would use."""
        scheme, usual = ("https", 443) if self.tls else ("http", 80)
        place = host if self.port == usual else f"{host}:{self.port}"
        return f"{scheme}://{place}/{path.removeprefix('/')}"


def start(home: Home, bootstrap: Path, progress: Progress) -> Json:
    """Let all pods and machines that the sandbox can run be run; returns once they answer.

    ``bootstrap`` is Istio's template for an Envoy's configuration.
    """
    settings = running(home)
    progress("starting pods")
    request(settings, "POST", "traffic", {"bootstrap": str(bootstrap)}, seconds=_START_SECONDS)
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        report = request(settings, "GET", "traffic")
        machines = [m for m in report["machines"] if m["state"] != "ready"]
        waiting = [w["problem"] for w in report["workloads"] if w["problem"]]
        waiting += [f"{m['workload']}: {m['problem'] or 'not ready yet'}" for m in machines]
        number = len(report["workloads"]) + len(report["machines"])
        if not number:
            # What the clusters hold is in the report from the first; nothing more is to come.
            raise SandboxError(_NOTHING)
        if not waiting:
            return report
        if time.monotonic() > deadline:
            raise SandboxError(_not_ready(waiting))
        progress(f"{number - len(waiting)} of {number} pods and machines answer")
        time.sleep(_POLL_SECONDS)


def stop(home: Home) -> None:
    """End the pods' processes: their pods are simulated again."""
    request(running(home), "DELETE", "traffic", seconds=_START_SECONDS)


def measure(home: Home) -> str:
    """Have a Prometheus read the proxies from now on; its address on this machine."""
    return str(request(running(home), "POST", "metrics", seconds=_START_SECONDS)["url"])


def forget(home: Home) -> None:
    """End that Prometheus, and what it knows."""
    request(running(home), "DELETE", "metrics", seconds=_START_SECONDS)


def choose(report: Json, gateway: str | None, host: str | None) -> tuple[Door, str]:
    """The gateway to call and the host to call it by; what is not named is the first there is."""
    doors = [Door(**door) for door in report["gateways"]]
    if not doors:
        raise SandboxError(
            "no Istio Gateway is in any cluster, so nothing can be called from outside; "
            "give the stack a gateway, or bring a stack up first: `meshwright demo`"
        )
    named = [d for d in doors if gateway in (None, d.gateway, d.gateway.rpartition("/")[2])]
    serving = [d for d in named if host is None or any(_serves(h, host) for h in d.hosts)]
    if not serving:
        listed = "; ".join(f"{d.gateway} ({', '.join(d.hosts)})" for d in doors)
        wanted = " for ".join(filter(None, [gateway, host]))
        raise SandboxError(f"no gateway {wanted}; there are: {listed}")
    door = next((door for door in serving if door.addresses), serving[0])
    if not door.addresses:
        raise SandboxError(f"gateway {door.gateway} has no pod that is ready")
    return door, host or door.hosts[0].replace("*", "any")


def load(
    home: Home,
    planned: Load,
    network: Network | None = None,
    *,
    patience: float = _LISTENS_WITHIN_SECONDS,
) -> Iterator[Json]:
    """Drive ``planned``, telling now and then what came; the last is all.

    It is driven from ``network``; None: from outside of all clusters, through a gateway. Raises
    :class:`SandboxError` if nothing takes connections there within ``patience``, in seconds.
    """
    network = network or open_network(home.path, home.processes)
    # A gateway is Ready before it has its certificate, and only then listens.
    where = [f"{address}:{planned.port}" for address in planned.addresses]
    try:
        wait_until_it_answers(network, *where, seconds=patience)
    except RuntimeFailure as error:
        raise SandboxError(
            f"the gateway does not listen at {', '.join(where)}: it may have no certificate, or "
            "its Gateway may be refused; `kubectl describe` the Gateway and its Secret"
        ) from error
    command = network.command([sys.executable, "-m", "meshwright_sandbox.traffic.load"])
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as driver:
        assert driver.stdin is not None
        assert driver.stdout is not None
        assert driver.stderr is not None
        try:
            driver.stdin.write(json.dumps(asdict(planned)))
            driver.stdin.close()
            yield from map(json.loads, driver.stdout)
            said = driver.stderr.read().strip()
        finally:
            if driver.poll() is None:
                driver.terminate()
    if driver.returncode:
        raise SandboxError(f"the load could not be driven: {said.rpartition(chr(10))[2]}")


def authority(home: Home) -> str:
    """The certificate by which the sandbox's gateways are verified, PEM."""
    return CertificateAuthority.open(home.path / "ca").certificate


def percentiles(seconds: list[float]) -> dict[str, float]:
    """What so many of a thousand calls took at most, in milliseconds, and the longest."""
    if len(seconds) < 2:
        return {"max": round(1000 * seconds[0], 2)} if seconds else {}
    cuts = statistics.quantiles(seconds, n=1000, method="inclusive")
    found = {name: round(1000 * cuts[place - 1], 2) for name, place in _PERCENTILES.items()}
    return found | {"max": round(1000 * max(seconds), 2)}


def running(home: Home) -> Settings:
    """The sandbox's settings; raises :class:`SandboxError` unless it runs and can carry traffic."""
    settings = home.settings
    if settings is None or home.emulator() is None or not healthy(settings):
        raise SandboxError(
            f"no sandbox runs in {home.path}; start it with `meshwright sandbox up`, "
            "or with a whole stack: `meshwright demo`"
        )
    if settings.clusters == "none":
        raise SandboxError(
            "this sandbox runs without clusters, so there is nothing to call; "
            "`meshwright sandbox down`, then `meshwright sandbox up --clusters real`"
        )
    if limits := read_note(home.path)["limits"]:
        raise SandboxError(limits)
    return settings


def _serves(pattern: str, host: str) -> bool:
    return pattern in (host, "*") or (pattern[:2] == "*." and host.endswith(pattern[1:]))


def _not_ready(problems: list[str]) -> str:
    some = "; ".join(problems[:5])
    return f"{len(problems)} pods do not answer after {_READY_SECONDS} seconds: {some}"
