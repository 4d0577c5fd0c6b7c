"""Services of several clusters: calls stay in their region, and leave it while it does not answer.

Pods that keep failing are left out of it, and Istio puts what is left into an order by distance:
https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/failover/. The managed
mesh does so by itself, and takes the same objects.
"""

from collections.abc import Sequence

from meshwright import RouteOutlierDetectionArgs, TrafficRouteArgs
from stacks.spec_routes import Route
from stacks.spec_services import OutlierDetection, Service


def route_of(service: Service, clusters: Sequence[str]) -> Route | None:
    """The service's route; one of a single version that several clusters run needs to name none."""
    if service.route is not None or not _fails_over(service, clusters):
        return service.route
    return Route(active=service.versions[0].name) if len(service.versions) == 1 else None


def extend(args: TrafficRouteArgs, service: Service, clusters: Sequence[str]) -> None:
    """Add to a route's arguments what the service's clusters make of it."""
    if args.get("rendering", "istio") != "istio" or not _fails_over(service, clusters):
        return
    args.setdefault("outlier_detection", {})
    if "retry" in args and args["retry"]["attempts"] != 0 and len(set(clusters)) > 1:
        args["retry"].setdefault("remote_localities", True)


def arguments(outliers: OutlierDetection) -> RouteOutlierDetectionArgs:
    """When pods are left out, in the component's words."""
    return {
        "consecutive_5xx_errors": outliers.consecutive_5xx_errors,
        "interval": f"{outliers.interval_seconds:.15g}s",
        "base_ejection_time": f"{outliers.base_ejection_seconds:.15g}s",
        "max_ejection_percent": outliers.max_ejection_percent,
    }


def _fails_over(service: Service, clusters: Sequence[str]) -> bool:
    """Said, or else whether there is anywhere to go."""
    if service.outlier_detection is not None:
        return service.outlier_detection.enabled
    return len(set(clusters)) > 1
