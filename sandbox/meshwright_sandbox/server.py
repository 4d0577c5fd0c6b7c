"""Run the emulated control plane as a process: `python -m meshwright_sandbox.server --home DIR`.

The first line on standard output is JSON, `{"url": ...}`, once requests are answered.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from meshwright_sandbox.core.app import CLOUD, create_app
from meshwright_sandbox.runtime.interface import ClusterRuntime, RuntimeFailure
from meshwright_sandbox.runtime.null import NullRuntime

DEFAULT_PROJECT = "meshwright-dev"
DEFAULT_PROJECT_NUMBER = 123456789012


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    try:
        asyncio.run(serve(arguments))
    except sqlite3.DatabaseError as error:
        sys.exit(
            f"sandbox: the state in {arguments.home} cannot be read ({error}), as after a crash of "
            "the machine. `meshwright sandbox reset` forgets it, then it starts from nothing."
        )
    except OSError as error:
        sys.exit(
            f"sandbox: cannot serve on 127.0.0.1:{arguments.port} with state in {arguments.home}: "
            f"{error.strerror or error}. Choose another --port (0 picks a free one) or --home."
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="meshwright_sandbox.server", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the state")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--scale", type=float, default=0.01, help="simulated time per real time")
    parser.add_argument("--clusters", choices=("real", "none"), default="none")
    parser.add_argument(
        "--tools",
        type=Path,
        default=os.environ.get("MESHWRIGHT_TOOLS"),
        help="folder of programs, for --clusters real; default: MESHWRIGHT_TOOLS",
    )
    parser.add_argument("--project", default=DEFAULT_PROJECT)
    parser.add_argument("--project-number", type=int, default=DEFAULT_PROJECT_NUMBER)
    arguments = parser.parse_args()
    if arguments.clusters == "real" and arguments.tools is None:
        parser.error("--clusters real needs --tools (or MESHWRIGHT_TOOLS), a folder of programs")
    return arguments


def _runtime(arguments: argparse.Namespace) -> ClusterRuntime:
    if arguments.clusters == "none":
        return NullRuntime()
    from meshwright_sandbox.runtime.local import LocalRuntime  # not needed without clusters

    return LocalRuntime(arguments.home, arguments.tools)


def _resume(runtime: ClusterRuntime) -> None:
    """Have the clusters back that ran before; one that fails must not take the rest with it."""
    try:
        runtime.resume()
    except RuntimeFailure as error:
        logging.getLogger(__name__).error("%s", error)


async def _carry_traffic(app: web.Application, runtime: ClusterRuntime) -> Callable[[], None]:
    """Let pods and machines be run for real; what is returned stops looking after them."""
    if isinstance(runtime, NullRuntime):
        return lambda: None
    from meshwright_sandbox.runtime.local import LocalRuntime
    from meshwright_sandbox.traffic import admin
    from meshwright_sandbox.traffic.service import Traffic

    assert isinstance(runtime, LocalRuntime)
    traffic = Traffic(runtime, app[CLOUD])
    admin.add_routes(app, traffic)
    app[CLOUD].on_reset.append(traffic.stop)
    await asyncio.to_thread(traffic.resume)
    return traffic.close


async def serve(arguments: argparse.Namespace) -> None:
    """Start, announce the URL, and serve until told to stop."""
    runtime = _runtime(arguments)
    app = create_app(
        arguments.home,
        runtime=runtime,
        scale=arguments.scale,
        project=arguments.project,
        project_number=arguments.project_number,
    )
    await asyncio.to_thread(_resume, runtime)
    stop_traffic = await _carry_traffic(app, runtime)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", arguments.port)
    await site.start()
    host, port = runner.addresses[0][:2]
    sys.stdout.write(json.dumps({"url": f"http://{host}:{port}"}) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    await stop.wait()
    stop_traffic()
    runtime.close()  # its controllers write to the state that ends with the runner
    await runner.cleanup()


if __name__ == "__main__":
    main()
