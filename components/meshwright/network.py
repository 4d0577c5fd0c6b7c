"""A VPC for mesh clusters: subnets with pod and service ranges, outbound NAT, and firewall rules.

Follows https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips (VPC-native ranges),
https://cloud.google.com/service-mesh/docs/private-cluster-open-port (control plane to webhooks) and
https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-shared-vpc (service projects).
"""

import ipaddress
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._names import COMPUTE, named, physical_name
from ._outputs import after, outputs_of
from ._places import REGION
from ._ranges import range_problem, range_problems
from ._shared_vpc import ServiceProjectArgs, share, sharing_problems
from ._validation import checked, duplicates

_FIREWALL_ROLES = ("webhooks", "health-checks", "pods")
_POD_RANGE = "pods"
_SERVICE_RANGE = "services"
# Istio's webhooks listen on 15017, those built with controller-runtime on 9443, others on 8443.
_WEBHOOK_PORTS = ["8443", "9443", "15017"]
# Where Google's load balancers probe from: proxies and containers, then passthrough load balancers.
# https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges
_HEALTH_CHECK_RANGES = [
    "35.191.0.0/16",
    "130.211.0.0/22",
    "209.85.152.0/22",
    "209.85.204.0/22",
]


class SubnetArgs(TypedDict):
    """One regional subnet, with the secondary ranges that pods and Services take addresses from."""

    name: str
    """Name of the subnet, without the prefix; unique in the network."""
    region: str
    """Region, such as `europe-west1`; never a zone."""
    cidr: pulumi.Input[str]
    """IPv4 range of the nodes, such as `10.0.0.0/20`."""
    pod_cidr: pulumi.Input[str]
    """IPv4 range of the pods, such as `10.16.0.0/14`; becomes the secondary range `pods`."""
    service_cidr: pulumi.Input[str]
    """IPv4 range of Kubernetes Services, such as `10.8.0.0/20`; becomes the secondary range
    `services`."""


class MeshNetworkArgs(TypedDict):
    """What a MeshNetwork is made from."""

    project: pulumi.Input[str]
    """Id of the project that owns the network."""
    subnets: list[SubnetArgs]
    """The subnets, at least one."""
    prefix: NotRequired[str]
    """Put before every physical name, joined by `-`. Default: none."""
    control_plane_cidrs: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Private control-plane ranges (each a /28) that may call webhooks on nodes, beside the
    subnets' own ranges. Default: none."""
    service_projects: NotRequired[list[ServiceProjectArgs]]
    """Projects whose clusters use this network: makes it a Shared VPC, its project the host.
    Default: none."""
    flow_logs: NotRequired[pulumi.Input[bool]]
    """Whether subnets write VPC flow logs. Default: true."""
    enable_api: NotRequired[bool]
    """Whether to enable the Compute Engine API first. Default: true."""


class SubnetResult(TypedDict):
    """A subnet as consumers see it."""

    name: str
    """Physical name."""
    id: str
    """`projects/P/regions/R/subnetworks/NAME`."""
    region: str
    """Region of the subnet."""
    cidr: str
    """Range of the nodes."""
    pod_range_name: str
    """Name of the secondary range of the pods."""
    service_range_name: str
    """Name of the secondary range of the Services."""


