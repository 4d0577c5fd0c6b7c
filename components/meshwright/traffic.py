"""How calls to a service are shared among its versions, and what happens when one fails.

Follows https://istio.io/latest/docs/reference/config/networking/virtual-service/,
https://istio.io/latest/docs/reference/config/networking/destination-rule/,
https://cloud.google.com/service-mesh/docs/gateway/overview and
https://cloud.google.com/service-mesh/docs/service-routing/service-routing-overview.
"""

from typing import NotRequired, TypedDict

import pulumi

from . import _gateway_api_routes, _istio_routes, _networkservices_routes
from ._kube import metadata
from ._names import COMPUTE, KUBERNETES, physical_name
from ._outputs import after, outputs_of
from ._route_args import (
    RetryArgs,
    RouteFaultArgs,
    RouteMatchArgs,
    RouteMirrorArgs,
    RouteOutlierDetectionArgs,
    RouteStickyArgs,
    RouteVersionArgs,
)
from ._route_checks import route_problems as route_problems
from ._route_limits import unsupported as unsupported
from ._route_model import known_weights, route_of
from ._validation import checked


class TrafficRouteArgs(TypedDict):
    """What a TrafficRoute is made from."""

    service: pulumi.Input[str]
    """Name of the Kubernetes Service; with networkservices, the name by which the mesh calls it."""
    versions: list[RouteVersionArgs]
    """The versions, at least one."""
    namespace: NotRequired[pulumi.Input[str]]
    """Namespace of the service; required but for networkservices. Default: none."""
    weights: NotRequired[dict[str, pulumi.Input[int]]]
    """Share of each version in percent, 0 to 100, by its name; together 100. A version without a
    weight gets no calls. Default: `active` gets all."""
    active: NotRequired[str]
    """Blue/green: the version that gets every call, in place of weights. Default: none."""
    matches: NotRequired[list[RouteMatchArgs]]
    """A/B test: calls that go to one version whatever the shares; the first that fits counts.
    Default: none."""
    mirror: NotRequired[RouteMirrorArgs]
    """A version that gets copies of calls. Default: none."""
    sticky: NotRequired[RouteStickyArgs]
    """What keeps a caller at one version or pod. Default: each call is shared out anew."""
    fault: NotRequired[RouteFaultArgs]
    """Faults put in on purpose. Default: none."""
    timeout: NotRequired[pulumi.Input[str]]
    """How long a call may take with its retries, such as `10s`. Default: no limit."""
    retry: NotRequired[RetryArgs]
    """Retries. Default: the mesh's own, 2 tries more."""
    outlier_detection: NotRequired[RouteOutlierDetectionArgs]
    """Leave out pods that keep failing. It is also what makes calls stay in their own region or
    zone, and go to another one, in another cluster too, while that has no pod left that answers.
    Empty: on, with the defaults. Default: off."""
    rendering: NotRequired[str]
    """What is made: `istio`, `gateway-api` or `networkservices`. Default: `istio`."""
    protocol: NotRequired[str]
    """`http`, `grpc` or `tcp`. Default: `http`."""
    port: NotRequired[pulumi.Input[int]]
    """Port of the service; required for the Gateway API, and for tcp with networkservices. On Istio
    HTTP and gRPC calls to its other ports come to this one too. Default: its only one."""
    route: NotRequired[str]
    """Name of the objects made here. Default: the component's name."""
    revision: NotRequired[pulumi.Input[str]]
    """ManagedMesh.revision: the objects are made once it is known. Default: at once."""
    hosts: NotRequired[list[str]]
    """Public host names, served by `gateways`; with networkservices, the names by which the mesh
    calls the service. Default: none; with networkservices, `service`."""
    gateways: NotRequired[list[pulumi.Input[str]]]
    """`namespace/name`, or `name` in this namespace, of gateways that serve the hosts:
    IngressGateway.gateway, or Gateways of the Gateway API. Default: none; calls inside the mesh are
    always routed."""
    selector: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Gateway API: labels of the service's pods, from which a Service `SERVICE-VERSION` is made for
    each version that names none. Default: none is made."""
    target_port: NotRequired[pulumi.Input[int]]
    """Gateway API: port of the pods behind those Services. Default: `port`."""
    project: NotRequired[pulumi.Input[str]]
    """networkservices, required there: id of the project of the route. Default: none."""
    meshes: NotRequired[list[pulumi.Input[str]]]
    """networkservices, required there: ids of the Meshes (`projects/P/locations/global/meshes/M`).
    Default: none."""
    addresses: NotRequired[list[str]]
    """networkservices, tcp: ranges in CIDR form whose connections are routed. Default: every
    address."""


class TrafficRoute(pulumi.ComponentResource):
    """Routes the calls to a service: canary, blue/green, A/B test, mirror, sticky callers, faults.

    `rendering` says as what: `istio` makes a DestinationRule with a subset for each version and a
    VirtualService; `gateway-api` an HTTPRoute or GRPCRoute, and a Service for each version;
    `networkservices` an HttpRoute, GrpcRoute or TcpRoute to backend services. A change of weights
    touches one object in one step, so that the shares add up to 100 at every instant.

    Callers and moving weights: each call is shared out anew unless `sticky` says otherwise.
    `to: pod` hashes a cookie, header or address to a pod of the version that the weights drew, so
    that it does not hold a caller at a version. `to: version` does: the answer to a call without
    the cookie sets it to the version that was drawn, and calls that bring it go there until it
    expires. The weights then hold for callers without a cookie, so that the true shares follow
    them only as cookies expire; a version whose share becomes 0 loses its callers at once.

    Raises ArgumentError for weights that do not add up or name no version, and for whatever the
    rendering or the protocol cannot express, by name; weights known only later are checked when
    they are. On GKE's own gateways (classes `gke-l7-...`) the controller may take less than the
    Gateway API can say, and then tells so in the route's status.
    """

    host: pulumi.Output[str]
    """Name by which the mesh calls the service, such as `SERVICE.NAMESPACE.svc.cluster.local`."""
    weights: pulumi.Output[dict[str, int]]
    """Share of each version in percent, once the route stands."""

    def __init__(
        self, name: str, args: TrafficRouteArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("TrafficRoute", name, args, TrafficRouteArgs, route_problems)
        rendering = args.get("rendering", "istio")
        rule = COMPUTE if rendering == "networkservices" else KUBERNETES
        physical = physical_name("TrafficRoute", rule, None, args.get("route", name))
        super().__init__("meshwright:index:TrafficRoute", name, {}, opts)
        weights = known_weights(name, args)
        if rendering == "networkservices":
            route = route_of(args, weights)
            addresses = args.get("addresses", ["0.0.0.0/0"])
            place = _networkservices_routes.Place(
                physical, args.get("project", ""), args.get("meshes", []), addresses
            )
            made = _networkservices_routes.make(self, f"{name}-route", place, route)
        else:
            meta = metadata(physical, args.get("namespace", ""), args.get("revision"))
            if rendering == "gateway-api":
                services = _gateway_api_routes.make_version_services(self, name, args)
                route = route_of(args, weights, services)
                made = _gateway_api_routes.make(self, f"{name}-route", meta, route)
            else:
                route = route_of(args, weights)
                made = _istio_routes.make(self, name, meta, route)
        self.host = after(route.host, [made])
        self.weights = after(pulumi.Output.all(**weights), [made])
        self.register_outputs(outputs_of(self))
