// A cluster in the mesh, and a tenth of a service's calls on its new version.
package main

import (
	"example.com/pulumi-meshwright/sdk/go/meshwright"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

const (
	project  = "meshwright-dev"
	location = "europe-west1"
)

// kubernetesProvider is what the module of pulumi-kubernetes has ready-made.
type kubernetesProvider struct{ pulumi.ProviderResourceState }

func inCluster(ctx *pulumi.Context, name string, kubeconfig pulumi.StringInput) (pulumi.ResourceOption, error) {
	provider := &kubernetesProvider{}
	inputs := pulumi.Map{"kubeconfig": kubeconfig, "enableServerSideApply": pulumi.Bool(true)}
	err := ctx.RegisterResource("pulumi:providers:kubernetes", name, inputs, provider)
	return pulumi.Providers(provider), err
}

func main() { pulumi.Run(platform) }

func platform(ctx *pulumi.Context) error {
	weights := map[string]int{"v1": 90, "v2": 10}
	if err := config.New(ctx, "").GetObject("weights", &weights); err != nil {
		return err
	}
	fleet, err := meshwright.NewFleet(ctx, "fleet", &meshwright.FleetArgs{Project: pulumi.String(project)})
	if err != nil {
		return err
	}
	network, err := meshwright.NewMeshNetwork(ctx, "mesh", &meshwright.MeshNetworkArgs{
		Project: pulumi.String(project),
		Subnets: []meshwright.SubnetArgs{{
			Name:        "a",
			Region:      location,
			Cidr:        pulumi.String("10.0.0.0/22"),
			PodCidr:     pulumi.String("10.16.0.0/16"),
			ServiceCidr: pulumi.String("10.32.0.0/20"),
		}},
	})
	if err != nil {
		return err
	}
	subnet := network.Subnets.MapIndex(pulumi.String("a"))
	cluster, err := meshwright.NewGkeCluster(ctx, "main", &meshwright.GkeClusterArgs{
		Project:            pulumi.String(project),
		Location:           location,
		Network:            network.NetworkId,
		Subnetwork:         subnet.Id(),
		PodRangeName:       subnet.PodRangeName(),
		ServiceRangeName:   subnet.ServiceRangeName(),
		Autopilot:          pulumi.BoolRef(true),
		FleetProject:       fleet.Project,
		FleetProjectNumber: fleet.ProjectNumber,
		DeletionProtection: pulumi.Bool(false),
	})
	if err != nil {
		return err
	}
	mesh, err := meshwright.NewManagedMesh(ctx, "mesh", &meshwright.ManagedMeshArgs{
		Project: fleet.Project,
		Feature: fleet.MeshFeature,
		Members: []meshwright.MeshMemberArgs{{
			Name: "main", Membership: cluster.Membership, Location: cluster.MembershipLocation,
		}},
	})
	if err != nil {
		return err
	}
	inside, err := inCluster(ctx, "main", cluster.Kubeconfig)
	if err != nil {
		return err
	}
	shop, err := meshwright.NewMeshNamespace(ctx, "shop", &meshwright.MeshNamespaceArgs{Revision: mesh.Revision}, inside)
	if err != nil {
		return err
	}
	route, err := meshwright.NewTrafficRoute(ctx, "checkout", &meshwright.TrafficRouteArgs{
		Namespace: shop.Namespace,
		Service:   pulumi.String("checkout"),
		Revision:  mesh.Revision,
		Versions:  []meshwright.RouteVersionArgs{{Name: "v1"}, {Name: "v2"}},
		Weights:   pulumi.ToIntMap(weights),
	}, inside)
	if err != nil {
		return err
	}
	ctx.Export("host", route.Host)
	ctx.Export("implementations", mesh.Implementations)
	ctx.Export("shares", route.Weights)
	return nil
}
