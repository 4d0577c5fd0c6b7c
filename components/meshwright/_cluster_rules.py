"""What GKE would refuse of a GkeCluster's arguments, found before anything is registered."""

import ipaddress
import re
from collections.abc import Iterator

from ._cluster_args import GkeClusterArgs
from ._names import NODE_POOL, name_problem
from ._node_pools import NodePoolArgs
from ._places import REGION, ZONE, is_zone_of, region_of
from ._projects import number_problems
from ._ranges import range_problem
from ._validation import duplicates, one_of

_CHANNELS = ("RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED")
_GATEWAY_CHANNELS = ("CHANNEL_STANDARD", "CHANNEL_DISABLED")
_TAINT_EFFECTS = ("NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE")
_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_GROUP = "gke-security-groups@"
_CONTROL_PLANE_PREFIX = 28
_SMALLEST_DISK_GB = 10

Problems = Iterator[tuple[str, str]]


def cluster_problems(args: GkeClusterArgs) -> Problems:
    """Combinations that GKE refuses, after minutes or in words that do not name the argument."""
    yield from number_problems("fleet_project_number", args.get("fleet_project_number"))
    yield from one_of("release_channel", args.get("release_channel"), _CHANNELS)
    yield from one_of("gateway_api_channel", args.get("gateway_api_channel"), _GATEWAY_CHANNELS)
    if "version" in args and args.get("release_channel", "REGULAR") in _CHANNELS[:-1]:
        yield "version", "a release channel chooses versions itself; leave one of the two out"
    yield from _place_problems(args)
    yield from _access_problems(args)
    yield from _encryption_problems(args)
    if "node_service_account" in args and "node_roles" in args:
        yield "node_roles", "are for the account made here; give your own account its roles itself"
    for role in duplicates(args.get("node_roles", [])):
        yield "node_roles", f"{role!r} is named twice"
    pools = args.get("node_pools", [])
    for name in duplicates(pool["name"] for pool in pools):
        yield "node_pools", f"two pools are named {name!r}; names are unique in a cluster"
    for index, pool in enumerate(pools):
        yield from _pool_problems(f"node_pools[{index}]", pool, args["location"])


def _place_problems(args: GkeClusterArgs) -> Problems:
    location = args["location"]
    if not (REGION.fullmatch(location) or ZONE.fullmatch(location)):
        yield "location", f"{location!r} is neither a region nor a zone, such as 'europe-west1'"
    elif args.get("autopilot", False) and not REGION.fullmatch(location):
        yield "location", f"Autopilot takes a region, and {location!r} is not one"
    if args.get("autopilot", False):
        if "node_pools" in args:
            yield "node_pools", "Autopilot runs the nodes itself; leave node_pools out"
        if args.get("release_channel") == "UNSPECIFIED":
            yield "release_channel", "Autopilot is always in a channel; name one, or leave it out"
    elif args.get("node_pools") == []:
        yield "node_pools", "is empty; leave it out for one pool, or name at least one"


def _access_problems(args: GkeClusterArgs) -> Problems:
    for index, item in enumerate(args.get("authorized_networks", [])):
        path, cidr = f"authorized_networks[{index}].cidr", item["cidr"]
        if not isinstance(cidr, str):
            continue
        if problem := range_problem(cidr, only_ipv4=True):
            yield path, problem
        elif ipaddress.IPv4Network(cidr).prefixlen == 0:
            yield path, f"{cidr} opens the control plane to all; name your own ranges"
    block = args.get("control_plane_cidr")
    if isinstance(block, str):
        if not block.endswith(f"/{_CONTROL_PLANE_PREFIX}"):
            yield "control_plane_cidr", f"{block!r} must be a /{_CONTROL_PLANE_PREFIX}"
        elif problem := range_problem(block, only_ipv4=True):
            yield "control_plane_cidr", problem
    group = args.get("security_group")
    if isinstance(group, str) and not group.startswith(_GROUP):
        yield "security_group", f"{group!r} must be `{_GROUP}DOMAIN`, which GKE takes alone"


def _encryption_problems(args: GkeClusterArgs) -> Problems:
    if "secrets_kms_key" in args and not args.get("secrets_encryption", True):
        yield "secrets_encryption", "is false, but secrets_kms_key names a key; leave one out"
    region = region_of(args["location"])
    for path in ("secrets_kms_key", "boot_disk_kms_key"):
        yield from _key_problems(path, args.get(path), region)
    for index, pool in enumerate(args.get("node_pools", [])):
        path = f"node_pools[{index}].boot_disk_kms_key"
        yield from _key_problems(path, pool.get("boot_disk_kms_key"), region)


def _key_problems(path: str, key: object, region: str) -> Problems:
    """A key must be named in full, and stand in the cluster's region."""
    if not isinstance(key, str):
        return
    if not _KEY.fullmatch(key):
        form = "projects/P/locations/L/keyRings/R/cryptoKeys/K"
        yield path, f"{key!r} must have the form `{form}`"
    elif (place := key.split("/")[3]) != region:
        yield path, f"{key!r} is in {place!r}; GKE takes a key of the cluster's region {region!r}"


def _pool_problems(path: str, pool: NodePoolArgs, location: str) -> Problems:
    if problem := name_problem(NODE_POOL, pool["name"]):
        yield f"{path}.name", problem
    low, high = pool.get("min_nodes", 1), pool.get("max_nodes", 3)
    if isinstance(low, int) and low < 0:
        yield f"{path}.min_nodes", f"{low} is negative"
    if isinstance(high, int) and high < 1:
        yield f"{path}.max_nodes", f"{high} must be at least 1"
    elif isinstance(low, int) and isinstance(high, int) and low > high:
        yield f"{path}.min_nodes", f"{low} is more than max_nodes {high}"
    disk = pool.get("disk_size_gb")
    if isinstance(disk, int) and disk < _SMALLEST_DISK_GB:
        yield f"{path}.disk_size_gb", f"{disk} is too small; GKE takes {_SMALLEST_DISK_GB} or more"
    yield from _zone_problems(f"{path}.zones", pool, region_of(location))
    for place, taint in enumerate(pool.get("taints", [])):
        yield from one_of(f"{path}.taints[{place}].effect", taint["effect"], _TAINT_EFFECTS)


def _zone_problems(path: str, pool: NodePoolArgs, region: str) -> Problems:
    zones = pool.get("zones")
    if not isinstance(zones, list):
        return
    if not zones:
        yield path, "is empty; leave it out for the cluster's zones, or name at least one"
    known = [zone for zone in zones if isinstance(zone, str)]
    for zone in duplicates(known):
        yield path, f"{zone!r} is named twice"
    for index, zone in enumerate(zones):
        if isinstance(zone, str) and not is_zone_of(zone, region):
            yield f"{path}[{index}]", f"{zone!r} is not a zone of {region}"
