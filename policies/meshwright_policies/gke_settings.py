"""Where a GKE cluster's settings stand, what they have to be, and the mend that writes them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from meshwright_policies.rule import CLUSTER, NODE_POOL, Finding, Resource, Unjudged, Violation
from meshwright_policies.values import UNKNOWN, at, each

CLUSTERS: Final = rf"{CLUSTER}$"
CLUSTERS_AND_POOLS: Final = rf"({CLUSTER}|{NODE_POOL})$"
AUTOPILOT: Final = "enableAutopilot"
Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A part of a resource that settings stand in."""

    steps: Steps
    """The keys and indexes that lead to it."""
    holder: object
    """What stands there; UNKNOWN where it is not known whether there is such a part."""

    def path(self, key: str) -> str:
        """The path of a setting in it, as a person writes it."""
        return dotted((*self.steps, *key.split(".")))


@dataclass(frozen=True)
class Setting:
    """A property that has to have one of some values."""

    key: str
    """Its dotted path from the place."""
    wanted: tuple[object, ...] = ()
    """Values that hold, the first of them the one to write. Empty: anything that is set."""
    mend: str = ""
    """What to do about another value. Default: set it to the first wanted one."""
    unset_holds: bool = False
    """Whether what Google does by default holds."""

    def holds(self, found: object) -> bool:
        """Whether a known value is a wanted one; enum words may be written in any case."""
        if found is None:
            return self.unset_holds
        return _folded(found) in map(_folded, self.wanted) if self.wanted else bool(found)


Wanted = Iterable[tuple[Place, Setting]]


def judged(wanted: Wanted) -> Iterator[Finding]:
    """A finding for each setting that is not as wanted, or not known."""
    for place, setting in wanted:
        found = at(place.holder, *setting.key.split("."))
        if found is UNKNOWN:
            yield Unjudged(place.path(setting.key))
        elif not setting.holds(found):
            mend = setting.mend or f"Set it to {json.dumps(setting.wanted[0])}"
            yield Violation(place.path(setting.key), said(found), mend)


def mended(resource: Resource, wanted: Wanted) -> dict[str, object] | None:
    """The resource's properties with the wanted values written; None where all of them hold."""
    properties = cast(dict[str, object], resource.properties)
    result = properties
    for place, setting in wanted:
        found = at(place.holder, *setting.key.split("."))
        if found is not UNKNOWN and not setting.holds(found):
            steps = (*place.steps, *setting.key.split("."))
            result = cast(dict[str, object], _written(result, steps, setting.wanted[0]))
    return None if result is properties else result


def cluster(resource: Resource) -> Iterator[Place]:
    """The cluster itself, where the resource is one."""
    if resource.type == CLUSTER:
        yield Place((), resource.properties)


def standard_cluster(resource: Resource) -> Iterator[Place]:
    """The cluster itself, where it is one whose settings Autopilot does not settle."""
    autopilot = at(resource.properties, AUTOPILOT)
    if resource.type == CLUSTER and autopilot is not True:
        yield Place((), UNKNOWN if autopilot is UNKNOWN else resource.properties)


def pools(resource: Resource) -> Iterator[Place]:
    """The node pools that a resource describes; Autopilot has none of its own.

    The default pool of a cluster counts unless it is removed at birth.
    """
    if resource.type == NODE_POOL:
        yield Place((), resource.properties)
    for place in standard_cluster(resource):
        inline = at(place.holder, "nodePools")
        removed = at(place.holder, "removeDefaultNodePool")
        if inline is UNKNOWN and place.holder is not UNKNOWN:
            yield Place(("nodePools[*]",), UNKNOWN)
        elif not inline and removed is not True:
            yield Place((), UNKNOWN if removed is UNKNOWN else place.holder)
        for index, pool in each(place.holder, "nodePools"):
            yield Place(("nodePools", index), pool)


def provisioned(resource: Resource, *, autopilot: bool = False) -> Iterator[Place]:
    """What node auto-provisioning makes nodes from; with `autopilot`, what Autopilot does too."""
    path = ("clusterAutoscaling", "autoProvisioningDefaults")
    if autopilot and resource.type == CLUSTER and at(resource.properties, AUTOPILOT) is True:
        yield Place(path, at(resource.properties, *path))
    for place in standard_cluster(resource):
        enabled = at(place.holder, "clusterAutoscaling", "enabled")
        # A wholly unknown cluster says so for its pools already.
        if place.holder is not UNKNOWN and (enabled is True or enabled is UNKNOWN):
            yield Place(path, UNKNOWN if enabled is UNKNOWN else at(place.holder, *path))


def nodes(resource: Resource, *, autopilot: bool = False) -> Iterator[Place]:
    """The node configs of all pools, and of those that auto-provisioning will make."""
    for pool in pools(resource):
        yield Place((*pool.steps, "nodeConfig"), at(pool.holder, "nodeConfig"))
    yield from provisioned(resource, autopilot=autopilot)


def said(value: object) -> str:
    """A value, for a sentence about what stands at a path; true and false as most languages do."""
    if isinstance(value, bool):
        return f"is {str(value).lower()}"
    return "is not set" if value is None else f"is {value!r}"


def dotted(steps: Steps) -> str:
    """Keys and indexes as one path: ("nodePools", 0, "name") is nodePools[0].name."""
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".")


def _folded(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


def _written(value: object, steps: Steps, wanted: object) -> object:
    """A copy with the value at a path replaced; only what leads there is copied."""
    if not steps:
        return wanted
    step, *rest = steps
    if isinstance(step, int):
        items = list(cast(list[object], value))
        items[step] = _written(items[step], tuple(rest), wanted)
        return items
    known = dict(cast(Mapping[str, object], value)) if isinstance(value, Mapping) else {}
    return known | {step: _written(known.get(step), tuple(rest), wanted)}
