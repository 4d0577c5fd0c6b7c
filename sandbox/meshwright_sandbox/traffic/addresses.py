"""Addresses for pods whose kubelet the sandbox is."""

from __future__ import annotations

import ipaddress
import threading
from itertools import islice

from meshwright_sandbox.runtime.interface import RuntimeFailure

# No node has the last part of the pod range; control planes have theirs at the end of it.
_PREFIX = 24
_MOST = 200


class Addresses:
    """Gives each pod an address of its own from the start of the range's last part."""

    def __init__(self, pod_range: str) -> None:
        whole = ipaddress.ip_network(pod_range)
        prefix = max(_PREFIX, min(whole.prefixlen + 4, 28))
        *_, last = whole.subnets(new_prefix=prefix)
        self._free = [str(address) for address in islice(last.hosts(), _MOST)]
        self._given: dict[str, str] = {}
        self._lock = threading.Lock()

    def of(self, uid: str, shown: str | None = None) -> str:
        """The address of the pod ``uid``, the same each time; ``shown`` is what it has at first."""
        with self._lock:
            if shown:
                self._given.setdefault(uid, shown)
            elif uid not in self._given:
                taken = set(self._given.values())
                free = next((address for address in self._free if address not in taken), None)
                if free is None:
                    raise RuntimeFailure(f"no address is left for another pod than these {_MOST}")
                self._given[uid] = free
            return self._given[uid]

    def keep(self, uids: set[str]) -> None:
        """Take back the addresses of all other pods."""
        with self._lock:
            self._given = {u: address for u, address in self._given.items() if u in uids}
