"""What a rendering or a protocol cannot express, so that nothing is dropped in silence."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ._gateway_api_limits import gateway_api_limits
from ._networkservices_routes import RETRY_CONDITIONS
from ._route_addresses import covered_hosts
from ._traffic_args import TrafficRouteArgs
from ._validation import is_plain

Problem = tuple[str, str]

RENDERINGS = ("istio", "gateway-api", "networkservices")
PROTOCOLS = ("http", "grpc", "tcp")

# What each rendering has no word for, and why.
_LACKS: dict[str, dict[str, str]] = {
    "istio": {
        "selector": "subsets select by labels",
        "target_port": "the Service has its own",
        "project": "it is for networkservices",
        "meshes": "it is for networkservices",
        "addresses": "it is for networkservices",
        "versions.service": "subsets stand for versions",
        "versions.backend_service": "it is for networkservices",
    },
    "gateway-api": {
        "retry": "retries are in the Gateway API's experimental channel only, which GKE does not "
        "install",
        "fault": "the Gateway API has no fault injection",
        "outlier_detection": "the Gateway API has none; on GKE's own gateways health checks decide",
        "sticky.header": "the Gateway API's session persistence is experimental, and GKE does not "
        "install it; `to: version` with a cookie works",
        "sticky.source_ip": "the Gateway API has no affinity by address; on GKE's own gateways a "
        "GCPBackendPolicy has",
        "project": "it is for networkservices",
        "meshes": "it is for networkservices",
        "addresses": "it is for networkservices",
        "versions.backend_service": "it is for networkservices",
    },
    "networkservices": {
        "namespace": "backend services have none",
        "revision": "no control plane in a cluster takes part",
        "gateways": "it takes Google's own Gateways, not Istio's",
        "selector": "backend services stand for versions",
        "target_port": "backend services have their own",
        "sticky": "the field of its routes that keeps a caller keeps it at one machine, whatever "
        "the weights, and the Google provider has it not; MeshVmGroup.sticky is for machines",
        "outlier_detection": "its routes have none; the backend services' health checks decide",
        "retry.remote_localities": "its retries do not tell regions apart",
        "versions.labels": "backend services stand for versions",
        "versions.service": "backend services stand for versions",
    },
}

# What a protocol has no place for, and why.
_MEANINGLESS: dict[str, dict[str, str]] = {
    "http": {"addresses": "host names match HTTP calls; addresses are for tcp"},
    "grpc": {
        "sticky.cookie": "gRPC clients keep no cookies; use a header",
        "addresses": "host names match gRPC calls; addresses are for tcp",
    },
    "tcp": {
        "matches": "a connection carries no headers",
        "mirror": "a connection is not copied",
        "fault": "faults are for calls, not for connections",
        "retry": "a connection is not tried again",
        "timeout": "a connection has no deadline",
        "hosts": "a connection carries no host name",
        "gateways": "gateways tell services apart by host name, which a connection does not carry",
        "sticky.cookie": "a connection carries no cookie; use source_ip",
        "sticky.header": "a connection carries no headers; use source_ip",
    },
}


def unsupported(args: TrafficRouteArgs) -> list[Problem]:
    """What of `args` their rendering or protocol cannot express: each argument's path and text.

    Pure; `args` must have the right shape, but may be wrong in other ways.
    """
    given = cast(Mapping[str, Any], args)
    rendering, protocol = given.get("rendering", "istio"), given.get("protocol", "http")
    who = f"rendering {rendering!r} cannot express it"
    found = list(_given(given, _LACKS.get(rendering, {}), who))
    found += _given(
        given, _MEANINGLESS.get(protocol, {}), f"protocol {protocol!r} has no place for it"
    )
    if rendering == "gateway-api":
        found += _gateway_api(given, protocol, who)
        found += gateway_api_limits(given, who)
    if rendering == "istio":
        found += _istio(given, who)
    if rendering == "networkservices":
        found += _networkservices(given, protocol, who)
    if protocol == "grpc":
        for index, match in enumerate(given.get("matches", [])):
            if "cookie" in match:
                text = "protocol 'grpc' has no place for it: gRPC clients keep no cookies"
                found.append((f"matches[{index}].cookie", f"{text}; match a header"))
    first: dict[str, str] = {}
    for path, text in found:
        first.setdefault(path, text)
    return list(first.items())


def _given(given: Mapping[str, Any], lacks: dict[str, str], who: str) -> Iterator[Problem]:
    """A problem for each argument that is there though `lacks` names it."""
    for path, why in lacks.items():
        owner, _, field = path.partition(".")
        if owner == "versions":
            for index, version in enumerate(given.get("versions", [])):
                if field in version:
                    yield f"versions[{index}].{field}", f"{who}: {why}"
        elif given.get(owner, {}).get(field) if field else given.get(owner) is not None:
            yield path, f"{who}: {why}"


def _istio(given: Mapping[str, Any], who: str) -> Iterator[Problem]:
    for wide, narrow in covered_hosts(given.get("hosts", [])):
        text = f"a VirtualService has no two hosts of which one covers the other, {wide!r} covers"
        yield "hosts", f"{who}: {text} {narrow!r}; leave out {narrow!r}, or make two routes"


def _gateway_api(given: Mapping[str, Any], protocol: str, who: str) -> Iterator[Problem]:
    if protocol == "tcp":
        yield (
            "protocol",
            f"{who}: the versions of the Gateway API that GKE installs have TCPRoute in the "
            "experimental channel only",
        )
    if protocol == "grpc" and "timeout" in given:
        yield "timeout", f"{who}: a GRPCRoute has no time-outs"
    sticky = given.get("sticky", {})
    if "cookie" in sticky and sticky.get("to", "pod") == "pod":
        yield (
            "sticky.to",
            f"{who}: session persistence is in the Gateway API's experimental channel only; "
            "`version` works",
        )


def _networkservices(given: Mapping[str, Any], protocol: str, who: str) -> Iterator[Problem]:
    if protocol == "http" and "port" in given:
        yield "port", f"{who}: an HttpRoute takes calls to its hosts at every port"
    if protocol == "grpc" and "mirror" in given:
        yield "mirror", f"{who}: a GrpcRoute has no mirror"
    percent = given.get("mirror", {}).get("percent", 100)
    if not is_plain(percent) or percent != 100:
        yield "mirror.percent", f"{who}: an HttpRoute mirrors every call; leave it out"
    if "retry" in given:
        yield from _networkservices_retry(given["retry"], protocol, who)
    if "fault" in given:
        for field in ("timeout", "retry"):
            if field in given:
                yield field, f"{who}: the proxies ignore it while `fault` is set"


def _networkservices_retry(retry: Mapping[str, Any], protocol: str, who: str) -> Iterator[Problem]:
    if is_plain(retry["attempts"]) and retry["attempts"] == 0:
        yield "retry.attempts", f"{who}: retries cannot be switched off; 1 or more"
    if protocol == "grpc" and "per_try_timeout" in retry:
        yield "retry.per_try_timeout", f"{who}: a GrpcRoute has no limit for one try"
    known = RETRY_CONDITIONS.get(protocol, ())
    wanted = retry.get("retry_on")
    if isinstance(wanted, str):
        for condition in wanted.split(","):
            if condition not in known:
                yield "retry.retry_on", f"{who}: {condition!r} is none of {', '.join(known)}"
