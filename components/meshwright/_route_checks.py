"""What a route's arguments must be, whatever they are rendered as."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, cast

from ._durations import is_duration, is_whole_duration, milliseconds
from ._names import DNS_LABEL
from ._route_addresses import address_problems
from ._route_limits import PROTOCOLS, RENDERINGS, Problem, unsupported
from ._traffic_args import TrafficRouteArgs
from ._validation import duplicates, is_plain, one_of

_LABEL = re.compile(DNS_LABEL)
_OUTLIERS = "outlier_detection"
# A header's or cookie's name: a token of RFC 9110.
_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]{1,128}")
# A cookie's value: cookie-octets of RFC 6265.
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]{1,256}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
HEADER_VALUE = "1 to 4096 characters without line breaks or blanks at its ends"
"""What a header's value is, in words."""
# https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter
_RETRY_ON = (
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
)


def route_problems(args: TrafficRouteArgs) -> Iterator[Problem]:
    """Everything wrong with the arguments of a TrafficRoute."""
    given = cast(Mapping[str, Any], args)
    yield from one_of("rendering", given.get("rendering"), RENDERINGS)
    yield from one_of("protocol", given.get("protocol"), PROTOCOLS)
    yield from unsupported(args)
    yield from _required(given)
    yield from address_problems(given)
    yield from _version_problems(given)
    yield from _share_problems(given)
    yield from _match_problems(given)
    yield from _sticky_problems(given)
    yield from _number_problems(given)
    yield from _duration_problems(given)
    yield from _retry_problems(given)


def weight_problems(weights: Mapping[str, object]) -> Iterator[Problem]:
    """What is wrong with known weights: each from 0 to 100, together 100."""
    total = 0
    for name, weight in weights.items():
        if not isinstance(weight, int | float) or not 0 <= weight <= 100:
            yield f"weights.{name}", f"{weight!r} is not a whole number from 0 to 100"
        else:
            total += int(weight)
    if total != 100:
        yield "weights", f"add up to {total}; make them add up to 100"


def _required(given: Mapping[str, Any]) -> Iterator[Problem]:
    """What a rendering cannot do without."""
    rendering, protocol = given.get("rendering", "istio"), given.get("protocol", "http")
    needed: dict[str, list[str]] = {
        "istio": ["namespace"],
        "gateway-api": ["namespace", "port"],
        "networkservices": ["project", "meshes"],
    }
    for field in needed.get(rendering, []):
        if not given.get(field):
            yield field, f"missing; rendering {rendering!r} requires it"
    if (rendering, protocol) == ("networkservices", "tcp") and "port" not in given:
        yield "port", "missing; a TcpRoute matches connections by it"
    for index, version in enumerate(given["versions"]):
        if rendering == "networkservices" and "backend_service" not in version:
            yield f"versions[{index}].backend_service", "missing; networkservices requires it"
        if rendering == "gateway-api" and "service" not in version and "selector" not in given:
            text = "missing; name the version's Service, or give `selector` to have one made"
            yield f"versions[{index}].service", text
    if bool(given.get("hosts")) != bool(given.get("gateways")) and rendering != "networkservices":
        missing = "gateways" if given.get("hosts") else "hosts"
        yield missing, "hosts and gateways go together: gateways serve the hosts"


def _version_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    names: list[str] = [version["name"] for version in given["versions"]]
    if not names:
        yield "versions", "is empty; name at least one version"
    for name in duplicates(names):
        yield "versions", f"two versions are named {name!r}; names are unique in a route"
    for index, name in enumerate(names):
        if not _LABEL.fullmatch(name):
            text = "may only have up to 63 lower-case letters, digits and inner hyphens"
            yield f"versions[{index}].name", f"{name!r} {text}"
    yield from one_of("active", given.get("active"), names)
    yield from one_of("mirror.version", given.get("mirror", {}).get("version"), names)
    for index, match in enumerate(given.get("matches", [])):
        yield from one_of(f"matches[{index}].version", match.get("version"), names)
        for name in match.get("weights", {}):
            yield from one_of(f"matches[{index}].weights.{name}", name, names)
    for name in given.get("weights", {}):
        yield from one_of(f"weights.{name}", name, names)


def _share_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    weights = given.get("weights")
    if ("active" in given) == (weights is not None):
        yield "weights", "give either weights, the shares, or active, the version that gets all"
    if weights is not None and all(is_plain(weight) for weight in weights.values()):
        yield from weight_problems(weights)


