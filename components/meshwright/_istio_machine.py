"""Metadata of a machine that installs Istio's proxy, fetches its token and joins the mesh.

Follows https://istio.io/latest/docs/setup/install/virtual-machine/ in what is put where on the
machine; `istioctl x workload entry configure` writes the same files by hand.
"""

import json
from dataclasses import dataclass
from typing import Any

import pulumi

from ._kube import ROOT_NAMESPACE

_PORT = 15012
_RELEASES = "https://storage.googleapis.com/istio-release/releases"
_TOKEN_REQUEST = {
    "apiVersion": "authentication.k8s.io/v1",
    "kind": "TokenRequest",
    # Used once, at start: afterwards the proxy renews its certificate with the one it has.
    "spec": {"audiences": ["istio-ca"], "expirationSeconds": 3600},
}
# Where machines find their files: the places that Istio's own package reads.
_SCRIPT = """#! /bin/bash
set -euo pipefail
attribute() {
  curl --silent --fail -H Metadata-Flavor:Google \\
    "http://metadata.google.internal/computeMetadata/v1/instance/$1"
}
field() { python3 -c 'import functools, json, sys
print(functools.reduce(lambda at, key: at[key], sys.argv[1:], json.load(sys.stdin)))' "$@"; }
install -d /etc/certs /etc/istio/config /etc/istio/proxy /var/lib/istio/envoy \\
  /var/run/secrets/tokens
attribute attributes/istio-cluster-ca | base64 --decode >/etc/certs/cluster-ca.pem
ask() {
  curl --silent --fail --cacert /etc/certs/cluster-ca.pem -H 'Content-Type: application/json' \\
    -H "Authorization: Bearer $(attribute service-accounts/default/token | field access_token)" \\
    "$(attribute attributes/istio-cluster-endpoint)$1" "${@:2}"
}
namespace=/api/v1/namespaces/$(attribute attributes/istio-namespace)
ask "$namespace/configmaps/istio-ca-root-cert" | field data root-cert.pem \\
  >/etc/certs/root-cert.pem
ask "$namespace/serviceaccounts/$(attribute attributes/istio-service-account)/token" \\
  --data "$(attribute attributes/istio-token-request)" | field status token \\
  >/var/run/secrets/tokens/istio-token
attribute attributes/istio-cluster-env >/var/lib/istio/envoy/cluster.env
attribute attributes/istio-mesh >/etc/istio/config/mesh
grep -q ' istiod' /etc/hosts || attribute attributes/istio-hosts >>/etc/hosts
if ! command -v pilot-agent >/dev/null; then
  curl --silent --fail --location --output /tmp/istio-sidecar.deb \\
    "$(attribute attributes/istio-package)"
  dpkg --install /tmp/istio-sidecar.deb
fi
chown -R istio-proxy /var/lib/istio /etc/certs /etc/istio /var/run/secrets
systemctl enable --now istio
workload=$(mktemp)
if attribute attributes/workload-startup-script >"$workload"; then
  chmod +x "$workload"
  "$workload"
fi
"""


