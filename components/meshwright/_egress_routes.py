"""Istio's objects that lead calls to hosts outside through an egress gateway."""

from collections.abc import Iterator
from typing import NamedTuple

import pulumi

_NETWORKING = "networking.istio.io/v1"
_SECURITY = "security.istio.io/v1"
# Ports of the gateway's Service: TLS that is handed through, and HTTP it speaks TLS for.
_PASS, _ORIGINATE = 443, 80
# The proxy image's own bundle; without a bundle Envoy would take any certificate.
_PUBLIC_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


class ExternalHost(NamedTuple):
    """A host outside, the port where it speaks TLS, and who may call it."""

    host: str
    port: int
    originate_tls: bool
    callers: tuple[str, ...]
    word: str
    """What stands for it in names."""

    @property
    def gateway_port(self) -> int:
        """The port on which the gateway takes calls to it."""
        return _ORIGINATE if self.originate_tls else _PASS


class EgressObject(NamedTuple):
    """One object to make in the gateway's namespace."""

    role: str
    api: str
    kind: str
    name: str
    spec: dict[str, object]


class EgressRoutes:
    """The objects of one gateway; they are seen by the callers' namespaces alone."""

    def __init__(
        self,
        gateway: str,
        namespace: pulumi.Input[str],
        selector: dict[str, pulumi.Input[str]],
        trust_domain: pulumi.Input[str],
        hosts: list[ExternalHost],
    ) -> None:
        self._gateway = gateway
        self._namespace = namespace
        self._selector = selector
        self._trust_domain = trust_domain
        self._hosts = hosts
        self._service = pulumi.Output.concat(gateway, ".", namespace, ".svc.cluster.local")
        self._path = pulumi.Output.concat(namespace, "/", gateway)

    def objects(self) -> Iterator[EgressObject]:
        """Every object, in an order in which none names one that is still to come."""
        yield self._listeners()
        yield self._mutual_tls()
        for host in self._hosts:
            yield self._object("entry", _NETWORKING, "ServiceEntry", host, self._entry(host))
            if host.originate_tls:
                spec = self._origination(host)
                yield self._object("tls", _NETWORKING, "DestinationRule", host, spec)
            yield self._object("policy", _SECURITY, "AuthorizationPolicy", host, self._allow(host))
            yield self._object("route", _NETWORKING, "VirtualService", host, self._route(host))

    def _object(
        self, role: str, api: str, kind: str, host: ExternalHost, spec: dict[str, object]
    ) -> EgressObject:
        name = f"{self._gateway}-{host.word}"
        return EgressObject(f"{host.word}-{role}", api, kind, name, spec)

    def _seen_by(self, hosts: list[ExternalHost]) -> list[str]:
        callers = {caller.split("/")[0] for host in hosts for caller in host.callers}
        return [".", *sorted(callers)]

    def _listeners(self) -> EgressObject:
        servers: list[dict[str, object]] = [
            {
                "port": {
                    "number": host.gateway_port,
                    "name": f"{'https' if host.originate_tls else 'tls'}-{host.word}",
                    "protocol": "HTTPS" if host.originate_tls else "TLS",
                },
                "hosts": [host.host],
                # The outer layer, by which the gateway knows who calls.
                "tls": {"mode": "ISTIO_MUTUAL"},
            }
            for host in self._hosts
        ]
        spec: dict[str, object] = {"selector": self._selector, "servers": servers}
        return EgressObject("gateway", _NETWORKING, "Gateway", self._gateway, spec)

    def _mutual_tls(self) -> EgressObject:
        """From a caller's proxy to the gateway; the server name tells the hosts apart there."""
        subsets = [
            {
                "name": host.word,
                "trafficPolicy": {
                    "portLevelSettings": [
                        {
                            "port": {"number": host.gateway_port},
                            "tls": {"mode": "ISTIO_MUTUAL", "sni": host.host},
                        }
                    ]
                },
            }
            for host in self._hosts
        ]
        spec: dict[str, object] = {
            "host": self._service,
            "exportTo": self._seen_by(self._hosts),
            "subsets": subsets,
        }
        return EgressObject("mtls", _NETWORKING, "DestinationRule", self._gateway, spec)

    def _entry(self, host: ExternalHost) -> dict[str, object]:
        ports = [{"number": host.port, "name": "tls", "protocol": "TLS"}]
        if host.originate_tls:
            ports.insert(0, {"number": 80, "name": "http", "protocol": "HTTP"})
        return {
            "hosts": [host.host],
            "ports": ports,
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "exportTo": self._seen_by([host]),
        }

    def _origination(self, host: ExternalHost) -> dict[str, object]:
        tls = {
            "mode": "SIMPLE",
            "sni": host.host,
            "subjectAltNames": [host.host],
            "caCertificates": _PUBLIC_AUTHORITIES,
        }
        settings = [{"port": {"number": host.port}, "tls": tls}]
        policy = {"portLevelSettings": settings}
        return {"host": host.host, "exportTo": ["."], "trafficPolicy": policy}

    def _allow(self, host: ExternalHost) -> dict[str, object]:
        principals = [
            pulumi.Output.concat(self._trust_domain, "/ns/", namespace, "/sa/", account)
            for namespace, account in (caller.split("/") for caller in host.callers)
        ]
        rule = {
            "from": [{"source": {"principals": principals}}],
            "when": [{"key": "connection.sni", "values": [host.host]}],
        }
        selector = {"matchLabels": self._selector}
        return {"selector": selector, "action": "ALLOW", "rules": [rule]}

    def _route(self, host: ExternalHost) -> dict[str, object]:
        port = host.gateway_port
        inner = {"host": self._service, "subset": host.word, "port": {"number": port}}
        outer = {"host": host.host, "port": {"number": host.port}}
        to_gateway, outside = [{"destination": inner}], [{"destination": outer}]
        at_gateway: dict[str, object] = {"gateways": [self._path], "port": port}
        spec: dict[str, object] = {
            "hosts": [host.host],
            "gateways": ["mesh", self._path],
            "exportTo": self._seen_by([host]),
        }
        if host.originate_tls:
            spec["http"] = [
                {"match": [{"gateways": ["mesh"], "port": 80}], "route": to_gateway},
                {"match": [at_gateway], "route": outside},
            ]
            return spec
        by_name = {"gateways": ["mesh"], "port": host.port, "sniHosts": [host.host]}
        spec["tls"] = [{"match": [by_name], "route": to_gateway}]
        spec["tcp"] = [{"match": [at_gateway], "route": outside}]
        return spec
