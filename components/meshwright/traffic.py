"""How calls to a service are shared among its versions, and what happens when one fails.

Follows https://istio.io/latest/docs/reference/config/networking/virtual-service/ and
https://istio.io/latest/docs/reference/config/networking/destination-rule/.
"""

from typing import NotRequired, TypedDict

import pulumi


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
    """Which failures, comma separated. Default: `connect-failure,refused-stream,unavailable,cancelled`."""


class TrafficRouteArgs(TypedDict):
    """What a TrafficRoute is made from."""

    namespace: pulumi.Input[str]
    """Namespace of the service."""
    service: pulumi.Input[str]
    """Name of the Kubernetes Service."""
    versions: list[RouteVersionArgs]
    """The versions, at least one."""
    weights: dict[str, pulumi.Input[int]]
    """Share of each version in percent, 0 to 100, by its name; together 100. A version without a weight gets no calls."""
    route: NotRequired[str]
    """Name of the objects made here. Default: the component's name."""
    revision: NotRequired[pulumi.Input[str]]
    """ManagedMesh.revision: the objects are made once it is known. Default: at once."""
    port: NotRequired[pulumi.Input[int]]
    """Port of the service. Default: its only one."""
    hosts: NotRequired[list[str]]
    """Public host names, served by `gateways`. Default: none."""
    gateways: NotRequired[list[pulumi.Input[str]]]
    """Gateways that serve the hosts, IngressGateway.gateway. Default: none; calls inside the mesh are always routed."""
    timeout: NotRequired[pulumi.Input[str]]
    """How long a call may take with its retries, such as `10s`. Default: no limit."""
    retry: NotRequired[RetryArgs]
    """Retries. Default: the mesh's own, 2 tries more."""


class TrafficRoute(pulumi.ComponentResource):
    """A route."""

    host: pulumi.Output[str]
    """Name by which the mesh calls the service, `SERVICE.NAMESPACE.svc.cluster.local`."""
    weights: pulumi.Output[dict[str, int]]
    """Share of each version in percent."""

    def __init__(
        self, name: str, args: TrafficRouteArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:TrafficRoute", name, {}, opts)
