"""An emulator in a thread of the test's process, for tests that see what its runtime is told."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from meshwright_sandbox.core.app import create_app
from meshwright_sandbox.runtime.interface import ClusterRuntime
from tests.sandbox.platform import NUMBER, PROJECT, prepare
from tests.sandbox.server import Sandbox


@contextmanager
def emulator(home: Path, runtime: ClusterRuntime) -> Iterator[Sandbox]:
    """It has what clusters stand on; its clusters are the runtime's."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    sandbox = Sandbox(home)

    async def serve() -> web.AppRunner:
        app = create_app(
            sandbox.home, runtime=runtime, scale=0, project=PROJECT, project_number=int(NUMBER)
        )
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sandbox.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        return runner

    task = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        prepare(sandbox)
        yield sandbox
    finally:
        asyncio.run_coroutine_threadsafe(task.result().cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
