"""What makes a machine run Envoy for a Mesh of the service routing API: metadata that agents read.

Follows https://cloud.google.com/service-mesh/docs/service-routing/set-up-envoy-http-mesh and the
flag `--service-proxy` of `gcloud beta compute instance-templates create`, whose format this is.
"""

import json
from collections.abc import Sequence

from ._ops_agent import recipe

PROXY_PORT = 15001
_ACCESS_LOG = "/var/log/envoy/access.log"
# The machine's agent fetches the proxy's own installer from Google's bucket of its zone.
_INSTALL = """#! /bin/bash
set -euo pipefail
metadata=http://metadata.google.internal/computeMetadata/v1/instance
zone=$(curl --silent --fail -H Metadata-Flavor:Google "$metadata/zone" | cut -d/ -f4)
archive=service-proxy-agent/releases/service-proxy-agent-0.2.tgz
SERVICE_PROXY_AGENT_DIRECTORY=$(mktemp -d)
export SERVICE_PROXY_AGENT_DIRECTORY
for bucket in "gce-service-proxy-$zone" gce-service-proxy; do
  sudo gsutil cp "gs://$bucket/$archive" "$SERVICE_PROXY_AGENT_DIRECTORY" && break
done
sudo tar -xzf "$SERVICE_PROXY_AGENT_DIRECTORY/${archive##*/}" -C "$SERVICE_PROXY_AGENT_DIRECTORY"
"$SERVICE_PROXY_AGENT_DIRECTORY/service-proxy-agent/service-proxy-agent-bootstrap.sh"
"""


def service_proxy_metadata(
    *,
    mesh: str,
    project_number: str,
    proxy_port: int,
    serving_ports: Sequence[int],
    tracing: bool,
    intercept_all: bool,
    labels: dict[str, str],
    access_logs: bool = False,
) -> dict[str, str]:
    """Metadata of a machine whose proxy takes its configuration from a Mesh.

    Args:
        mesh: short name of the Mesh.
        project_number: number of the project that has it.
        proxy_port: port at which the proxy takes what leaves the machine.
        serving_ports: ports whose calls pass through the proxy on their way in.
        tracing: whether the proxy sends traces.
        intercept_all: whether all that leaves passes through the proxy, not only calls to services.
        labels: what the proxy tells about itself, such as its version.
        access_logs: whether the proxy's access log goes to Cloud Logging.
    """
    proxy: dict[str, object] = {
        "mesh": mesh,
        "project-number": project_number,
        "proxy-port": proxy_port,
        "access-log": _ACCESS_LOG,
        "tracing": "ON" if tracing else "OFF",
        # With a mesh, the network plays no part.
        "network": "",
    }
    config: dict[str, object] = {
        "api-version": "0.2",
        "proxy-spec": proxy,
        "service": {"serving-ports": sorted(set(serving_ports))},
    }
    if intercept_all:
        config["traffic-interception"] = {"intercept-all-outbound": True}
    if labels:
        config["labels"] = labels
    recipes: list[dict[str, object]] = [
        {
            "name": "install-gce-service-proxy-agent",
            "desired_state": "INSTALLED",
            "installSteps": [{"scriptRun": {"script": _INSTALL}}],
        }
    ]
    if access_logs:
        recipes.append(recipe(_ACCESS_LOG))
    return {
        "gce-service-proxy": json.dumps(config, sort_keys=True),
        "gce-software-declaration": json.dumps({"softwareRecipes": recipes}, sort_keys=True),
        "enable-osconfig": "true",
        "enable-guest-attributes": "TRUE",
    }
