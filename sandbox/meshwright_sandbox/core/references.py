"""Fields that name other resources: they must exist, and they keep their targets from going."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.service import Reference
from meshwright_sandbox.core.stamps import self_link

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Call

Json = dict[str, Any]
Uses = dict[tuple[str, str], bool]

# What stands before the resource name in a link: host, and on the sandbox's port the API's prefix.
_HOST = re.compile(r"^(?:https?:)?//[^/]+/(?:.*?/(?=projects/)|compute/[a-z0-9]+/|v\d[a-z0-9]*/)?")
_COMPUTE = re.compile(
    r"projects/(?P<project>[^/]+)/(?:global|(?:regions|zones)/[^/]+)/(?P<collection>\w+)/[^/]+"
)
# Compute fields whose string values are links, wherever they stand.
_LINK_FIELDS = frozenset({"network", "subnetwork", "backendService", "urlMap", "instanceTemplate"})
# Of firewall policies' rules: the official provider compares them as texts.
_KEPT_AS_SENT = frozenset({"srcNetworks"})
# What a project may make, and takes from public projects for the most part: looked up elsewhere, or
# made by partners of Google alone.
_CATALOGUES = frozenset({"images", "licenses"})
_NOT_LINKS = frozenset({"selfLink", "selfLinkWithId", "description", "region", "zone"})


def resolve(call: "Call", document: Json) -> Uses:
    """Check every reference of a new document; rewrites those stored as self links.

    Returns:
        What the resource uses: (service, name) -> whether that blocks the target's delete.

    Raises:
        ApiError: 404 or 400 for a target that does not exist.
    """
    uses: Uses = {}
    for reference in call.collection.references:
        for holder, key, path in _places(document, reference.field):
            name = target_name(call, reference, str(holder[key]))
            _require(call, reference, name, str(holder[key]), path)
            uses[reference.service, name] = reference.blocks
            if reference.rewrite:
                holder[key] = self_link(call.cloud.services[reference.service], "v1", name)
    if call.service.operations == "compute":
        uses |= _compute_links(call, document)
    return uses


def target_name(call: "Call", reference: Reference, value: str) -> str:
    """The resource name that a field's value means."""
    return resource_name(call, value) or reference.template.format(
        project=call.project,
        location=call.location,
        region=call.location,
        zone=call.location,
        id=value,
    )


def resource_name(call: "Call", value: str) -> str | None:
    """A link or partial link as a resource name with the project's id; None for a bare name."""
    name = _HOST.sub("", value)
    if name.startswith(("global/", "regions/", "zones/", "locations/")):
        name = f"projects/{call.project}/{name}"
    if not name.startswith("projects/"):
        return None if "/" not in name else name
    head, project, *rest = name.split("/")
    return "/".join([head, call.cloud.projects.id(project), *rest])


def by_name(call: "Call", name: str) -> str:
    """Compute's resources may be called by their numeric id instead of their name."""
    parent, _, last = name.rpartition("/")
    if last.isdigit():
        for row in call.cloud.store.children("compute", parent):
            if row.doc.get("id") == last:
                return row.name
    return name


def _require(call: "Call", reference: Reference, name: str, value: str, path: str) -> None:
    if call.cloud.store.get(reference.service, name) is not None:
        return
    text = reference.message or call.cloud.services[reference.service].not_found(name)
    message = text.replace("{value}", value).replace("{name}", name).replace("{field}", path)
    raise ApiError(reference.status, message, refusal="reference")


def _places(value: Any, path: str, at: str = "") -> Iterator[tuple[Any, Any, str]]:
    """(holder, key, concrete path) of each value at a reference's field path."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]").removesuffix("{}")
    if not isinstance(value, dict) or value.get(name) in (None, ""):
        return
    inner, here = value[name], f"{at}.{name}" if at else name
    if head.endswith("[]") and isinstance(inner, list):
        steps: list[tuple[Any, Any, str]] = [(inner, i, f"{here}[{i}]") for i in range(len(inner))]
    elif head.endswith("{}") and isinstance(inner, dict):
        steps = [(inner, key, f"{here}.{key}") for key in inner]
    else:
        steps = [(value, name, here)]
    for holder, key, where in steps:
        if rest:
            yield from _places(holder[key], rest, where)
        elif isinstance(holder[key], str):
            yield holder, key, where


def _compute_links(call: "Call", document: Json) -> Uses:
    """Compute's links are recognisable by their form, so no collection has to declare them."""
    created = {
        method.segments[-1] for method in call.document.methods.values() if method.verb == "insert"
    }
    uses: Uses = {}
    for holder, key, path in _strings(document, "resource"):
        value: str = holder[key]
        field = path.rpartition(".")[2].partition("[")[0]
        if field in _NOT_LINKS or (field in _LINK_FIELDS and not value):
            continue
        name = resource_name(call, value)
        match = _COMPUTE.fullmatch(name or "")
        if name is None or not match:
            if field in _LINK_FIELDS:
                raise invalid(f"Invalid value for field '{path}': '{value}'. The URL is malformed.")
            continue
        name = by_name(call, name)
        if field not in _KEPT_AS_SENT:
            holder[key] = self_link(call.service, call.version, name)
        if match["collection"] not in created or match["collection"] in _CATALOGUES:
            continue  # the cloud's own: machine types, public images, ...
        if call.cloud.store.get("compute", name) is None:
            raise ApiError(404, call.service.not_found(name), refusal="reference")
        creating = call.cloud.store.unfinished("compute", name)
        if any(operation["verb"] != "update" for operation in creating):
            raise ApiError(400, f"The resource '{name}' is not ready", reason="resourceNotReady")
        uses["compute", name] = True
    return uses


def _strings(value: Any, at: str) -> Iterator[tuple[Any, Any, str]]:
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = [(key, f"{at}.{key}") for key in value if not key.startswith("_")]
    elif isinstance(value, list):
        items = [(index, f"{at}[{index}]") for index in range(len(value))]
    for key, path in items:
        if isinstance(value[key], str):
            yield value, key, path
        else:
            yield from _strings(value[key], path)
