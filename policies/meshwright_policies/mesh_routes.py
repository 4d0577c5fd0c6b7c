"""Rules for routes: how a service's traffic is split over its versions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from meshwright_policies.api_routes import API_ROUTE
from meshwright_policies.mesh_objects import VIRTUAL_SERVICE, or_patch
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, each, is_production

SERVICE_ROUTE = re.compile(r"gcp:networkservices/(http|grpc|tcp|tls)Route:\w+Route$")


@dataclass(frozen=True)
class Destination:
    """One place that a route sends calls to."""

    path: str
    value: object


@resource_rule(
    "MESH-16",
    severity=Severity.HIGH,
    source="our judgement; Istio itself refuses only a sum of 0",
    title="The weights of a split are whole percentages that add up to 100, and production has no "
    "fault injection, so that what the file says is what callers get.",
    types=f"{or_patch(VIRTUAL_SERVICE)}|{API_ROUTE.pattern}|{SERVICE_ROUTE.pattern}",
)
def route_weights(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Istio's VirtualService, the Gateway API's routes, and Google's routes alike."""
    spec = at(resource.properties, "spec")
    if spec is UNKNOWN:
        yield Unjudged("spec")
    in_production = is_production(resource.urn, settings)
    for path, route, targets, fault in _routes(resource):
        if route is UNKNOWN or at(route, *targets.split(".")) is UNKNOWN:
            yield Unjudged(f"{path}.{targets}")
        split = [item for _, item in each(route, *targets.split("."))]
        yield from _split(f"{path}.{targets}", split, _unset(resource.type))
        injected = at(route, *fault.split("."))
        if in_production and injected is UNKNOWN and route is not UNKNOWN:
            yield Unjudged(f"{path}.{fault}")
        elif in_production and injected:
            yield Violation(
                f"{path}.{fault}",
                "injects faults in a production stack",
                "Remove it, or use it in another stack",
            )


def destinations(route: Resource) -> Iterator[Destination]:
    """Where a VirtualService sends calls, copies of calls included."""
    for protocol in ("http", "tcp", "tls"):
        for index, rule in each(route.properties, "spec", protocol):
            path = f"spec.{protocol}[{index}]"
            for place, target in each(rule, "route"):
                yield Destination(f"{path}.route[{place}].destination", at(target, "destination"))
            if at(rule, "mirror") is not None:
                yield Destination(f"{path}.mirror", at(rule, "mirror"))
            for place, mirror in each(rule, "mirrors"):
                where = f"{path}.mirrors[{place}].destination"
                yield Destination(where, at(mirror, "destination"))


def _routes(resource: Resource) -> Iterator[tuple[str, object, str, str]]:
    """The routes of a resource: path, route, and where in it its targets and its fault stand."""
    if VIRTUAL_SERVICE.match(resource.type.removesuffix("Patch")):
        for protocol in ("http", "tcp", "tls"):
            for index, route in each(resource.properties, "spec", protocol):
                yield f"spec.{protocol}[{index}]", route, "route", "fault"
    elif API_ROUTE.match(resource.type):
        for index, route in each(resource.properties, "spec", "rules"):
            # The Gateway API has no fault injection; the key is never there.
            yield f"spec.rules[{index}]", route, "backendRefs", "fault"
    else:
        for index, route in each(resource.properties, "rules"):
            yield f"rules[{index}]", route, "action.destinations", "action.faultInjectionPolicy"


def _unset(type_: str) -> int | None:
    """The weight of a target that names none; None where a route's targets name all or none."""
    if API_ROUTE.match(type_):
        return 1
    return None if SERVICE_ROUTE.match(type_) else 0


def _split(path: str, targets: list[object], unset: int | None) -> Iterator[Finding]:
    """What is wrong with the weights of one split; a single target needs none.

    Args:
        path: the path of the targets.
        targets: where the split sends calls.
        unset: the weight of a target that names none; None where all must if one does.
    """
    weights = [at(target, "weight") for target in targets]
    # Where no target has a share of its own, all get the same; Istio alone would send none. The
    # API server writes the weight that is unset into what it stores and shows.
    if weights == [None] or (unset != 0 and all(weight in (None, unset) for weight in weights)):
        return
    total, whole = 0.0, True
    for index, weight in enumerate(weights):
        where = f"{path}[{index}].weight"
        if weight is UNKNOWN:
            whole = False
            yield Unjudged(where)
        elif weight is None and unset is None:
            whole = False
            what = "is not set, though others are, and the API takes weights for all or for none"
            yield Violation(where, what, "Set it, or leave all of them out for equal shares")
        elif weight is None:
            total += unset or 0
        elif _is_percentage(weight):
            total += float(str(weight))
        else:
            whole = False
            yield Violation(where, f"is {weight!r}", "Write a whole number from 0 to 100")
    if whole and targets and total != 100:
        yield Violation(path, f"the weights add up to {total:g}", "Make them add up to 100")


def _is_percentage(weight: object) -> bool:
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        return False
    return float(weight).is_integer() and 0 <= weight <= 100
