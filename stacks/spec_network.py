"""Networks of the spec: subnets with the ranges of nodes, pods and Services."""

from pydantic import Field

from stacks._fields import MAX_ENTRIES, Cidr, Closed, Name, PrivateCidr, ProjectId, Region


class Subnet(Closed):
    """One regional subnet; it serves one cluster, which takes its pod and Service ranges."""

    name: Name = Field(description="Name, unique in the network.")
    region: Region = Field(description="Region of Google Cloud.", examples=["europe-west1"])
    cidr: PrivateCidr = Field(
        description="IPv4 range of the nodes, one address each; Google keeps 4.",
        examples=["10.0.0.0/22"],
    )
    pod_cidr: PrivateCidr = Field(
        description="IPv4 range of the pods: 256 addresses a node at GKE's 110 pods a node.",
        examples=["10.16.0.0/16"],
    )
    service_cidr: PrivateCidr = Field(
        description="IPv4 range of Kubernetes Services.", examples=["10.32.0.0/20"]
    )


class Peer(Closed):
    """A range outside this spec that the network reaches: by peering, VPN or interconnect."""

    name: Name = Field(description="What is there.")
    cidr: Cidr = Field(description="Its IPv4 range; nothing of this spec may overlap it.")


class Network(Closed):
    """A VPC with outbound NAT and the firewall that a mesh needs."""

    name: Name = Field(description="Name, unique in the spec.")
    host_project: ProjectId | None = Field(
        default=None,
        description="Id of the project that owns it and shares it (shared VPC) with the projects "
        "of its clusters. Default: the platform's.",
    )
    subnets: list[Subnet] = Field(
        min_length=1, max_length=MAX_ENTRIES, description="The subnets, at least one."
    )
    flow_logs: bool = Field(default=True, description="Whether subnets write flow logs.")
    peers: list[Peer] = Field(
        default_factory=list[Peer],
        max_length=MAX_ENTRIES,
        description="Ranges in use elsewhere, so that none here overlaps them.",
    )
