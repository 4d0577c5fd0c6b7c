"""What a MeshVmGroup refuses: settings that the APIs would find one by one, or never."""

from collections.abc import Iterator

from ._durations import is_duration, milliseconds
from ._places import REGION, ZONE, is_zone_of
from ._projects import number_problems
from ._validation import duplicates, is_plain, one_of
from ._vm_args import MeshVmGroupArgs
from ._vm_group import VmStickyArgs

Problems = Iterator[tuple[str, str]]
MODES = ("service-proxy", "workload-group")
_PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "TCP")
_LARGEST_PORT = 65535
_LONGEST_DELAY = 3600
_MOST_MACHINES = 2000
# Debian's images are this large; the API refuses a disk that is smaller than its image.
_SMALLEST_DISK_GB = 10
# Only the proxy of a Mesh has these; istiod's own settings decide for its proxies.
_OF_SERVICE_PROXY = (
    "mesh", "proxy_port", "intercept_all_outbound", "tracing", "project_number", "failover_groups",
    "sticky", "access_logs",
)  # fmt: skip


def vm_group_problems(args: MeshVmGroupArgs) -> Problems:
    """Every mistake in a group's arguments."""
    yield from number_problems("project_number", args.get("project_number"))
    yield from _mode_problems(args)
    yield from _place_problems(args)
    yield from one_of("protocol", args.get("protocol"), _PROTOCOLS)
    yield from _health_problems(args)
    yield from _within("port", args["port"], 1, _LARGEST_PORT)
    yield from _within("proxy_port", args.get("proxy_port"), 1, _LARGEST_PORT)
    if args.get("proxy_port", 15001) == args["port"] and "workload_group" not in args:
        yield "port", f"{args['port']} is the proxy's own port; choose another, or set proxy_port"
    yield from _size_problems(args)
    if "sticky" in args:
        yield from _sticky_problems(args["sticky"], args.get("protocol", "HTTP"))


def _sticky_problems(sticky: VmStickyArgs, protocol: str) -> Problems:
    given = [key for key in ("cookie", "header", "source_ip") if sticky.get(key)]
    if len(given) != 1:
        yield "sticky", f"needs exactly one of cookie, header and source_ip, not {len(given)}"
    if "ttl" in sticky:
        if "cookie" not in sticky:
            yield "sticky.ttl", "is a cookie's; leave it out"
        elif not is_duration(sticky["ttl"]):
            yield "sticky.ttl", f"{sticky['ttl']!r} is not a duration such as `24h`"
        elif milliseconds(sticky["ttl"]) % 1000:
            # The part of a second would be cut off, and half a second be a session's cookie.
            yield "sticky.ttl", f"{sticky['ttl']!r} is not a whole number of seconds"
    for key in ("cookie", "header"):
        if key in sticky and protocol == "TCP":
            yield f"sticky.{key}", "a connection carries none; use source_ip"
    if "cookie" in sticky and protocol == "GRPC":
        yield "sticky.cookie", "gRPC clients keep no cookies; use a header"


def _mode_problems(args: MeshVmGroupArgs) -> Problems:
    mode = args.get("mode", MODES[0])
    yield from one_of("mode", mode, MODES)
    if mode == "workload-group" and "workload_group" not in args:
        yield "workload_group", "missing; mode `workload-group` needs the Istio mesh to join"
    if mode == MODES[0] and "workload_group" in args:
        yield "workload_group", "only taken with mode `workload-group`; set it, or leave this out"
    if mode == "workload-group":
        for key in _OF_SERVICE_PROXY:
            if key in args:
                yield key, "only taken with mode `service-proxy`; leave it out"


def _place_problems(args: MeshVmGroupArgs) -> Problems:
    region = args["region"]
    if not REGION.fullmatch(region):
        hint = "a zone; name its region" if ZONE.fullmatch(region) else "no region"
        yield "region", f"{region!r} is {hint}, such as `europe-west1`"
        return
    zones = args.get("zones")
    if zones is None:
        return
    if not zones:
        yield "zones", "is empty; leave it out for Google's choice, or name at least one"
    for zone in duplicates(zones):
        yield "zones", f"{zone!r} is named twice"
    for index, zone in enumerate(zones):
        if not is_zone_of(zone, region):
            yield f"zones[{index}]", f"{zone!r} is not a zone of {region}"


def _health_problems(args: MeshVmGroupArgs) -> Problems:
    protocol, path = args.get("protocol", "HTTP"), args.get("health_path")
    if path is None:
        return
    if protocol not in ("HTTP", "HTTP2"):
        yield "health_path", f"{protocol} has no paths; leave it out"
    elif not path.startswith("/"):
        yield "health_path", f"{path!r} must begin with `/`"


def _size_problems(args: MeshVmGroupArgs) -> Problems:
    low, high = args.get("min_replicas", 2), args.get("max_replicas", 6)
    yield from _within("min_replicas", low, 0, _MOST_MACHINES)
    yield from _within("max_replicas", high, 1, _MOST_MACHINES)
    if low > high:
        yield "max_replicas", f"{high} is below min_replicas, {low}"
    yield from _within("target_cpu_percent", args.get("target_cpu_percent"), 1, 100)
    yield from _within(
        "initial_delay_seconds", args.get("initial_delay_seconds"), 0, _LONGEST_DELAY
    )
    disk = args.get("disk_size_gb")
    if is_plain(disk) and isinstance(disk, int) and disk < _SMALLEST_DISK_GB:
        yield "disk_size_gb", f"{disk} is too small; {_SMALLEST_DISK_GB} is the least"


def _within(path: str, value: int | None, low: int, high: int) -> Problems:
    if value is not None and not low <= value <= high:
        yield path, f"{value} is not within {low} to {high}"
