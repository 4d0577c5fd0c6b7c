"""HttpRoutes and GrpcRoutes as Envoy's table of routes.

Words and defaults are those of https://cloud.google.com/service-mesh/docs/reference/network-services/rest
and of https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from meshwright_sandbox.trafficdirector.clusters import PASSTHROUGH, duration
from meshwright_sandbox.trafficdirector.matches import grpc_matches, http_matches
from meshwright_sandbox.trafficdirector.meshes import Mesh

Json = dict[str, Any]
OUTBOUND = "outbound"
FAULT = "envoy.filters.http.fault"
SESSION = "envoy.filters.http.stateful_session"
CORS = "envoy.filters.http.cors"
_FAULT_TYPE = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
_SESSION_TYPE = (
    "type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute"
)
_CORS_TYPE = "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy"
_COOKIE_TYPE = (
    "type.googleapis.com/envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState"
)
# https://cloud.google.com/service-mesh/docs/service-routing/advanced-traffic-management#stateful
_COOKIE_NAME = "GSSA"
# A backend service's own time-out, where a route gives none.
_TIMEOUT_SECONDS = 30
_REDIRECTS = {
    "MOVED_PERMANENTLY_DEFAULT": "MOVED_PERMANENTLY",
    "RESPONSE_CODE_UNSPECIFIED": "MOVED_PERMANENTLY",
}


def route_table(mesh: Mesh) -> Json:
    """One virtual host for each route; calls to any other host go where they were going."""
    hosts = [_virtual_host(mesh, route, http_matches) for route in mesh.routes["http"]]
    hosts += [_virtual_host(mesh, route, grpc_matches) for route in mesh.routes["grpc"]]
    if not any("*" in host["domains"] for host in hosts):
        other: Json = {"match": {"prefix": "/"}, "route": {"cluster": PASSTHROUGH, "timeout": "0s"}}
        hosts.append({"name": PASSTHROUGH, "domains": ["*"], "routes": [other]})
    return {"name": OUTBOUND, "virtualHosts": hosts, "validateClusters": False}


def _virtual_host(mesh: Mesh, route: Json, matches: Any) -> Json:
    routes = [
        {"match": match, **_action(mesh, rule["action"])}
        for rule in route["rules"]
        for match in matches(rule.get("matches", []))
    ]
    return {"name": route["name"], "domains": list(_domains(route)), "routes": routes}


def _domains(route: Json) -> Iterator[str]:
    """A host name without a port is for every port."""
    for host in route["hostnames"]:
        yield host
        if "*" not in host and ":" not in host:
            yield f"{host}:*"


def _action(mesh: Mesh, action: Json) -> Json:
    made: Json = {}
    if "redirect" in action:
        made["redirect"] = _redirect(action["redirect"])
    elif "directResponse" in action:
        made["directResponse"] = _direct_response(action["directResponse"])
    else:
        made["route"] = _forwarding(mesh, action)
    made |= _header_changes(action)
    filters: Json = {}
    if "corsPolicy" in action:
        filters[CORS] = _cors(action["corsPolicy"])
    if "faultInjectionPolicy" in action:
        filters[FAULT] = _fault(action["faultInjectionPolicy"])
    if "statefulSessionAffinity" in action:
        filters[SESSION] = _session(action["statefulSessionAffinity"])
    return made | ({"typedPerFilterConfig": filters} if filters else {})


def _forwarding(mesh: Mesh, action: Json) -> Json:
    destinations = action.get("destinations", [])
    made: Json = {
        "weightedClusters": {
            "clusters": [
                {
                    "name": destination["serviceName"],
                    "weight": destination.get("weight", 1),
                    **_header_changes(destination),
                }
                for destination in with_share(destinations)
            ]
        }
    }
    made |= _mirror(action) | _rewrite(action.get("urlRewrite", {}))
    if policies := _affinity(mesh, destinations):
        made["hashPolicy"] = policies
    if "idleTimeout" in action:
        made["idleTimeout"] = action["idleTimeout"]
    # As the API's reference has it: time-out and retries are ignored beside a fault.
    if "faultInjectionPolicy" in action:
        return made
    made["timeout"] = action.get("timeout") or _longest_timeout(mesh, destinations)
    if "retryPolicy" in action:
        made["retryPolicy"] = _retry(action["retryPolicy"])
    return made


def _affinity(mesh: Mesh, destinations: list[Json]) -> list[Json]:
    """What of a call its backend services choose the machine by, each once.

    https://cloud.google.com/compute/docs/reference/rest/v1/backendServices, `sessionAffinity`
    """
    known = (mesh.backends.get(destination["serviceName"]) for destination in destinations)
    found = [_hashed(backend.document) for backend in known if backend]
    return [policy for n, policy in enumerate(found) if policy and policy not in found[:n]]


def _hashed(document: Json) -> Json:
    """An affinity is kept by the policies that hash alone."""
    if document.get("localityLbPolicy") not in ("RING_HASH", "MAGLEV"):
        return {}
    given = document.get("consistentHash", {})
    match document.get("sessionAffinity", "NONE"):
        case "CLIENT_IP":
            return {"connectionProperties": {"sourceIp": True}}
        case "HEADER_FIELD":
            return {"header": {"headerName": given["httpHeaderName"]}}
        case "HTTP_COOKIE":
            cookie = given["httpCookie"]
            ttl = {"ttl": duration(cookie["ttl"])} if "ttl" in cookie else {}
            return {"cookie": {"name": cookie["name"], "path": cookie.get("path", "/"), **ttl}}
        case _:
            return {}


def with_share(destinations: Iterable[Json]) -> list[Json]:
    """Envoy takes no table in which nobody has a share; the API then shares out evenly."""
    given = list(destinations)
    if any(destination.get("weight", 1) for destination in given):
        return [destination for destination in given if destination.get("weight", 1)]
    return [destination | {"weight": 1} for destination in given]


def _longest_timeout(mesh: Mesh, destinations: list[Json]) -> str:
    """Where a route gives no time-out: the longest of its backend services'."""
    known = (mesh.backends.get(destination["serviceName"]) for destination in destinations)
    seconds = [int(b.document.get("timeoutSec", _TIMEOUT_SECONDS)) for b in known if b]
    return f"{max(seconds, default=_TIMEOUT_SECONDS)}s"


