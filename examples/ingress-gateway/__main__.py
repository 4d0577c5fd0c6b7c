"""HTTPS for a host, with a certificate from a Secret."""

import pulumi

from meshwright import IngressGateway, MeshNamespace

namespace = MeshNamespace("shop-ingress", {"ingress_cidrs": ["0.0.0.0/0"], "egress_to": ["shop"]})
gateway = IngressGateway(
    "public",
    {
        "namespace": namespace.namespace,
        "hosts": ["shop.example.com"],
        "tls_secret": "shop-example-com",
    },
)
pulumi.export("address", gateway.address)
