"""One global load balancer before the ingress gateways of every cluster.

This is the config cluster's part; the other clusters have the namespace and the IngressGateway.
"""

import pulumi

from meshwright import IngressGateway, MeshNamespace, MultiClusterGateway

# Where Google's proxies and health checks come from.
google = ["130.211.0.0/22", "35.191.0.0/16"]
namespace = MeshNamespace("shop-ingress", {"ingress_cidrs": google, "egress_to": ["shop"]})
pods = IngressGateway(
    "public",
    {
        "namespace": namespace.namespace,
        "hosts": ["shop.example.com"],
        "tls_secret": "shop-example-com",
        "exported": True,
    },
)
gateway = MultiClusterGateway(
    "global",
    {
        "namespace": namespace.namespace,
        "hosts": ["shop.example.com"],
        "load_balancer": {"certificate_map": "shop-example-com"},
        "backends": [
            {
                "name": "public",
                "service": pods.service,
                "port": 443,
                "health_check_path": "/healthz/ready",
                "health_check_port": 15021,
            }
        ],
    },
)
pulumi.export("address", gateway.address)
