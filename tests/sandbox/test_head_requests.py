"""HEAD asks for what GET answers, without the body."""

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.server import Sandbox
from tests.sandbox.vpc import make_network


def ask(server: Sandbox, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request(method, path)
    response = connection.getresponse()
    headers = {name: value for name, value in response.getheaders() if name != "Date"}
    answer = response.status, headers, response.read()
    connection.close()
    return answer


@pytest.mark.parametrize("network", ["net", "gone"])
def test_head_has_the_status_and_headers_of_get(
    sandbox: Sandbox, compute: Any, project: str, network: str
) -> None:
    make_network(compute, project)
    path = f"/compute/compute/v1/projects/{project}/global/networks/{network}"

    status, headers, body = ask(sandbox, "HEAD", path)

    assert body == b""
    assert (status, headers) == ask(sandbox, "GET", path)[:2]
    assert status == {"net": 200, "gone": 404}[network]
    assert int(headers["Content-Length"]) > 0


def test_head_changes_nothing_where_there_is_no_get(sandbox: Sandbox, project: str) -> None:
    path = f"/compute/compute/v1/projects/{project}/global/networks/net/switchToCustomMode"

    assert ask(sandbox, "HEAD", path)[0] == 404
    assert not sandbox.journal()[-1]["mutating"]
