"""Rules for gateways: what the mesh shows to callers outside it."""

from collections.abc import Iterator

from meshwright_policies.api_gateways import listeners_hosts_and_tls
from meshwright_policies.mesh_objects import GATEWAY, items, mapping, or_patch
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, each

# Istio's own default is 1.2, so a server that names no version holds.
TOO_OLD = ("TLSV1_0", "TLSV1_1")
OLDEST = "TLSV1_2"


def with_tls_1_2(resource: Resource, settings: Settings) -> dict[str, object] | None:
    """Servers that take older versions of TLS take none older than 1.2."""
    spec = mapping(at(resource.properties, "spec"))
    servers = items(spec, "servers")
    if not any(_too_old(server) for server in servers):
        return None
    mended = [_mended(server) if _too_old(server) else server for server in servers]
    return {**mapping(resource.properties), "spec": {**spec, "servers": mended}}


@resource_rule(
    "MESH-11",
    severity=Severity.HIGH,
    source="Istio's security best practices for hosts, our judgement for TLS",
    title="A gateway serves named hosts over TLS 1.2 or newer, so that no service is published by "
    "accident and no call from outside is readable.",
    types=or_patch(GATEWAY),
    remedy=with_tls_1_2,
    across=listeners_hosts_and_tls,
)
def gateway_hosts_and_tls(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Each server of an Istio Gateway; a plain HTTP one may only redirect.

    Each listener of a Gateway of the Gateway API, with the routes of this stack that it takes:
    those at a plain HTTP one may only redirect, and those at one without a hostname name theirs.
    Which versions of TLS Google's load balancers take is in their SSL policy: it is not judged.
    """
    spec = at(resource.properties, "spec")
    if spec is UNKNOWN or at(spec, "servers") is UNKNOWN:
        yield Unjudged("spec.servers")
    for index, server in each(spec, "servers"):
        path = f"spec.servers[{index}]"
        if server is UNKNOWN:
            yield Unjudged(path)
            continue
        yield from _hosts(path, server)
        yield from _tls(path, server)


def _hosts(path: str, server: object) -> Iterator[Finding]:
    if at(server, "hosts") is UNKNOWN:
        yield Unjudged(f"{path}.hosts")
    for index, host in each(server, "hosts"):
        if host is UNKNOWN:
            yield Unjudged(f"{path}.hosts[{index}]")
        # A host may carry a namespace: `shop/*` serves every host of that namespace.
        elif isinstance(host, str) and host.rpartition("/")[2] == "*":
            yield Violation(
                f"{path}.hosts[{index}]",
                f"{host!r} serves every host",
                "Name the hosts, or a domain such as *.example.com",
            )


def _tls(path: str, server: object) -> Iterator[Finding]:
    tls = at(server, "tls")
    redirect, mode, oldest = (at(tls, k) for k in ("httpsRedirect", "mode", "minProtocolVersion"))
    if tls is UNKNOWN:
        yield Unjudged(f"{path}.tls")
        return
    if redirect is not True and not mode:
        if UNKNOWN in (redirect, mode):
            yield Unjudged(f"{path}.tls.{'mode' if mode is UNKNOWN else 'httpsRedirect'}")
        else:
            protocol = at(server, "port", "protocol")
            yield Violation(
                f"{path}.tls",
                f"this {protocol} server neither speaks TLS nor redirects to a server that does",
                "Set tls.mode with a credentialName, or tls.httpsRedirect: true",
            )
    if oldest is UNKNOWN:
        yield Unjudged(f"{path}.tls.minProtocolVersion")
    elif _too_old(server):
        yield Violation(
            f"{path}.tls.minProtocolVersion", f"is {oldest}", f"Set it to {OLDEST} or leave it out"
        )


def _too_old(server: object) -> bool:
    return at(server, "tls", "minProtocolVersion") in TOO_OLD


def _mended(server: object) -> dict[str, object]:
    tls = {**mapping(at(server, "tls")), "minProtocolVersion": OLDEST}
    return {**mapping(server), "tls": tls}
