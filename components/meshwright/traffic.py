"""How calls to a service are shared among its versions, and what happens when one fails.

Follows https://istio.io/latest/docs/reference/config/networking/virtual-service/,
https://istio.io/latest/docs/reference/config/networking/destination-rule/,
https://cloud.google.com/service-mesh/docs/gateway/overview and
https://cloud.google.com/service-mesh/docs/service-routing/service-routing-overview.
"""

import pulumi

from . import _gateway_api_routes, _istio_routes, _networkservices_routes
from ._kube import metadata
from ._names import COMPUTE, KUBERNETES, physical_name
from ._outputs import after, outputs_of
from ._route_checks import route_problems as route_problems
from ._route_limits import unsupported as unsupported
from ._route_model import known_weights, route_of
from ._traffic_args import TrafficRouteArgs as TrafficRouteArgs
from ._validation import checked


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
