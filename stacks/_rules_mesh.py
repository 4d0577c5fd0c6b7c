"""Security and log sinks: what contradicts, refers to nothing, or denies what a route promises."""

from collections.abc import Iterator

from stacks._rules_names import known, unique_texts
from stacks._view import Problem, View, as_list


def check(spec: View) -> Iterator[Problem]:
    """Mutual TLS against plaintext, permissions against workloads, sinks against destinations."""
    yield from _plaintext(spec)
    yield from _calls(spec)
    for sink in spec.each("log_sinks"):
        kinds = [key for key in ("log_bucket", "bigquery") if sink.has(key)]
        if len(kinds) != 1:
            yield sink.problem(
                "name",
                f"a sink has exactly one destination, this has {len(kinds)}",
                "keep one of log_bucket and bigquery",
            )


def _plaintext(spec: View) -> Iterator[Problem]:
    strict = spec.part("security").text("mtls") == "STRICT"
    for namespace in spec.each("namespaces"):
        for service in namespace.each("services"):
            if strict and service.get("plaintext_ports"):
                yield service.problem(
                    "plaintext_ports",
                    "security.mtls is STRICT, so no port takes plaintext",
                    "give the callers a proxy and remove it, or write security.mtls: PERMISSIVE",
                )
            yield from _port_of(service)


def _port_of(service: View) -> Iterator[Problem]:
    for index, port in enumerate(as_list(service.get("plaintext_ports"))):
        if port != service.get("port") and isinstance(port, int) and not isinstance(port, bool):
            yield service.problem(
                ("plaintext_ports", index),
                "must be the service's own port",
                f"write {service.get('port')}",
            )


def _calls(spec: View) -> Iterator[Problem]:
    services = {
        f"{namespace.text('name')}/{service.text('name')}": service
        for namespace in spec.each("namespaces")
        for service in namespace.each("services")
    }
    gateways = {f"{g.text('namespace')}/{g.text('name')}" for g in spec.each("gateways")}
    calls = spec.part("security").each("calls")
    seen: set[tuple[str | None, str | None]] = set()
    for call in calls:
        caller, callee = call.text("from"), call.text("to")
        yield from known(call, "from", caller, {*services, *gateways}, "service or gateway")
        yield from known(call, "to", callee, services, "service")
        if (caller, callee) in seen:
            yield call.problem(
                "to", "this pair is named already", "put methods and paths into one entry"
            )
        seen.add((caller, callee))
        yield from unique_texts(call, "methods", "method")
        yield from unique_texts(call, "paths", "path")
        target = services.get(callee or "")
        if target is not None and target.text("protocol") == "tcp":
            for key in ("methods", "paths"):
                if call.get(key):
                    yield call.problem(key, "the service speaks tcp, not HTTP", "remove it")
    for name, service in services.items():
        gateway = service.part("route").text("gateway") if service.has("route") else None
        if gateway in gateways and (gateway, name) not in seen:
            yield service.problem(
                ("route", "gateway"),
                "calls are denied by default and nothing lets the gateway call this service",
                f"add to security.calls: {{from: {gateway}, to: {name}}}",
            )
