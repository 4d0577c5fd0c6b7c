"""Mutual TLS everywhere, and one caller for one service."""

import pulumi

from meshwright import MeshNamespace, MeshSecurity

shop = MeshNamespace("shop", {"ingress_from": ["shop-ingress"]})
security = MeshSecurity(
    "security",
    {
        "allow": [
            {
                "name": "gateway-to-checkout",
                "namespace": shop.namespace,
                "workload": {"app": "checkout"},
                "service_accounts": ["shop-ingress/public"],
                "methods": ["GET", "POST"],
            }
        ]
    },
)
pulumi.export("root_namespace", security.root_namespace)
