"""Calls to Google's APIs: addresses, credentials, retries and errors.

Requests are built by google-api-python-client from the discovery documents it ships. The address
of each service can be set as for the official plugin, by ``GOOGLE_<SERVICE>_CUSTOM_ENDPOINT``.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import grpc
import tenacity

from meshwright_sandbox.plugins.gcp import settings
from meshwright_sandbox.plugins.gcp.schema import document, method_of
from meshwright_sandbox.plugins.serving import PluginError

_ENDPOINTS = {
    "bigquery": "BIG_QUERY",
    "certificatemanager": "CERTIFICATE_MANAGER",
    "cloudkms": "KMS",
    "cloudresourcemanager": "RESOURCE_MANAGER",
    "gkehub": "GKE_HUB2",
    "gkemulticloud": "CONTAINER_ATTACHED",
    "iam": "IAM_BETA",
    "networkservices": "NETWORK_SERVICES",
    "run": "CLOUD_RUN_V2",
    "serviceusage": "SERVICE_USAGE",
}
_RETRIED = frozenset({0, 429, 500, 502, 503})
_HTTP_TIMEOUT = 60.0
# Where nobody listens. The official plugin ends at once; a sandbox may be being started anew.
_UNHEARD_SECONDS = 15.0
_ADVICE = {
    0: "check the network and that the endpoint is up (the local cloud: `meshwright sandbox "
    "status`, `meshwright sandbox up`), then run again",
    400: "correct the property that the message names",
    401: "set GOOGLE_OAUTH_ACCESS_TOKEN, or run `gcloud auth application-default login`, or"
    ' `eval "$(meshwright sandbox env)"` for the local cloud',
    403: "enable the API or grant the permission that the message names",
    404: "check that what it refers to exists, or run `pulumi refresh` if it was deleted outside",
    409: "wait for the other change to end, or import the existing resource",
    429: "wait until the quota has room, or ask for more of it",
    504: "find out with `pulumi refresh` whether the request took effect, then run again",
}


class CloudError(PluginError):
    """An answer that is an error, or none at all (status 0).

    ``lost`` tells that an earlier attempt of the same request may have taken effect, ``unheard``
    that nobody listens at the address.
    """

    def __init__(self, status: int, message: str, reason: str = "", retry_after: float = 0) -> None:
        advice = _ADVICE.get(status, "run again; if it stays, the service is out of order")
        unsure = status in (0, 500, 502, 503, 504)
        code = grpc.StatusCode.UNKNOWN if unsure else grpc.StatusCode.FAILED_PRECONDITION
        super().__init__(f"{message}; {advice}", code)
        self.status, self.reason, self.retry_after, self.lost = (status, reason, retry_after, False)
        self.unheard = False

    @property
    def transient(self) -> bool:
        """Whether waiting may help; changes of one cluster exclude each other for a while."""
        busy = self.reason == "resourceNotReady" or "incompatible operation" in str(self)
        return self.status in _RETRIED or (self.status == 400 and busy)


class Cloud:
    """Google Cloud as the provider's configuration describes it.

    Args:
        config: the provider's configuration.
        cancelled: set when the engine wants the plugin to stop.
    """

    def __init__(self, config: Mapping[str, Any], cancelled: threading.Event) -> None:
        self.cancelled = cancelled
        self._config = config
        self._services: dict[str, Any] = {}
        self._guard = threading.Lock()
        self._turns: dict[str, threading.RLock] = {}
        self.project = self._setting("project", "GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT")
        self.region = self._setting("region", "GOOGLE_REGION")
        self.zone = self._setting("zone", "GOOGLE_ZONE")
        self._endpoints = {settings.endpoint_of(key): value for key, value in config.items()}
        self.labels = settings.labels(config)

    def _setting(self, key: str, *variables: str) -> str:
        return str(self._config.get(key) or next(filter(None, map(os.environ.get, variables)), ""))

    @cached_property
    def credentials(self) -> Any:
        """Credentials: a given token, else the application's default."""
        import google.auth
        from google.oauth2.credentials import Credentials

        if token := self._setting("accessToken", "GOOGLE_OAUTH_ACCESS_TOKEN"):
            return Credentials(token)
        scopes = ["https://www.googleapis.com/auth/cloud-platform"]
        given = self._setting("credentials", "GOOGLE_CREDENTIALS")
        try:
            if given.lstrip().startswith("{"):
                return google.auth.load_credentials_from_dict(json.loads(given), scopes=scopes)[0]
            if given:
                return google.auth.load_credentials_from_file(given, scopes=scopes)[0]
            return google.auth.default(scopes=scopes)[0]
        except google.auth.exceptions.DefaultCredentialsError as error:
            raise CloudError(401, f"gcp: no credentials: {error}") from None
        except ValueError:  # its text may hold what was given
            raise CloudError(401, "gcp: `credentials` holds no key as Google issues it") from None

    @property
    def token(self) -> str:
        """A valid access token."""
        if not self.credentials.token:
            self._transport.refresh()
        return str(self.credentials.token)

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Let changes of the same thing take turns; an empty name is no restriction."""
        with self._guard:
            lock = self._turns.setdefault(name, threading.RLock()) if name else threading.RLock()
        with lock:
            yield

    def call(
        self,
        api: str,
        method: str,
        parameters: Mapping[str, Any],
        body: Any = None,
        deadline: float = float("inf"),
    ) -> dict[str, Any]:
        """Call a method and return its answer, trying again while that may help.

        Args:
            api: discovery document, ``compute.v1``.
            method: its path, ``networks.insert``.
            parameters: by their names in the document; unknown ones are left out.
            body: the request's body.
            deadline: moment (``time.monotonic``) after which nothing is tried again;
                ``MESHWRIGHT_RETRY_DEADLINE`` (seconds, 600 unless set) bounds it too, and
                nobody who listens.

        Raises:
            CloudError: if the answer is an error, or none came in time.
        """
        known = method_of(api, method).get("parameters", {})
        # Google's client writes `options.requestedPolicyVersion` with an underscore.
        arguments = {k.replace(".", "_"): v for k, v in parameters.items() if k in known}
        if body is not None:
            arguments["body"] = body
        node = self._service(api)
        *collection, verb = method.split(".")
        for step in collection:
            node = getattr(node, step)()
        limit = float(os.environ.get("MESHWRIGHT_RETRY_DEADLINE", "600"))
        lost, heard = False, time.monotonic()

        def attempt() -> dict[str, Any]:
            nonlocal lost, heard
            try:
                request = getattr(node, verb)(**arguments)
            except TypeError as error:  # by what the document says of the parameters
                raise CloudError(400, f"{api}.{method}: {error}") from None
            try:
                return self._send(request)
            except CloudError as error:
                error.lost = lost
                heard = heard if error.unheard else time.monotonic()
                lost = lost or (request.method == "POST" and error.status in (0, 500, 502, 503))
                raise

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, CloudError) and e.transient),
            wait=_wait,
            stop=tenacity.stop_any(
                tenacity.stop_after_delay(max(0.0, min(limit, deadline - time.monotonic()))),
                tenacity.stop_when_event_set(self.cancelled),
                lambda _: time.monotonic() - heard > _UNHEARD_SECONDS,
            ),
            sleep=tenacity.sleep_using_event(self.cancelled),
            reraise=True,
        )
        return retrying(attempt)

    def _service(self, api: str) -> Any:
        with self._guard:
            if api not in self._services:
                from googleapiclient.discovery import build_from_document

                options = {"api_endpoint": self.endpoint(api)}
                self._services[api] = build_from_document(
                    document(api), http=object(), client_options=options
                )
            return self._services[api]

    def endpoint(self, api: str) -> str:
        """Return the address that a service's paths are put behind, with a slash at the end."""
        service, described = api.partition(".")[0], document(api)
        variable = f"GOOGLE_{_ENDPOINTS.get(service, service.upper())}_CUSTOM_ENDPOINT"
        base = self._endpoints.get(variable) or os.environ.get(variable, "")
        if not base:
            return described["rootUrl"] + described["servicePath"]
        # The official plugin's value ends in the version; here the document's paths bring it.
        version = re.search(r"v\d\w*/$", described["servicePath"])
        base = re.sub(r"/(v\d\w*|beta|alpha)/?$", "", base).rstrip("/")
        return f"{base}/{version[0] if version else ''}"

    @cached_property
    def _transport(self) -> _Transport:
        return _Transport(self.credentials, settings.headers(self._config, self.project))

    def _send(self, request: Any) -> dict[str, Any]:
        import google.auth.exceptions
        import urllib3
        from googleapiclient.errors import HttpError

        where = f"{request.method} {request.uri.partition('?')[0]}"
        try:
            answer = request.execute(http=self._transport)
        except HttpError as error:
            raise _refusal(error, where) from None
        except google.auth.exceptions.RefreshError as error:
            raise CloudError(401, f"{where}: {error}") from None
        except (urllib3.exceptions.HTTPError, google.auth.exceptions.TransportError) as error:
            unanswered = CloudError(0, f"{where}: no answer ({error})")
            unanswered.unheard = isinstance(error.__cause__, ConnectionRefusedError)
            raise unanswered from None
        if isinstance(answer, str) and answer:
            begins = f"it begins with {answer[:40]!r}; is this a proxy's page?"
            raise CloudError(599, f"{where}: the answer is not JSON ({begins})")
        return answer if isinstance(answer, dict) else {}


