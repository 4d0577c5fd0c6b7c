"""What an Envoy under pilot-agent needs to run in a pod's network.

pilot-agent is told what it would be told in the pod: by the container that istiod injected. Only
paths are the sandbox's, and istiod is dialled by its address, since a pod here has no DNS.
https://istio.io/latest/docs/reference/commands/pilot-agent/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime.api import Api, ApiError, Object
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.traffic import containers

_ROOT_CERTIFICATES = "istio-ca-root-cert"
_AUDIENCE = "istio-ca"
# The sandbox renews no token: a proxy's outlives what a sandbox is left running for.
_TOKEN_SECONDS = 30 * 24 * 3600
_XDS_PORT = 15012
# What each cluster of Envoy's answered, and how long it took: Istio drops these by default, since
# its own filters count calls, which the sandbox's Envoy does not have.
_CALLS = r"cluster\.(in|out)bound\|.*\.upstream_rq_(\d\d\d|time)"


def write_files(api: Api, pod: Object, folder: Path) -> None:
    """Write what is mounted into the pod: its token, the mesh's root, its labels."""
    metadata = pod["metadata"]
    write_private(folder / "var/run/secrets/tokens/istio-token", _token(api, pod))
    root = _root_certificate(api, metadata["namespace"])
    write_private(folder / "var/run/secrets/istio/root-cert.pem", root)
    for name in ("labels", "annotations"):
        lines = [f"{key}={json.dumps(value)}" for key, value in metadata.get(name, {}).items()]
        write_private(folder / "etc/istio/pod" / name, "\n".join(lines))
    (folder / "etc/istio/proxy").mkdir(parents=True, exist_ok=True)


def write_launcher(folder: Path, envoy: Path) -> Path:
    """A program that is ``envoy``, but does not outlive a pilot-agent that is killed."""
    launcher = folder / "envoy"
    write_private(launcher, f'#!/bin/sh\nexec setpriv --pdeathsig KILL {envoy} "$@"\n')
    launcher.chmod(0o700)
    return launcher


def environment(
    pod: Object, container: Object, folder: Path, *, istiod: str, envoy: Path, bootstrap: Path
) -> dict[str, str]:
    """pilot-agent's environment; ``bootstrap`` is the template of Envoy's first configuration."""
    settings = containers.environment(pod, container)
    own = json.loads(settings.get("PROXY_CONFIG") or "{}")
    here = config(istiod, envoy, bootstrap)
    counted = {"proxyStatsMatcher": _with_calls(own.get("proxyStatsMatcher") or {})}
    ours = {
        "PROXY_CONFIG": json.dumps(own | here | counted),
        "CA_ADDR": here["discoveryAddress"],
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
    }
    return settings | ours


def config(istiod: str, envoy: Path, bootstrap: Path) -> dict[str, str]:
    """What of a proxy's settings is the sandbox's: where istiod and Envoy are."""
    return {
        "discoveryAddress": f"{istiod}:{_XDS_PORT}",
        "binaryPath": str(envoy),
        "proxyBootstrapTemplatePath": str(bootstrap),
    }


def _with_calls(matcher: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """What Envoy counts besides what Istio needs: as the mesh has it, and each cluster's calls."""
    return {**matcher, "inclusionRegexps": [*matcher.get("inclusionRegexps", []), _CALLS]}


def arguments(container: Object, environment: Mapping[str, str]) -> list[str]:
    """pilot-agent's arguments: the container's own."""
    return [containers.expand(argument, environment) for argument in container.get("args", [])]


def istiod_of(api: Api, pod: Object) -> str:
    """The address of the istiod whose revision the pod's proxy belongs to."""
    revision = pod["metadata"].get("labels", {}).get("istio.io/rev") or _injected_by(pod)
    if address := istiod_of_revision(api, revision):
        return address
    raise RuntimeFailure(
        f"no control plane of revision {revision} serves pod {pod['metadata']['name']}"
    )


def istiod_of_revision(api: Api, revision: str) -> str:
    """The address of the istiod of that revision; empty where none runs."""
    path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
    for item in api.get(path)["items"]:
        if item["metadata"].get("labels", {}).get("istio.io/rev", "default") != revision:
            continue
        for webhook in item["webhooks"]:
            if address := _address(api, webhook["clientConfig"]):
                return address
    return ""


def _injected_by(pod: Object) -> str:
    """What istiod noted in the pod when it injected the sidecar."""
    status = pod["metadata"].get("annotations", {}).get("sidecar.istio.io/status", "{}")
    return str(json.loads(status).get("revision", "default"))


def _address(api: Api, client: Object) -> str:
    if url := client.get("url"):
        return str(url).removeprefix("https://").partition(":")[0]
    service = client["service"]
    selector = f"labelSelector=kubernetes.io%2Fservice-name%3D{service['name']}"
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{service['namespace']}/endpointslices"
    for item in api.get(f"{slices}?{selector}")["items"]:
        for endpoint in item.get("endpoints") or []:
            if endpoint.get("conditions", {}).get("ready", True):
                return str(endpoint["addresses"][0])
    return ""


def _token(api: Api, pod: Object) -> str:
    metadata = pod["metadata"]
    account = pod["spec"].get("serviceAccountName", "default")
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {
            "audiences": [_AUDIENCE],
            "expirationSeconds": _TOKEN_SECONDS,
            "boundObjectRef": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        },
    }
    path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
    return str(api.create(path, body)["status"]["token"])


@retry(
    retry=retry_if_exception_type(ApiError),
    wait=wait_fixed(0.25),
    stop=stop_after_delay(120),
    reraise=True,
)
def _root_certificate(api: Api, namespace: str) -> str:
    """What istiod writes into every namespace, a moment after that is made."""
    path = f"/api/v1/namespaces/{namespace}/configmaps/{_ROOT_CERTIFICATES}"
    return str(api.get(path)["data"]["root-cert.pem"])
