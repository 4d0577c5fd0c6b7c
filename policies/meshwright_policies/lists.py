"""Takes a list of Kubernetes objects apart, so that every rule meets the objects in it."""

import dataclasses
import re
from typing import Final, cast

from meshwright_policies.rule import Finding, Resource
from meshwright_policies.values import UNKNOWN, at

_LIST: Final = re.compile(r"(kubernetes:.+:\w+)List$")
# Stands in no URN, so that what follows it is a place in a list.
_MARK: Final = "\0"
_PATH: Final = re.compile(r"\w+($|[.\[])")


def type_of_items(kind: str) -> str:
    """The type of the objects in a list of that type; of another type, the type itself."""
    found = _LIST.match(kind) if kind.endswith("List") else None
    return found[1] if found else kind


def parts(resource: Resource) -> list[Resource]:
    """The objects of a list, each with its place in the URN; any other resource, by itself."""
    kind = type_of_items(resource.type)
    if kind == resource.type:
        return [resource]
    items = at(resource.properties, "items")
    if items is UNKNOWN:
        return [_part(resource, kind, "items", UNKNOWN)]
    if not isinstance(items, list):
        return [resource]
    known = cast(list[object], items)
    return [_part(resource, kind, f"items[{n}]", item) for n, item in enumerate(known)]


def placed(finding: Finding, urn: str) -> Finding:
    """A finding at the resource that the engine knows, with the whole path of its property."""
    known, mark, place = (finding.urn or urn).partition(_MARK)
    where = finding.where
    if mark and not where:
        where = place
    elif mark and _PATH.match(where):
        where = f"{place}.{where}"
    return dataclasses.replace(finding, urn=known, where=where)


def _part(resource: Resource, kind: str, place: str, item: object) -> Resource:
    name = f"{resource.name}.{place}"
    return Resource(f"{resource.urn}{_MARK}{place}", kind, name, item, resource.cluster)
