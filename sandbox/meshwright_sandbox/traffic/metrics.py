"""One Prometheus in the sandbox's network, which reads the proxies of all clusters.

It is started when metrics are asked for. That they were is remembered in ``HOME/metrics``, with
what it has read, so that a sandbox that is started again has both.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import urllib3
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime.forwarding import may_bind
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.processes import Entry
from meshwright_sandbox.runtime.prometheus import FOLDER, PROMETHEUS, keep_port, port_of, url_of
from meshwright_sandbox.traffic import scraping

_HOST = "127.0.0.1"
# Inside the sandbox's network; it has no rival there.
_INNER_PORT = 9090
_FIRST_PORT, _PORTS = 9090, 200
# What a rollout on a laptop needs: each step is judged within seconds.
_SCRAPE_SECONDS = 2.0
_KEPT = "1d"
_READY_SECONDS = 60
_END_SECONDS = 5.0


class Prometheus:
    """The Prometheus of ``runtime``'s sandbox. Its callers take turns."""

    def __init__(self, runtime: LocalRuntime, scrape_seconds: float = _SCRAPE_SECONDS) -> None:
        """``scrape_seconds``: how often it reads each proxy."""
        self._runtime, self._scrape_seconds = runtime, scrape_seconds
        self._folder = runtime.home / FOLDER

    @property
    def url(self) -> str:
        """Its address on this machine; empty where it is not asked for."""
        return url_of(self._runtime.home)

    @property
    def inner_url(self) -> str:
        """Its address inside the sandbox's network."""
        return f"http://{_HOST}:{_INNER_PORT}"

    def start(self) -> None:
        """Run it, unless it runs; returns once it answers."""
        runtime = self._runtime
        if runtime.network.kind == "host":
            raise RuntimeFailure(runtime.network.limits)
        program = runtime.tools / PROMETHEUS
        if not program.exists():
            raise RuntimeFailure(
                f"{PROMETHEUS} not found in {runtime.tools}; run `make tools`, or put it there"
            )
        self._folder.mkdir(exist_ok=True)
        self.update()
        entry = runtime.processes.get(PROMETHEUS) or runtime.processes.spawn(
            PROMETHEUS, runtime.network.command(self._command(program))
        )
        self._open()
        self._wait(entry)

    def resume(self) -> None:
        """Run it again if it was asked for before."""
        if self.url:
            self.start()

    def update(self) -> None:
        """Have it read the clusters there are now; it looks at the file by itself."""
        if not self._folder.exists():
            return
        sources = [
            scraping.Source(
                record.id,
                {"cluster": record.request.name, "location": record.request.location},
                self._runtime.inner_kubeconfig(record),
            )
            for record in self._runtime.records.all()
        ]
        write_private(self._file, scraping.configuration(sources, self._scrape_seconds))

    def stop(self) -> None:
        """End it, and forget what it has read."""
        runtime = self._runtime
        runtime.processes.stop(*runtime.processes.entries(PROMETHEUS), grace=_END_SECONDS)
        if port := port_of(runtime.home):
            runtime.forwards.remove(_HOST, port)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _file(self) -> Path:
        return self._folder / "prometheus.json"

    def _command(self, program: Path) -> list[str]:
        return [
            str(program),
            f"--config.file={self._file}",
            "--enable-feature=auto-reload-config",
            "--config.auto-reload-interval=1s",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--storage.tsdb.retention.time={_KEPT}",
            f"--web.listen-address={_HOST}:{_INNER_PORT}",
            "--log.level=warn",
        ]

    def _open(self) -> None:
        """Lead a port of this machine to it: the one of the last time, else a free one."""
        before, forwards = port_of(self._runtime.home), self._runtime.forwards
        if f"{_HOST}:{before}" in forwards.listing():
            return
        ports = [*([before] if before else []), *range(_FIRST_PORT, _FIRST_PORT + _PORTS)]
        port = next((port for port in ports if may_bind(_HOST, port)), None)
        if port is None:
            raise RuntimeFailure(
                f"no port from {_FIRST_PORT} to {ports[-1]} is free on {_HOST} for {PROMETHEUS}"
            )
        forwards.add(_HOST, port, _HOST, _INNER_PORT)
        keep_port(self._runtime.home, port)

    def _wait(self, entry: Entry) -> None:
        if not _settled(entry, self.url) or not entry.alive:
            runtime = self._runtime
            runtime.processes.stop(entry)
            log = runtime.processes.log_path(PROMETHEUS)
            raise RuntimeFailure(f"{PROMETHEUS} did not start; see {log}")


@retry(
    retry=retry_if_result(lambda settled: not settled),
    wait=wait_fixed(0.1),
    stop=stop_after_delay(_READY_SECONDS),
    retry_error_callback=lambda _: False,
)
def _settled(entry: Entry, url: str) -> bool:
    """Whether it answers, or has ended."""
    if not entry.alive:
        return True
    with contextlib.suppress(urllib3.exceptions.HTTPError):
        answer = urllib3.request("GET", f"{url}/-/ready", retries=False, timeout=2)
        return answer.status == 200
    return False
