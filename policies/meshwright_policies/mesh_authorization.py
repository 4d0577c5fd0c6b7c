"""Rules for AuthorizationPolicy: patterns that fail closed, and callers that are named."""

import re
from collections.abc import Iterator, Mapping

from meshwright_policies.mesh_objects import (
    API_GATEWAY,
    AUTHORIZATION_POLICY,
    GATEWAY,
    authorization_fields,
    items,
    meshes,
    name,
    namespace,
    of_kind,
    or_patch,
    selected,
    text,
    unknown_conditions,
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

WORKLOAD_IDENTITIES = ("principals", "namespaces", "serviceAccounts")
# The same as keys of conditions: https://istio.io/latest/docs/reference/config/security/conditions/
IDENTITY_KEYS = {f"source.{field[:-1]}": field for field in WORKLOAD_IDENTITIES}
# Labels by which Istio's and Google's own charts and samples mark the pods of a gateway.
GATEWAY_NAME_LABELS = ("gateway.networking.k8s.io/gateway-name", "istio.io/gateway-name")
# Proxies of ambient mode that stand between workloads, though their kind is Gateway too.
WAYPOINT_CLASSES = ("istio-waypoint", "istio-agentgateway-waypoint")
EAST_WEST_CLASS = "istio-east-west"
# A wildcard that still names one namespace in full.
ONE_NAMESPACE = re.compile(r"(^|.*/)ns/[^*/]+(/.*)?$")


@resource_rule(
    "MESH-04",
    severity=Severity.HIGH,
    source="Google asm-policy bundle 1.2.3, Istio's security best practices",
    title="ALLOW policies say what may pass and DENY policies what alone is spared, so that a call "
    "that a policy's author did not think of is refused.",
    types=or_patch(AUTHORIZATION_POLICY),
)
def patterns_that_fail_closed(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """No field that begins with `not` in an ALLOW rule, none without it in a DENY rule."""
    spec = at(resource.properties, "spec")
    action = at(spec, "action")
    if spec is UNKNOWN or action is UNKNOWN:
        yield Unjudged("spec" if spec is UNKNOWN else "spec.action")
        return
    if action not in (None, "ALLOW", "DENY"):
        return
    yield from unknown_conditions(spec)
    negative = action != "DENY"
    for path, field, value in authorization_fields(spec):
        if field.startswith("not") == negative and value is UNKNOWN:
            yield Unjudged(path)
        elif field.startswith("not") == negative and value:
            allowed = "lets through whatever it does not name"
            denied = "refuses only what it names"
            yield Violation(
                path,
                f"this ALLOW rule {allowed}" if negative else f"this DENY rule {denied}",
                f"Name what may pass by {_other(field)}"
                if negative
                else f"Name what is spared by {_other(field)}, or allow the rest by an ALLOW rule",
            )


@stack_rule(
    "MESH-06",
    severity=Severity.HIGH,
    source="Google's AsmAuthzPolicyEnforceSourcePrincipals and AsmAuthzPolicyDisallowedPrefix",
    title="An ALLOW rule names the callers' service accounts or namespaces, so that an address or "
    "a path alone opens nothing.",
)
def named_callers(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """Gateways are left out: who calls from the internet has no principal. Waypoints are not: who
    calls through one is in the mesh.
    """
    for objects in meshes(resources).values():
        gateways = _GatewayPods(of_kind(objects, GATEWAY))
        waypoints = {
            (namespace(item), name(item))
            for item in of_kind(objects, API_GATEWAY)
            if _is_waypoint(item)
        }
        for policy in of_kind(objects, AUTHORIZATION_POLICY):
            spec = at(policy.properties, "spec")
            if spec is UNKNOWN or at(spec, "action") is UNKNOWN or at(spec, "rules") is UNKNOWN:
                yield Unjudged("spec.rules", policy.urn)
            elif at(spec, "action") in (None, "ALLOW") and (
                _at_waypoint(policy, waypoints) or not _at_gateway(spec, gateways)
            ):
                for index, rule in each(spec, "rules"):
                    yield from _callers(policy, f"spec.rules[{index}]", rule)


def _other(field: str) -> str:
    """The field that says the opposite."""
    if field.startswith("not"):
        return field[3].lower() + field[4:]
    return f"not{field[0].upper()}{field[1:]}"


class _GatewayPods:
    """The pods that a cluster's Gateways select, found by any one label of a selector."""

    def __init__(self, gateways: list[Resource]) -> None:
        self._selectors: dict[tuple[str, object], list[Mapping[str, object]]] = {}
        for gateway in gateways:
            selector = selected(at(gateway.properties, "spec", "selector"))
            for label in list(selector.items())[:1]:
                self._selectors.setdefault(label, []).append(selector)

    def hold(self, labels: Mapping[str, object]) -> bool:
        """Whether pods with these labels, and perhaps more, are those of a Gateway."""
        return any(
            selector.items() <= labels.items()
            for label in labels.items()
            for selector in self._selectors.get(label, [])
        )


def _is_waypoint(gateway: Resource) -> bool:
    """Whether a Gateway is one, by its class or by the protocol that only waypoints listen with,
    but for the gateways between clusters.
    """
    found = at(gateway.properties, "spec", "gatewayClassName")
    listeners = [at(item, "protocol") for item in items(gateway.properties, "spec", "listeners")]
    return found in WAYPOINT_CLASSES or (found != EAST_WEST_CLASS and "HBONE" in listeners)


def _at_waypoint(policy: Resource, waypoints: set[tuple[object, object]]) -> bool:
    """Whether a policy is for a waypoint of its namespace, by reference or by its pods' label."""
    spec = at(policy.properties, "spec")
    references = [*items(spec, "targetRefs"), at(spec, "targetRef")]
    names = [at(r, "name") for r in references if at(r, "kind") == "Gateway"]
    labels = selected(at(spec, "selector", "matchLabels"))
    names += [labels[label] for label in GATEWAY_NAME_LABELS if label in labels]
    return any((namespace(policy), text(called)) in waypoints for called in names)


def _at_gateway(spec: object, gateways: _GatewayPods) -> bool:
    """Whether a policy is for pods of a gateway: by reference, or by the labels of a Gateway."""
    references = [*items(spec, "targetRefs"), at(spec, "targetRef")]
    if any(at(reference, "kind") == "Gateway" for reference in references):
        return True
    labels = selected(at(spec, "selector", "matchLabels"))
    if any(label in labels for label in GATEWAY_NAME_LABELS):
        return True
    istio = labels.get("istio")
    return istio in ("ingressgateway", "egressgateway", "eastwestgateway") or gateways.hold(labels)


def _callers(policy: Resource, path: str, rule: object) -> Iterator[Finding]:
    """One ALLOW rule names its callers by its sources or, which holds for all of those, by a
    condition.
    """
    found = list(_sources(policy, path, rule))
    told = [
        (f"{path}.when[{index}].values", IDENTITY_KEYS[str(key)], values)
        for index, condition in each(rule, "when")
        if (key := text(at(condition, "key"))) in IDENTITY_KEYS
        and (values := at(condition, "values")) is not None
    ]
    if found and (at(rule, "when") is UNKNOWN or any(values is UNKNOWN for *_, values in told)):
        yield Unjudged(f"{path}.when", policy.urn)
    elif found and told:
        for where, field, values in told:
            yield from _wildcards(policy, where, field, items(values))
    else:
        yield from found


def _sources(policy: Resource, path: str, rule: object) -> Iterator[Finding]:
    """What is wrong with the sources of a rule: each must name its callers."""
    sources = at(rule, "from")
    mend = "Name principals (service accounts) or namespaces in each source"
    if rule is UNKNOWN or sources is UNKNOWN:
        yield Unjudged(f"{path}.from", policy.urn)
    elif not sources:
        yield Violation(f"{path}.from", "is not set, which lets every caller in", mend, policy.urn)
    for index, item in each(rule, "from"):
        where, source = f"{path}.from[{index}].source", at(item, "source")
        names = {field: at(source, field) for field in WORKLOAD_IDENTITIES}
        if UNKNOWN in names.values():
            yield Unjudged(where, policy.urn)
        elif not any(names.values()):
            yield Violation(where, "names no workload identity", mend, policy.urn)
        for field, values in names.items():
            yield from _wildcards(policy, f"{where}.{field}", field, items(values))


def _wildcards(policy: Resource, where: str, field: str, values: list[object]) -> Iterator[Finding]:
    for index, value in enumerate(values):
        if value is UNKNOWN:
            yield Unjudged(f"{where}[{index}]", policy.urn)
        elif isinstance(value, str) and _is_wide(field, value):
            yield Violation(
                f"{where}[{index}]",
                f"{value!r} matches workloads of namespaces that nobody named",
                "Name the namespace in full, and the service account where you can",
                policy.urn,
            )


def _is_wide(field: str, value: str) -> bool:
    return "*" in value and not (field == "principals" and ONE_NAMESPACE.match(value))
