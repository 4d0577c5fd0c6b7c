"""Builds a platform from its spec: the only place where spec and components meet.

Each logical part has a module of its own; here they are put together, by data alone: nothing waits
for what it does not use.
"""

import pulumi
import pulumi_gcp as gcp

from meshwright import Fleet, cluster_access
from stacks import _clusters, _commands, _foundation, _meshes, _operations
from stacks._contents import ClusterContents
from stacks.spec import Platform


def build(spec: Platform) -> dict[str, pulumi.Input[object]]:
    """Build everything a spec names and return the stack's outputs, by name.

    The project comes from the spec alone, through one explicit provider, whatever the shell says.
    """
    google = pulumi.ResourceOptions(providers=[gcp.Provider("gcp", project=spec.project)])
    networks = _foundation.networks(spec, google)
    fleet = _fleet(spec, google)
    clusters = {
        cluster.name: _clusters.cluster(spec, cluster, networks[cluster.network], fleet, google)
        for cluster in spec.clusters
    }
    mesh = _meshes.managed(spec, fleet, clusters, google)
    sinks = _operations.log_sinks(spec, google)
    addresses: dict[str, dict[str, pulumi.Output[str]]] = {}
    for cluster in spec.clusters:
        access = cluster_access(cluster.name, clusters[cluster.name], via=cluster.access.connect)
        plane = _meshes.plane(spec, cluster.name, fleet, mesh)
        inside = ClusterContents(spec, cluster.name, access.provider, plane)
        for gateway, address in inside.build().items():
            addresses.setdefault(gateway, {})[cluster.name] = address
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
        "gateways": addresses,
        "kubeconfigs": pulumi.Output.secret({n: c.kubeconfig for n, c in clusters.items()}),
        "log_destinations": {name: sink.destination for name, sink in sinks.items()},
        "mesh": {"id": fleet.mesh_id, **_meshes.outputs(mesh)},
        "project": spec.project,
        "try": _commands.to_try(spec),
    }


def _fleet(spec: Platform, opts: pulumi.ResourceOptions) -> Fleet:
    return Fleet(
        "fleet",
        {
            "project": spec.project,
            "display_name": spec.fleet.name,  # type: ignore[typeddict-item]
            "mesh_by_default": spec.fleet.mesh_by_default,
            "multi_cluster_services": spec.fleet.multi_cluster_services,
            "labels": {**spec.labels},
        },
        opts=opts,
    )
