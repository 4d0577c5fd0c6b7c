"""Certificates that Google issues and renews, in the map that a load balancer names.

Follows https://cloud.google.com/certificate-manager/docs/deploy-google-managed-dns-auth and
https://cloud.google.com/kubernetes-engine/docs/how-to/secure-gateway.
"""

from collections.abc import Iterator, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._names import COMPUTE, host_words, named, physical_name
from ._outputs import after, outputs_of
from ._validation import checked
from .gateway import host_problems


class CertificateMapArgs(TypedDict):
    """What a CertificateMap is made from."""

    project: pulumi.Input[str]
    """Id of the project of the load balancer, its Certificate Manager API on."""
    hosts: list[str]
    """Host names to serve, such as `shop.example.com` or `*.example.com`; at least one."""
    prefix: NotRequired[str]
    """Put before every name. Default: none."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of everything made here. Default: none."""


class DnsRecordResult(TypedDict):
    """A DNS record that proves to Google that a domain is one's own."""

    name: str
    """Name of the record, `_acme-challenge.DOMAIN.`."""
    type: str
    """Type of the record, `CNAME`."""
    data: str
    """What it points to."""


class CertificateMap(pulumi.ComponentResource):
    """A certificate for each host, managed by Google, in one map of Certificate Manager.

    Google issues a certificate once the host's DNS record stands, and renews it as long as it does:
    the records go where the domain is hosted. IngressGateway and MultiClusterGateway take the
    map's name as `load_balancer.certificate_map`. Raises ArgumentError for wrong or doubled hosts.
    """

    certificate_map: pulumi.Output[str]
    """Name of the map, once every host has its entry."""
    dns_records: pulumi.Output[dict[str, DnsRecordResult]]
    """The DNS record to make for each domain, by domain: `*.example.com` needs example.com's."""

    def __init__(
        self, name: str, args: CertificateMapArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "CertificateMap", name, args, CertificateMapArgs, _problems, named(COMPUTE, name)
        )
        prefix, labels = args.get("prefix"), args.get("labels")
        physical = physical_name("CertificateMap", COMPUTE, prefix, name)
        domains = list(dict.fromkeys(map(_domain, args["hosts"])))
        words = host_words(word for host in args["hosts"] for word in (host, _domain(host)))
        names = {
            host: physical_name("CertificateMap", COMPUTE, prefix, name, word)
            for host, word in words.items()
        }
        super().__init__("meshwright:index:CertificateMap", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate_map = gcp.certificatemanager.CertificateMap(
            f"{name}-map", name=physical, project=args["project"], labels=labels, opts=child
        )
        entries: list[pulumi.Resource] = []
        authorizations = {
            domain: gcp.certificatemanager.DnsAuthorization(
                f"{name}-{words[domain]}-authorization",
                name=names[domain],
                project=args["project"],
                domain=domain,
                labels=labels,
                opts=child,
            )
            for domain in domains
        }
        for host in args["hosts"]:
            own, authorization = names[host], authorizations[_domain(host)]
            certificate = gcp.certificatemanager.Certificate(
                f"{name}-{words[host]}-certificate",
                name=own,
                project=args["project"],
                managed={"domains": [host], "dns_authorizations": [authorization.id]},
                labels=labels,
                opts=child,
            )
            entry = gcp.certificatemanager.CertificateMapEntry(
                f"{name}-{words[host]}-entry",
                name=own,
                project=args["project"],
                map=certificate_map.name,
                hostname=host,
                certificates=[certificate.id],
                labels=labels,
                opts=child,
            )
            entries.append(entry)
        records = {
            domain: authorization.dns_resource_records.apply(_record)
            for domain, authorization in authorizations.items()
        }
        self.dns_records = pulumi.Output.all(**records)
        self.certificate_map = after(certificate_map.name, entries)
        self.register_outputs(outputs_of(self))


def _record(
    records: "Sequence[gcp.certificatemanager.outputs.DnsAuthorizationDnsResourceRecord]",
) -> DnsRecordResult:
    (record,) = records
    return {"name": record.name or "", "type": record.type or "", "data": record.data or ""}


def _domain(host: str) -> str:
    """What proves a host: the domain itself, also for every name below it."""
    return host.removeprefix("*.")


def _problems(args: CertificateMapArgs) -> Iterator[tuple[str, str]]:
    yield from host_problems(args["hosts"])
