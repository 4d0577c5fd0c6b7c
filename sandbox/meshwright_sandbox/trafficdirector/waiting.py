"""Returns once every address that it is given answers well; run inside a workload's network."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

from tenacity import retry, retry_if_exception_type, wait_fixed


@retry(retry=retry_if_exception_type((urllib.error.URLError, OSError)), wait=wait_fixed(0.1))
def _answers(address: str) -> None:
    urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - addresses are the sandbox's


if __name__ == "__main__":
    for given in sys.argv[1:]:
        _answers(given)