def _mirror(action: Json) -> Json:
    policy = action.get("requestMirrorPolicy", {})
    if not policy:
        return {}
    percent = float(policy.get("mirrorPercent", 100))
    share = {"numerator": round(percent * 10_000), "denominator": "MILLION"}
    shadow = {
        "cluster": policy["destination"]["serviceName"],
        "runtimeFraction": {"defaultValue": share},
    }
    return {"requestMirrorPolicies": [shadow]}


def _rewrite(given: Json) -> Json:
    made: Json = {}
    if "pathPrefixRewrite" in given:
        made["prefixRewrite"] = given["pathPrefixRewrite"]
    if "hostRewrite" in given:
        made["hostRewriteLiteral"] = given["hostRewrite"]
    return made


def _retry(given: Json) -> Json:
    made: Json = {
        "retryOn": ",".join(given.get("retryConditions", [])),
        "numRetries": given.get("numRetries", 1),
    }
    if "perTryTimeout" in given:
        made["perTryTimeout"] = duration(given["perTryTimeout"])
    return made


def _redirect(given: Json) -> Json:
    made: Json = {}
    for name, envoys in (
        ("hostRedirect", "hostRedirect"),
        ("pathRedirect", "pathRedirect"),
        ("prefixRewrite", "prefixRewrite"),
        ("portRedirect", "portRedirect"),
        ("httpsRedirect", "httpsRedirect"),
        ("stripQuery", "stripQuery"),
    ):
        if name in given:
            made[envoys] = given[name]
    code = given.get("responseCode", "RESPONSE_CODE_UNSPECIFIED")
    return made | {"responseCode": _REDIRECTS.get(code, code)}


def _direct_response(given: Json) -> Json:
    body: Json = {"inlineString": given.get("stringBody", "")}
    if "bytesBody" in given:
        body = {"inlineBytes": given["bytesBody"]}
    return {"status": given["status"], "body": body}


def _header_changes(given: Json) -> Json:
    made: Json = {}
    for side in ("request", "response"):
        changes = given.get(f"{side}HeaderModifier", {})
        added = [
            {"header": {"key": key, "value": value}, "appendAction": how}
            for field, how in (
                ("set", "OVERWRITE_IF_EXISTS_OR_ADD"),
                ("add", "APPEND_IF_EXISTS_OR_ADD"),
            )
            for key, value in changes.get(field, {}).items()
        ]
        if added:
            made[f"{side}HeadersToAdd"] = added
        if changes.get("remove"):
            made[f"{side}HeadersToRemove"] = changes["remove"]
    return made


def _fault(given: Json) -> Json:
    made: Json = {"@type": _FAULT_TYPE}
    if "delay" in given:
        made["delay"] = {"fixedDelay": given["delay"]["fixedDelay"], **_percent(given["delay"])}
    if "abort" in given:
        made["abort"] = {"httpStatus": given["abort"]["httpStatus"], **_percent(given["abort"])}
    return made


def _percent(given: Json) -> Json:
    return {"percentage": {"numerator": given.get("percentage", 0), "denominator": "HUNDRED"}}


def _cors(given: Json) -> Json:
    origins = [{"exact": origin} for origin in given.get("allowOrigins", [])]
    patterns = given.get("allowOriginRegexes", [])
    made: Json = {
        "@type": _CORS_TYPE,
        "allowOriginStringMatch": [*origins, *({"safeRegex": {"regex": p}} for p in patterns)],
    }
    for name in ("allowMethods", "allowHeaders", "exposeHeaders", "maxAge"):
        if name in given:
            value = given[name]
            made[name] = ",".join(value) if isinstance(value, list) else str(value)
    if "allowCredentials" in given:
        made["allowCredentials"] = given["allowCredentials"]
    if given.get("disabled"):
        made["filterEnabled"] = {"defaultValue": {"numerator": 0, "denominator": "HUNDRED"}}
    return made


def _session(given: Json) -> Json:
    cookie: Json = {"name": _COOKIE_NAME, "path": "/"}
    if duration(given["cookieTtl"]).strip("0.s"):
        cookie["ttl"] = given["cookieTtl"]
    state = {
        "name": "envoy.http.stateful_session.cookie",
        "typedConfig": {"@type": _COOKIE_TYPE, "cookie": cookie},
    }
    return {"@type": _SESSION_TYPE, "statefulSession": {"sessionState": state}}
