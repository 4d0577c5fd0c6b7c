"""Asks a Prometheus API: Prometheus itself, Google Managed Prometheus, Cloud Monitoring.

See https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries and
https://cloud.google.com/stackdriver/docs/managed-prometheus/query-api-ui.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import google.auth
import google.auth.exceptions
import google.auth.transport.urllib3
import urllib3

_GOOGLE = "monitoring.googleapis.com"
_SCOPES = ("https://www.googleapis.com/auth/monitoring.read",)
# A measurement that hangs would hold up a roll-back; what passes soon is tried again.
_TIMEOUT = urllib3.Timeout(connect=5, read=20)
_RETRIES = urllib3.Retry(
    total=2,
    backoff_factor=0.2,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("POST",),
    raise_on_status=False,
)

Headers = Callable[[], Mapping[str, str]]


class NoAnswer(Exception):
    """The source does not answer now; the text says how."""


class WrongQuery(Exception):
    """The source refuses the question; asking again will not help."""


class Prometheus:
    """A source of metrics with Prometheus' HTTP API."""

    def __init__(self, url: str, headers: Headers | None = None) -> None:
        """`headers` are asked before each query. Default: a Google token for Google's address."""
        self._url = url.rstrip("/") + "/api/v1/query"
        google_own = urlsplit(url).hostname == _GOOGLE
        self._headers: Headers = headers or (_GoogleToken() if google_own else dict[str, str])
        self._pool = urllib3.PoolManager(retries=_RETRIES, timeout=_TIMEOUT)

    def value(self, query: str, at: float | None = None) -> float | None:
        """The one number that a query gives; None where there is none, such as without calls.

        Args:
            query: PromQL.
            at: the time that it is asked for, seconds since 1970. Default: the source's now.

        Raises:
            NoAnswer: nobody answers, or with nonsense.
            WrongQuery: the query is wrong, gives several numbers, or access is refused.
        """
        fields = {"query": query} | ({} if at is None else {"time": f"{at:.3f}"})
        try:
            answer = self._pool.request(
                "POST", self._url, fields=fields, headers=dict(self._headers()),
                encode_multipart=False,
            )  # fmt: skip
        except (urllib3.exceptions.HTTPError, google.auth.exceptions.GoogleAuthError) as error:
            raise NoAnswer(f"{self._url} does not answer: {_cause(error)}") from error
        content = _content(answer.data)
        if answer.status >= 400 or content.get("status") != "success":
            text = str(content.get("error") or f"HTTP {answer.status}")
            if 400 <= answer.status < 500 and answer.status != 429:
                raise WrongQuery(f"{self._url} refuses the query: {text}")
            raise NoAnswer(f"{self._url}: {text}")
        return _number(cast("Mapping[str, Any]", content.get("data") or {}))


class _GoogleToken:
    """The header with a token of the application default credentials, renewed when it is old."""

    def __init__(self) -> None:
        self._credentials: Any = None

    def __call__(self) -> dict[str, str]:
        if self._credentials is None:
            self._credentials, _ = cast(Any, google.auth).default(scopes=_SCOPES)
        if not self._credentials.valid:
            transport = cast(Any, google.auth.transport.urllib3)
            self._credentials.refresh(transport.Request(urllib3.PoolManager()))
        return {"Authorization": f"Bearer {self._credentials.token}"}


def _content(data: bytes) -> Mapping[str, Any]:
    try:
        found: object = json.loads(data)
    except ValueError:
        return {}
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _number(data: Mapping[str, Any]) -> float | None:
    kind, result = data.get("resultType"), data.get("result")
    if kind == "scalar" and isinstance(result, list):
        sample = cast("list[Any]", result)
    elif kind == "vector" and isinstance(result, list):
        series = cast("list[Mapping[str, Any]]", result)
        if not series:
            return None
        if len(series) > 1:
            raise WrongQuery(f"the query gives {len(series)} numbers; aggregate them by sum()")
        sample = cast("list[Any]", series[0].get("value") or [])
    else:
        raise WrongQuery(f"the query gives a {kind or 'thing without a type'}, not one number")
    try:
        number = float(sample[1])
    except (IndexError, TypeError, ValueError) as error:
        raise NoAnswer(f"the answer holds no number: {error}") from error
    # A share of nothing, 0/0: there were no calls.
    return None if math.isnan(number) else number


def _cause(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error)
