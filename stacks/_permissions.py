"""Who may call whom, in a cluster: rules, users' tokens, and exceptions from mutual TLS."""

from collections.abc import Mapping

import pulumi

from meshwright import AllowRuleArgs, JwtIssuerArgs, JwtRuleArgs, MeshSecurity, PlaintextArgs
from stacks._meshes import ControlPlane
from stacks.spec_security import Call, Jwt, Security
from stacks.spec_services import Service


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
    return MeshSecurity(
        f"{cluster}-security",
        {
            "revision": plane.default,
            "mtls_mode": security.mtls,
            "trust_domain": plane.trust_domain,
            "allow": _allowed(security, namespaces, running),
            "jwt": _tokens(security, namespaces, running),
            "plaintext": _exceptions(namespaces, running),
        },
        opts=opts,
    )


def _allowed(
    security: Security,
    namespaces: Mapping[str, pulumi.Input[str]],
    running: Mapping[str, Service],
) -> list[AllowRuleArgs]:
    rules: list[AllowRuleArgs] = []
    taken: set[str] = set()
    for call in security.calls:
        if call.callee in running:
            rule = _rule(call, namespaces[home(call.callee)])
            rules.append({**rule, "name": _free(rule["name"], home(call.callee), taken)})
    return rules


def _exceptions(
    namespaces: Mapping[str, pulumi.Input[str]], running: Mapping[str, Service]
) -> list[PlaintextArgs]:
    rules: list[PlaintextArgs] = []
    taken: set[str] = set()
    for reference, service in running.items():
        if service.plaintext_ports:
            rule = _plaintext(service, namespaces[home(reference)])
            rules.append({**rule, "name": _free(rule["name"], home(reference), taken)})
    return rules


def _free(name: str, namespace: str, taken: set[str]) -> str:
    """The name, told apart by its namespace where services of two share theirs; then taken."""
    while name in taken:
        name = f"{namespace}-{name}"
    taken.add(name)
    return name


def _tokens(
    security: Security,
    namespaces: Mapping[str, pulumi.Input[str]],
    running: Mapping[str, Service],
) -> list[JwtRuleArgs]:
    rules: list[JwtRuleArgs] = []
    taken: set[str] = set()
    asked = {jwt.service: None for jwt in security.jwt if jwt.service in running}
    for reference in asked:
        name = running[reference].name
        rules.append(
            {
                "name": _free(f"{name}-users", home(reference), taken),
                "namespace": namespaces[home(reference)],
                "workload": {"app": name},
                "issuers": issuers(security, reference),
            }
        )
    return rules


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
