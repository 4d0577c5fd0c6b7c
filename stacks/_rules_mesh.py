"""Security: what contradicts, refers to nothing, or denies what a route promises."""

from collections.abc import Iterator

from meshwright.security import path_problems
from stacks._rules_names import known, unique, unique_texts
from stacks._view import Problem, View, as_list


def check(spec: View) -> Iterator[Problem]:
    """Mutual TLS against plaintext, permissions and tokens against workloads."""
    yield from _plaintext(spec)
    yield from _calls(spec)
    yield from _users(spec)


def _plaintext(spec: View) -> Iterator[Problem]:
    strict = spec.part("security").text("mtls") == "STRICT"
    exceptions = {e.text("service"): e for e in spec.part("security").each("plaintext")}
    services = _services(spec)
    yield from unique(exceptions_of(spec), "exception", "service")
    for name, exception in exceptions.items():
        yield from known(exception, "service", name, services, "service")
        if name in services and not services[name].get("plaintext_ports"):
            yield exception.problem(
                "service", "this service has no plaintext_ports", "add them there, or remove it"
            )
    for namespace in spec.each("namespaces"):
        for service in namespace.each("services"):
            excepted = f"{namespace.text('name')}/{service.text('name')}" in exceptions
            if strict and service.get("plaintext_ports") and not excepted:
                yield service.problem(
                    "plaintext_ports",
                    "security.mtls is STRICT, so no port takes plaintext",
                    "give the callers a proxy and remove it, name it in security.plaintext with "
                    "reason and expires, or write security.mtls: PERMISSIVE",
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
    services = _services(spec)
    gateways = _doors(spec, "gateways")
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
        for index, path in call.texts("paths"):
            for _, text in path_problems("", [path] if path.startswith(("/", "*")) else []):
                yield call.problem(("paths", index), text, "write it like /charge/*")
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


def exceptions_of(spec: View) -> list[View]:
    """The exceptions from STRICT."""
    return spec.part("security").each("plaintext")


def _services(spec: View) -> dict[str, View]:
    return {
        f"{namespace.text('name')}/{service.text('name')}": service
        for namespace in spec.each("namespaces")
        for service in namespace.each("services")
    }


def _doors(spec: View, key: str) -> set[str]:
    return {f"{g.text('namespace')}/{g.text('name')}" for g in spec.each(key)}


def _users(spec: View) -> Iterator[Problem]:
    """Users' tokens are asked for by a workload that exists, once for each issuer."""
    services = _services(spec)
    targets = {*services, *_doors(spec, "gateways")}
    seen: set[tuple[str | None, str | None]] = set()
    for jwt in spec.part("security").each("jwt"):
        pair = (jwt.text("service"), jwt.text("issuer"))
        yield from known(jwt, "service", pair[0], targets, "service or gateway")
        yield from unique_texts(jwt, "audiences", "audience")
        target = services.get(pair[0] or "")
        if target is not None and target.text("protocol") == "tcp":
            yield jwt.problem(
                "service",
                "the service speaks tcp, which carries no token, so that every call were denied",
                "remove it, or have the service speak http or grpc",
            )
        if pair in seen:
            yield jwt.problem(
                "issuer", "this service has the issuer already", "put the audiences into one entry"
            )
        seen.add(pair)
