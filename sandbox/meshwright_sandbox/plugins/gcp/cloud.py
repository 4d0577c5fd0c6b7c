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
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import grpc
import tenacity

from meshwright_sandbox.plugins.gcp.schema import document, methods
from meshwright_sandbox.plugins.serving import PluginError

_ENDPOINTS = {
    "bigquery": "BIG_QUERY",
    "cloudresourcemanager": "RESOURCE_MANAGER",
    "gkehub": "GKE_HUB2",
    "iam": "IAM_BETA",
    "networkservices": "NETWORK_SERVICES",
    "serviceusage": "SERVICE_USAGE",
}
CONFIG_KEYS = frozenset(
    {
        "accessToken",
        "addPulumiAttributionLabel",
        "billingProject",
        "credentials",
        "disableGlobalProjectWarning",
        "project",
        "region",
        "requestReason",
        "requestTimeout",
        "scopes",
        "userProjectOverride",
        "version",
        "zone",
        *(
            f"{name}CustomEndpoint"
            for name in (
                "bigQuery",
                "compute",
                "container",
                "gkeHub",
                "gkeHub2",
                "iamBeta",
                "logging",
                "monitoring",
                "networkServices",
                "pubsub",
                "resourceManager",
                "serviceUsage",
                "storage",
            )
        ),
    }
)
"""Settings of the provider that programs may give."""
_RETRIED = frozenset({429, 500, 502, 503})
_HTTP_TIMEOUT = 60.0
_ADVICE = {
    400: "correct the property that the message names",
    401: "set GOOGLE_OAUTH_ACCESS_TOKEN, or sign in with `gcloud auth application-default login`",
    403: "enable the API or grant the permission that the message names",
    404: "check that what it refers to exists, or run `pulumi refresh` if it was deleted outside",
    409: "wait for the other change to end, or import the existing resource",
    429: "wait until the quota has room, or ask for more of it",
    504: "find out with `pulumi refresh` whether the request took effect, then run again",
}


class CloudError(PluginError):
    """An answer that is an error, or none at all.

    Attributes:
        status: HTTP status; 0 where no answer came.
        reason: Google's word for the error, such as ``alreadyExists``.
        lost: whether an earlier attempt of this request may have taken effect.
    """

    def __init__(self, message: str, status: int, reason: str = "", lost: bool = False) -> None:
        unsure = lost or status in (0, 500, 502, 503, 504)
        code = grpc.StatusCode.UNKNOWN if unsure else grpc.StatusCode.FAILED_PRECONDITION
        super().__init__(message, code)
        self.status, self.reason, self.lost = status, reason, lost
        self.retry_after = 0.0


