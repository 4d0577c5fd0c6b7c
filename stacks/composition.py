"""Builds a platform from its spec: the only place where spec and components meet.

Each logical part has a module of its own; here they are put together, by data alone: nothing waits
for what it does not use.
"""

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes

from meshwright import cluster_access
from stacks import (
    _clusters,
    _commands,
    _fleets,
    _foundation,
    _hybrid,
    _meshes,
    _operations,
    _permissions,
    _rollouts,
    _sdks,
)
from stacks._contents import ClusterContents
from stacks._outside import Outside
from stacks.spec import Platform


async def build(spec: Platform) -> dict[str, pulumi.Input[object]]:
    """Build everything a spec names and return the stack's outputs, by name.

    The project comes from the spec alone, through one explicit provider, whatever the shell says.
    """
    google = pulumi.ResourceOptions(providers=[gcp.Provider("gcp", project=spec.project)])
    # Beside this the engine starts the provider, and later it looks at networks and clusters.
    await _sdks.load(gcp.compute, gcp.container, gcp.gkehub)
    networks = _foundation.networks(spec, google)
    keys = _foundation.keys(spec, google)
    fleet = _fleets.fleet(spec, google)
    clusters = {
        cluster.name: _clusters.cluster(
            spec, cluster, networks[cluster.network], fleet, keys, google
        )
        for cluster in spec.clusters
    }
    attached = _hybrid.attached(spec, fleet, google)
    on_prem = _hybrid.on_prem(spec, fleet, google)
    features = _fleets.features(spec, fleet, clusters, google)
    accesses = {
        cluster.name: cluster_access(
            cluster.name,
            clusters[cluster.name],
            via=cluster.access.connect,
            fleet_project_number=fleet.project_number,
        )
        for cluster in spec.clusters
    }
    await _sdks.load(kubernetes.core.v1, kubernetes.apps.v1)
    authorities = _foundation.authorities(spec, fleet, google)
    kubeconfigs = {name: access.kubeconfig for name, access in accesses.items()}
    mesh = _meshes.managed(spec, fleet, clusters, kubeconfigs, authorities, google)
    sinks = _operations.log_sinks(spec, keys, google)
    _operations.watch(spec, fleet, google)
    rollouts = _rollouts.build(spec)
    outside = Outside(spec, fleet, networks, rollouts, google)
    outside.build()
    certificates = _foundation.certificates(spec, fleet, google)
    calls = _permissions.by_namespace(spec.security)
    addresses: dict[str, dict[str, pulumi.Output[str]]] = {}
    for cluster in spec.clusters:
        made = clusters[cluster.name]
        provider = accesses[cluster.name].provider
        authority = _meshes.authority_of(spec, cluster.name, authorities)
        plane = _meshes.plane(spec, cluster.name, made, fleet, mesh, authority, provider)
        inside = ClusterContents(
            spec, cluster.name, provider, plane, features, calls, certificates, rollouts
        )
        built = inside.build()
        for gateway, address in built.addresses.items():
            addresses.setdefault(gateway, {})[cluster.name] = address
        outside.join_istio(cluster.name, made, plane, built, provider)
    return {
        "clusters": {
            name: {
                "name": cluster.cluster_name,
                "location": cluster.location,
                "endpoint": cluster.endpoint,
                "membership": cluster.membership,
            }
            for name, cluster in clusters.items()
        },
        "memberships": {
            name: member.membership for name, member in {**attached, **on_prem}.items()
        },
        "gateways": addresses,
        "dns_records": {gateway: issued.dns_records for gateway, issued in certificates.items()},
        "kubeconfigs": pulumi.Output.secret({n: c.kubeconfig for n, c in clusters.items()}),
        "log_destinations": {name: sink.destination for name, sink in sinks.items()},
        "mesh": {"id": fleet.mesh_id, **_meshes.outputs(mesh)},
        "project": spec.project,
        "try": _commands.to_try(spec),
        **_rollouts.outputs(rollouts),
    }