def _match_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    for index, match in enumerate(given.get("matches", [])):
        path, headers = f"matches[{index}]", [name.lower() for name in match.get("headers", {})]
        weights = match.get("weights")
        if ("version" in match) == (weights is not None):
            yield path, "give either version, which gets all these calls, or weights"
        elif weights is not None and all(is_plain(weight) for weight in weights.values()):
            for below, text in weight_problems(weights):
                yield f"{path}.{below}", text
        if not headers and "cookie" not in match:
            yield path, "matches every call; name a header or a cookie"
        for name in duplicates(headers):
            yield f"{path}.headers", f"names {name!r} twice; case does not tell headers apart"
        if "cookie" in match and "cookie" in headers:
            yield f"{path}.headers", "holds the Cookie header; `cookie` matches it already"
        for name, value in match.get("headers", {}).items():
            yield from _token(f"{path}.headers", name)
            if isinstance(value, str) and not is_header_value(value):
                yield (
                    f"{path}.headers.{name}",
                    f"no call has it: a header's value is {HEADER_VALUE}",
                )
        if "cookie" in match:
            yield from _token(f"{path}.cookie.name", match["cookie"]["name"])
            value = match["cookie"]["value"]
            if isinstance(value, str) and not _COOKIE_VALUE.fullmatch(value):
                text = '1 to 256 printable ASCII characters other than blanks and ",;\\'
                yield f"{path}.cookie.value", f"no call has it: a cookie's value is {text}"


def _sticky_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    sticky = given.get("sticky")
    if sticky is None:
        return
    yield from one_of("sticky.to", sticky.get("to"), ("version", "pod"))
    by = [field for field in ("cookie", "header", "source_ip") if sticky.get(field)]
    if len(by) != 1:
        yield "sticky", "give exactly one of cookie, header and source_ip"
    if sticky.get("to") == "version" and "cookie" not in sticky:
        yield "sticky.cookie", "missing; only a cookie can tell a caller's version"
    if "ttl" in sticky and "cookie" not in sticky:
        yield "sticky.ttl", "is a cookie's; there is none"
    for field in ("cookie", "header"):
        if field in sticky:
            yield from _token(f"sticky.{field}", sticky[field])


def is_header_value(value: str) -> bool:
    """Whether a header can have it; proxies drop blanks at its ends."""
    return 0 < len(value) <= 4096 and value.strip() == value and not _CONTROL.search(value)


def _token(path: str, name: str) -> Iterator[Problem]:
    if not _TOKEN.fullmatch(name):
        yield path, f"{name!r} is no name for a header or a cookie"


def _number_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    fault = given.get("fault", {})
    if "fault" in given and not fault.get("delay") and not fault.get("abort"):
        yield "fault", "is empty; give delay, abort or both"
    delay, abort = fault.get("delay", {}), fault.get("abort", {})
    outliers = given.get(_OUTLIERS, {})
    limits: list[tuple[str, object, int, int]] = [
        ("mirror.percent", given.get("mirror", {}).get("percent"), 0, 100),
        ("fault.delay.percent", delay.get("percent"), 0, 100),
        ("fault.abort.percent", abort.get("percent"), 0, 100),
        ("fault.abort.http_status", abort.get("http_status"), 200, 599),
        ("port", given.get("port"), 1, 65535),
        ("target_port", given.get("target_port"), 1, 65535),
        ("retry.attempts", given.get("retry", {}).get("attempts"), 0, 100),
        (f"{_OUTLIERS}.consecutive_5xx_errors", outliers.get("consecutive_5xx_errors"), 1, 1000),
        (f"{_OUTLIERS}.max_ejection_percent", outliers.get("max_ejection_percent"), 1, 100),
    ]
    for path, value, low, high in limits:
        if isinstance(value, int | float) and not low <= value <= high:
            yield path, f"{value!r} is not a whole number from {low} to {high}"


def _duration_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    delay = given.get("fault", {}).get("delay", {})
    outliers = given.get(_OUTLIERS, {})
    for path, value in (
        ("timeout", given.get("timeout")),
        ("retry.per_try_timeout", given.get("retry", {}).get("per_try_timeout")),
        ("fault.delay.fixed_delay", delay.get("fixed_delay")),
        ("sticky.ttl", given.get("sticky", {}).get("ttl")),
        (f"{_OUTLIERS}.interval", outliers.get("interval")),
        (f"{_OUTLIERS}.base_ejection_time", outliers.get("base_ejection_time")),
    ):
        if isinstance(value, str) and not is_duration(value):
            yield path, f"{value!r} is not a duration such as `2s` or `500ms`"
        elif isinstance(value, str) and not is_whole_duration(value, least=path != "sticky.ttl"):
            yield path, f"{value!r} is not from 1ms to 9999h in whole milliseconds"


def _retry_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    retry = given.get("retry", {})
    wanted = retry.get("retry_on")
    for condition in wanted.split(",") if isinstance(wanted, str) else []:
        if condition not in _RETRY_ON and not _is_status(condition):
            yield from one_of("retry.retry_on", condition, (*_RETRY_ON, "an HTTP status code"))
    timeout, one, attempts = (
        given.get("timeout"),
        retry.get("per_try_timeout"),
        retry.get("attempts"),
    )
    if not isinstance(timeout, str) or not isinstance(one, str) or not is_plain(attempts):
        return
    if is_duration(timeout) and is_duration(one):
        needed = milliseconds(one) * (int(attempts) + 1)
        if needed > milliseconds(timeout):
            yield (
                "retry.per_try_timeout",
                f"{int(attempts) + 1} tries of {one} do not fit into timeout {timeout}",
            )


def _is_status(text: str) -> bool:
    return text.isdecimal() and int(text) in {status.value for status in HTTPStatus}
