"""Objects of the Gateway API for the tests of the rules that read them."""

from meshwright_policies.rule import Resource
from tests.policies.mesh_resources import thing

API = "kubernetes:gateway.networking.k8s.io"
SHOP = "shop.example.com"


def listener(protocol: str = "HTTPS", name: str = "https", **more: object) -> dict:
    ports = {"HTTP": 80, "HTTPS": 443, "HBONE": 15008}
    return {"name": name, "port": ports.get(protocol, 443), "protocol": protocol} | more


def taking(source: str, **selector: object) -> dict:
    """What a listener says of the namespaces whose routes it takes."""
    chosen = {"from": source} | ({"selector": selector} if selector else {})
    return {"allowedRoutes": {"namespaces": chosen}}


def api_gateway(
    *listeners: object, home: object = "edge", name: str = "front", kind: str = "istio"
) -> Resource:
    shown = list(listeners) or [listener(**taking("All"))]
    spec = {"gatewayClassName": kind, "listeners": shown}
    return thing(f"{API}/v1:Gateway", name, spec, namespace=home)


def backend(name: object = "checkout", port: object = 8080, **more: object) -> dict:
    return {"name": name, "port": port} | more


FRONT = {"name": "front", "namespace": "edge"}
SERVICE = {"group": "", "kind": "Service", "name": "checkout", "port": 8080}


def api_route(
    *parents: object,
    home: object = "shop",
    kind: str = "v1:HTTPRoute",
    name: str = "route",
    rules: object = None,
    **spec: object,
) -> Resource:
    rules = [{"backendRefs": [backend()]}] if rules is None else rules
    whole = {"parentRefs": list(parents), "rules": rules} | spec
    return thing(f"{API}/{kind}", name, whole, namespace=home)


def grant(
    source: object = "shop", kind: str = "HTTPRoute", *, home: object = "stock", **to: object
) -> Resource:
    group = "gateway.networking.k8s.io"
    spec = {
        "from": [{"group": group, "kind": kind, "namespace": source}],
        "to": [{"group": "", "kind": "Service"} | to],
    }
    return thing(f"{API}/v1beta1:ReferenceGrant", "leave", spec, namespace=home)
