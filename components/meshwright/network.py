"""A VPC for mesh clusters: subnets with pod and service ranges, outbound NAT, and the mesh's firewall.

Follows https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips (VPC-native ranges) and
https://cloud.google.com/service-mesh/docs/private-cluster-open-port (control plane to webhooks).
"""

from typing import NotRequired, TypedDict

import pulumi


class SubnetArgs(TypedDict):
    """One regional subnet and the secondary ranges that GKE takes pod and service addresses from."""

    name: str
    """Name of the subnet, without the prefix; unique in the network."""
    region: str
    """Region, such as `europe-west1`; never a zone."""
    cidr: pulumi.Input[str]
    """IPv4 range of the nodes, such as `10.0.0.0/20`."""
    pod_cidr: pulumi.Input[str]
    """IPv4 range of the pods, such as `10.16.0.0/14`; becomes the secondary range `pods`."""
    service_cidr: pulumi.Input[str]
    """IPv4 range of Kubernetes Services, such as `10.8.0.0/20`; becomes the secondary range `services`."""


class MeshNetworkArgs(TypedDict):
    """What a MeshNetwork is made from."""

    project: pulumi.Input[str]
    """Id of the project that owns the network."""
    subnets: list[SubnetArgs]
    """The subnets, at least one."""
    prefix: NotRequired[str]
    """Put before every physical name, joined by `-`. Default: none."""
    control_plane_cidrs: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Private control-plane ranges (each a /28) that may call webhooks on nodes, beside the subnets' own ranges. Default: none."""
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
    pod_cidr: str
    """Range of the pods."""
    service_cidr: str
    """Range of the Services."""
    pod_range_name: str
    """Name of the secondary range of the pods."""
    service_range_name: str
    """Name of the secondary range of the Services."""


class MeshNetwork(pulumi.ComponentResource):
    """VPC."""

    network_id: pulumi.Output[str]
    """`projects/P/global/networks/NAME`."""
    network_name: pulumi.Output[str]
    """Physical name of the VPC."""
    subnets: pulumi.Output[dict[str, SubnetResult]]
    """The subnets by the name they have in the arguments."""

    def __init__(
        self, name: str, args: MeshNetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:MeshNetwork", name, {}, opts)
