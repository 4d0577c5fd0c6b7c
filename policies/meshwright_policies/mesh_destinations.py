"""Rules for calls to a destination: how they are encrypted, and how their protocol is known."""

import re
from collections.abc import Iterator

from meshwright_policies.mesh_objects import (
    DESTINATION_RULE,
    SERVICE,
    is_system,
    meshes,
    namespace,
    of_kind,
    or_patch,
)
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
    stack_rule,
)
from meshwright_policies.values import UNKNOWN, at, each

# https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
PROTOCOL_NAME = re.compile(
    r"(http|http2|https|grpc|grpc-web|tcp|tls|udp|mongo|mysql|redis|hbone)(-[a-z0-9-]+)?$"
)
# Where Istio's own proxies answer health checks and scrapes.
PROXY_PORTS = (15020, 15021, 15090)


@resource_rule(
    "MESH-10",
    severity=Severity.HIGH,
    source="Google's DestinationRuleTLSEnabled, Istio's security best practices",
    title="No DestinationRule turns encryption off or leaves the server unverified, so that nobody "
    "on the way reads or answers a call.",
    types=or_patch(DESTINATION_RULE),
)
def destination_tls(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """The host's settings, those of its ports, and those of its subsets."""
    if at(resource.properties, "spec") is UNKNOWN:
        yield Unjudged("spec")
        return
    for path, policy in policies(resource):
        if policy is UNKNOWN:
            yield Unjudged(path)
        elif at(policy, "tls") is UNKNOWN:
            yield Unjudged(f"{path}.tls")
        elif at(policy, "tls") is not None:
            yield from _tls(f"{path}.tls", at(policy, "tls"))


@stack_rule(
    "MESH-12",
    severity=Severity.LOW,
    source="Google's AllowedServicePortName, Istio's protocol selection",
    title="Each Service port of the mesh says its protocol, so that proxies route, count and "
    "authorize its calls as what they are.",
)
def named_protocols(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """By `appProtocol`, or by a name such as `grpc-orders`; UDP says it in its own way."""
    for objects in meshes(resources).values():
        for service in of_kind(objects, SERVICE):
            if not is_system(namespace(service)):
                yield from _ports(service)


def policies(resource: Resource) -> Iterator[tuple[str, object]]:
    """Every traffic policy of a DestinationRule, with the path that leads to it."""
    places = [("spec.trafficPolicy", at(resource.properties, "spec", "trafficPolicy"))]
    for index, subset in each(resource.properties, "spec", "subsets"):
        places.append((f"spec.subsets[{index}].trafficPolicy", at(subset, "trafficPolicy")))
    for path, policy in places:
        yield path, policy
        for index, port in each(policy, "portLevelSettings"):
            yield f"{path}.portLevelSettings[{index}]", port


def _tls(path: str, tls: object) -> Iterator[Finding]:
    mode = at(tls, "mode")
    if mode is UNKNOWN:
        yield Unjudged(f"{path}.mode")
    elif mode in ("DISABLE", None):
        said = "is 'DISABLE'" if mode else "is not set, which means DISABLE,"
        yield Violation(
            f"{path}.mode",
            f"{said} and sends plaintext",
            "Remove it, so that the mesh encrypts by itself, or set ISTIO_MUTUAL or SIMPLE",
        )
    if mode in ("SIMPLE", "MUTUAL"):
        yield from _verification(path, tls)


def _verification(path: str, tls: object) -> Iterator[Finding]:
    """Whether the server's certificate is checked against named authorities."""
    authorities = (at(tls, "caCertificates"), at(tls, "credentialName"))
    if at(tls, "insecureSkipVerify") is True:
        yield Violation(
            f"{path}.insecureSkipVerify",
            "is true, which takes any server's certificate",
            "Remove it, and name the authorities by caCertificates",
        )
    elif UNKNOWN in authorities:
        yield Unjudged(f"{path}.caCertificates")
    elif not any(authorities):
        yield Violation(
            f"{path}.caCertificates",
            "is not set, so that it depends on the proxy's version whether it verifies the server",
            "Name a file of authorities, such as /etc/ssl/certs/ca-certificates.crt, or a "
            "credentialName",
        )


def _ports(service: Resource) -> Iterator[Finding]:
    spec = at(service.properties, "spec")
    if spec is UNKNOWN or at(spec, "ports") is UNKNOWN:
        yield Unjudged("spec.ports", service.urn)
    for index, port in each(spec, "ports"):
        protocol, name = at(port, "appProtocol"), at(port, "name")
        if at(port, "protocol") == "UDP" or at(port, "port") in PROXY_PORTS:
            continue
        if UNKNOWN in (protocol, name):
            yield Unjudged(f"spec.ports[{index}].appProtocol", service.urn)
        elif not protocol and not (isinstance(name, str) and PROTOCOL_NAME.match(name)):
            yield Violation(
                f"spec.ports[{index}].appProtocol",
                f"is not set, and the name {name!r} says no protocol",
                "Set it, such as to http, http2, grpc or tcp",
                service.urn,
            )