@dataclass(frozen=True)
class Machine:
    """One kind of machine: who it is in the mesh, and where the mesh is."""

    namespace: pulumi.Input[str]
    group: str
    service: str
    service_account: str
    labels: dict[str, pulumi.Input[str]]
    port: int
    port_name: str
    probe: dict[str, object]
    cluster_endpoint: pulumi.Input[str]
    cluster_ca_certificate: pulumi.Input[str]
    discovery_address: pulumi.Input[str]
    istio_version: pulumi.Input[str]
    revision: pulumi.Input[str]
    network: pulumi.Input[str]
    mesh_id: pulumi.Input[str]
    cluster_id: pulumi.Input[str]
    trust_domain: pulumi.Input[str]

    def metadata(self) -> dict[str, pulumi.Input[str]]:
        """What the start script reads, and the script."""
        host = pulumi.Output.from_input(self.revision).apply(_istiod_host)
        known = pulumi.Output.all(
            namespace=self.namespace,
            host=host,
            labels=pulumi.Output.all(**self.labels),
            network=self.network,
            mesh_id=self.mesh_id,
            cluster_id=self.cluster_id,
            trust_domain=self.trust_domain,
        )
        return {
            "istio-cluster-ca": self.cluster_ca_certificate,
            "istio-cluster-endpoint": pulumi.Output.concat("https://", self.cluster_endpoint),
            "istio-namespace": self.namespace,
            "istio-service-account": self.service_account,
            "istio-token-request": json.dumps(_TOKEN_REQUEST, sort_keys=True),
            "istio-cluster-env": known.apply(self._cluster_env),
            "istio-mesh": known.apply(self._mesh),
            "istio-hosts": pulumi.Output.concat(self.discovery_address, " ", host),
            "istio-package": pulumi.Output.concat(
                _RELEASES, "/", self.istio_version, "/deb/istio-sidecar.deb"
            ),
            "startup-script": _SCRIPT,
        }

    def _cluster_env(self, known: dict[str, Any]) -> str:
        """What the proxy captures and who it is, in the form that Istio's package reads."""
        namespace = known["namespace"]
        values = self._proxy_metadata(known) | {
            "CA_ADDR": f"{known['host']}:{_PORT}",
            "ISTIO_INBOUND_PORTS": str(self.port),
            # Left alone: ssh, and the agent's own health, metrics and status.
            "ISTIO_LOCAL_EXCLUDE_PORTS": "22,15090,15021,15020",
            "ISTIO_NAMESPACE": namespace,
            "ISTIO_SERVICE": f"{self.service}.{namespace}",
            "ISTIO_SERVICE_CIDR": "*",
        }
        return "".join(f"{key}={_quoted(value)}\n" for key, value in sorted(values.items()))

    def _mesh(self, known: dict[str, Any]) -> str:
        """The proxy's settings; JSON is YAML too."""
        config = {
            "discoveryAddress": f"{known['host']}:{_PORT}",
            "meshId": known["mesh_id"],
            "proxyMetadata": self._proxy_metadata(known),
            # The agent asks, and tells istiod: a machine that is not well gets no calls.
            "readinessProbe": self.probe,
        }
        return json.dumps({"defaultConfig": config}, sort_keys=True)

    def _proxy_metadata(self, known: dict[str, Any]) -> dict[str, str]:
        revision = known["labels"].get("version", "latest")
        labels = known["labels"] | {
            "service.istio.io/canonical-name": self.service,
            "service.istio.io/canonical-revision": revision,
        }
        ports = [{"name": self.port_name, "containerPort": self.port, "protocol": ""}]
        return {
            "CANONICAL_REVISION": revision,
            "CANONICAL_SERVICE": self.service,
            "ISTIO_METAJSON_LABELS": _compact(dict(sorted(labels.items()))),
            # The machine registers itself in the group, and goes with its connection.
            "ISTIO_META_AUTO_REGISTER_GROUP": self.group,
            "ISTIO_META_CLUSTER_ID": known["cluster_id"],
            "ISTIO_META_DNS_CAPTURE": "true",
            "ISTIO_META_MESH_ID": known["mesh_id"],
            "ISTIO_META_NETWORK": known["network"],
            "ISTIO_META_POD_PORTS": _compact(ports),
            "ISTIO_META_WORKLOAD_NAME": self.service,
            "POD_NAMESPACE": known["namespace"],
            "SERVICE_ACCOUNT": self.service_account,
            "TRUST_DOMAIN": known["trust_domain"],
        }


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _quoted(value: str) -> str:
    """As one word of a shell."""
    quote = "'\"'\"'"
    return f"'{value.replace(chr(39), quote)}'"


def _istiod_host(revision: str) -> str:
    """Name that istiod's certificate bears."""
    suffix = "" if revision in ("", "default") else f"-{revision}"
    return f"istiod{suffix}.{ROOT_NAMESPACE}.svc"
