"""New clusters: what a request must fulfil, what GKE fills in, and how a cluster is shown."""

import hashlib
import re
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.labels import WrongLabel, check_labels
from meshwright_sandbox.core.stamps import label_fingerprint, now
from meshwright_sandbox.services.gke import (
    addresses,
    encryption,
    node_pools,
    places,
    registration,
    versions,
)
from meshwright_sandbox.services.gke.defaults import AUTOPILOT, COMMON, STANDARD, add

Json = dict[str, Any]
TYPE = "projects.locations.clusters"
_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?")
_AUTOPILOT_NODES = 2


def complete(call: Call, cluster: Json) -> None:
    """`Collection.defaults` of clusters: check the request, fill in, and store the node pools.

    Raises:
        ApiError: 400 or 404 for what GKE refuses.
    """
    autopilot = bool(cluster.get("autopilot", {}).get("enabled"))
    _check(call, cluster, autopilot)
    pools = _requested_pools(cluster, autopilot)
    _versions(cluster)
    addresses.attach(call, cluster)
    _endpoints(call, cluster)
    _identity(call, cluster, autopilot)
    encryption.require_keys(call, cluster)
    for group in (AUTOPILOT if autopilot else STANDARD, COMMON):
        add(cluster, group)
    cluster.setdefault("locations", places.node_zones(call.location))
    node_pools.check_locations(call, cluster["locations"])
    cluster |= {
        "_name": call.name,
        "id": hashlib.sha256(f"{call.name} {now()}".encode()).hexdigest(),
        "createTime": now().partition(".")[0] + "+00:00",
        "location": call.location,
        "zone": call.location,
        "status": "PROVISIONING",
        "labelFingerprint": label_fingerprint(cluster.get("resourceLabels", {})),
        "nodeConfig": {},
    }
    for pool in pools:
        name = f"{call.name}/nodePools/{pool['name']}"
        node_pools.complete(call, cluster, name, pool)
        cluster["nodeConfig"] = cluster["nodeConfig"] or pool["config"]
        # Pools that came with the cluster go with it; they are no resources of their own.
        call.cloud.store.put(
            "container", name, pool, type_=node_pools.TYPE, project=call.project, system=True
        )


def _check(call: Call, cluster: Json, autopilot: bool) -> None:
    if not _NAME.fullmatch(cluster["name"]):
        raise invalid(
            f'Invalid value for field "cluster.name": "{cluster["name"]}". Cluster names must '
            "start with a lowercase letter followed by up to 39 lowercase letters, numbers, or "
            "hyphens, and cannot end with a hyphen."
        )
    if not places.exists(call.location):
        raise invalid(f'Location "{call.location}" does not exist.')
    if autopilot and places.is_zone(call.location):
        raise invalid("Autopilot clusters must be regional clusters.")
    check_workload_pool(call, cluster.get("workloadIdentityConfig", {}))
    check_labels(call, "cluster.resourceLabels", cluster.get("resourceLabels", {}))
    fleet = cluster.get("fleet", {}).get("project")
    if fleet:
        registration.require_fleet(call, call.cloud.projects.id(fleet))


def check_workload_pool(call: Call, config: Json) -> None:
    """Refuse a pool of identities other than the project's own."""
    pool = config.get("workloadPool")
    if pool and pool != f"{call.project}.svc.id.goog":
        raise invalid(
            f'Workload Identity pool "{pool}" is invalid: only "{call.project}.svc.id.goog" is '
            "supported for this cluster."
        )


def wrong_label(wrong: WrongLabel) -> str:
    """GKE's words for a label that it refuses."""
    if wrong.too_long:
        return f"Resource_labels.{wrong.part} must be less than 63 bytes."
    return (
        f"Invalid field '{wrong.field}.{wrong.part}': \"{wrong.text}\". It must only contain "
        "lowercase letters ([a-z]), numeric characters ([0-9]), underscores (_) and dashes (-). "
        "International characters are allowed."
    )


def _requested_pools(cluster: Json, autopilot: bool) -> list[Json]:
    """The pools a request asks for, in either of the two ways."""
    listed: list[Json] = cluster.pop("nodePools", [])
    config = cluster.pop("nodeConfig", {})
    if autopilot:
        return [node_pools.autopilot_pool(cluster)]
    if listed:
        if cluster.get("initialNodeCount"):
            raise invalid("Cluster.initial_node_count must not be set if node pools are specified.")
        _check_names(listed)
        return listed
    if not cluster.get("initialNodeCount"):
        raise invalid("Cluster.initial_node_count must be greater than zero.")
    return [
        {
            "name": node_pools.DEFAULT_POOL,
            "config": config,
            "initialNodeCount": cluster["initialNodeCount"],
        }
    ]


