"""A certificate source for ingress gateways.

An Istio Gateway names a TLS Secret (``credentialName``); where it is absent, the sandbox makes it
for the server's hosts, signed by the development CA, and ties it to the Gateway, so that it goes
when the Gateway goes. A Secret that somebody else made is never touched.
"""

from __future__ import annotations

from base64 import b64encode

from meshwright_sandbox.runtime.api import Api, ApiError, Object
from meshwright_sandbox.runtime.certificates import CertificateAuthority

ISSUED_BY = "sandbox.meshwright.dev/issued-by"
HOSTS = "sandbox.meshwright.dev/hosts"
_SERVING_MODES = {"SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"}


class CertificateSource:
    """Watches Istio's Gateways."""

    path = "/apis/networking.istio.io/v1/gateways"

    def __init__(self, authority: CertificateAuthority) -> None:
        self._authority = authority

    def present(self, items: list[Object]) -> None:
        """Each Secret belongs to its Gateway and goes with it."""

    def reconcile(self, api: Api, item: Object) -> None:
        for name, hosts in _wanted(item).items():
            self._ensure(api, item, name, sorted(hosts))

    def _ensure(self, api: Api, gateway: Object, name: str, hosts: list[str]) -> None:
        namespace = gateway["metadata"]["namespace"]
        place = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        try:
            annotations = api.get(place)["metadata"].get("annotations", {})
            if ISSUED_BY not in annotations or annotations.get(HOSTS) == ",".join(hosts):
                return
        except ApiError as error:
            if error.status != 404:
                raise
        pair = self._authority.issue(hosts)
        owner = {
            "apiVersion": gateway["apiVersion"],
            "kind": gateway["kind"],
            "name": gateway["metadata"]["name"],
            "uid": gateway["metadata"]["uid"],
        }
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "annotations": {ISSUED_BY: "development-ca", HOSTS: ",".join(hosts)},
                "ownerReferences": [owner],
            },
            "data": {
                "tls.crt": b64encode(pair.certificate.encode()).decode(),
                "tls.key": b64encode(pair.key.encode()).decode(),
            },
        }
        api.apply(place, secret)


def _wanted(gateway: Object) -> dict[str, set[str]]:
    """Each Secret that the Gateway's servers name, with the hosts it must be valid for."""
    wanted: dict[str, set[str]] = {}
    for server in gateway.get("spec", {}).get("servers", []):
        tls = server.get("tls") or {}
        if tls.get("credentialName") and tls.get("mode", "SIMPLE") in _SERVING_MODES:
            # A host may be written namespace/host; no certificate can be issued for "*" alone.
            hosts = {host.rsplit("/", 1)[-1] for host in server.get("hosts", [])} - {"*"}
            if hosts:
                wanted.setdefault(tls["credentialName"], set()).update(hosts)
    return wanted
