"""Networks of pods: namespaces of their own with the pods' addresses, in the sandbox's network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import psutil
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime.inside import run_inside
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.processes import Entry, ProcessTable

# Named, not imported: what it imports in its turn would be in the emulator's memory.
_JOINING = "meshwright_sandbox.traffic.joining"


@dataclass(frozen=True)
class Capture:
    """How connections are led to a sidecar: the ports at which it takes them, going out and coming
    in.

    Of those that come in it takes the ones to ``ports``; None: all but those to its own. What goes
    out with ``mark`` is the sidecar's own; 0: it marks nothing.
    """

    outbound: int = 15001
    inbound: int = 15006
    ports: Sequence[int] | None = None
    mark: int = 0


_ISTIO = Capture()


def open_pod_network(
    network: Network,
    processes: ProcessTable,
    holder: str,
    *,
    device: str,
    address: str,
    captured: Sequence[str],
    capture: Capture = _ISTIO,
) -> Network:
    """The network of the pod at ``address``; it lasts as long as the process named ``holder``.

    ``device`` names its end in the sandbox's network. Connections to ``captured`` ranges are led
    to the pod's sidecar as ``capture`` says, and so is what comes in; a pod without a sidecar has
    none.
    """
    entry = processes.spawn(holder, network.command(["unshare", "--net", "sleep", "infinity"]))
    _wait_until_held(entry)
    wanted = {
        "holder": entry.pid,
        "device": device,
        "address": address,
        "captured": list(captured),
        "capture": asdict(capture),
    }
    try:
        run_inside(network, _JOINING, wanted)
    except RuntimeFailure as error:
        processes.stop(entry)
        what = f"the pod at {address} could not be given its network"
        raise RuntimeFailure(f"{what}: {error}") from error
    return replace(network, holder=entry.pid)


@retry(
    retry=retry_if_result(lambda held: not held),
    wait=wait_fixed(0.01),
    stop=stop_after_delay(10),
)
def _wait_until_held(entry: Entry) -> bool:
    """By the time that its program is ``sleep`` it has left the sandbox's namespace."""
    process = entry.process()
    try:
        return process is not None and process.name() == "sleep"
    except psutil.Error:
        return False
