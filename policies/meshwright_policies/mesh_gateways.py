"""Rules for gateways: what the mesh shows to callers outside it."""

import re
from collections.abc import Iterator

from meshwright_policies.rule import Resource, Settings, Severity, Violation, resource_rule
from meshwright_policies.values import UNKNOWN, at, each

GATEWAY = re.compile(r"kubernetes:networking\.istio\.io/\w+:Gateway$")
# Istio's own default is 1.2, so a server that names no version holds.
TOO_OLD = ("TLSV1_0", "TLSV1_1")


@resource_rule(
    "MESH-11",
    severity=Severity.HIGH,
    source="Istio's security best practices for hosts, our judgement for TLS",
    title="A gateway serves named hosts over TLS 1.2 or newer, so that no service is published by "
    "accident and no call from outside is readable.",
)
def gateway_hosts_and_tls(resource: Resource, settings: Settings) -> Iterator[Violation]:
    """Each server of an Istio Gateway; a plain HTTP one may only redirect."""
    if not GATEWAY.match(resource.type):
        return
    for index, server in each(resource.properties, "spec", "servers"):
        path = f"spec.servers[{index}]"
        yield from _hosts(path, server)
        yield from _tls(path, server)


def _hosts(path: str, server: object) -> Iterator[Violation]:
    for index, host in each(server, "hosts"):
        # A host may carry a namespace: `shop/*` serves every host of that namespace.
        if isinstance(host, str) and host.rpartition("/")[2] == "*":
            yield Violation(
                f"{path}.hosts[{index}]",
                f"{host!r} serves every host",
                "Name the hosts, or a domain such as *.example.com",
            )


def _tls(path: str, server: object) -> Iterator[Violation]:
    tls = at(server, "tls")
    if tls is UNKNOWN:
        return
    redirect, mode, oldest = (at(tls, k) for k in ("httpsRedirect", "mode", "minProtocolVersion"))
    if redirect is not True and not mode and UNKNOWN not in (redirect, mode):
        protocol = at(server, "port", "protocol")
        yield Violation(
            f"{path}.tls",
            f"this {protocol} server neither speaks TLS nor redirects to a server that does",
            "Set tls.mode with a credentialName, or tls.httpsRedirect: true",
        )
    if oldest in TOO_OLD:
        yield Violation(
            f"{path}.tls.minProtocolVersion", f"is {oldest}", "Set it to TLSV1_2 or leave it out"
        )
