"""One service may call one host outside, through one gateway."""

import pulumi

from meshwright import EgressGateway, MeshNamespace

namespace = MeshNamespace("egress", {"ingress_from": ["shop"]})
gateway = EgressGateway(
    "out",
    {
        "namespace": namespace.namespace,
        "hosts": [{"host": "api.example.net", "callers": ["shop/checkout"]}],
    },
)
# The callers' namespace: packets to the gateway and to Google alone, and its proxies learn of it.
shop = MeshNamespace(
    "shop",
    {
        "egress_to": ["egress"],
        "egress_hosts": ["egress/*"],
        "google_api_cidrs": ["199.36.153.4/30"],
    },
)
pulumi.export("gateway", gateway.gateway)
