"""What `meshwright sandbox traffic` drives and counts, and which pods the sandbox runs for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from click.testing import CliRunner

from meshwright_cli.main import main
from meshwright_sandbox.daemon import traffic
from meshwright_sandbox.daemon.home import Home, SandboxError
from meshwright_sandbox.daemon.traffic import Door, choose, percentiles
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.traffic import images
from meshwright_sandbox.traffic.load import Load, Tally, drive, sources

HOST = "shop.example.com"


class Shop:
    """Answers by turns as v1 and v2, keeps a caller at its first answer, refuses one address."""

    refused = "127.0.0.4"

    def __init__(self) -> None:
        self.seen: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(request)
        if request.remote == self.refused:
            return web.Response(status=403, text="RBAC: access denied")
        version = request.cookies.get("kept") or ("v1", "v2")[len(self.seen) % 2]
        answer = web.json_response({"version": version})
        answer.set_cookie("kept", version)
        return answer


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Shop, int]]:
    shop, served = Shop(), web.Application()
    served.router.add_get("/{path:.*}", shop.answer)
    async with TestServer(served, host="127.0.0.1") as server:
        yield shop, server.port or 0


def load(port: int, **changes: Any) -> Load:
    defaults: dict[str, Any] = {
        "url": f"http://{HOST}/cart",
        "addresses": ["127.0.0.1"],
        "port": port,
        "requests": 40,
        "rate": 1000,
        "sources": ["127.0.0.2", "127.0.0.3"],
    }
    return Load(**(defaults | changes))


async def whole(planned: Load) -> Tally:
    return [tally async for tally in drive(planned)][-1]


async def test_each_call_is_counted_by_who_answered_it(shop: tuple[Shop, int]) -> None:
    served, port = shop
    tally = await whole(load(port, headers={"x-group": "b"}, cookies={"group": "b"}))
    assert tally.done == len(served.seen) == 40
    assert sum(by["200"] for by in tally.answers.values()) == 40
    assert {len(tally.latencies[v]) for v in tally.answers} == {
        sum(by.values()) for by in tally.answers.values()
    }
    assert {request.host for request in served.seen} == {HOST}
    assert {request.headers["x-group"] for request in served.seen} == {"b"}
    assert {request.cookies["group"] for request in served.seen} == {"b"}


async def test_callers_have_an_address_and_cookies_of_their_own(shop: tuple[Shop, int]) -> None:
    served, port = shop
    # One after the other: the next must know of the answer before.
    await whole(load(port, requests=100, concurrency=1))
    by_caller: dict[str | None, set[str]] = {}
    for request in served.seen:
        by_caller.setdefault(request.remote, set()).add(request.cookies.get("kept", ""))
    assert set(by_caller) == {"127.0.0.2", "127.0.0.3"}
    # One first answer each, and from then on that version alone.
    assert {len(kept - {""}) for kept in by_caller.values()} == {1}


async def test_who_is_refused_is_told_by_address(shop: tuple[Shop, int]) -> None:
    _, port = shop
    tally = await whole(load(port, sources=["127.0.0.3", Shop.refused]))
    assert tally.refused == {Shop.refused: 20}
    assert tally.answers["-"] == {"403": 20}


async def test_calls_go_out_at_their_rate(shop: tuple[Shop, int]) -> None:
    _, port = shop
    tally = await whole(load(port, requests=20, rate=40))
    assert 0.475 <= tally.seconds < 60


async def test_a_call_without_an_answer_is_counted_with_its_reason() -> None:
    tally = await whole(load(unused_port(), requests=3))
    assert tally.answers == {"-": {"0": 3}}
    assert sum(tally.errors.values()) == 3
    assert all("Cannot connect" in error for error in tally.errors)


def test_a_gateway_that_does_not_listen_is_named_with_what_may_be_wrong(tmp_path: Path) -> None:
    port = unused_port()
    calls = traffic.load(Home(tmp_path), load(port), Network("host"), patience=0.2)
    with pytest.raises(SandboxError, match=rf"127\.0\.0\.1:{port}: it may have no certificate"):
        list(calls)


def test_every_caller_has_another_address() -> None:
    assert len(set(sources(1000))) == 1000


def test_percentiles_are_of_all_calls() -> None:
    found = percentiles([number / 1000 for number in range(1001)])
    assert found == {"p50": 500.0, "p90": 900.0, "p99": 990.0, "p99.9": 999.0, "max": 1000.0}
    assert percentiles([0.25]) == {"max": 250.0}
    assert percentiles([]) == {}


def pod(*containers: tuple[str, str], **labels: str) -> dict[str, Any]:
    """A pod of containers given by name and image."""
    listed = [{"name": name, "image": image} for name, image in containers]
    return {"metadata": {"labels": labels}, "spec": {"containers": listed}}


@pytest.mark.parametrize(
    ("image", "known"),
    [
        (images.HELLO_APP, True),
        (f"{images.HELLO_APP}:1.0", True),
        (f"{images.HELLO_APP}@sha256:0123", True),
        (f"{images.HELLO_APP}:1.0@sha256:0123", True),
        ("sandbox.meshwright.dev/echo:v2", True),
        (f"{images.HELLO_APP}-redis:1.0", False),
        ("localhost:5000/hello-app:1.0", False),
        ("hello-app", False),
    ],
)
def test_pods_run_by_their_image(image: str, known: bool) -> None:
    assert images.runs(pod(("app", image), ("istio-proxy", "auto"))) is known


def test_a_pod_of_nothing_but_a_proxy_is_a_gateway_that_runs() -> None:
    assert images.runs(pod(("istio-proxy", "auto")))
    assert not images.runs(pod(("istio-proxy", "auto"), ("app", "shop/checkout:1")))


def test_a_pods_version_is_its_label_or_else_its_images_tag() -> None:
    app = ("app", f"{images.HELLO_APP}:1.0@sha256:0123")
    assert images.version_of(pod(app, version="v1")) == "v1"
    assert images.version_of(pod(app, app="checkout")) == "1.0"


DOORS: dict[str, Any] = {
    "gateways": [
        vars(Door("west", "shop-ingress/public", [HOST], True, 443, 8443, ["10.16.0.1"])),
        vars(Door("west", "admin/inner", ["*.example.org"], False, 8080, 8080, ["10.16.0.2"])),
    ]
}


@pytest.mark.parametrize(
    ("gateway", "host", "url"),
    [
        (None, None, f"https://{HOST}/cart"),
        ("public", None, f"https://{HOST}/cart"),
        ("admin/inner", None, "http://any.example.org:8080/cart"),
        (None, "a.example.org", "http://a.example.org:8080/cart"),
    ],
)
def test_what_is_not_named_is_the_first_there_is(
    gateway: str | None, host: str | None, url: str
) -> None:
    door, chosen = choose(DOORS, gateway, host)
    assert door.url(chosen, "cart") == url


def test_that_nothing_can_be_run_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """After one look: a longer wait would end the same."""
    asked: list[str] = []

    def request(_: object, method: str, *__: object, **___: object) -> dict[str, Any]:
        asked.append(method)
        return {"workloads": [], "machines": [], "gateways": []}

    monkeypatch.setattr(traffic, "running", lambda home: home)
    monkeypatch.setattr(traffic, "request", request)
    with pytest.raises(SandboxError, match="no pod or machine is there"):
        traffic.start(Home(tmp_path), tmp_path / "bootstrap.json", lambda _: None)
    assert asked == ["POST", "GET"]


def test_a_gateway_without_pods_is_said() -> None:
    empty = {"gateways": [vars(Door("west", "a/public", [HOST], True, 443, 443, []))]}
    with pytest.raises(SandboxError, match="gateway a/public has no pod that is ready"):
        choose(empty, None, None)


def test_a_gateway_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(SandboxError, match=r"no gateway public for a\.b; there are: shop-ingress"):
        choose(DOORS, "public", "a.b")
    with pytest.raises(SandboxError, match="no Istio Gateway is in any cluster"):
        choose({"gateways": []}, None, None)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--requests", "5", "--duration", "2"], "--requests or --duration"),
        (["--header", "x-group"], "write it as NAME:VALUE"),
        (["--cookie", "=b"], "write it as NAME=VALUE"),
        (["--header", "x group:a"], "write it as NAME:VALUE"),
        (["--header", "x-group:a\nb"], "its value is not one line of text"),
        (["--method", "G T"], "--method 'G T' is no HTTP method"),
        (["--requests", "0"], "--requests"),
        (["--rate", "nan", "--duration", "2"], "--rate"),
        (["--rate", "5000", "--duration", "3600"], "more than 1000000"),
        ([], "no sandbox runs in"),
        (["metrics"], "no sandbox runs in"),
        (["metrics", "--stop"], "no sandbox runs in"),
    ],
)
def test_what_cannot_be_driven_is_said_in_a_sentence(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    environment = {"MESHWRIGHT_SANDBOX_HOME": str(tmp_path)}
    command = arguments if arguments[:1] == ["metrics"] else ["traffic", *arguments]
    done = CliRunner(env=environment).invoke(main, ["sandbox", *command])
    assert done.exit_code != 0
    assert told in " ".join(done.output.split())
    assert "Traceback" not in done.output
