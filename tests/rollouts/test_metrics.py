"""What a Prometheus API answers, and what is made of it."""

from typing import Any

import pytest

from meshwright_rollouts.metrics import NoAnswer, WrongQuery
from meshwright_rollouts.metrics import Prometheus as Client
from tests.rollouts.scripted import Prometheus


def _data(kind: str, result: object) -> tuple[int, dict[str, Any]]:
    return 200, {"status": "success", "data": {"resultType": kind, "result": result}}


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (0.25, 0.25),
        (None, None),
        ("NaN", None),
        ("+Inf", float("inf")),
        (_data("scalar", [1.0, "7"]), 7.0),
    ],
)
def test_one_number(prometheus: Prometheus, answer: object, value: float | None) -> None:
    """A share of no calls, 0/0, is no number."""
    prometheus.answers = {"q": [answer]}

    assert Client(prometheus.url).value("q") == value


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (_data("vector", [{"value": [1, "1"]}, {"value": [1, "2"]}]), "gives 2 numbers"),
        (_data("matrix", []), "gives a matrix"),
        ((400, {"status": "error", "error": "parse error: unexpected )"}), "unexpected )"),
        ((403, b"<html>forbidden"), "HTTP 403"),
    ],
)
def test_a_wrong_question(prometheus: Prometheus, answer: object, text: str) -> None:
    """Asking again would not help."""
    prometheus.answers = {"q": [answer]}

    with pytest.raises(WrongQuery, match=text.replace(")", r"\)")):
        Client(prometheus.url).value("q")


@pytest.mark.parametrize(
    "answer",
    [(500, {}), (200, b"not JSON"), _data("vector", [{"value": [1]}]), (429, {"error": "slow"})],
)
def test_no_answer(prometheus: Prometheus, answer: object) -> None:
    """It may pass."""
    prometheus.answers = {"q": [answer]}

    with pytest.raises(NoAnswer, match="|".join(("HTTP 500", "HTTP 200", "no number", "slow"))):
        Client(prometheus.url).value("q")


def test_nobody_there() -> None:
    """The address is named."""
    with pytest.raises(NoAnswer, match=r"127\.0\.0\.1:9/api/v1/query does not answer"):
        Client("http://127.0.0.1:9").value("q")


def test_what_passes_soon_is_tried_again(prometheus: Prometheus) -> None:
    """A restart of Prometheus is no measurement lost."""
    prometheus.answers, prometheus.asked = {"q": [(503, {}), (429, {}), 3]}, []

    assert Client(prometheus.url).value("q") == 3
    assert prometheus.asked == ["q", "q", "q"]


def test_headers_are_sent(prometheus: Prometheus) -> None:
    """As for a source that wants a token."""
    prometheus.answers, prometheus.headers = {"q": [1]}, []

    Client(prometheus.url, lambda: {"Authorization": "Bearer t"}).value("q")
    assert prometheus.headers[-1]["Authorization"] == "Bearer t"


def test_google_is_asked_with_credentials(
    prometheus: Prometheus, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Its address takes the application default credentials; without any, it says so."""
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    google = Client("https://monitoring.googleapis.com/v1/projects/p/location/global/prometheus")

    with pytest.raises(NoAnswer, match="credentials"):
        google.value("q")
