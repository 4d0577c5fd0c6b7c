"""Peerings of networks: two sides, of which each is made in its own network.

https://cloud.google.com/vpc/docs/vpc-peering
"""

import re
from collections.abc import Iterator
from typing import Any

from meshwright_sandbox.core import stamps
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, required
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.services.vpc import ranges

Json = dict[str, Any]
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_DEFAULTS: Json = {
    "exchangeSubnetRoutes": True,
    "exportCustomRoutes": False,
    "importCustomRoutes": False,
    "exportSubnetRoutesWithPublicIp": True,
    "importSubnetRoutesWithPublicIp": False,
    "stackType": "IPV4_ONLY",
    "updateStrategy": "INDEPENDENT",
}
_WAITING = {"state": "INACTIVE", "stateDetails": "Waiting for peer network to connect."}
_CONNECTED = {"state": "ACTIVE", "stateDetails": "Connected."}
# A field of ours: a link in it is no reference, since the peer may be missing and may go.
_FIELD = "_peerings"


def add(call: Call) -> Json:
    """`networks.addPeering`: this network's side; its peer need not exist yet.

    Raises:
        ApiError: 400 for a wrong name, a peering with itself, a second one to the same network or
            of the same name, or with ranges that the peer has as well.
    """
    network = call.get()
    sent: Json = dict(call.body.get("networkPeering", {}))
    sent.setdefault("name", call.body.get("name", ""))
    sent.setdefault("network", call.body.get("peerNetwork", ""))
    peering = {k: v for k, v in (_DEFAULTS | sent).items() if k != "autoCreateRoutes"}
    peer = _peer(call, peering)
    _check(peering)
    if peer == call.name:
        raise invalid("A network cannot be peered with itself.")
    for other in network.get(_FIELD, []):
        if other["name"] == peering["name"]:
            raise invalid(f"There is already a peering '{other['name']}' in this network.")
        if _peer(call, other) == peer:
            raise invalid(f"There is already a peering with network '{peer}': '{other['name']}'.")
    _require_idle(call, peer)
    if matching(call, call.name, peer):
        _require_apart(call, peer)
    peering["network"] = stamps.self_link(call.service, call.version, peer)
    peering["autoCreateRoutes"] = True
    return _store(call, network, [*network.get(_FIELD, []), peering])


def update(call: Call) -> Json:
    """`networks.updatePeering`: the fields that are sent, but neither name nor peer."""
    network = call.get()
    sent: Json = call.body.get("networkPeering", {})
    before = _named(network, sent.get("name", ""))
    if "network" in sent and _peer(call, sent) != _peer(call, before):
        raise invalid("Invalid value for field 'networkPeering.network': it cannot be changed.")
    after = before | {k: v for k, v in sent.items() if k not in ("name", "network")}
    _check(after)
    _require_idle(call, _peer(call, before))
    rest = [after if each["name"] == after["name"] else each for each in network[_FIELD]]
    return _store(call, network, rest)


def remove(call: Call) -> Json:
    """`networks.removePeering`: this side goes, and the other waits again."""
    network = call.get()
    gone = _named(network, call.body.get("name", ""))
    _require_idle(call, _peer(call, gone))
    return _store(call, network, [each for each in network[_FIELD] if each is not gone])


def show(call: Call, network: Json, name: str) -> None:
    """Show a network's peerings, and of each whether its other side is there."""
    if network.get(_FIELD):
        network["peerings"] = network[_FIELD]
    for peering in network.get(_FIELD, []):
        peer = _peer(call, peering)
        if matching(call, name, peer):
            mtu = (call.cloud.store.get("compute", peer) or {}).get("mtu")
            peering |= _CONNECTED | {"peerMtu": mtu}
        else:
            peering |= _WAITING


def connected(call: Call, name: str) -> Iterator[str]:
    """The networks that a network is connected with."""
    network = call.cloud.store.get("compute", name) or {}
    for peering in network.get(_FIELD, []):
        peer = _peer(call, peering)
        if matching(call, name, peer):
            yield peer


def matching(call: Call, name: str, peer: str) -> bool:
    """Whether the peer has a side that leads to this network."""
    other = call.cloud.store.get("compute", peer) or {}
    return any(_peer(call, each) == name for each in other.get(_FIELD, []))


def _peer(call: Call, peering: Json) -> str:
    """The resource name of the network at the other side."""
    value = peering.get("network", "")
    if not value:
        raise required("networkPeering.network")
    return resource_name(call, value) or f"projects/{call.project}/global/networks/{value}"


def _check(peering: Json) -> None:
    if not _NAME.fullmatch(peering["name"]):
        raise invalid(
            f"Invalid value for field 'networkPeering.name': '{peering['name']}'. Must be a match "
            f"of regex '{_NAME.pattern}'"
        )
    if not peering["exchangeSubnetRoutes"]:
        raise invalid("Invalid value for field 'networkPeering.exchangeSubnetRoutes': 'false'.")
    if peering["updateStrategy"] == "CONSENSUS":
        raise ApiError(501, "Peerings with update strategy CONSENSUS are not part of the sandbox.")


def _named(network: Json, name: str) -> Json:
    for peering in network.get(_FIELD, []):
        if peering["name"] == name:
            return peering
    raise invalid(f"There is no peering '{name}' in network '{network['name']}'.")


def _require_idle(call: Call, peer: str) -> None:
    """Only one change of peerings at a time on either side; clients wait and try again."""
    for name in (call.name, peer):
        running = call.cloud.store.unfinished("compute", name)
        if any(operation.get("method", "").endswith("Peering") for operation in running):
            raise invalid(
                "There is a peering operation in progress on the local or peer network. Try again "
                "later."
            )


def _require_apart(call: Call, peer: str) -> None:
    """Subnetworks of networks that are connected must not overlap."""
    theirs = [
        taken for row in ranges.subnetworks_of(call, peer) for _, taken in ranges.ranges_of(row.doc)
    ]
    for row in ranges.subnetworks_of(call, call.name):
        for _, own in ranges.ranges_of(row.doc):
            for taken in theirs:
                if own.overlaps(taken):
                    raise invalid(
                        f"An IP range in the peer network ({taken}) overlaps with an IP range "
                        f"({own}) in the local network."
                    )


def _store(call: Call, before: Json, peerings: list[Json]) -> Json:
    call.put(call.name, before | {_FIELD: peerings})
    return call.start("update", before=before)


METHODS = {
    "networks.addPeering": add,
    "networks.updatePeering": update,
    "networks.removePeering": remove,
}
