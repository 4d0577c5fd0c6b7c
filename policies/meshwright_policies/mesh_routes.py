"""Rules for routes: how a service's traffic is split over its versions."""

import re
from collections.abc import Iterator

from meshwright_policies.rule import Resource, Settings, Severity, Violation, resource_rule
from meshwright_policies.values import UNKNOWN, at, each, is_production

VIRTUAL_SERVICE = re.compile(r"kubernetes:networking\.istio\.io/\w+:VirtualService$")
HTTP_ROUTE = re.compile(r"kubernetes:gateway\.networking\.k8s\.io/\w+:HTTPRoute$")
SERVICE_ROUTE = "gcp:networkservices/httpRoute:HttpRoute"


@resource_rule(
    "MESH-16",
    severity=Severity.HIGH,
    source="our judgement; Istio itself refuses only a sum of 0",
    title="The weights of a split are whole percentages that add up to 100, and production has no "
    "fault injection, so that what the file says is what callers get.",
)
def route_weights(resource: Resource, settings: Settings) -> Iterator[Violation]:
    """Istio's VirtualService, Gateway API's HTTPRoute, and Google's HttpRoute alike."""
    for path, route, targets, fault in _routes(resource):
        yield from _split(
            f"{path}.{targets}", [item for _, item in each(route, *targets.split("."))]
        )
        if at(route, *fault.split(".")) and is_production(resource.urn, settings):
            yield Violation(
                f"{path}.{fault}",
                "injects faults in a production stack",
                "Remove it, or use it in another stack",
            )


def _routes(resource: Resource) -> Iterator[tuple[str, object, str, str]]:
    """The routes of a resource: path, route, and where in it its targets and its fault stand."""
    if VIRTUAL_SERVICE.match(resource.type):
        for protocol in ("http", "tcp", "tls"):
            for index, route in each(resource.properties, "spec", protocol):
                yield f"spec.{protocol}[{index}]", route, "route", "fault"
    elif HTTP_ROUTE.match(resource.type):
        for index, route in each(resource.properties, "spec", "rules"):
            # The Gateway API has no fault injection; the key is never there.
            yield f"spec.rules[{index}]", route, "backendRefs", "fault"
    elif resource.type == SERVICE_ROUTE:
        for index, route in each(resource.properties, "rules"):
            yield f"rules[{index}]", route, "action.destinations", "action.faultInjectionPolicy"


def _split(path: str, targets: list[object]) -> Iterator[Violation]:
    """What is wrong with the weights of one split; a single target needs none."""
    weights = [at(target, "weight") for target in targets]
    if UNKNOWN in weights or UNKNOWN in targets or (len(weights) == 1 and weights[0] is None):
        return
    total = 0.0
    for index, weight in enumerate(weights):
        if weight is None:
            weight = 0 if len(weights) > 1 else 100
        if (
            isinstance(weight, bool)
            or not isinstance(weight, int | float)
            or not float(weight).is_integer()
            or not 0 <= weight <= 100
        ):
            yield Violation(
                f"{path}[{index}].weight",
                f"is {weight!r}",
                "Write a whole number from 0 to 100",
            )
            return
        total += weight
    if targets and total != 100:
        yield Violation(path, f"the weights add up to {total:g}", "Make them add up to 100")
