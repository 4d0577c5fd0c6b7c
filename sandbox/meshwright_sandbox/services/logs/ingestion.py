"""How the sandbox's own agents write log entries: as a client's `entries.write` does, all checks
included, but without a connection.
"""

import json
from collections.abc import Callable
from typing import Any

from meshwright_sandbox.core import dispatch
from meshwright_sandbox.core.cloud import Cloud

Json = dict[str, Any]


def entry_writer(cloud: Cloud) -> Callable[[list[Json]], None]:
    """What hands entries to the cloud's log routers, and raises the API's errors."""

    def write(entries: list[Json]) -> None:
        found = dispatch.route(cloud, "POST", ["logging", "v2", "entries:write"])
        body = json.dumps({"entries": entries}).encode()
        dispatch.handle(dispatch.build_call(cloud, found, {}, body), None)

    return write
