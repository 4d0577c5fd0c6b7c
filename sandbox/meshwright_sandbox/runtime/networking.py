"""The sandbox's network as the runtime has it: made at its first use, and what leads into it."""

from __future__ import annotations

import threading
from pathlib import Path

from meshwright_sandbox.runtime.forwarding import FORWARDER, Forwards
from meshwright_sandbox.runtime.launcher import HOLDER, Network, open_network
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.runtime.prometheus import PROMETHEUS


class Networking:
    """Opens the network of the sandbox at ``home``, and the way into it from this machine."""

    def __init__(self, home: Path, processes: ProcessTable) -> None:
        self._home = home
        self._processes = processes
        self._lock = threading.RLock()
        self._network: Network | None = None
        self._forwards: Forwards | None = None

    @property
    def network(self) -> Network:
        """The sandbox's network; made at the first use, and again if its holder was killed."""
        with self._lock:
            if self._network is not None and self._network.kind != "host":
                holder = self._processes.get(HOLDER)
                if holder is None or holder.pid != self._network.holder:
                    self._network, self._forwards = None, None
            if self._network is None:
                self._network = open_network(self._home, self._processes)
                if not self._network.found:
                    # What still runs in a network of earlier days could not be reached from this.
                    self._end_processes()
            return self._network

    @property
    def forwards(self) -> Forwards:
        """What leads from this machine into the network."""
        with self._lock:
            network = self.network
            if self._forwards is None:
                self._forwards = Forwards(self._home, network, self._processes)
            return self._forwards

    def shutdown(self) -> None:
        """End every process in the network, and then the one that holds it."""
        with self._lock:
            self._end_processes()
            self._processes.stop(*self._processes.entries(HOLDER))
            self._network, self._forwards = None, None

    def _end_processes(self) -> None:
        """End all but the network's holder, those of clusters whose record is gone included."""
        names = ("cluster/", PROMETHEUS, FORWARDER)
        self._processes.stop(*(e for n in names for e in self._processes.entries(n)))
