"""Every door of a mesh in one cluster, and the rules of who may pass."""

import os

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import (
    AllowRuleArgs,
    EgressGateway,
    IngressGateway,
    JwtIssuerArgs,
    MeshNamespace,
    MeshSecurity,
    MultiClusterGateway,
)

cluster = pulumi.ResourceOptions(
    providers=[kubernetes.Provider("cluster", kubeconfig=os.environ["GATEWAYS_KUBECONFIG"])]
)
revision = "asm-managed"
allow: list[AllowRuleArgs] = [
    {
        "name": "cart-from-public",
        "namespace": "shop",
        "workload": {"app": "cart"},
        "service": "cart",
        "service_accounts": ["doors/public"],
    },
]
users: JwtIssuerArgs = {
    "issuer": "https://accounts.example.com",
    "jwks_uri": "https://accounts.example.com/keys",
    "audiences": ["shop"],
}
doors = MeshNamespace("doors", {"revision": revision, "allow": allow}, opts=cluster)
shop = MeshNamespace(
    "shop",
    {
        "revision": revision,
        "allow": allow,
        "egress_to": ["doors"],
        "egress_hosts": ["doors/*"],
        "google_api_cidrs": ["199.36.153.4/30"],
    },
    opts=cluster,
)
security = MeshSecurity(
    "security",
    {
        "revision": revision,
        "allow": allow,
        "jwt": [{"name": "users", "namespace": shop.namespace, "issuers": [users]}],
        "plaintext": [
            {
                "name": "legacy",
                "namespace": shop.namespace,
                "workload": {"app": "legacy"},
                "ports": [8080],
                "from_cidrs": ["10.9.0.0/24"],
            }
        ],
    },
    # The rules name their namespace by its name alone.
    opts=pulumi.ResourceOptions.merge(cluster, pulumi.ResourceOptions(depends_on=[shop])),
)
public = IngressGateway(
    "public",
    {
        "namespace": doors.namespace,
        "revision": revision,
        "hosts": ["shop.example.com"],
        "tls_secret": "public-tls",
        "jwt": [users],
        "load_balancer": {
            "certificate_map": "shop",
            "ssl_policy": "modern",
            "security_policy": "edge",
            "iap": {"audiences": ["/projects/1/global/backendServices/2"]},
        },
    },
    opts=cluster,
)
pods = IngressGateway(
    "pods",
    {
        "namespace": doors.namespace,
        "revision": revision,
        "hosts": ["shop.example.com"],
        "tls_secret": "pods-tls",
        "exported": True,
    },
    opts=cluster,
)
everywhere = MultiClusterGateway(
    "everywhere",
    {
        "namespace": doors.namespace,
        "hosts": ["shop.example.com"],
        "load_balancer": {"certificate_secrets": ["pods-tls"]},
        "backends": [
            {
                "name": "pods",
                "service": pods.service,
                "port": 443,
                "health_check_path": "/healthz/ready",
                "health_check_port": 15021,
            }
        ],
    },
    opts=cluster,
)
out = EgressGateway(
    "out",
    {
        "namespace": doors.namespace,
        "revision": revision,
        "hosts": [
            {"host": "api.example.net", "callers": ["shop/cart"]},
            {"host": "old.example.net", "callers": ["shop/cart"], "originate_tls": True},
        ],
    },
    opts=cluster,
)
pulumi.export("addresses", [public.address, everywhere.address])
pulumi.export("gateway", out.gateway)
