"""The parts of a group of machines: health check, template, manager, autoscaler."""

from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._durations import milliseconds

# Google spreads a regional group over three zones unless it is told which.
_ZONES_BY_DEFAULT = 3


class VmStickyArgs(TypedDict):
    """What keeps a caller at one machine: one of cookie, header and source_ip.

    Of a route with several versions it is a machine of whichever version the weights draw.
    """

    cookie: NotRequired[str]
    """Name of a cookie, which the proxies set. Default: none."""
    ttl: NotRequired[str]
    """How long the cookie lives, such as `1h`. Default: `24h`."""
    header: NotRequired[str]
    """Name of a request header, such as `x-user`. Default: none."""
    source_ip: NotRequired[bool]
    """Whether the caller's address decides. Default: false."""


@dataclass(frozen=True)
class Port:
    """Where a workload serves, and how it is asked whether it is well."""

    number: int
    protocol: str
    """`HTTP`, `HTTP2`, `GRPC` or `TCP`."""
    health_path: str
    """For HTTP and HTTP2."""

    @property
    def name(self) -> str:
        """Name of the port in the group, which tells proxies the protocol."""
        return self.protocol.lower()

    @property
    def path(self) -> str | None:
        """Path of the health check, where the protocol has paths."""
        return self.health_path if self.protocol in ("HTTP", "HTTP2") else None


def health_check(
    parent: pulumi.Resource, name: str, physical: str, project: pulumi.Input[str], port: Port
) -> "gcp.compute.HealthCheck":
    """A check in the workload's own protocol."""
    number, path = port.number, port.health_path
    http: gcp.compute.HealthCheckHttpHealthCheckArgsDict = {"port": number, "request_path": path}
    http2: gcp.compute.HealthCheckHttp2HealthCheckArgsDict = {"port": number, "request_path": path}
    return gcp.compute.HealthCheck(
        f"{name}-health",
        name=physical,
        project=project,
        check_interval_sec=10,
        timeout_sec=5,
        healthy_threshold=2,
        unhealthy_threshold=3,
        http_health_check=http if port.protocol == "HTTP" else None,
        http2_health_check=http2 if port.protocol == "HTTP2" else None,
        grpc_health_check={"port": number} if port.protocol == "GRPC" else None,
        tcp_health_check={"port": number} if port.protocol == "TCP" else None,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def managed_group(
    parent: pulumi.Resource,
    name: str,
    physical: str,
    *,
    project: pulumi.Input[str],
    region: str,
    zones: list[str] | None,
    template: "gcp.compute.InstanceTemplate",
    port: Port,
    check: "gcp.compute.HealthCheck",
    initial_delay_seconds: int,
) -> "gcp.compute.RegionInstanceGroupManager":
    """A group that heals machines and exchanges them one in each zone, never below its size."""
    return gcp.compute.RegionInstanceGroupManager(
        f"{name}-group",
        name=physical,
        project=project,
        region=region,
        base_instance_name=physical,
        distribution_policy_zones=zones,
        versions=[{"instance_template": template.self_link}],
        named_ports=[{"name": port.name, "port": port.number}],
        auto_healing_policies={
            "health_check": check.id,
            "initial_delay_sec": initial_delay_seconds,
        },
        update_policy={
            "type": "PROACTIVE",
            "minimal_action": "REPLACE",
            # The API takes none, or at least one for each zone.
            "max_surge_fixed": len(zones) if zones else _ZONES_BY_DEFAULT,
            "max_unavailable_fixed": 0,
        },
        # The autoscaler sets the size; the group is there once its machines are healthy.
        wait_for_instances=True,
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["targetSize"]),
    )


def autoscaler(
    parent: pulumi.Resource,
    name: str,
    physical: str,
    *,
    project: pulumi.Input[str],
    region: str,
    group: "gcp.compute.RegionInstanceGroupManager",
    replicas: tuple[int, int],
    target_cpu_percent: int,
    cooldown_seconds: int,
) -> "gcp.compute.RegionAutoscaler":
    """Between the fewest and the most machines, by their CPU use."""
    return gcp.compute.RegionAutoscaler(
        f"{name}-autoscaler",
        name=physical,
        project=project,
        region=region,
        target=group.id,
        autoscaling_policy={
            "min_replicas": replicas[0],
            "max_replicas": replicas[1],
            "cooldown_period": cooldown_seconds,
            "cpu_utilization": {"target": target_cpu_percent / 100},
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def backend_service(
    parent: pulumi.Resource,
    name: str,
    physical: str,
    *,
    project: pulumi.Input[str],
    group: "gcp.compute.RegionInstanceGroupManager",
    check: "gcp.compute.HealthCheck",
    port: Port,
    others: list[pulumi.Input[str]],
    sticky: VmStickyArgs | None,
) -> "gcp.compute.BackendService":
    """What routes of a Mesh name when they mean the group, and ``others`` where it is not."""
    affinity = _affinity(sticky) if sticky else _Affinity()
    return gcp.compute.BackendService(
        f"{name}-backend",
        name=physical,
        project=project,
        load_balancing_scheme="INTERNAL_SELF_MANAGED",
        protocol=port.protocol,
        port_name=port.name,
        health_checks=check.id,
        connection_draining_timeout_sec=30,
        backends=[
            {"group": one, "balancing_mode": "UTILIZATION", "max_utilization": 0.8}
            for one in (group.instance_group, *others)
        ],
        locality_lb_policy=affinity.get("locality_lb_policy"),
        session_affinity=affinity.get("session_affinity"),
        consistent_hash=affinity.get("consistent_hash"),
        opts=pulumi.ResourceOptions(parent=parent),
    )


class _Affinity(TypedDict, total=False):
    locality_lb_policy: str
    session_affinity: str
    consistent_hash: "gcp.compute.BackendServiceConsistentHashArgsDict"


def _affinity(sticky: VmStickyArgs) -> _Affinity:
    """Affinity is kept by a policy that hashes; by a ring, few callers move with a machine."""
    ring: _Affinity = {"locality_lb_policy": "RING_HASH"}
    if "cookie" in sticky:
        ttl = int(milliseconds(sticky.get("ttl", "24h")) / 1000)
        cookie: gcp.compute.BackendServiceConsistentHashHttpCookieArgsDict = {
            "name": sticky["cookie"],
            "path": "/",
            "ttl": {"seconds": ttl},
        }
        return {
            **ring,
            "session_affinity": "HTTP_COOKIE",
            "consistent_hash": {"http_cookie": cookie},
        }
    if "header" in sticky:
        named: gcp.compute.BackendServiceConsistentHashArgsDict = {
            "http_header_name": sticky["header"]
        }
        return {**ring, "session_affinity": "HEADER_FIELD", "consistent_hash": named}
    return {**ring, "session_affinity": "CLIENT_IP"}
