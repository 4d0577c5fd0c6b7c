"""What everything else stands on: networks, and keys of one's own."""

from collections.abc import Iterable

import pulumi
import pulumi_gcp as gcp

from meshwright import (
    CertificateMap,
    EncryptionKey,
    Fleet,
    MeshCertificateAuthority,
    MeshNetwork,
    MeshNetworkArgs,
    ServiceProjectArgs,
)
from stacks.spec import Platform
from stacks.spec_gateways import Gateway, MultiClusterGateway
from stacks.spec_network import Network


def networks(spec: Platform, opts: pulumi.ResourceOptions) -> dict[str, MeshNetwork]:
    """The VPC networks by name."""
    return {network.name: _network(spec, network, opts) for network in spec.networks}


def keys(spec: Platform, opts: pulumi.ResourceOptions) -> dict[str, EncryptionKey]:
    """The keys by name, each open to the services whose data it encrypts and to no other."""
    return {
        key.name: EncryptionKey(
            key.name,
            {
                "project": spec.project,
                "prefix": spec.prefix,
                "location": key.location,
                "rotation_days": key.rotation_days,
                "users": _users(spec, key.name),
                "labels": {**spec.labels},
            },
            opts=opts,
        )
        for key in spec.encryption_keys
    }


def authorities(
    spec: Platform, fleet: Fleet, opts: pulumi.ResourceOptions
) -> dict[str, MeshCertificateAuthority]:
    """The certificate authorities by name, for workloads of the fleet alone."""
    if not spec.certificate_authorities:
        return {}
    project = _ready(spec, fleet, "privateca", opts)
    return {
        authority.name: MeshCertificateAuthority(
            authority.name,
            {
                "project": project,
                "prefix": spec.prefix,
                "location": authority.region,
                "workload_pool": fleet.trust_domain,
                "organization": authority.organization,
                "lifetime_days": authority.lifetime_days,
                "deletion_protection": authority.deletion_protection,
                "labels": {**spec.labels},
            },
            opts=opts,
        )
        for authority in spec.certificate_authorities
    }


def certificates(
    spec: Platform, fleet: Fleet, opts: pulumi.ResourceOptions
) -> dict[str, CertificateMap]:
    """The certificates that Google issues, by the `namespace/name` of their gateway."""
    doors: list[Gateway | MultiClusterGateway] = [*spec.gateways, *spec.multi_cluster_gateways]
    wanted = [
        door
        for door in doors
        if door.load_balancer is not None and door.load_balancer.managed_certificate
    ]
    if not wanted:
        return {}
    project = _ready(spec, fleet, "certificatemanager", opts)
    return {
        f"{door.namespace}/{door.name}": CertificateMap(
            f"{door.namespace}-{door.name}",
            {
                "project": project,
                "prefix": spec.prefix,
                "hosts": [*door.hosts],
                "labels": {**spec.labels},
            },
            opts=opts,
        )
        for door in wanted
    }


def _ready(
    spec: Platform, fleet: Fleet, api: str, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """The project, once it has an API that only some stacks need."""
    enabled = gcp.projects.Service(
        f"{api}-api",
        project=spec.project,
        service=f"{api}.googleapis.com",
        # Others in the project may use it.
        disable_on_destroy=False,
        opts=pulumi.ResourceOptions(provider=google_provider(opts)),
    )
    return pulumi.Output.all(fleet.project, enabled.id).apply(lambda both: both[0])


def google_provider(opts: pulumi.ResourceOptions) -> pulumi.ProviderResource:
    """The provider of Google Cloud, for a resource that is no part of a component."""
    providers = opts.providers
    assert isinstance(providers, list), "the composition passes its one provider in a list"
    return providers[0]


def _users(spec: Platform, key: str) -> list[str]:
    """The services that encrypt with a key, in EncryptionKey's words."""
    users: set[str] = set()
    for cluster in spec.clusters:
        users |= {"container"} if cluster.secrets_key == key else set()
        users |= {"compute"} if cluster.disk_key == key else set()
    for sink in spec.log_sinks:
        if sink.encryption_key == key:
            users |= {
                service
                for service, destination in (
                    ("logging", sink.log_bucket),
                    ("bigquery", sink.bigquery),
                    ("storage", sink.storage),
                    ("pubsub", sink.pubsub),
                )
                if destination is not None
            }
    return sorted(users)


def _network(spec: Platform, network: Network, opts: pulumi.ResourceOptions) -> MeshNetwork:
    here = [cluster for cluster in spec.clusters if cluster.network == network.name]
    owner = network.host_project or spec.project
    args: MeshNetworkArgs = {
        "project": owner,
        "prefix": spec.prefix,
        "flow_logs": network.flow_logs,
        "control_plane_cidrs": [
            cluster.control_plane_cidr for cluster in here if cluster.control_plane_cidr
        ],
        "subnets": [
            {
                "name": subnet.name,
                "region": subnet.region,
                "cidr": subnet.cidr,
                "pod_cidr": subnet.pod_cidr,
                "service_cidr": subnet.service_cidr,
            }
            for subnet in network.subnets
        ],
    }
    subnets: dict[str, set[str]] = {}
    for cluster in here:
        subnets.setdefault(cluster.project or spec.project, set()).add(cluster.subnet)
    for group in spec.vm_groups:
        if group.network == network.name:
            subnets.setdefault(spec.project, set()).add(group.subnet)
    shared = _service_projects(owner, subnets.items())
    if shared:
        args["service_projects"] = shared
    return MeshNetwork(network.name, args, opts=opts)


def _service_projects(
    owner: str, subnets: Iterable[tuple[str, set[str]]]
) -> list[ServiceProjectArgs]:
    """The other projects whose clusters and VMs use a network, each with the subnets it needs."""
    return [
        {"project": project, "subnets": sorted(names)}
        for project, names in sorted(subnets)
        if project != owner
    ]
