"""Machines in the mesh: a regional group of VMs with proxies, that grows and heals by itself.

Follows https://cloud.google.com/service-mesh/docs/service-routing/set-up-envoy-http-mesh (Preview)
and, for Istio meshes, https://istio.io/latest/docs/setup/install/virtual-machine/.
"""

import pulumi
import pulumi_gcp as gcp

from ._accounts import ready_project, workload_account
from ._names import SERVICE_ACCOUNT, VM_GROUP, named, physical_name
from ._outputs import after, outputs_of
from ._projects import project_number
from ._service_proxy import PROXY_PORT, service_proxy_metadata
from ._validation import checked
from ._vm_args import MeshVmGroupArgs
from ._vm_group import (
    Port,
    autoscaler,
    backend_service,
    health_check,
    managed_group,
)
from ._vm_rules import vm_group_problems
from ._vm_template import instance_template
from ._workload_group import VmWorkloadGroupArgs, WorkloadGroup

_APIS = ("compute", "networkservices", "osconfig", "trafficdirector")
# What a proxy must be allowed: its configuration, traces, logs, metrics.
_ROLES = (
    "roles/trafficdirector.client",
    "roles/cloudtrace.agent",
    "roles/logging.logWriter",
    "roles/monitoring.metricWriter",
)
_IMAGE = "projects/debian-cloud/global/images/family/debian-12"


