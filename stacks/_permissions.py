"""Who may call whom, in a cluster: rules, users' tokens, and exceptions from mutual TLS."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import pulumi

from meshwright import AllowRuleArgs, JwtIssuerArgs, JwtRuleArgs, MeshSecurity, PlaintextArgs
from stacks._meshes import ControlPlane
from stacks.spec_security import Call, Jwt, Security
from stacks.spec_services import Service

_Rule = TypeVar("_Rule", AllowRuleArgs, JwtRuleArgs, PlaintextArgs)


def home(reference: str) -> str:
    """The namespace of a reference `namespace/name`."""
    return reference.partition("/")[0]


def by_namespace(security: Security) -> dict[str, list[AllowRuleArgs]]:
    """Each call as a rule, by the namespaces of its two ends."""
    found: dict[str, list[AllowRuleArgs]] = {}
    for call in security.calls:
        rule = _rule(call, home(call.callee))
        for namespace in {home(call.caller), home(call.callee)}:
            found.setdefault(namespace, []).append(rule)
    return found


def issuers(security: Security, workload: str) -> list[JwtIssuerArgs]:
    """Whose tokens a service or gateway asks for."""
    return [_issuer(jwt) for jwt in security.jwt if jwt.service == workload]


def build(
    cluster: str,
    security: Security,
    plane: ControlPlane,
    namespaces: Mapping[str, pulumi.Input[str]],
    running: Mapping[str, Service],
    opts: pulumi.ResourceOptions,
) -> MeshSecurity:
    """The security of one cluster; rules only for the services that run there."""
    asked = dict.fromkeys(jwt.service for jwt in security.jwt if jwt.service in running)
    return MeshSecurity(
        f"{cluster}-security",
        {
            "revision": plane.default,
            "mtls_mode": security.mtls,
            "trust_domain": plane.trust_domain,
            "allow": _told_apart(
                (home(call.callee), _rule(call, namespaces[home(call.callee)]))
                for call in security.calls
                if call.callee in running
            ),
            "jwt": _told_apart(
                (home(at), _tokens(security, at, running[at], namespaces[home(at)])) for at in asked
            ),
            "plaintext": _told_apart(
                (home(at), _plaintext(service, namespaces[home(at)]))
                for at, service in running.items()
                if service.plaintext_ports
            ),
        },
        opts=opts,
    )


def _told_apart(rules: Iterable[tuple[str, _Rule]]) -> list[_Rule]:
    """The rules, each given with its namespace, which comes before a name that is taken."""
    found: list[_Rule] = []
    taken: set[str] = set()
    for namespace, rule in rules:
        while rule["name"] in taken:
            rule["name"] = f"{namespace}-{rule['name']}"
        taken.add(rule["name"])
        found.append(rule)
    return found


def _tokens(
    security: Security, reference: str, service: Service, namespace: pulumi.Input[str]
) -> JwtRuleArgs:
    return {
        "name": f"{service.name}-users",
        "namespace": namespace,
        "workload": {"app": service.name},
        "issuers": issuers(security, reference),
    }


def _issuer(jwt: Jwt) -> JwtIssuerArgs:
    return {"issuer": jwt.issuer, "jwks_uri": jwt.jwks_uri, "audiences": [*jwt.audiences]}


def _plaintext(service: Service, namespace: pulumi.Input[str]) -> PlaintextArgs:
    return {
        "name": f"{service.name}-plaintext",
        "namespace": namespace,
        "workload": {"app": service.name},
        "ports": [*service.plaintext_ports],
    }


def _rule(call: Call, namespace: pulumi.Input[str]) -> AllowRuleArgs:
    callee_namespace, _, callee = call.callee.partition("/")
    caller_namespace, _, caller = call.caller.partition("/")
    origin = caller if caller_namespace == callee_namespace else f"{caller_namespace}-{caller}"
    args: AllowRuleArgs = {
        "name": f"{callee}-from-{origin}",
        "namespace": namespace,
        "workload": {"app": callee},
        "service": callee,
        "service_accounts": [call.caller],
    }
    if call.methods:
        args["methods"] = [*call.methods]
    if call.paths:
        args["paths"] = [*call.paths]
    return args
