"""How calls to a service are shared among its versions, and what happens when one fails.

Follows https://istio.io/latest/docs/reference/config/networking/virtual-service/ and
https://istio.io/latest/docs/reference/config/networking/destination-rule/.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._istio_routes import Retry, Route, destination_rule, virtual_service
from ._kube import istio_object, metadata
from ._names import KUBERNETES, physical_name
from ._outputs import after, outputs_of
from ._validation import ArgumentError, checked, duplicates, is_plain, one_of

_API = "networking.istio.io/v1"
_DURATION = re.compile(r"(\d+(\.\d+)?(ms|s|m|h))+")
# What is safe to try again whatever the method: the call never reached the application.
_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled"


class RouteVersionArgs(TypedDict):
    """One version of a service: the pods that are it, and its share of the calls."""

    name: str
    """Name of the version, such as `v1`; unique in the route."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Pod labels of the version. Default: `version: NAME`."""


class RetryArgs(TypedDict):
    """What to do with a call that failed."""

    attempts: pulumi.Input[int]
    """How often to try again; 0 switches retries off."""
    per_try_timeout: NotRequired[pulumi.Input[str]]
    """How long one try may take, such as `2s`. Default: the route's `timeout`."""
    retry_on: NotRequired[pulumi.Input[str]]
    """Which failures, comma separated. Default:
    `connect-failure,refused-stream,unavailable,cancelled`."""


class TrafficRouteArgs(TypedDict):
    """What a TrafficRoute is made from."""

    namespace: pulumi.Input[str]
    """Namespace of the service."""
    service: pulumi.Input[str]
    """Name of the Kubernetes Service."""
    versions: list[RouteVersionArgs]
    """The versions, at least one."""
    weights: dict[str, pulumi.Input[int]]
    """Share of each version in percent, 0 to 100, by its name; together 100. A version without a
    weight gets no calls."""
    route: NotRequired[str]
    """Name of the objects made here. Default: the component's name."""
    revision: NotRequired[pulumi.Input[str]]
    """ManagedMesh.revision: the objects are made once it is known. Default: at once."""
    port: NotRequired[pulumi.Input[int]]
    """Port of the service. Default: its only one."""
    hosts: NotRequired[list[str]]
    """Public host names, served by `gateways`. Default: none."""
    gateways: NotRequired[list[pulumi.Input[str]]]
    """Gateways that serve the hosts, IngressGateway.gateway. Default: none; calls inside the mesh
    are always routed."""
    timeout: NotRequired[pulumi.Input[str]]
    """How long a call may take with its retries, such as `10s`. Default: no limit."""
    retry: NotRequired[RetryArgs]
    """Retries. Default: the mesh's own, 2 tries more."""


class TrafficRoute(pulumi.ComponentResource):
    """A weighted route to the versions of a Kubernetes Service, for callers inside and outside.

    Renders a DestinationRule with a subset for each version and a VirtualService with the shares;
    a change of weights touches the VirtualService alone, in one step, so that the shares add up to
    100 at every instant. Raises ArgumentError for weights that do not add up or name no version;
    weights known only later are checked when they are.
    """

    host: pulumi.Output[str]
    """Name by which the mesh calls the service, `SERVICE.NAMESPACE.svc.cluster.local`."""
    weights: pulumi.Output[dict[str, int]]
    """Share of each version in percent, once the route stands."""

    def __init__(
        self, name: str, args: TrafficRouteArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("TrafficRoute", name, args, TrafficRouteArgs, _problems)
        physical = physical_name("TrafficRoute", KUBERNETES, None, args.get("route", name))
        super().__init__("meshwright:index:TrafficRoute", name, {}, opts)
        route = _route(name, args)
        meta = metadata(physical, args["namespace"], args.get("revision"))
        subsets = istio_object(
            self, f"{name}-subsets", _API, "DestinationRule", meta, destination_rule(route)
        )
        # A share of a subset that is not there yet is answered 503, so that subsets come first,
        # and go last.
        shares = kubernetes.apiextensions.CustomResource(
            f"{name}-shares",
            api_version=_API,
            kind="VirtualService",
            metadata=meta,
            spec=virtual_service(route),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[subsets]),
        )
        self.host = after(route.host, [shares])
        self.weights = after(pulumi.Output.all(**route.weights), [shares])
        self.register_outputs(outputs_of(self))


def _route(name: str, args: TrafficRouteArgs) -> Route:
    weights: dict[str, pulumi.Input[int]] = dict(args["weights"])
    if not all(is_plain(weight) for weight in weights.values()):
        known = pulumi.Output.all(**weights).apply(lambda found: _checked_weights(name, found))
        weights = {version: known[version].apply(int) for version in args["weights"]}
    retry = None
    if "retry" in args:
        given = args["retry"]
        on = given.get("retry_on", _RETRY_ON)
        retry = Retry(given["attempts"], on, given.get("per_try_timeout"))
    return Route(
        host=pulumi.Output.concat(args["service"], ".", args["namespace"], ".svc.cluster.local"),
        versions={
            version["name"]: version.get("labels", {"version": version["name"]})
            for version in args["versions"]
        },
        weights=weights,
        port=args.get("port"),
        public_hosts=args.get("hosts", []),
        gateways=args.get("gateways", []),
        timeout=args.get("timeout"),
        retry=retry,
    )


def _problems(args: TrafficRouteArgs) -> Iterator[tuple[str, str]]:
    versions = [version["name"] for version in args["versions"]]
    if not versions:
        yield "versions", "is empty; name at least one version"
    for name in duplicates(versions):
        yield "versions", f"two versions are named {name!r}; names are unique in a route"
    for name in args["weights"]:
        yield from one_of(f"weights.{name}", name, versions)
    if all(is_plain(weight) for weight in args["weights"].values()):
        yield from _weight_problems(args["weights"])
    if bool(args.get("hosts")) != bool(args.get("gateways")):
        missing = "gateways" if args.get("hosts") else "hosts"
        yield missing, "hosts and gateways go together: gateways serve the hosts"
    for path, value in (
        ("timeout", args.get("timeout")),
        ("retry.per_try_timeout", args.get("retry", {}).get("per_try_timeout")),
    ):
        if isinstance(value, str) and not _DURATION.fullmatch(value):
            yield path, f"{value!r} is not a duration such as `2s` or `500ms`"


def _checked_weights(name: str, weights: dict[str, int]) -> dict[str, int]:
    """The weights, once they are known; ArgumentError ends the update where they are wrong."""
    problems = list(_weight_problems(weights))
    if problems:
        raise ArgumentError("TrafficRoute", name, problems)
    return weights


def _weight_problems(weights: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    total = 0
    for name, weight in weights.items():
        if not isinstance(weight, int | float) or not 0 <= weight <= 100:
            yield f"weights.{name}", f"{weight!r} is not a whole number from 0 to 100"
        else:
            total += int(weight)
    if total != 100:
        yield "weights", f"add up to {total}; make them add up to 100"
