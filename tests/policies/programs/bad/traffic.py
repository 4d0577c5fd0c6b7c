"""The mesh's traffic: what comes in, and where it goes."""

from access import istio


def declare() -> None:
    """A gateway for everybody, routes to nowhere."""
    istio(  # MESH-11: every host, readable on the wire
        "networking",
        "Gateway",
        "front",
        {
            "selector": {"istio": "ingressgateway"},
            "servers": [
                {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]},
                {
                    "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                    "hosts": ["shop.example.com"],
                    "tls": {
                        "mode": "SIMPLE",
                        "credentialName": "shop",
                        "minProtocolVersion": "TLSV1_0",
                    },
                },
            ],
        },
    )
    istio(  # MESH-10: plain text, and TLS to whoever answers
        "networking",
        "DestinationRule",
        "carts",
        {
            "host": "carts",
            "trafficPolicy": {
                "tls": {"mode": "DISABLE"},
                "portLevelSettings": [{"port": {"number": 443}, "tls": {"mode": "SIMPLE"}}],
            },
            "subsets": [{"name": "v1", "labels": {"version": "v1"}}],
        },
    )
    istio(
        "networking",
        "VirtualService",
        "carts-routes",
        {
            "hosts": ["carts"],
            "gateways": ["back"],  # MESH-19: there is no such gateway
            "http": [
                {
                    "fault": {"abort": {"httpStatus": 500, "percentage": {"value": 1}}},  # MESH-16
                    "mirror": {"host": "basket"},  # MESH-19: there is no such Service
                    "route": [
                        {"destination": {"host": "carts", "subset": "v1"}, "weight": 90},
                        # MESH-18: there is no such subset
                        {"destination": {"host": "carts", "subset": "v2"}, "weight": 9},
                    ],
                }
            ],
        },
    )
