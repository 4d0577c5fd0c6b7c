"""Runs one istiod (``pilot-discovery``) outside the cluster that it serves.

It listens on an address of the cluster's pod range inside the sandbox's network, and serves with
a certificate of the development CA, which is also the CA that it signs workload certificates with
(https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meshwright_sandbox.runtime.certificates import CertificateAuthority, write_private
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.processes import Entry, ProcessTable

NAMESPACE = "istio-system"
WEBHOOK_PORT = 15017


@dataclass(frozen=True)
class Istiod:
    """What tells one istiod from another.

    ``name`` names its process (``cluster/<id>/istiod-...``), ``address`` is where it listens,
    ``environment`` its settings (https://istio.io/latest/docs/reference/commands/pilot-discovery/).
    """

    name: str
    revision: str
    address: str
    cluster_name: str
    environment: Mapping[str, str]
    namespace: str = NAMESPACE

    def serving_names(self) -> list[str]:
        """The names that webhooks and proxies dial."""
        services = ["istiod"]
        if self.revision not in ("", "default"):
            services.append(f"istiod-{self.revision}")
        names = [f"{s}.{self.namespace}{end}" for s in services for end in (".svc", "")]
        return [*names, self.address]


def start(
    istiod: Istiod,
    folder: Path,
    *,
    tools: Path,
    kubeconfig: Path,
    authority: CertificateAuthority,
    network: Network,
    processes: ProcessTable,
) -> Entry:
    """Start the istiod unless it runs. ``folder`` holds its certificates and is its own."""
    running = processes.get(istiod.name)
    if running is not None:
        return running
    serving = authority.issue(istiod.serving_names())
    write_private(folder / "tls.crt", serving.certificate)
    write_private(folder / "tls.key", serving.key)
    for name, text in {
        "ca-cert.pem": authority.certificate,
        "ca-key.pem": authority.key,
        "cert-chain.pem": authority.certificate,
        "root-cert.pem": authority.certificate,
    }.items():
        write_private(folder / "cacerts" / name, text)
    environment = {
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
        "POD_NAMESPACE": istiod.namespace,
        "POD_NAME": istiod.name.rsplit("/", 1)[-1],
        "SERVICE_ACCOUNT": "istiod",
        "REVISION": istiod.revision or "default",
        "CLUSTER_ID": istiod.cluster_name,
        "PILOT_CERT_PROVIDER": "istiod",
        "ROOT_CA_DIR": str(folder / "cacerts"),
        # Filters that only Istio's own build of Envoy has.
        "PILOT_ENABLE_METADATA_EXCHANGE": "false",
        "PILOT_ENABLE_ALPN_FILTER": "false",
        # kwok would report a sidecar among the init containers as finished.
        "ENABLE_NATIVE_SIDECARS": "false",
        "GOGC": "50",
        **istiod.environment,
    }
    address = istiod.address
    command = [
        str(tools / "pilot-discovery"),
        "discovery",
        f"--kubeconfig={kubeconfig}",
        f"--clusterID={istiod.cluster_name}",
        "--domain=cluster.local",
        f"--httpAddr={address}:8080",
        f"--grpcAddr={address}:15010",
        f"--secureGRPCAddr={address}:15012",
        f"--httpsAddr={address}:{WEBHOOK_PORT}",
        f"--monitoringAddr={address}:15014",
        f"--ctrlz_address={address}",
        f"--tlsCertFile={folder / 'tls.crt'}",
        f"--tlsKeyFile={folder / 'tls.key'}",
        f"--caCertFile={folder / 'cacerts' / 'root-cert.pem'}",
        "--keepaliveMaxServerConnectionAge=30m",
        "--shutdownDuration=1s",
        "--profile=false",
    ]
    return processes.spawn(
        istiod.name, network.command(command), environment=environment, directory=folder
    )