class _Transport:
    """What googleapiclient sends through, in place of httplib2.

    That one is not safe to share between threads, and it sends a request whose reply was lost once
    more by itself: nobody could tell then why a resource "exists already".
    """

    def __init__(self, credentials: Any, headers: Mapping[str, str]) -> None:
        import urllib3
        from google.auth.transport.urllib3 import Request

        self._pool = urllib3.PoolManager(maxsize=64, retries=False, timeout=_HTTP_TIMEOUT)
        self._credentials, self._asks = credentials, Request(self._pool)
        self._headers = headers

    def refresh(self) -> None:
        """Get a new access token."""
        self._credentials.refresh(self._asks)

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: Any = None, **_: Any
    ) -> tuple[Any, bytes]:
        import httplib2

        headers = {**(headers or {}), **self._headers}
        self._credentials.before_request(self._asks, method, uri, headers)
        answer = self._pool.request(method, uri, body=body, headers=headers)
        found = {key.lower(): value for key, value in answer.headers.items()}
        return httplib2.Response(found | {"status": str(answer.status)}), answer.data


def _refusal(error: Any, where: str) -> CloudError:
    told: dict[str, Any] = {}
    with suppress(ValueError, KeyError, TypeError):  # another shape: the status must do
        told = dict(json.loads(error.content)["error"])
    message = str(told.get("message") or error.resp.reason or "").rstrip(".")
    details = told.get("details", [])
    reasons = [item["reason"] for item in [*told.get("errors", []), *details] if "reason" in item]
    # Which field is wrong is told beside the message, not in it.
    for violation in (v for detail in details for v in detail.get("fieldViolations", [])):
        if violation.get("description", "") not in message:
            message += f" [{violation.get('field', '')}: {violation['description']}]"
    reason = next(iter(reasons), told.get("status", ""))
    after = error.resp.get("retry-after", "")
    status = int(error.resp.status)
    text = f"{where}: {status} {reason}: {message}"
    return CloudError(status, text, reason, float(after) if after.isdigit() else 0.0)


_backoff = tenacity.wait_exponential_jitter(multiplier=0.5, max=30.0, jitter=0.5)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(_backoff(state), getattr(error, "retry_after", 0.0))
