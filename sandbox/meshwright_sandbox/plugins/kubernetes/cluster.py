"""One API server: its address and credentials, its discovery, and requests to it.

Requests follow https://kubernetes.io/docs/reference/using-api/api-concepts/ and
https://kubernetes.io/docs/reference/using-api/server-side-apply/.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import grpc
import yaml

from meshwright_sandbox.plugins.kubernetes.kubeconfig import (
    check_exec_plugin,
    is_content,
    named,
    read,
)
from meshwright_sandbox.plugins.kubernetes.objects import to_api
from meshwright_sandbox.plugins.serving import PluginError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_TIMEOUT_SECONDS = 60
_CONNECT_SECONDS = 5
# Answers that a moment later may be different: overload, a server that is starting, a webhook
# whose pod is not up yet.
_PASSING_STATUSES = frozenset({429, 502, 503, 504})
_PASSING_TEXTS = ("failed calling webhook", "etcdserver: ", "apiserver not ready")


class ApiError(PluginError):
    """The API server refused a request; `status` is its ``Status`` object."""

    def __init__(self, code: int, status: Mapping[str, Any]) -> None:
        super().__init__(status.get("message") or f"the API server answered HTTP {code}")
        self.status = code
        self.reason: str = status.get("reason") or ""
        self.causes: list[Mapping[str, Any]] = (status.get("details") or {}).get("causes") or []

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed a moment later."""
        if self.status == 429 and self.reason == "TooManyRequests" and self.causes:
            return False  # an eviction refused by a disruption budget
        return self.status in _PASSING_STATUSES or (
            self.status >= 500 and any(text in str(self) for text in _PASSING_TEXTS)
        )


class Unreachable(PluginError):
    """No connection to the API server could be made."""


class KindNotServed(PluginError):
    """The API server knows no such kind; its CustomResourceDefinition may be missing."""


@dataclass(frozen=True)
class Kind:
    """How the API serves a kind."""

    api_version: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """Return the URL path of the collection, or of one object in it."""
        root = "/apis" if "/" in self.api_version else "/api"
        parts = [root, self.api_version]
        if self.namespaced:
            parts += ["namespaces", namespace or "default"]
        parts.append(self.plural)
        return "/".join([*parts, name] if name else parts)


