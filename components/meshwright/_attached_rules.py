"""What must hold between the arguments of an attached cluster."""

import json
import re
from collections.abc import Iterator
from typing import cast

import pulumi

from ._attached_args import AttachedClusterArgs
from ._places import REGION
from ._projects import number_problems
from ._validation import ArgumentError, duplicates, is_plain, one_of

LOGGED = ("SYSTEM_COMPONENTS", "WORKLOADS")
_DISTRIBUTIONS = ("eks", "aks", "generic")
_MOST_ADMINS = 10
_PLATFORM_VERSION = re.compile(r"(\d+)\.(\d+)\.\d+-gke\.\d+")


def attached_problems(args: AttachedClusterArgs) -> Iterator[tuple[str, str]]:
    """Each mistake, with the path of its argument."""
    yield from one_of("distribution", args["distribution"], _DISTRIBUTIONS)
    yield from _identity_problems(args)
    yield from _format_problems(args)
    for field in ("admin_users", "admin_groups"):
        names = cast(list[object], args.get(field, []))
        if len(names) > _MOST_ADMINS:
            yield field, f"has {len(names)} entries; at most {_MOST_ADMINS} are allowed"
        for name in duplicates(name for name in names if isinstance(name, str)):
            yield field, f"{name!r} is named twice"
    for index, component in enumerate(args.get("logging_components", [])):
        yield from one_of(f"logging_components[{index}]", component, LOGGED)


def _identity_problems(args: AttachedClusterArgs) -> Iterator[tuple[str, str]]:
    named = [key for key in ("eks", "issuer_url") if key in args]
    if len(named) != 1:
        have = "both are" if named else "neither is"
        yield "issuer_url", f"name exactly one of eks and issuer_url; {have} given"
    if "eks" in args and is_plain(args["distribution"]) and args["distribution"] != "eks":
        yield "eks", "only a cluster of distribution eks is read from AWS; leave it out"
    issuer = args.get("issuer_url", "https://")
    if isinstance(issuer, str) and not issuer.startswith("https://"):
        yield "issuer_url", f"{issuer!r} must start with https://"
    if "jwks" in args and "issuer_url" not in args:
        yield "jwks", "keys belong to an issuer_url; an EKS cluster's issuer is public"
    keys = args.get("jwks")
    if isinstance(keys, str) and not _is_key_set(keys):
        yield "jwks", 'must be a JSON Web Key Set, such as {"keys": [...]}'


def _format_problems(args: AttachedClusterArgs) -> Iterator[tuple[str, str]]:
    platform = args["platform_version"]
    if isinstance(platform, str) and not _PLATFORM_VERSION.fullmatch(platform):
        yield "platform_version", f"{platform!r} must be a full version, such as 1.36.0-gke.1"
    version = args.get("kubernetes_version")
    if isinstance(version, str) and not re.fullmatch(r"v?\d+\.\d+(\..*)?", version):
        yield "kubernetes_version", f"{version!r} must be a version, such as 1.36"
    location = args["location"]
    if isinstance(location, str) and not REGION.fullmatch(location):
        yield "location", f"{location!r} must be a region of Google Cloud, such as europe-west1"
    yield from number_problems("fleet_project_number", args["fleet_project_number"])


def _is_key_set(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(cast(dict[str, object], found).get("keys"), list)


def check_platform(name: str, platform: pulumi.Input[str], kubernetes: object) -> None:
    """Compare what is known now: the platform follows the cluster, never the other way round."""
    if not (isinstance(platform, str) and isinstance(kubernetes, str)):
        return
    have, runs = _minor(platform), _minor(kubernetes)
    fitting = f"one that begins with {runs[0]}.{runs[1]}"
    if have > runs:
        text = f"{platform} is for a newer Kubernetes than the cluster's {kubernetes}"
        raise ArgumentError(
            "AttachedCluster",
            name,
            [("platform_version", f"{text}; choose {fitting}, or upgrade the cluster first")],
        )
    if have < runs:
        pulumi.log.warn(
            f"AttachedCluster {name!r}: platform_version {platform} is for an older Kubernetes "
            f"than the cluster's {kubernetes}; move it to {fitting}"
        )


def _minor(version: str) -> tuple[int, int]:
    major, minor = version.removeprefix("v").split(".")[:2]
    return int(major), int(minor)
