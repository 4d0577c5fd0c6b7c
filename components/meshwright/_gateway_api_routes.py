"""A route as the Gateway API takes it: an HTTPRoute or GRPCRoute to a Service for each version.

The route's parents are the Service itself, for callers in the mesh, and the gateways.
"""

import pulumi
import pulumi_kubernetes as kubernetes

from ._durations import as_gateway_duration
from ._kube import istio_object, metadata, revision_annotation
from ._names import KUBERNETES, physical_name
from ._outputs import after
from ._routes import Match, Route, Rule, cookie_pattern
from ._traffic_args import RouteVersionArgs, TrafficRouteArgs

_GROUP = "gateway.networking.k8s.io"
_API = f"{_GROUP}/v1"
_KINDS = {"http": "HTTPRoute", "grpc": "GRPCRoute"}


def make(
    parent: pulumi.Resource,
    name: str,
    meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
    route: Route,
) -> pulumi.Resource:
    """Make the HTTPRoute or GRPCRoute."""
    return istio_object(parent, name, _API, _KINDS[route.protocol], meta, route_spec(route))


def make_version_services(
    parent: pulumi.Resource, name: str, args: TrafficRouteArgs
) -> dict[str, pulumi.Input[str]]:
    """Make a Service for each version that names none; their names, once they stand."""
    made: dict[str, pulumi.Input[str]] = {}
    for version in args["versions"]:
        if "service" in version or "selector" not in args:
            continue
        short = _service_name(args["service"], version["name"])
        meta = metadata(short, args.get("namespace", ""), args.get("revision"))
        # A version may have no pods yet, or none any longer: its Service stands all the same.
        annotations = revision_annotation(args.get("revision"))
        meta["annotations"] = annotations | {"pulumi.com/skipAwait": "true"}
        service = kubernetes.core.v1.Service(
            f"{name}-{version['name']}",
            metadata=meta,
            spec=_service_spec(args, args["selector"], version),
            opts=pulumi.ResourceOptions(parent=parent),
        )
        made[version["name"]] = after(short, [service])
    return made


def _service_name(service: pulumi.Input[str], version: str) -> pulumi.Input[str]:
    def checked(known: str) -> str:
        return physical_name("TrafficRoute", KUBERNETES, None, known, version)

    if isinstance(service, str):
        return checked(service)
    return pulumi.Output.from_input(service).apply(checked)


def _service_spec(
    args: TrafficRouteArgs,
    selector: pulumi.Input[dict[str, pulumi.Input[str]]],
    version: RouteVersionArgs,
) -> "kubernetes.core.v1.ServiceSpecArgsDict":
    """The service's pods that have the version's labels."""
    port = args.get("port", 0)
    return {
        "selector": _merged(selector, version.get("labels", {"version": version["name"]})),
        "ports": [
            {
                "name": args.get("protocol", "http"),
                "port": port,
                "target_port": args.get("target_port", port),
            }
        ],
    }


def route_spec(route: Route) -> dict[str, object]:
    """The spec of the HTTPRoute or GRPCRoute."""
    spec: dict[str, object] = {
        "parentRefs": [
            {"group": "", "kind": "Service", "name": route.service, "port": route.port},
            *(_gateway(gateway) for gateway in route.gateways),
        ],
        "rules": [_rule(route, rule) for rule in route.rules],
    }
    if route.public_hosts:
        spec["hostnames"] = route.public_hosts
    return spec


def _gateway(gateway: pulumi.Input[str]) -> pulumi.Input[dict[str, object]]:
    def reference(name: str) -> dict[str, object]:
        namespace, _, short = name.rpartition("/")
        found: dict[str, object] = {"group": _GROUP, "kind": "Gateway", "name": short}
        return found | ({"namespace": namespace} if namespace else {})

    if isinstance(gateway, str):
        return reference(gateway)
    return pulumi.Output.from_input(gateway).apply(reference)


def _rule(route: Route, rule: Rule) -> dict[str, object]:
    spec: dict[str, object] = {}
    headers = _headers(rule.match)
    if headers:
        spec["matches"] = [{"headers": headers}]
    if route.mirror is not None:
        mirror = {
            "backendRef": _backend(route, route.mirror.version),
            "percent": route.mirror.percent,
        }
        spec["filters"] = [{"type": "RequestMirror", "requestMirror": mirror}]
    spec["backendRefs"] = [
        _share(route, rule, version, weight) for version, weight in rule.shares.items()
    ]
    if route.timeout is not None:
        spec["timeouts"] = {"request": as_gateway_duration(route.timeout)}
    return spec


def _headers(match: Match) -> list[dict[str, object]]:
    headers: list[dict[str, object]] = [
        {"type": "Exact", "name": name, "value": value} for name, value in match.headers.items()
    ]
    if match.cookie is not None:
        pattern = cookie_pattern(match.cookie)
        headers.append({"type": "RegularExpression", "name": "cookie", "value": pattern})
    return headers


def _share(route: Route, rule: Rule, version: str, weight: pulumi.Input[int]) -> dict[str, object]:
    share = _backend(route, version) | {"weight": weight}
    if rule.keeps and route.sticky is not None:
        added = [{"name": "set-cookie", "value": route.sticky.set_cookie(version)}]
        modifier = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": added}}
        share["filters"] = [modifier]
    return share


def _backend(route: Route, version: str) -> dict[str, object]:
    service = route.versions[version].service
    return {"group": "", "kind": "Service", "name": service, "port": route.port}


def _merged(
    first: pulumi.Input[dict[str, pulumi.Input[str]]],
    second: pulumi.Input[dict[str, pulumi.Input[str]]],
) -> pulumi.Input[dict[str, pulumi.Input[str]]]:
    if isinstance(first, dict) and isinstance(second, dict):
        return first | second
    both = pulumi.Output.all(first, second)
    return both.apply(lambda maps: {**maps[0], **maps[1]})