class MeshNetwork(pulumi.ComponentResource):
    """A VPC with subnets of one's own, Cloud NAT in each region, and a mesh's firewall.

    The rules let control planes reach webhooks (8443, 9443, 15017), load balancers probe health,
    and pods of one cluster call those of another. A subnet keeps private Google access on. With
    `service_projects` the project becomes a Shared VPC host: each of them is attached, and its GKE
    may use the subnets it names, and no more. Raises ArgumentError for wrong, overlapping or
    duplicate subnets, and for service projects that do not fit.
    """

    network_id: pulumi.Output[str]
    """`projects/P/global/networks/NAME`, once NAT and firewall stand, and service projects are
    attached: nodes need all."""
    network_name: pulumi.Output[str]
    """Physical name of the VPC."""
    subnets: pulumi.Output[dict[str, SubnetResult]]
    """The subnets by the name they have in the arguments, once all of them stand and service
    projects may use them. In Python, `subnet(name)` is there once that one is."""

    def __init__(
        self, name: str, args: MeshNetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "MeshNetwork",
            name,
            args,
            MeshNetworkArgs,
            _subnet_problems,
            _sharing_problems,
            named(COMPUTE, name),
        )
        self._physical_name = physical_name("MeshNetwork", COMPUTE, args.get("prefix"), name)
        self._names = _part_names(name, self._physical_name, args)
        super().__init__("meshwright:index:MeshNetwork", name, {}, opts)
        self._project = self._ready_project(name, args)
        child = pulumi.ResourceOptions(parent=self)
        network = gcp.compute.Network(
            f"{name}-network",
            name=self._physical_name,
            project=self._project,
            auto_create_subnetworks=False,
            opts=child,
        )
        subnets = {
            subnet["name"]: self._subnet(name, network, subnet, args.get("flow_logs", True))
            for subnet in args["subnets"]
        }
        waits: list[pulumi.Resource] = [*self._firewall(name, network, args)]
        for region in sorted({subnet["region"] for subnet in args["subnets"]}):
            waits.append(self._nat(name, network, region))
        shared = share(self, name, self._project, subnets, args.get("service_projects", []))
        self.network_id = after(network.id, [*waits, *shared.projects])
        self.network_name = network.name
        self._subnets = {
            key: after(_result(subnet), shared.users.get(key, []))
            for key, subnet in subnets.items()
        }
        self.subnets = pulumi.Output.all(**self._subnets)
        self.register_outputs(outputs_of(self))

    def subnet(self, name: str) -> pulumi.Output[SubnetResult]:
        """One of `subnets`, known once it stands, whatever the others do.

        It is what a cluster in it takes. KeyError for a name that no subnet has.
        """
        return self._subnets[name]

    def _ready_project(self, name: str, args: MeshNetworkArgs) -> pulumi.Input[str]:
        """The project, once it may be asked for networks."""
        if not args.get("enable_api", True):
            return args["project"]
        api = gcp.projects.Service(
            f"{name}-compute-api",
            project=args["project"],
            service="compute.googleapis.com",
            # Others in the project may use it.
            disable_on_destroy=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return after(args["project"], [api])

    def _subnet(
        self,
        name: str,
        network: "gcp.compute.Network",
        subnet: SubnetArgs,
        flow_logs: pulumi.Input[bool],
    ) -> "gcp.compute.Subnetwork":
        return gcp.compute.Subnetwork(
            f"{name}-subnet-{subnet['name']}",
            name=self._names[subnet["name"]],
            project=self._project,
            network=network.id,
            region=subnet["region"],
            ip_cidr_range=subnet["cidr"],
            secondary_ip_ranges=[
                {"range_name": _POD_RANGE, "ip_cidr_range": subnet["pod_cidr"]},
                {"range_name": _SERVICE_RANGE, "ip_cidr_range": subnet["service_cidr"]},
            ],
            private_ip_google_access=True,
            log_config=pulumi.Output.from_input(flow_logs).apply(_flow_log_config),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _nat(
        self, name: str, network: "gcp.compute.Network", region: str
    ) -> "gcp.compute.RouterNat":
        """Outbound addresses for private nodes, to pull images from outside Google."""
        child = pulumi.ResourceOptions(parent=self)
        physical = self._names[region]
        router = gcp.compute.Router(
            f"{name}-router-{region}",
            name=physical,
            project=self._project,
            network=network.id,
            region=region,
            opts=child,
        )
        return gcp.compute.RouterNat(
            f"{name}-nat-{region}",
            name=physical,
            project=self._project,
            router=router.name,
            region=region,
            nat_ip_allocate_option="AUTO_ONLY",
            source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
            log_config={"enable": True, "filter": "ERRORS_ONLY"},
            opts=child,
        )

    def _firewall(
        self, name: str, network: "gcp.compute.Network", args: MeshNetworkArgs
    ) -> "list[gcp.compute.Firewall]":
        control_plane = pulumi.Output.from_input(args.get("control_plane_cidrs", []))
        # With Private Service Connect the control plane's address is one of the subnet's own.
        nodes = pulumi.Output.all(*[subnet["cidr"] for subnet in args["subnets"]])
        pods = [subnet["pod_cidr"] for subnet in args["subnets"]]
        mesh_protocols: list[gcp.compute.FirewallAllowArgsDict] = [
            {"protocol": protocol} for protocol in ("tcp", "udp", "icmp", "sctp")
        ]
        return [
            self._allow(
                name,
                network,
                "webhooks",
                pulumi.Output.all(control_plane, nodes).apply(lambda both: [*both[0], *both[1]]),
                [{"protocol": "tcp", "ports": _WEBHOOK_PORTS}],
            ),
            self._allow(
                name, network, "health-checks", _HEALTH_CHECK_RANGES, [{"protocol": "tcp"}]
            ),
            self._allow(name, network, "pods", pods, mesh_protocols),
        ]

    def _allow(
        self,
        name: str,
        network: "gcp.compute.Network",
        role: str,
        source_ranges: pulumi.Input[list[str]] | list[pulumi.Input[str]],
        allows: "list[gcp.compute.FirewallAllowArgsDict]",
    ) -> "gcp.compute.Firewall":
        return gcp.compute.Firewall(
            f"{name}-firewall-{role}",
            name=self._names[f"allow-{role}"],
            project=self._project,
            network=network.id,
            direction="INGRESS",
            source_ranges=source_ranges,
            allows=allows,
            log_config={"metadata": "EXCLUDE_ALL_METADATA"},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _part_names(name: str, network: str, args: MeshNetworkArgs) -> dict[str, str]:
    """Physical names of the subnets, the regions' routers and the firewall, by their own part."""
    parts = {f"allow-{role}": "name" for role in _FIREWALL_ROLES}
    parts |= {subnet["region"]: "name" for subnet in args["subnets"]}
    parts |= {subnet["name"]: f"subnets[{i}].name" for i, subnet in enumerate(args["subnets"])}
    return {
        part: physical_name("MeshNetwork", COMPUTE, network, part, owner=name, path=path)
        for part, path in parts.items()
    }


def _flow_log_config(enabled: bool) -> "gcp.compute.SubnetworkLogConfigArgsDict | None":
    """Flow logs as Google's own default samples them; None leaves them off."""
    if not enabled:
        return None
    return {
        "aggregation_interval": "INTERVAL_5_SEC",
        "flow_sampling": 0.5,
        "metadata": "INCLUDE_ALL_METADATA",
    }


def _result(subnet: "gcp.compute.Subnetwork") -> pulumi.Output[SubnetResult]:
    return pulumi.Output.all(subnet.name, subnet.id, subnet.region, subnet.ip_cidr_range).apply(
        lambda values: SubnetResult(
            name=values[0],
            id=values[1],
            region=values[2],
            cidr=values[3],
            pod_range_name=_POD_RANGE,
            service_range_name=_SERVICE_RANGE,
        )
    )


def _subnet_problems(args: MeshNetworkArgs) -> Iterator[tuple[str, str]]:
    """Mistakes in the subnets that the API would find one by one, or never."""
    if not args["subnets"]:
        yield "subnets", "is empty; name at least one subnet"
    for name in duplicates(subnet["name"] for subnet in args["subnets"]):
        yield "subnets", f"two subnets are named {name!r}; names are unique in a network"
    ranges = args.get("control_plane_cidrs", [])
    if isinstance(ranges, list):
        yield from range_problems("control_plane_cidrs", ranges)
    known: list[tuple[str, ipaddress.IPv4Network]] = []
    for index, subnet in enumerate(args["subnets"]):
        if not subnet["name"]:
            yield f"subnets[{index}].name", "is empty; name the subnet"
        if not REGION.fullmatch(subnet["region"]):
            text = f"{subnet['region']!r} is no region, such as 'europe-west1'"
            yield f"subnets[{index}].region", text
        for key in ("cidr", "pod_cidr", "service_cidr"):
            path, value = f"subnets[{index}].{key}", subnet[key]
            if not isinstance(value, str):
                continue
            if problem := range_problem(value, only_ipv4=True):
                yield path, problem
                continue
            network = ipaddress.IPv4Network(value)
            for other, taken in known:
                if network.overlaps(taken):
                    yield path, f"{value} overlaps {taken} of {other}; choose a free range"
            known.append((path, network))


def _sharing_problems(args: MeshNetworkArgs) -> Iterator[tuple[str, str]]:
    names = [subnet["name"] for subnet in args["subnets"]]
    return sharing_problems(args["project"], names, args.get("service_projects", []))
