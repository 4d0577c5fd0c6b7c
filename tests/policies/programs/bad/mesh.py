"""The mesh's security, turned off piece by piece."""

from access import istio

ANYONE = [{"from": [{"source": {"principals": ["*"]}}]}]


def declare() -> None:
    """Authentication, authorization, then what reaches past both."""
    istio(  # MESH-01
        "security", "PeerAuthentication", "mtls", {"mtls": {"mode": "PERMISSIVE"}}, "istio-system"
    )
    istio(  # MESH-02
        "security",
        "PeerAuthentication",
        "carts-mtls",
        {
            "selector": {"matchLabels": {"app": "carts"}},
            "mtls": {"mode": "DISABLE"},
            "portLevelMtls": {"8080": {"mode": "PERMISSIVE"}},
        },
    )
    istio("security", "AuthorizationPolicy", "all", {"rules": [{}]}, "istio-system")  # MESH-03
    istio(  # MESH-04
        "security",
        "AuthorizationPolicy",
        "all-but-admin",
        {"action": "ALLOW", "rules": [{"to": [{"operation": {"notPaths": ["/admin"]}}]}]},
    )
    istio(  # MESH-05: a path that no request has once it is normalised
        "security",
        "AuthorizationPolicy",
        "no-admin",
        {"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/shop/../admin"]}}]}]},
    )
    istio("security", "AuthorizationPolicy", "anyone", {"rules": ANYONE})  # MESH-06
    istio(  # MESH-09
        "security",
        "RequestAuthentication",
        "tokens",
        {"jwtRules": [{"issuer": "https://issuer.example.com", "outputPayloadToHeader": "Host"}]},
    )
    istio(  # MESH-13: a list of hosts is no wall
        "networking",
        "Sidecar",
        "default",
        {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}, "egress": [{"hosts": ["./*"]}]},
    )
    istio(  # MESH-14, COMPAT-01
        "networking",
        "EnvoyFilter",
        "lua",
        {"configPatches": [{"applyTo": "HTTP_FILTER", "patch": {"operation": "ADD"}}]},
    )
    istio(
        "extensions", "WasmPlugin", "headers", {"url": "oci://example.com/headers:1"}
    )  # COMPAT-01