class Cluster:
    """A connection, made at first use, shared by all threads.

    Args:
        kubeconfig: content of a kubeconfig or a path to one; empty for the user's default.
        context: the context to use; empty for the current one.
        cancelled: once set, retries end.
    """

    def __init__(self, kubeconfig: str, context: str, cancelled: threading.Event) -> None:
        self._kubeconfig = kubeconfig
        self._context = context or None
        self._cancelled = cancelled
        self._lock = threading.Lock()
        self._connection: ApiClient | None = None
        self._kinds: dict[tuple[str, str], Kind] = {}

    def kind(self, api_version: str, kind: str) -> Kind:
        """Look a kind up in the server's discovery.

        Raises:
            KindNotServed: the server does not know it (now).
        """
        known = self._kinds.get((api_version, kind))
        if known is not None:
            return known
        root = "/apis" if "/" in api_version else "/api"
        try:
            listing = self.request("GET", f"{root}/{api_version}")
        except ApiError as error:
            if error.status != 404:
                raise
            listing = {"resources": []}
        for resource in listing["resources"]:
            if "/" not in resource["name"]:
                found = Kind(api_version, resource["name"], resource["namespaced"])
                self._kinds[(api_version, resource["kind"])] = found
        if (api_version, kind) not in self._kinds:
            raise KindNotServed(
                f"the cluster serves no kind {kind} in {api_version}. If it is a custom resource, "
                f"let it depend on what installs its CustomResourceDefinition; check with "
                f"`kubectl api-resources --api-group={api_version.rpartition('/')[0]}`."
            )
        return self._kinds[(api_version, kind)]

    def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        """Return the live object, or None where there is none."""
        try:
            return self.request("GET", kind.path(namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return the items of a collection."""
        return self.request("GET", path, query=query)["items"]

    def apply(
        self,
        kind: Kind,
        manifest: Mapping[str, Any],
        manager: str,
        *,
        force: bool,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Apply the manifest server-side, unknown fields refused; return the resulting object."""
        metadata = manifest["metadata"]
        query = {
            "fieldManager": manager,
            "force": "true" if force else "false",
            "fieldValidation": "Strict",
        }
        if dry_run:
            query["dryRun"] = "All"
        return self.request(
            "PATCH",
            kind.path(metadata.get("namespace"), metadata["name"]),
            query=query,
            body=to_api(manifest),
            content_type="application/apply-patch+yaml",
            # A webhook's pod may just be starting; a preview can do without its answer.
            patience=5 if dry_run else 60,
        )

    def set_managed_fields(
        self, kind: Kind, namespace: str | None, name: str, entries: list[dict[str, Any]]
    ) -> None:
        """Note whose the object's fields are."""
        patch = [{"op": "replace", "path": "/metadata/managedFields", "value": entries}]
        self.request(
            "PATCH",
            kind.path(namespace, name),
            body=patch,
            content_type="application/json-patch+json",
        )

    def delete(self, kind: Kind, namespace: str | None, name: str, propagation: str) -> None:
        """Ask for deletion; an object that is gone already is as good."""
        try:
            self.request(
                "DELETE",
                kind.path(namespace, name),
                body={"propagationPolicy": propagation},
            )
        except ApiError as error:
            if error.status != 404:
                raise

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        content_type: str = "application/json",
        patience: float = 30,
    ) -> dict[str, Any]:
        """Send a request; passing failures are tried again for `patience` seconds.

        Every request made here is idempotent, so a lost answer is retried too.

        Raises:
            ApiError: the server refused it.
            Unreachable: no connection.
        """
        deadline = time.monotonic() + patience
        pause = 0.25
        while True:
            try:
                return self._send(method, path, query or {}, body, content_type)
            except ApiError as error:
                if not error.passing or time.monotonic() + pause > deadline:
                    raise
            if self._cancelled.wait(pause):
                raise PluginError("cancelled while waiting for the API server to recover")
            pause = min(pause * 2, 5)

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
        content_type: str,
    ) -> dict[str, Any]:
        import urllib3

        client = self._client()
        headers = {"Accept": "application/json", "User-Agent": "meshwright-sandbox"}
        client.update_params_for_auth(headers, [], ["BearerToken"], path, method, None)
        content = None
        if body is not None:
            headers["Content-Type"] = content_type
            content = json.dumps(body)
        url = f"{client.configuration.host}{path}"
        if query:
            url += f"?{urlencode(query)}"
        try:
            answer = client.rest_client.pool_manager.request(
                method,
                url,
                body=content,
                headers=headers,
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_TIMEOUT_SECONDS),
                # A connection that the server has closed meanwhile is found out by using it.
                retries=urllib3.Retry(
                    connect=1, read=1, status=0, redirect=0, allowed_methods=None
                ),
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            cause = getattr(error, "reason", None) or error
            failures = urllib3.exceptions
            never_sent = isinstance(
                cause, (failures.ConnectTimeoutError, failures.NewConnectionError, OSError)
            )
            raise Unreachable(
                f"the Kubernetes cluster at {client.configuration.host} cannot be reached: "
                f"{cause}. Check that it runs and that the kubeconfig names it.",
                # An answer may be lost although the request has taken effect.
                grpc.StatusCode.FAILED_PRECONDITION if never_sent else grpc.StatusCode.UNKNOWN,
            ) from error
        return _parse(answer.status, answer.data)

    def _client(self) -> ApiClient:
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection

    def _connect(self) -> ApiClient:
        # Importing the client library takes most of a second, and a preview with an unknown
        # kubeconfig never needs it.
        from kubernetes.client import ApiClient, Configuration
        from kubernetes.config import ConfigException, load_kube_config, load_kube_config_from_dict

        configuration = Configuration()
        settings = {"context": self._context, "client_configuration": configuration}
        try:
            content = read(self._kubeconfig)
            check_exec_plugin(content, self._context)
            if is_content(self._kubeconfig):
                load_kube_config_from_dict(content, persist_config=False, **settings)
            else:
                load_kube_config(named(self._kubeconfig), persist_config=False, **settings)
        except (ConfigException, yaml.YAMLError, OSError, TypeError, AttributeError) as error:
            # The last two: it is YAML, but not of a kubeconfig's shape.
            raise PluginError(
                f"the kubeconfig of the kubernetes provider cannot be used: {error}. Pass "
                "`kubeconfig` (content or path) to the provider, or set KUBECONFIG."
            ) from error
        configuration.connection_pool_maxsize = 64
        return ApiClient(configuration)


def _parse(code: int, data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data) if data else {}
    except ValueError:
        content = {"message": f"the answer is not JSON: {data[:200].decode(errors='replace')}"}
        code = code if code >= 400 else 502
    if code >= 400 or not isinstance(content, dict):
        raise ApiError(code, content if isinstance(content, dict) else {})
    return content
