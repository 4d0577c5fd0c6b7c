"""A gateway behind Google's load balancer, for signed-in users alone.

Who is let in is IAM's to say: roles/iap.httpsResourceAccessor on the backend service.
"""

import pulumi

from meshwright import IngressGateway, MeshNamespace

# Where Google's proxies and health checks come from.
google = ["130.211.0.0/22", "35.191.0.0/16"]
namespace = MeshNamespace("back-office", {"ingress_cidrs": google, "egress_to": ["shop"]})
gateway = IngressGateway(
    "staff",
    {
        "namespace": namespace.namespace,
        "hosts": ["staff.example.com"],
        "tls_secret": "staff-example-com",
        "load_balancer": {"certificate_map": "staff", "iap": {}},
    },
)
pulumi.export("address", gateway.address)
