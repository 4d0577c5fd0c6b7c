"""Mutual TLS everywhere, one caller for one service, and users' tokens on top."""

import pulumi

from meshwright import AllowRuleArgs, MeshNamespace, MeshSecurity

# One list says who may call whom: permissions, packets and what proxies learn of follow it.
allow: list[AllowRuleArgs] = [
    {
        "name": "gateway-to-checkout",
        "namespace": "shop",
        "workload": {"app": "checkout"},
        "service": "checkout",
        "service_accounts": ["shop-ingress/public"],
        "methods": ["GET", "POST"],
    }
]
shop = MeshNamespace("shop", {"allow": allow})
security = MeshSecurity(
    "security",
    {
        "allow": allow,
        "jwt": [
            {
                "name": "users",
                "namespace": shop.namespace,
                "workload": {"app": "checkout"},
                "issuers": [
                    {
                        "issuer": "https://accounts.example.com",
                        "jwks_uri": "https://accounts.example.com/keys",
                        "audiences": ["shop"],
                    }
                ],
                "exempt_paths": ["/healthz"],
            }
        ],
        "plaintext": [
            {
                "name": "cloud-run",
                "namespace": shop.namespace,
                "workload": {"app": "stock"},
                "ports": [8080],
                "from_cidrs": ["10.9.0.0/24"],
            }
        ],
    },
)
pulumi.export("root_namespace", security.root_namespace)
