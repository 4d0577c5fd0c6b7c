// A cluster in the mesh, and a tenth of a service's calls on its new version.
import * as pulumi from "@pulumi/pulumi";
import { Fleet, GkeCluster, ManagedMesh, MeshNamespace, MeshNetwork, TrafficRoute } from "@meshwright/components";

// The npm package @pulumi/kubernetes has this class ready-made; here nothing else of it is needed.
class KubernetesProvider extends pulumi.ProviderResource {
    constructor(name: string, kubeconfig: pulumi.Input<string>) {
        super("kubernetes", name, { kubeconfig, enableServerSideApply: true });
    }
}

const project = "meshwright-dev";
const location = "europe-west1";
const weights = new pulumi.Config().getObject<Record<string, number>>("weights") ?? { v1: 90, v2: 10 };

const fleet = new Fleet("fleet", { project });
const network = new MeshNetwork("mesh", {
    project,
    subnets: [{ name: "a", region: location, cidr: "10.0.0.0/22", podCidr: "10.16.0.0/16", serviceCidr: "10.32.0.0/20" }],
});
const subnet = network.subnets.apply((subnets) => subnets["a"]);
const cluster = new GkeCluster("main", {
    project,
    location,
    network: network.networkId,
    subnetwork: subnet.id,
    podRangeName: subnet.podRangeName,
    serviceRangeName: subnet.serviceRangeName,
    autopilot: true,
    fleetProject: fleet.project,
    fleetProjectNumber: fleet.projectNumber,
    deletionProtection: false,
});
const mesh = new ManagedMesh("mesh", {
    project: fleet.project,
    feature: fleet.meshFeature,
    members: [{ name: "main", membership: cluster.membership, location: cluster.membershipLocation }],
});
const inside = { providers: [new KubernetesProvider("main", cluster.kubeconfig)] };
const shop = new MeshNamespace("shop", { revision: mesh.revision }, inside);
const route = new TrafficRoute("checkout", {
    namespace: shop.namespace,
    service: "checkout",
    revision: mesh.revision,
    versions: [{ name: "v1" }, { name: "v2" }],
    weights,
}, inside);

export const host = route.host;
export const implementations = mesh.implementations;
export const shares = route.weights;
