"""A Cloud Run service in the mesh: it calls the mesh's services by name, and they call it.

Follows https://cloud.google.com/service-mesh/docs/configure-cloud-service-mesh-for-cloud-run and
https://cloud.google.com/service-mesh/docs/route-from-cloud-run (Preview).
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._accounts import ready_project, workload_account
from ._names import CLOUD_RUN, SERVICE_ACCOUNT, named, physical_name
from ._outputs import after, outputs_of
from ._places import REGION
from ._validation import checked, duplicates, is_plain, one_of

_APIS = ("compute", "networkservices", "run", "trafficdirector")
# What the sidecar that Google runs beside the container must be allowed.
_ROLES = ("roles/trafficdirector.client", "roles/cloudtrace.agent")
_INGRESS = {
    "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
    "all": "INGRESS_TRAFFIC_ALL",
}
# Set by Cloud Run itself; it refuses services that set them too.
_RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
_EVERYBODY = ("allUsers", "allAuthenticatedUsers")


class MeshCloudRunServiceArgs(TypedDict):
    """What a MeshCloudRunService is made from."""

    project: pulumi.Input[str]
    """Id of the project that owns the service."""
    region: str
    """Region, such as `europe-west1`."""
    image: pulumi.Input[str]
    """Container image, best by its digest."""
    mesh: pulumi.Input[str]
    """Id of the Mesh, `projects/P/locations/global/meshes/N`: MeshVmGroup.mesh, or the one of a GKE
    cluster in the managed mesh. The API takes it a minute after the Mesh was made."""
    subnetwork: pulumi.Input[str]
    """Id or self link of the subnet in the region from which the service calls others."""
    prefix: NotRequired[str]
    """Put before every physical name, joined by `-`. Default: none."""
    port: NotRequired[int]
    """Port of the container, 1 to 65535. Default: 8080."""
    http2: NotRequired[bool]
    """Whether the container speaks HTTP/2 in the clear, as gRPC needs. Default: false."""
    env: NotRequired[dict[str, pulumi.Input[str]]]
    """Environment variables; secrets do not belong there. Default: none."""
    cpu: NotRequired[pulumi.Input[str]]
    """CPUs of an instance, such as `1`. Default: `1`."""
    memory: NotRequired[pulumi.Input[str]]
    """Memory of an instance, such as `512Mi`. Default: `512Mi`."""
    min_instances: NotRequired[int]
    """Fewest instances; 0 starts on the first call. Default: 0."""
    max_instances: NotRequired[int]
    """Most instances. Default: 10."""
    concurrency: NotRequired[int]
    """Calls that an instance takes at the same time, 1 to 1000. Default: 80."""
    timeout_seconds: NotRequired[int]
    """How long a call may take, seconds, 1 to 3600. Default: 300."""
    ingress: NotRequired[str]
    """Who reaches it: `internal` (the project's networks), `internal-and-cloud-load-balancing`, or
    `all`. Default: `internal`."""
    invokers: NotRequired[list[pulumi.Input[str]]]
    """Who may call it, such as `serviceAccount:E-MAIL`; never everybody. Default: nobody."""
    service_account: NotRequired[pulumi.Input[str]]
    """E-mail of its service account, which needs `roles/trafficdirector.client` and
    `roles/cloudtrace.agent`. Default: one is made, with just those."""
    kms_key: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts the deployed container, EncryptionKey.key_id; Cloud Run's service agent
    must be allowed to use it. Default: Google's own key."""
    deletion_protection: NotRequired[pulumi.Input[bool]]
    """Whether a destroy of the service is refused. Default: true."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the service. Default: none."""
    enable_api: NotRequired[bool]
    """Whether to enable the APIs that are needed here first. Default: true."""


class MeshCloudRunService(pulumi.ComponentResource):
    """A Cloud Run service with a sidecar of Google's, and a backend service that stands for it.

    It leaves through the VPC, so that it reaches what the mesh's routes name; those names must
    resolve in the network, to any address. Others in the mesh reach it by `backend_service`, which
    TrafficRoute's `networkservices` rendering names, once they are among `invokers`. Calls into GKE
    arrive in plaintext: the workload called needs an exception from STRICT mTLS for its port.
    Raises ArgumentError for wrong arguments.
    """

    service_name: pulumi.Output[str]
    """Physical name."""
    uri: pulumi.Output[str]
    """Address that Cloud Run gives the service, `https://...run.app`."""
    backend_service: pulumi.Output[str]
    """Id of the backend service, once its callers are allowed."""
    service_account: pulumi.Output[str]
    """E-mail of its service account, for others' `invokers` and for authorization policies."""

    def __init__(
        self, name: str, args: MeshCloudRunServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "MeshCloudRunService",
            name,
            args,
            MeshCloudRunServiceArgs,
            _problems,
            named(CLOUD_RUN, name),
        )
        prefix = args.get("prefix")
        physical = physical_name("MeshCloudRunService", CLOUD_RUN, prefix, name)
        account_id = ""
        if "service_account" not in args:
            account_id = physical_name("MeshCloudRunService", SERVICE_ACCOUNT, prefix, name, "run")
        super().__init__("meshwright:index:MeshCloudRunService", name, {}, opts)
        apis = _APIS if args.get("enable_api", True) else ()
        self._project = ready_project(self, name, args["project"], apis)
        if "service_account" in args:
            self.service_account = pulumi.Output.from_input(args["service_account"])
        else:
            self.service_account = workload_account(self, name, account_id, self._project, _ROLES)
        service = self._service(name, physical, args)
        callers = self._callers(name, args, service)
        self.service_name = service.name
        self.uri = after(service.uri, callers)
        self.backend_service = after(self._backend(name, physical, args, service).id, callers)
        self.register_outputs(outputs_of(self))

    def _service(
        self, name: str, physical: str, args: MeshCloudRunServiceArgs
    ) -> "gcp.cloudrunv2.Service":
        return gcp.cloudrunv2.Service(
            f"{name}-service",
            name=physical,
            project=self._project,
            location=args["region"],
            launch_stage="BETA",  # the mesh is in Preview
            ingress=_INGRESS[args.get("ingress", "internal")],
            deletion_protection=args.get("deletion_protection", True),
            labels=args.get("labels"),
            template={
                "service_account": self.service_account,
                "service_mesh": {"mesh": args["mesh"]},
                "containers": [_container(args)],
                "scaling": {
                    "min_instance_count": args.get("min_instances", 0),
                    "max_instance_count": args.get("max_instances", 10),
                },
                "vpc_access": {
                    "network_interfaces": [{"subnetwork": args["subnetwork"]}],
                    # Names of the mesh's services may resolve to any address.
                    "egress": "ALL_TRAFFIC",
                },
                "max_instance_request_concurrency": args.get("concurrency", 80),
                "timeout": f"{args.get('timeout_seconds', 300)}s",
                "execution_environment": "EXECUTION_ENVIRONMENT_GEN2",
                "encryption_key": args.get("kms_key"),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _callers(
        self, name: str, args: MeshCloudRunServiceArgs, service: "gcp.cloudrunv2.Service"
    ) -> "list[gcp.cloudrunv2.ServiceIamMember]":
        return [
            gcp.cloudrunv2.ServiceIamMember(
                f"{name}-invoker-{index}",
                name=service.name,
                project=self._project,
                location=args["region"],
                role="roles/run.invoker",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for index, member in enumerate(args.get("invokers", []))
        ]

    def _backend(
        self,
        name: str,
        physical: str,
        args: MeshCloudRunServiceArgs,
        service: "gcp.cloudrunv2.Service",
    ) -> "gcp.compute.BackendService":
        """What routes of the Mesh name when they mean this service."""
        endpoint = gcp.compute.RegionNetworkEndpointGroup(
            f"{name}-endpoint",
            name=physical,
            project=self._project,
            region=args["region"],
            network_endpoint_type="SERVERLESS",
            cloud_run={"service": service.name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return gcp.compute.BackendService(
            f"{name}-backend",
            name=physical,
            project=self._project,
            load_balancing_scheme="INTERNAL_SELF_MANAGED",
            protocol="HTTP2" if args.get("http2", False) else "HTTP",
            # Cloud Run knows by itself which instances are well.
            backends=[{"group": endpoint.id}],
            opts=pulumi.ResourceOptions(parent=self),
        )


def _container(args: MeshCloudRunServiceArgs) -> "gcp.cloudrunv2.ServiceTemplateContainerArgsDict":
    port: gcp.cloudrunv2.ServiceTemplateContainerPortsArgsDict = {
        "container_port": args.get("port", 8080)
    }
    if args.get("http2", False):
        port["name"] = "h2c"
    return {
        "image": args["image"],
        "ports": port,
        "envs": [{"name": key, "value": value} for key, value in args.get("env", {}).items()],
        "resources": {
            "limits": {"cpu": args.get("cpu", "1"), "memory": args.get("memory", "512Mi")}
        },
    }


def _problems(args: MeshCloudRunServiceArgs) -> Iterator[tuple[str, str]]:
    if not REGION.fullmatch(args["region"]):
        yield "region", f"{args['region']!r} is no region, such as `europe-west1`"
    yield from one_of("ingress", args.get("ingress"), _INGRESS)
    limits = {
        "port": (1, 65535),
        "min_instances": (0, 1000),
        "max_instances": (1, 1000),
        "concurrency": (1, 1000),
        "timeout_seconds": (1, 3600),
    }
    for path, (low, high) in limits.items():
        value = args.get(path)
        if isinstance(value, int) and not low <= value <= high:
            yield path, f"{value} is not within {low} to {high}"
    low, high = args.get("min_instances", 0), args.get("max_instances", 10)
    if low > high:
        yield "max_instances", f"{high} is below min_instances, {low}"
    for key in args.get("env", {}):
        if key in _RESERVED:
            yield f"env.{key}", "is set by Cloud Run itself; leave it out"
    yield from _invoker_problems(args.get("invokers", []))


def _invoker_problems(invokers: list[pulumi.Input[str]]) -> Iterator[tuple[str, str]]:
    known = [member for member in invokers if isinstance(member, str)]
    for member in duplicates(known):
        yield "invokers", f"{member!r} is named twice"
    for index, member in enumerate(invokers):
        if not is_plain(member) or not isinstance(member, str):
            continue
        if member in _EVERYBODY:
            yield f"invokers[{index}]", f"{member!r} opens the service to everybody; name who calls"
        elif ":" not in member:
            yield (
                f"invokers[{index}]",
                f"{member!r} has no kind; write such as `serviceAccount:...`",
            )
