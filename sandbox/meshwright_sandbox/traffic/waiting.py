"""Returns once every address that it is given answers; run inside a workload's network.

An address is a URL, which must answer well, or a bare port of the workload's, which must be open.
"""

from __future__ import annotations

import socket
import sys
import urllib.request

from tenacity import retry, retry_if_exception_type, wait_fixed

_SECONDS = 2


@retry(retry=retry_if_exception_type(OSError), wait=wait_fixed(0.1))
def _answers(address: str) -> None:
    if address.isdecimal():
        socket.create_connection(("127.0.0.1", int(address)), timeout=_SECONDS).close()
    else:
        urllib.request.urlopen(address, timeout=_SECONDS).close()  # noqa: S310 - the sandbox's own


if __name__ == "__main__":
    for given in sys.argv[1:]:
        _answers(given)
