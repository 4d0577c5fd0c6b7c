"""Certificates that Google renews, for a gateway's load balancer."""

import pulumi
import pulumi_gcp as gcp

from meshwright import CertificateMap

project = pulumi.Config("gcp").require("project")
api = gcp.projects.Service(
    "certificatemanager",
    project=project,
    service="certificatemanager.googleapis.com",
    disable_on_destroy=False,
)
certificates = CertificateMap(
    "shop", {"project": api.project, "hosts": ["shop.example.com", "*.shop.example.com"]}
)
pulumi.export("certificate_map", certificates.certificate_map)
pulumi.export("dns_records", certificates.dns_records)
