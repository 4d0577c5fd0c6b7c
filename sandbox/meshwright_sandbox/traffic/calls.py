"""Has HTTP calls made from inside the sandbox's network, by a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict

from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.traffic.calling import Answer, Call

__all__ = ["Answer", "Call", "call"]

_CALLING = "meshwright_sandbox.traffic.calling"
_LONGEST_SECONDS = 600
_MOST_CALLS = 1_000_000
# Calls are plain HTTP. aiohttp reads the machine's certificate authorities as it is imported: a
# quarter of what the process takes for one call.
_WITHOUT_AUTHORITIES = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}


def call(network: Network, *calls: Call) -> list[Answer]:
    """Make ``calls`` one after the other from inside ``network``."""
    if sum(each.count for each in calls) > _MOST_CALLS:
        raise ValueError(f"at most {_MOST_CALLS} requests at a time")
    done = subprocess.run(
        network.command([sys.executable, "-m", _CALLING]),
        input=json.dumps([asdict(each) for each in calls]),
        env=os.environ | _WITHOUT_AUTHORITIES,
        capture_output=True,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeFailure(f"calls could not be made: {done.stderr.strip()}")
    return [Answer(**answer) for answer in json.loads(done.stdout)]