def _check_names(pools: list[Json]) -> None:
    names = [pool.get("name", "") for pool in pools]
    for name in names:
        node_pools.check_name(name)
        if names.count(name) > 1:
            raise invalid(f'Node pool name "{name}" is used more than once.')


def _versions(cluster: Json) -> None:
    # Only a request that says UNSPECIFIED is outside the channels.
    channel = cluster.setdefault("releaseChannel", {"channel": "REGULAR"}).get("channel", "")
    version = versions.resolve(cluster.get("initialClusterVersion", ""), channel)
    if channel == "UNSPECIFIED":
        cluster["releaseChannel"] = {}
    cluster |= {
        "initialClusterVersion": version,
        "currentMasterVersion": version,
        "currentNodeVersion": version,
    }


def _endpoints(call: Call, cluster: Json) -> None:
    """One truth about endpoints from the old and the new way of asking for it."""
    private = cluster.setdefault("privateClusterConfig", {})
    network = cluster["networkConfig"]
    endpoints = cluster.setdefault("controlPlaneEndpointsConfig", {})
    ip = endpoints.setdefault("ipEndpointsConfig", {})
    ip.setdefault("enabled", True)
    ip.setdefault("enablePublicEndpoint", not private.get("enablePrivateEndpoint", False))
    asked = private.pop("masterGlobalAccessConfig", {}).get("enabled", False)
    ip["globalAccess"] = ip.get("globalAccess", False) or asked
    authorised = cluster.pop("masterAuthorizedNetworksConfig", {})
    ip["authorizedNetworksConfig"] = ip.get("authorizedNetworksConfig") or authorised
    dns = endpoints.setdefault("dnsEndpointConfig", {})
    dns.setdefault("allowExternalTraffic", False)
    number = call.cloud.projects.number(call.project)
    dns["endpoint"] = (
        f"gke-{hashlib.sha256(call.name.encode()).hexdigest()[:28]}-{number}"
        f".{places.region_of(call.location)}.gke.goog"
    )
    nodes = network.get("defaultEnablePrivateNodes") or private.get("enablePrivateNodes") or False
    network["defaultEnablePrivateNodes"] = private["enablePrivateNodes"] = nodes
    mirror_endpoints(cluster)


def mirror_endpoints(cluster: Json) -> None:
    """Repeat the endpoint settings in the older fields, as GKE does."""
    private, endpoints = cluster["privateClusterConfig"], cluster["controlPlaneEndpointsConfig"]
    ip = endpoints["ipEndpointsConfig"]
    private["enablePrivateEndpoint"] = not ip.get("enablePublicEndpoint", False)
    private["masterGlobalAccessConfig"] = {"enabled": ip.get("globalAccess", False)}
    cluster["masterAuthorizedNetworksConfig"] = dict(ip.get("authorizedNetworksConfig", {}))


def _identity(call: Call, cluster: Json, autopilot: bool) -> None:
    if autopilot:
        cluster["workloadIdentityConfig"] = {"workloadPool": f"{call.project}.svc.id.goog"}
    cluster["masterAuth"] = {"clientCertificateConfig": {}}
    if "fleet" in cluster:
        cluster["fleet"] = {k: v for k, v in cluster["fleet"].items() if k == "project"}


def view(call: Call, cluster: Json) -> None:
    """`Collection.view` of clusters: node pools, node counts and the momentary status."""
    rows = node_pools.rows(call.cloud, cluster["_name"])
    cluster["nodePools"] = [pool_shown(call, cluster, dict(row.doc)) for row in rows]
    cluster["instanceGroupUrls"] = [u for row in rows for u in row.doc["instanceGroupUrls"]]
    if rows:
        oldest = min((row.doc["version"] for row in rows), key=versions.order)
        cluster["currentNodeVersion"] = oldest
    count = sum(row.doc["_count"] * len(row.doc["locations"]) for row in rows)
    autopilot = cluster.get("autopilot", {}).get("enabled")
    cluster["currentNodeCount"] = _AUTOPILOT_NODES if autopilot else count
    running = call.cloud.store.unfinished("container", cluster["_name"])
    verbs = {operation["verb"] for operation in running if not operation.get("hidden")}
    if "delete" in verbs:
        cluster["status"] = "STOPPING"
    elif verbs and cluster["status"] == "RUNNING":
        cluster["status"] = "RECONCILING"


def pool_shown(call: Call, cluster: Json, pool: Json) -> Json:
    """A pool as the API shows it, with its momentary status."""
    running = call.cloud.store.unfinished("container", pool["_name"])
    verbs = {operation["verb"] for operation in running}
    if cluster["status"] == "PROVISIONING" or "create" in verbs:
        pool["status"] = "PROVISIONING"
    elif "delete" in verbs:
        pool["status"] = "STOPPING"
    elif verbs:
        pool["status"] = "RECONCILING"
    return {key: value for key, value in pool.items() if not key.startswith("_")}
