"""Workloads outside the clusters: groups of VMs, Cloud Run services, and the routes among them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from meshwright import (
    Fleet,
    GkeCluster,
    MeshCloudRunService,
    MeshNetwork,
    MeshVmGroup,
    MeshVmGroupArgs,
    TrafficRoute,
    VmWorkloadGroupArgs,
)
from stacks import _routes
from stacks._contents import Built
from stacks._foundation import google_provider
from stacks._meshes import ControlPlane
from stacks._names import compose
from stacks._rollouts import Rollouts, lead
from stacks.spec import Platform
from stacks.spec_hybrid import VmGroup
from stacks.spec_services import Service


@dataclass(frozen=True)
class Outside:
    """What of a spec runs beside its clusters."""

    spec: Platform
    fleet: Fleet
    networks: Mapping[str, MeshNetwork]
    rollouts: Rollouts
    opts: pulumi.ResourceOptions

    def build(self) -> None:
        """VMs and Cloud Run services in one Mesh, and the routes that name them."""
        groups = [group for group in self.spec.vm_groups if group.mode == "service-proxy"]
        if not groups and not self.spec.cloud_run_services:
            return
        mesh = self._mesh()
        # Groups that others fail over to have none of their own, and stand before those.
        made: dict[str, MeshVmGroup] = {}
        for group in sorted(groups, key=lambda group: bool(group.failover_groups)):
            made[group.name] = self._group(group, mesh, made)
        backends = {name: group.backend_service for name, group in made.items()}
        backends |= self._cloud_run(mesh)
        for outside in self.spec.mesh_routes:
            args = _routes.mesh_arguments(outside)
            for version in args["versions"]:
                version["backend_service"] = backends[version["name"]]
            args["route"] = compose(self.spec.prefix, outside.name)
            args["project"] = self.fleet.project
            args["meshes"] = [mesh]
            if outside.rollout is not None:
                lead(args, self.rollouts[outside.name], outside.rollout)
            TrafficRoute(outside.name, args, opts=self.opts)

    def join_istio(
        self,
        cluster: str,
        made: GkeCluster,
        plane: ControlPlane,
        built: Built,
        inside: pulumi.ProviderResource,
    ) -> None:
        """The groups of VMs that are workloads of a cluster's Istio."""
        providers = pulumi.ResourceOptions(providers=[google_provider(self.opts), inside])
        for group in self.spec.vm_groups:
            if group.mode != "workload-group" or group.cluster != cluster:
                continue
            namespace = next(n for n in self.spec.namespaces if n.name == group.namespace)
            args = self._args(group)
            args["mode"] = "workload-group"
            joined: VmWorkloadGroupArgs = {
                "namespace": built.namespaces[namespace.name],
                "cluster_endpoint": made.private_endpoint,
                "cluster_ca_certificate": made.ca_certificate,
                "discovery_address": group.discovery_address or "",
                "istio_version": self.spec.mesh.istio.version,
                "revision": plane.of(namespace),
                "mesh_id": self.fleet.mesh_id,
                "cluster_id": cluster,
            }
            service = next((s for s in namespace.services if s.name == group.service), None)
            if service is not None:
                _serve_beside_pods(joined, group, service)
                # The pods' account is there by then.
                name = built.services[f"{namespace.name}/{service.name}"]
                both = pulumi.Output.all(built.namespaces[namespace.name], name)
                joined["namespace"] = both.apply(lambda known: known[0])
                args["protocol"] = service.protocol.upper()
                if service.protocol in ("grpc", "tcp"):
                    args.pop("health_path", None)
            args["workload_group"] = joined
            MeshVmGroup(group.name, args, opts=providers)

    def _mesh(self) -> pulumi.Output[str]:
        """One Mesh for all; the fleet's APIs are on before it."""
        made = gcp.networkservices.Mesh(
            "service-mesh",
            name=compose(self.spec.prefix, "services"),
            project=self.fleet.project,
            location="global",
            opts=pulumi.ResourceOptions(provider=google_provider(self.opts)),
        )
        return made.id

    def _subnet(self, network: str, subnet: str) -> pulumi.Output[str]:
        return self.networks[network].subnet(subnet)["id"]

    def _args(self, group: VmGroup) -> MeshVmGroupArgs:
        return {
            "project": self.fleet.project,
            "prefix": self.spec.prefix,
            "region": group.region,
            "subnetwork": self._subnet(group.network, group.subnet),
            "port": group.port,
            "health_path": group.health_path,
            "machine_type": group.machine_type,
            "min_replicas": group.min_replicas,
            "max_replicas": group.max_replicas,
            "labels": {**self.spec.labels},
        }

    def _group(
        self, group: VmGroup, mesh: pulumi.Output[str], made: Mapping[str, MeshVmGroup]
    ) -> MeshVmGroup:
        args = self._args(group)
        args["project_number"] = self.fleet.project_number
        args["mesh"] = mesh
        args["access_logs"] = bool(self.spec.telemetry.access_logs.providers)
        if group.failover_groups:
            args["failover_groups"] = [made[n].instance_group for n in group.failover_groups]
        if group.sticky is not None:
            args["sticky"] = _routes.kept_by(group.sticky)
        return MeshVmGroup(group.name, args, opts=self.opts)

    def _cloud_run(self, mesh: pulumi.Output[str]) -> dict[str, pulumi.Output[str]]:
        return {
            service.name: MeshCloudRunService(
                service.name,
                {
                    "project": self.fleet.project,
                    "prefix": self.spec.prefix,
                    "region": service.region,
                    "image": service.image,
                    "mesh": mesh,
                    "subnetwork": self._subnet(service.network, service.subnet),
                    "port": service.port,
                    "min_instances": service.min_instances,
                    "max_instances": service.max_instances,
                    "deletion_protection": service.deletion_protection,
                    "labels": {**self.spec.labels},
                },
                opts=self.opts,
            ).backend_service
            for service in self.spec.cloud_run_services
        }


def _serve_beside_pods(joined: VmWorkloadGroupArgs, group: VmGroup, service: Service) -> None:
    """VMs are endpoints of the service, of one of its versions, as its pods are."""
    joined["service"] = service.name
    joined["with_pods"] = True
    joined["labels"] = {"version": group.version or service.versions[0].name}
