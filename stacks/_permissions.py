"""Who may call whom, as rules of one cluster and as neighbours of one namespace."""

from collections.abc import Mapping

import pulumi

from meshwright import AllowRuleArgs, MeshSecurity
from stacks._meshes import ControlPlane
from stacks.spec_security import Call, Security


def neighbours(security: Security, namespace: str) -> tuple[list[str], list[str]]:
    """The other namespaces that may call into one, and those that it may call."""
    calls = [(_home(call.caller), _home(call.callee)) for call in security.calls]
    callers = {caller for caller, callee in calls if callee == namespace}
    callees = {callee for caller, callee in calls if caller == namespace}
    return sorted(callers - {namespace}), sorted(callees - {namespace})


def build(
    cluster: str,
    security: Security,
    plane: ControlPlane,
    namespaces: Mapping[str, pulumi.Input[str]],
    running: set[str],
    opts: pulumi.ResourceOptions,
) -> MeshSecurity:
    """The security of one cluster; rules only for the services that run there."""
    return MeshSecurity(
        f"{cluster}-security",
        {
            "revision": plane.default,
            "mtls_mode": security.mtls,
            "trust_domain": plane.trust_domain,
            "allow": [
                _rule(call, namespaces[_home(call.callee)])
                for call in security.calls
                if call.callee in running
            ],
        },
        opts=opts,
    )


def _home(reference: str) -> str:
    return reference.partition("/")[0]


def _rule(call: Call, namespace: pulumi.Input[str]) -> AllowRuleArgs:
    callee_namespace, _, callee = call.callee.partition("/")
    caller_namespace, _, caller = call.caller.partition("/")
    origin = caller if caller_namespace == callee_namespace else f"{caller_namespace}-{caller}"
    args: AllowRuleArgs = {
        "name": f"{callee}-from-{origin}",
        "namespace": namespace,
        "workload": {"app": callee},
        "service_accounts": [call.caller],
    }
    if call.methods:
        args["methods"] = [*call.methods]
    if call.paths:
        args["paths"] = [*call.paths]
    return args