class Cancelled(PluginError):
    """The engine asked the plugin to stop."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: stopped by the engine", grpc.StatusCode.CANCELLED)


class Cloud:
    """Google Cloud as the provider's configuration describes it.

    Args:
        config: the provider's configuration, see :data:`CONFIG_KEYS`.
        cancelled: set when the engine wants the plugin to stop.
    """

    def __init__(self, config: Mapping[str, Any], cancelled: threading.Event) -> None:
        self.config = config
        self.cancelled = cancelled
        self._services: dict[str, Any] = {}
        self._service_lock = threading.Lock()
        self._locks: dict[str, threading.RLock] = {}

    def setting(self, key: str, *variables: str) -> str:
        """Return a configured value, else the first of the environment variables that is set."""
        found = self.config.get(key) or next(filter(None, map(os.environ.get, variables)), "")
        return str(found or "")

    @property
    def project(self) -> str:
        """Default project."""
        return self.setting("project", "GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")

    @property
    def region(self) -> str:
        """Default region."""
        return self.setting("region", "GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION")

    @property
    def zone(self) -> str:
        """Default zone."""
        return self.setting("zone", "GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE")

    @cached_property
    def credentials(self) -> Any:
        """Credentials: a given token, else the application's default."""
        import google.auth
        from google.oauth2.credentials import Credentials

        token = self.setting("accessToken", "GOOGLE_OAUTH_ACCESS_TOKEN")
        if token:
            return Credentials(token)
        scopes = ["https://www.googleapis.com/auth/cloud-platform"]
        try:
            return google.auth.default(scopes=scopes)[0]
        except google.auth.exceptions.DefaultCredentialsError as error:
            raise PluginError(
                "gcp: no credentials: neither GOOGLE_OAUTH_ACCESS_TOKEN nor application default"
                f" credentials are set ({error}); run `gcloud auth application-default login`, or"
                ' `eval "$(meshwright sandbox env)"` for the local cloud'
            ) from None

    @property
    def token(self) -> str:
        """A valid access token."""
        if not self.credentials.token:
            from google.auth.transport.requests import Request

            self.credentials.refresh(Request())
        return str(self.credentials.token)

    @contextmanager
    def turn(self, name: str) -> Any:
        """Let changes of the same thing take turns; an empty name is no restriction."""
        if not name:
            yield
            return
        with self._service_lock:
            lock = self._locks.setdefault(name, threading.RLock())
        with lock:
            yield

    def call(
        self,
        api: str,
        method: str,
        parameters: Mapping[str, Any],
        body: Any = None,
        *,
        deadline: float | None = None,
        once: bool = False,
    ) -> dict[str, Any]:
        """Call a method and return its answer.

        Args:
            api: discovery document, ``compute.v1``.
            method: its path, ``networks.insert``.
            parameters: by their names in the document; unknown ones are left out.
            body: the request's body.
            deadline: moment (``time.monotonic``) after which nothing is tried again.
            once: whether to try only once.

        Raises:
            CloudError: if the answer is an error, or none came in time.
        """
        collection, _, verb = method.rpartition(".")
        known = methods(api, collection)[verb].get("parameters", {})
        arguments = {key: value for key, value in parameters.items() if key in known}
        if body is not None:
            arguments["body"] = body
        lost = False
        limit = float(os.environ.get("MESHWRIGHT_RETRY_DEADLINE", "600"))
        if deadline is not None:
            limit = min(limit, max(0.0, deadline - time.monotonic()))

        def attempt() -> dict[str, Any]:
            nonlocal lost
            request = self._request(api, collection, verb, arguments)
            try:
                return self._send(request)
            except CloudError as error:
                error.lost = lost
                lost = lost or (request.method == "POST" and error.status in (0, 500, 502, 503))
                raise

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: not once and _transient(e)),
            wait=_wait,
            stop=tenacity.stop_after_delay(limit) | tenacity.stop_when_event_set(self.cancelled),
            sleep=tenacity.sleep_using_event(self.cancelled),
            reraise=True,
        )
        return retrying(attempt)

    def _request(self, api: str, collection: str, verb: str, arguments: Mapping[str, Any]) -> Any:
        node = self._service(api)
        for step in collection.split("."):
            node = getattr(node, step)()
        return getattr(node, verb)(**arguments)

    def _service(self, api: str) -> Any:
        with self._service_lock:
            if api not in self._services:
                from googleapiclient.discovery import build_from_document

                options = {"api_endpoint": self.endpoint(api)}
                self._services[api] = build_from_document(
                    document(api), http=object(), client_options=options
                )
            return self._services[api]

    def endpoint(self, api: str) -> str:
        """Return the address that a service's paths are put behind, with a slash at the end."""
        described = document(api)
        service = api.partition(".")[0]
        variable = f"GOOGLE_{_ENDPOINTS.get(service, service.upper())}_CUSTOM_ENDPOINT"
        key = re.sub(r"_(\w)", lambda m: m[1].upper(), variable[7:].lower())
        base = self.setting(key, variable, variable.replace("GKE_HUB2", "GKE_HUB"))
        if not base:
            return described["rootUrl"] + described["servicePath"]
        # The official plugin's value ends in the version; here the document's paths bring it.
        version = re.search(r"v\d\w*/$", described["servicePath"])
        base = re.sub(r"/(v\d\w*|beta|alpha)/?$", "", base).rstrip("/")
        return f"{base}/{version[0] if version else ''}"

    def _send(self, request: Any) -> dict[str, Any]:
        import google.auth.exceptions
        import urllib3
        from googleapiclient.errors import HttpError

        where = f"{request.method} {request.uri.partition('?')[0]}"
        try:
            answer = request.execute(http=self._transport)
        except HttpError as error:
            raise _from_answer(error, where) from None
        except google.auth.exceptions.RefreshError as error:
            raise CloudError(f"{where}: {error}; {_ADVICE[401]}", 401) from None
        except (urllib3.exceptions.HTTPError, google.auth.exceptions.TransportError) as error:
            advice = "check the network and that the endpoint is up, then run again"
            raise CloudError(f"{where}: no answer ({error}); {advice}", 0) from None
        if isinstance(answer, str) and answer:
            raise CloudError(
                f"{where}: the answer is not JSON (it begins with {answer[:40]!r}); check that the"
                " endpoint is a Google API and not a proxy's page",
                599,
            )
        return answer if isinstance(answer, dict) else {}

    @cached_property
    def _transport(self) -> _Transport:
        return _Transport(self.credentials)


