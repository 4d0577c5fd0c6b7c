"""The arguments of a route."""

from typing import NotRequired, TypedDict

import pulumi


class RouteVersionArgs(TypedDict):
    """One version of a service: the pods or machines that are it."""

    name: str
    """Name of the version, such as `v1`; unique in the route. Lower-case letters, digits, inner
    hyphens."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Pod labels of the version. Default: `version: NAME`."""
    service: NotRequired[pulumi.Input[str]]
    """Gateway API: Kubernetes Service of this version alone. Default: one is made from the route's
    `selector`."""
    backend_service: NotRequired[pulumi.Input[str]]
    """networkservices, required there: id of the version's Compute Engine backend service.
    Default: none."""


class RouteCookieArgs(TypedDict):
    """A cookie that a call must carry."""

    name: str
    """Name of the cookie."""
    value: pulumi.Input[str]
    """Its exact value."""


class RouteMatchArgs(TypedDict):
    """Calls that are not shared out as the others are, as in an A/B test."""

    version: NotRequired[str]
    """The version that gets these calls; this or `weights`. Default: `weights` says."""
    weights: NotRequired[dict[str, pulumi.Input[int]]]
    """Share of each version in these calls in percent, together 100: Rollout.matched_weights.
    Default: `version` gets all."""
    headers: NotRequired[dict[str, pulumi.Input[str]]]
    """Exact values of request headers, all of which a call must carry. Default: none."""
    cookie: NotRequired[RouteCookieArgs]
    """A cookie that a call must carry besides. Default: none."""


class RouteMirrorArgs(TypedDict):
    """A version that gets a copy of calls; what it answers is dropped."""

    version: str
    """The version that gets the copies."""
    percent: NotRequired[pulumi.Input[int]]
    """Share of the calls that are copied, in percent, 0 to 100. Default: 100."""


class RouteStickyArgs(TypedDict):
    """What keeps a caller where its first call went: one of cookie, header and source_ip."""

    to: NotRequired[str]
    """`version`: a caller stays with its version while weights move; takes a cookie. `pod`: calls
    with the same cookie, header or address go to the same pod of whichever version the weights
    draw. Default: `pod`."""
    cookie: NotRequired[str]
    """Name of a cookie, which the proxies set. Default: none."""
    ttl: NotRequired[str]
    """How long the cookie lives, such as `1h`; `0s`: as long as the browser's session. Default:
    `24h`."""
    header: NotRequired[str]
    """Name of a request header, such as `x-user`. Default: none."""
    source_ip: NotRequired[bool]
    """Whether the caller's address decides. Default: false."""


class RouteDelayArgs(TypedDict):
    """A pause before some calls are passed on."""

    fixed_delay: pulumi.Input[str]
    """How long, such as `5s`."""
    percent: NotRequired[pulumi.Input[int]]
    """Share of the calls, in percent, 0 to 100. Default: 100."""


class RouteAbortArgs(TypedDict):
    """An error in place of some calls."""

    http_status: pulumi.Input[int]
    """Status of the answer, 200 to 599; a gRPC caller sees it as the code that stands for it."""
    percent: NotRequired[pulumi.Input[int]]
    """Share of the calls, in percent, 0 to 100. Default: 100."""


class RouteFaultArgs(TypedDict):
    """Faults put in on purpose, to see what callers make of them; not for production."""

    delay: NotRequired[RouteDelayArgs]
    """A pause. Default: none."""
    abort: NotRequired[RouteAbortArgs]
    """An error. Default: none."""


class RouteOutlierDetectionArgs(TypedDict):
    """When a pod that keeps failing is left out, and for how long."""

    consecutive_5xx_errors: NotRequired[pulumi.Input[int]]
    """How many calls in a row must fail: a status of 500 or more, or no answer. Default: 5."""
    interval: NotRequired[pulumi.Input[str]]
    """How often pods are left out or taken back, such as `10s`. Default: `10s`."""
    base_ejection_time: NotRequired[pulumi.Input[str]]
    """How long a pod is left out, times how often it was before. Default: `30s`."""
    max_ejection_percent: NotRequired[pulumi.Input[int]]
    """Share of a service's pods that may be left out at once, in percent, 1 to 100. Default: 100,
    so that a region that fails as a whole is left."""


class RetryArgs(TypedDict):
    """What to do with a call that failed."""

    attempts: pulumi.Input[int]
    """How often to try again; 0 switches retries off."""
    per_try_timeout: NotRequired[pulumi.Input[str]]
    """How long one try may take, such as `2s`. Default: the route's `timeout`."""
    retry_on: NotRequired[pulumi.Input[str]]
    """Which failures, comma separated, in Envoy's words or as HTTP status codes. Default: those
    that never reached the application, `connect-failure,refused-stream`, and the gRPC codes
    `unavailable,cancelled` where the rendering takes them."""
    remote_localities: NotRequired[bool]
    """Whether a call that failed in its own region or zone is tried again in another one. Default:
    false."""


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
