"""What the rules of a route match, in Envoy's words."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]
_ANY: Json = {"prefix": "/"}
_STRINGS = {"exactMatch": "exact", "prefixMatch": "prefix", "suffixMatch": "suffix"}


def http_matches(given: list[Json]) -> list[Json]:
    """One match of Envoy's for each of an HttpRoute's rule, which any of them picks."""
    return [_http(match) for match in given] or [_ANY]


def grpc_matches(given: list[Json]) -> list[Json]:
    """The same of a GrpcRoute's; only calls of gRPC match."""
    return [_grpc(match) for match in given or [{}]]


def _http(match: Json) -> Json:
    made = _path(match)
    headers = [_header(header) for header in match.get("headers", [])]
    parameters = [_parameter(parameter) for parameter in match.get("queryParameters", [])]
    if match.get("ignoreCase"):
        made["caseSensitive"] = False
    return _with(made, headers=headers, queryParameters=parameters)


def _path(match: Json) -> Json:
    if "fullPathMatch" in match:
        return {"path": match["fullPathMatch"]}
    if "regexMatch" in match:
        return {"safeRegex": {"regex": match["regexMatch"]}}
    return {"prefix": match.get("prefixMatch", "/")}


def _header(given: Json) -> Json:
    made: Json = {"name": given["header"]}
    for name, envoys in _STRINGS.items():
        if name in given:
            made["stringMatch"] = {envoys: given[name]}
    if "regexMatch" in given:
        made["stringMatch"] = {"safeRegex": {"regex": given["regexMatch"]}}
    if given.get("presentMatch"):
        made["presentMatch"] = True
    if "rangeMatch" in given:
        limits = given["rangeMatch"]
        made["rangeMatch"] = {"start": limits.get("start", 0), "end": limits.get("end", 0)}
    if given.get("invertMatch"):
        made["invertMatch"] = True
    return made


def _parameter(given: Json) -> Json:
    made: Json = {"name": given["queryParameter"]}
    if given.get("presentMatch"):
        made["presentMatch"] = True
    elif "regexMatch" in given:
        made["stringMatch"] = {"safeRegex": {"regex": given["regexMatch"]}}
    else:
        made["stringMatch"] = {"exact": given.get("exactMatch", "")}
    return made


def _grpc(match: Json) -> Json:
    headers = [
        {
            "name": header["key"],
            "stringMatch": {"safeRegex": {"regex": header["value"]}}
            if header.get("type") == "REGULAR_EXPRESSION"
            else {"exact": header["value"]},
        }
        for header in match.get("headers", [])
    ]
    made = {**_method(match.get("method", {})), "grpc": {}}
    return _with(made, headers=headers)


def _method(method: Json) -> Json:
    """A call's path is its service and its method."""
    service, name = method.get("grpcService"), method.get("grpcMethod")
    if not service and not name:
        return dict(_ANY)
    if method.get("type") == "REGULAR_EXPRESSION":
        return {"safeRegex": {"regex": f"/{service or '[^/]+'}/{name or '[^/]+'}"}}
    sensitive: Json = {} if method.get("caseSensitive", True) else {"caseSensitive": False}
    if service and name:
        return {"path": f"/{service}/{name}"} | sensitive
    if service:
        return {"prefix": f"/{service}/"} | sensitive
    pattern = f"/[^/]+/{re.escape(str(name))}"
    return {"safeRegex": {"regex": pattern if not sensitive else f"(?i){pattern}"}}


def _with(made: Json, **more: list[Json]) -> Json:
    return made | {name: value for name, value in more.items() if value}
