"""GKE Multi-Cloud, its attached clusters: EKS, AKS and other clusters as members of a fleet.

Rules and texts follow
https://cloud.google.com/kubernetes-engine/multi-cloud/docs/reference/rest/v1/projects.locations.attachedClusters
and the prerequisites at
https://cloud.google.com/kubernetes-engine/multi-cloud/docs/attached/eks/reference/cluster-prerequisites.
"""

import base64
import binascii
import json
import re
from typing import Any

from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.services.hub import managed
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]
_CLUSTERS = "projects.locations.attachedClusters"
_LOCATIONS = "projects.locations"
# Newest first; the first two numbers are the Kubernetes version that each is for.
PLATFORM_VERSIONS = (
    "1.36.0-gke.2",
    "1.36.0-gke.1",
    "1.35.0-gke.3",
    "1.34.0-gke.4",
    "1.33.0-gke.5",
)
_DISTRIBUTIONS = ("eks", "aks", "generic")
_FLEET = re.compile(r"projects/(\d+)")
# Where a managed Kubernetes service's issuer tells the region of the cluster.
_REGION = re.compile(
    r"https://(?:oidc\.eks\.([^.]+)\.amazonaws|([^.]+)\.oic\.prod-aks\.azure)\.com"
)
_MOST_ADMINS = 10


def _fleet_project(cloud: Cloud, cluster: Json) -> str:
    """Id of the fleet's project.

    Raises:
        ApiError: 400 for a project that is not named by its number, or does not exist.
    """
    text = cluster.get("fleet", {}).get("project", "")
    match = _FLEET.fullmatch(text)
    if not match:
        raise invalid(f"fleet.project: '{text}' must have the form projects/<project-number>.")
    project = cloud.projects.id(match[1])
    if project == match[1]:
        raise ApiError(400, f"fleet.project: '{text}' was not found.", refusal="reference")
    return project


def _complete(call: Call, cluster: Json) -> None:
    """`Collection.defaults`: what the service finds out about the cluster."""
    if call.location not in REGIONS:
        raise invalid(f"Location {call.location} is not found or not available.")
    fleet = _fleet_project(call.cloud, cluster)
    short = call.name.rpartition("/")[2]
    issuer = cluster.get("oidcConfig", {}).get("issuerUrl", "")
    region = _REGION.match(issuer)
    cluster |= {"state": "PROVISIONING", "kubernetesVersion": _minor(cluster)}
    if region:
        cluster["clusterRegion"] = region[1] or region[2]
    cluster["_fleet"], cluster["_short"] = fleet, short
    _check(call, cluster)
    membership = managed.claim(call.cloud, fleet, short)
    cluster["fleet"]["membership"] = membership
    cluster["workloadIdentityConfig"] = {
        "issuerUri": issuer,
        "workloadPool": f"{fleet}.svc.id.goog",
        "identityProvider": f"https://gkehub.googleapis.com/{membership}",
    }


def _minor(cluster: Json) -> str:
    return ".".join(cluster.get("platformVersion", "").split(".")[:2])


def _check(call: Call, cluster: Json) -> None:
    """`Collection.check`: what the API refuses of a cluster."""
    if cluster.get("distribution") not in _DISTRIBUTIONS:
        raise invalid(f"distribution: must be one of {', '.join(_DISTRIBUTIONS)}.")
    _check_version(cluster.get("platformVersion", ""))
    oidc = cluster.get("oidcConfig", {})
    if not oidc.get("issuerUrl", "").startswith("https://"):
        raise invalid("oidc_config.issuer_url: must start with https://.")
    if "jwks" in oidc:
        _check_keys(oidc["jwks"])
    for who in ("adminUsers", "adminGroups"):
        if len(cluster.get("authorization", {}).get(who, [])) > _MOST_ADMINS:
            raise invalid(f"authorization.{who}: up to {_MOST_ADMINS} can be provided.")
    if call.before:
        cluster["kubernetesVersion"] = _minor(cluster)


def _check_version(version: str) -> None:
    if version not in PLATFORM_VERSIONS:
        raise invalid(f"platform_version: '{version}' is not supported.")


def _check_keys(text: str) -> None:
    try:
        keys = json.loads(base64.b64decode(text, validate=True))["keys"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        keys = None
    if not isinstance(keys, list):
        raise invalid("oidc_config.jwks: must be a JSON Web Key Set, encoded in base64.")


def _running(work: Work) -> Json:
    """The agents have connected: the cluster is a member of the fleet."""
    cluster = work.resource
    link = f"//gkemulticloud.googleapis.com/{work.name}"
    managed.register(
        work.cloud,
        cluster["_fleet"],
        cluster["_short"],
        owner=work.name,
        endpoint={"multiCloudCluster": {"resourceLink": link}},
        issuer=cluster["oidcConfig"]["issuerUrl"],
    )
    return {"state": "RUNNING"}


def _gone(work: Work) -> None:
    """Its membership goes with it."""
    managed.unregister(work.cloud, work.resource["_fleet"], work.resource["_short"])


def _server_config(call: Call) -> Json:
    """`projects.locations.getAttachedServerConfig`."""
    versions = [{"version": version} for version in PLATFORM_VERSIONS]
    return {"name": f"{call.name}/attachedServerConfig", "validVersions": versions}


def _install_manifest(call: Call) -> Json:
    """`projects.locations.generateAttachedClusterInstallManifest`: what to apply in the cluster."""
    short, version = call.query.get("attachedClusterId", ""), call.query.get("platformVersion", "")
    if not short:
        raise invalid("attached_cluster_id: is required.")
    _check_version(version)
    labels = f'{{"app": "gke-install-agent", "attached-cluster": "{short}"}}'
    return {
        "manifest": f"""apiVersion: v1
kind: Namespace
metadata:
  name: gke-install
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: gke-install-agent
  namespace: gke-install
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: gke-install-agent
  namespace: gke-install
spec:
  selector:
    matchLabels: {labels}
  template:
    metadata:
      labels: {labels}
    spec:
      serviceAccountName: gke-install-agent
      containers:
      - name: install-agent
        image: {call.location}-docker.pkg.dev/gke-multi-cloud-release/install-agent:{version}
"""
    }


SERVICE = Service(
    name="gkemulticloud",
    versions={"v1": "gkemulticloud.v1"},
    proto="google.cloud.gkemulticloud",
    must_be_enabled=True,
    collections=(
        Collection(
            _CLUSTERS,
            id_pattern=r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
            defaults=_complete,
            check=_check,
            immutable=("distribution", "fleet.project", "oidcConfig"),
            latency="cluster",
            create_work=_running,
            delete_work=_gone,
        ),
    ),
    methods={
        f"{_LOCATIONS}.getAttachedServerConfig": _server_config,
        f"{_LOCATIONS}.generateAttachedClusterInstallManifest": _install_manifest,
    },
)
