"""Two clusters with open-source Istio that are one mesh: each control plane sees both."""

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import IstioMesh, IstioRemoteSecret

config = pulumi.Config()
# Where each API server is reached from the other cluster, such as GkeCluster.private_endpoint.
API_SERVERS = {"west": "https://10.0.0.2", "east": "https://10.4.0.2"}
# One root, so that workloads of both clusters trust each other.
AUTHORITY = {
    part: config.get_secret(part) or pulumi.Output.secret(part)
    for part in ("certificate", "key", "root", "chain")
}
meshes: dict[str, IstioMesh] = {}
inside: dict[str, pulumi.ResourceOptions] = {}
for name, address in API_SERVERS.items():
    provider = kubernetes.Provider(name, kubeconfig=config.get_secret(f"{name}-kubeconfig"))
    inside[name] = pulumi.ResourceOptions(provider=provider)
    meshes[name] = IstioMesh(
        f"istio-{name}",
        {
            "charts": "manifests/charts",
            "version": "1.31.1",
            "mesh_id": "shops",
            "cluster_name": name,
            "network": f"{name}-network",
            "east_west_gateway": True,
            "api_server": address,
            "certificate_authority": {
                "certificate": AUTHORITY["certificate"],
                "key": AUTHORITY["key"],
                "root": AUTHORITY["root"],
                "chain": AUTHORITY["chain"],
            },
        },
        inside[name],
    )
for seen, looking in (("west", "east"), ("east", "west")):
    IstioRemoteSecret(
        f"{seen}-in-{looking}",
        {
            "cluster_name": seen,
            "kubeconfig": meshes[seen].reader_kubeconfig,
            "root_namespace": meshes[looking].root_namespace,
        },
        inside[looking],
    )