class MeshVmGroup(pulumi.ComponentResource):
    """A regional managed instance group whose machines are workloads of a mesh.

    Machines run proxies, are private and shielded, have a service account of their own, are healed
    by the same health check that traffic follows, and change one zone's worth at a time when their
    template does. With `service-proxy` they take part in a Mesh: others reach them by
    `backend_service`, which TrafficRoute's `networkservices` rendering names. With
    `workload-group` they are endpoints of a Kubernetes Service in an Istio mesh, with its mTLS;
    pass the cluster's provider in the options. Raises ArgumentError for wrong arguments.
    """

    mesh: pulumi.Output[str]
    """Id of the Mesh, `projects/P/locations/global/meshes/N`; empty with `workload-group`."""
    backend_service: pulumi.Output[str]
    """Id of the backend service; empty with `workload-group`."""
    host: pulumi.Output[str]
    """Name by which an Istio mesh calls the machines; empty with `service-proxy`."""
    instance_group: pulumi.Output[str]
    """Self link of the instance group, once its machines are healthy."""
    service_account: pulumi.Output[str]
    """E-mail of the machines' service account."""

    def __init__(
        self, name: str, args: MeshVmGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "MeshVmGroup", name, args, MeshVmGroupArgs, vm_group_problems, named(VM_GROUP, name)
        )
        prefix = args.get("prefix")
        physical = physical_name("MeshVmGroup", VM_GROUP, prefix, name)
        account_id = ""
        if "service_account" not in args:
            account_id = physical_name("MeshVmGroup", SERVICE_ACCOUNT, prefix, name, "vm")
        super().__init__("meshwright:index:MeshVmGroup", name, {}, opts)
        self._name, self._args, self._physical = name, args, physical
        self._project = ready_project(self, name, args["project"], self._apis())
        protocol, path = args.get("protocol", "HTTP"), args.get("health_path", "/")
        self._port = Port(args["port"], protocol, path)
        if "service_account" in args:
            self.service_account = pulumi.Output.from_input(args["service_account"])
        else:
            # Google's control plane has no part in an Istio mesh.
            roles = _ROLES[1:] if "workload_group" in args else _ROLES
            self.service_account = workload_account(self, name, account_id, self._project, roles)
        if "workload_group" in args:
            self._join_istio(args["workload_group"])
        else:
            self._join_mesh()
        self.register_outputs(outputs_of(self))

    def _join_mesh(self) -> None:
        """Google's control plane configures the proxies, by the Mesh that they name."""
        self.mesh = self._mesh()
        check = health_check(self, self._name, self._physical, self._project, self._port)
        group, scaler = self._machines(check, self._proxy_metadata())
        backend = backend_service(
            self,
            self._name,
            self._physical,
            project=self._project,
            group=group,
            check=check,
            port=self._port,
            others=self._args.get("failover_groups", []),
            sticky=self._args.get("sticky"),
        )
        self.backend_service = after(backend.id, [scaler])
        self.host = pulumi.Output.from_input("")
        self.instance_group = after(group.instance_group, [scaler])

    def _join_istio(self, args: VmWorkloadGroupArgs) -> None:
        """Istio configures the proxies of machines that register in a WorkloadGroup."""
        workload = WorkloadGroup(self, self._name, args, self._port)
        objects = workload.objects(self.service_account)
        check = health_check(self, self._name, self._physical, self._project, self._port)
        # A machine asks for its token as soon as it starts.
        metadata = after(pulumi.Output.all(**workload.metadata()), objects)
        group, scaler = self._machines(check, metadata)
        self.mesh = self.backend_service = pulumi.Output.from_input("")
        host = pulumi.Output.concat(workload.service, ".", args["namespace"], ".svc.cluster.local")
        self.host = after(host, [scaler, *objects])
        self.instance_group = after(group.instance_group, [scaler])

    def _apis(self) -> tuple[str, ...]:
        if not self._args.get("enable_api", True):
            return ()
        return _APIS[:1] if "workload_group" in self._args else _APIS

    def _mesh(self) -> pulumi.Output[str]:
        if "mesh" in self._args:
            return pulumi.Output.from_input(self._args["mesh"])
        made = gcp.networkservices.Mesh(
            f"{self._name}-mesh",
            name=self._physical,
            project=self._project,
            location="global",
            interception_port=self._args.get("proxy_port", PROXY_PORT),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return made.id

    def _machines(
        self, check: "gcp.compute.HealthCheck", metadata: pulumi.Output[dict[str, str]]
    ) -> "tuple[gcp.compute.RegionInstanceGroupManager, gcp.compute.RegionAutoscaler]":
        args, name, physical = self._args, self._name, self._physical
        labels = args.get("labels", {})
        if "workload_group" not in args:
            labels = {**labels, "gce-service-proxy": "on"}
        template = instance_template(
            self,
            name,
            physical,
            project=self._project,
            machine_type=args.get("machine_type", "e2-standard-2"),
            image=args.get("image", _IMAGE),
            disk_size_gb=args.get("disk_size_gb", 20),
            disk_kms_key=args.get("boot_disk_kms_key"),
            subnetwork=args["subnetwork"],
            service_account=self.service_account,
            labels=labels,
            metadata=self._with_startup(metadata),
        )
        delay = args.get("initial_delay_seconds", 300)
        group = managed_group(
            self,
            name,
            physical,
            project=self._project,
            region=args["region"],
            zones=args.get("zones"),
            template=template,
            port=self._port,
            check=check,
            initial_delay_seconds=delay,
        )
        scaler = autoscaler(
            self,
            name,
            physical,
            project=self._project,
            region=args["region"],
            group=group,
            replicas=(args.get("min_replicas", 2), args.get("max_replicas", 6)),
            target_cpu_percent=args.get("target_cpu_percent", 60),
            cooldown_seconds=min(delay, 60) or 60,
        )
        return group, scaler

    def _proxy_metadata(self) -> pulumi.Output[dict[str, str]]:
        args = self._args
        number = args.get("project_number")
        if number is None:
            number = project_number(self, args["project"])
        known = pulumi.Output.all(mesh=self.mesh, number=number, labels=args.get("labels", {}))
        return known.apply(
            lambda found: service_proxy_metadata(
                mesh=found["mesh"].rpartition("/")[2],
                project_number=found["number"],
                proxy_port=args.get("proxy_port", PROXY_PORT),
                serving_ports=[self._port.number],
                tracing=args.get("tracing", False),
                intercept_all=args.get("intercept_all_outbound", False),
                labels=found["labels"],
                access_logs=args.get("access_logs", False),
            )
        )

    def _with_startup(
        self, metadata: pulumi.Output[dict[str, str]]
    ) -> pulumi.Output[dict[str, str]]:
        """A machine that joins Istio runs the workload's script after its own."""
        if "startup_script" not in self._args:
            return metadata
        key = "workload-startup-script" if "workload_group" in self._args else "startup-script"
        both = pulumi.Output.all(metadata, self._args["startup_script"])
        return both.apply(lambda found: {**found[0], key: found[1]})