class _Transport:
    """What googleapiclient sends through, in place of httplib2.

    That one is not safe to share between threads, and it sends a request whose reply was lost once
    more by itself: nobody could tell then why a resource "exists already".
    """

    def __init__(self, credentials: Any) -> None:
        import urllib3
        from google.auth.transport.urllib3 import Request

        self._pool = urllib3.PoolManager(maxsize=64, retries=False, timeout=_HTTP_TIMEOUT)
        self._credentials, self._refresh = credentials, Request(self._pool)

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: Any = None, **_: Any
    ) -> tuple[Any, bytes]:
        import httplib2

        headers = dict(headers or {})
        self._credentials.before_request(self._refresh, method, uri, headers)
        answer = self._pool.request(method, uri, body=body, headers=headers)
        found = {key.lower(): value for key, value in answer.headers.items()}
        return httplib2.Response(found | {"status": str(answer.status)}), answer.data


def _from_answer(error: Any, where: str) -> CloudError:
    status = int(error.resp.status)
    reason, message = "", str(error.resp.reason or "")
    try:
        told = json.loads(error.content).get("error", {})
    except (ValueError, AttributeError):
        told = {}
    if isinstance(told, dict):
        message = told.get("message") or message
        listed = [*told.get("errors", []), *told.get("details", [])]
        reasons = [item["reason"] for item in listed if item.get("reason")]
        reason = reasons[0] if reasons else told.get("status", "")
        # Which field is wrong is told beside the message, not in it.
        for detail in told.get("details", []):
            for violation in detail.get("fieldViolations", []):
                text = violation.get("description", "")
                if text and text not in message:
                    message += f" [{violation.get('field', '')}: {text}]"
    advice = _ADVICE.get(status, "run again; if it stays, the service is out of order")
    text = f"{where}: {status} {reason}: {message.rstrip('.')}; {advice}"
    found = CloudError(text, status, reason)
    after = error.resp.get("retry-after", "")
    found.retry_after = float(after) if after.isdigit() else 0.0
    return found


def _transient(error: BaseException) -> bool:
    if not isinstance(error, CloudError):
        return False
    # Changes of one cluster or of a compute resource exclude each other for a while.
    busy = error.status == 400 and (
        error.reason == "resourceNotReady" or "incompatible operation" in str(error)
    )
    return error.status in _RETRIED or error.status == 0 or busy


_backoff = tenacity.wait_exponential_jitter(initial=0.5, max=30.0, jitter=0.5)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(_backoff(state), getattr(error, "retry_after", 0.0))
