"""Endpoints of network endpoint groups. They are kept, and nothing is sent to them.

https://cloud.google.com/load-balancing/docs/negs
"""

from typing import Any

from meshwright_sandbox.core import generic, listing
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.services.machines.instances import called, require

Json = dict[str, Any]
TYPES = ("networkEndpointGroups", "globalNetworkEndpointGroups", "regionNetworkEndpointGroups")
# What tells an endpoint from another.
_IDENTITY = ("fqdn", "instance", "ipAddress", "port", "clientDestinationPort")


def _sent(call: Call) -> list[Json]:
    """The endpoints in a request, with instances by their names, whatever link was sent.

    The official provider looks for its own by the bare name, and reads any other as gone.

    Raises:
        ApiError: 404 for an instance that is not there.
    """
    found: list[Json] = []
    scope = call.name.partition("/networkEndpointGroups/")[0]
    for endpoint in call.body.get("networkEndpoints", []):
        given = str(endpoint.get("instance", ""))
        if not given:
            found.append(endpoint)
            continue
        name = called(call, given, scope)
        require(call, name)
        found.append(endpoint | {"instance": name.rpartition("/")[2]})
    return found


def _same(one: Json, other: Json) -> bool:
    return all(one.get(field) == other.get(field) for field in _IDENTITY)


def attach(call: Call) -> Json:
    """`attachNetworkEndpoints`: one that is there already stays."""
    group = call.get()
    held: list[Json] = group.get("_endpoints", [])
    sent = [_complete(group, endpoint) for endpoint in _sent(call)]
    new = [each for each in sent if not any(_same(each, other) for other in held)]
    return _store(call, group, [*held, *new])


def _complete(group: Json, endpoint: Json) -> Json:
    if "port" not in endpoint and group.get("defaultPort"):
        return endpoint | {"port": group["defaultPort"]}
    return endpoint


def detach(call: Call) -> Json:
    """`detachNetworkEndpoints`.

    Raises:
        ApiError: 400 for one that is not there.
    """
    group = call.get()
    held: list[Json] = group.get("_endpoints", [])
    for endpoint in _sent(call):
        wanted = _complete(group, endpoint)
        kept = [each for each in held if not _same(each, wanted)]
        if len(kept) == len(held):
            raise invalid("Invalid value for field 'networkEndpoints': No such network endpoint.")
        held = kept
    return _store(call, group, held)


def list_(call: Call) -> Json:
    """`listNetworkEndpoints`."""
    held = call.get(call.name.removesuffix("/listNetworkEndpoints")).get("_endpoints", [])
    return listing.answer(call, [{"networkEndpoint": endpoint} for endpoint in held])


def _store(call: Call, before: Json, endpoints: list[Json]) -> Json:
    generic.require_idle(call)
    call.put(call.name, before | {"_endpoints": endpoints, "size": len(endpoints)})
    return call.start(call.method.verb, before=before)


METHODS = {
    f"{type_}.{verb}": method
    for type_ in TYPES
    for verb, method in {
        "attachNetworkEndpoints": attach,
        "detachNetworkEndpoints": detach,
        "listNetworkEndpoints": list_,
    }.items()
}
