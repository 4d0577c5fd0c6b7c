"""Joins a pod's namespace to the sandbox's network: run inside the latter, once a pod.

As a CNI plugin would do it: the pod has its one address, everything else is reached by way of the
sandbox's end of a pair of veths. Where the pod has a sidecar its connections are led to it as
Istio's CNI plugin leads them (https://istio.io/latest/docs/setup/additional-setup/cni/), with one
difference: of those that go out only the ones to Services' addresses are. A sidecar's own calls go
to pods, so they need no telling apart by the user that makes them. A proxy that can be told to mark
what it sends needs no such ranges.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute, netns
from pyroute2.netlink.nfnetlink.nftsocket import Cmp, Meta
from pyroute2.nftables.expressions import genex
from pyroute2.nftables.main import NFTables

# The sandbox's end of every pair has this address, so that no pod needs to ask for it.
_MAC = "ee:ee:ee:ee:ee:ee"
_GATEWAY = "169.254.1.1"
# What the sandbox's own calls to pods come from; one of its control plane's range.
_SANDBOX = "198.18.0.1"
_LOCAL_TABLE = 255
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
# Ports of the sidecar itself (https://istio.io/latest/docs/ops/deployment/application-requirements/).
_NOT_CAPTURED = (15008, 15020, 15021, 15090)
_IPV4, _TCP, _ACCEPT = 2, 6, 1
_DESTINATION = {"base": 1, "offset": 16, "len": 4}
_DESTINATION_PORT = {"base": 2, "offset": 2, "len": 2}


def join(
    holder: int, device: str, address: str, captured: Sequence[str], capture: dict[str, Any]
) -> None:
    """Give the namespace of the process ``holder`` this address.

    Connections to ``captured`` ranges are led to the sidecar, and so is what comes in, as
    ``capture`` says (see `pod_network.Capture`).
    """
    _FORWARDING.write_text("1")
    with IPRoute() as sandbox:
        peer = {"ifname": "eth0", "net_ns_pid": holder}
        sandbox.link("add", ifname=device, kind="veth", address=_MAC, peer=peer)
        # In the local table, where the cluster's whole pod range is the sandbox's own.
        sandbox.route(
            "replace", dst=f"{address}/32", oif=_up(sandbox, device), table=_LOCAL_TABLE,
            scope="link", prefsrc=_SANDBOX,
        )  # fmt: skip
    netns.setns(f"/proc/{holder}/ns/net")
    with IPRoute() as pod:
        _up(pod, "lo")
        index = _up(pod, "eth0")
        pod.addr("add", index=index, address=address, prefixlen=32)
        pod.neigh("replace", dst=_GATEWAY, lladdr=_MAC, ifindex=index, state="permanent")
        pod.route("add", dst=f"{_GATEWAY}/32", oif=index, scope="link")
        pod.route("add", dst="default", gateway=_GATEWAY, oif=index)
    if captured:
        _capture(captured, **capture)


def answer(wanted: dict[str, Any]) -> None:
    """What :func:`join` does, asked from outside the network."""
    join(**wanted)


def _up(links: IPRoute, name: str) -> int:
    (index,) = links.link_lookup(ifname=name)
    links.link("set", index=index, state="up")
    return index


def _capture(
    ranges: Sequence[str], outbound: int, inbound: int, ports: Sequence[int] | None, mark: int
) -> None:
    is_tcp = [
        genex("meta", {"key": Meta.NFT_META_L4PROTO, "dreg": 1}),
        _compare(Cmp.NFT_CMP_EQ, _TCP.to_bytes(1, "big")),
    ]
    unmarked = _is_unmarked(mark) if mark else []
    with NFTables(nfgen_family=_IPV4) as rules:
        rules.table("add", name="mesh")
        for name, hook in (("inbound", "prerouting"), ("outbound", "output")):
            rules.chain("add", table="mesh", name=name, hook=hook, type="nat", policy=_ACCEPT)
        for arriving in _arriving(ports):
            led = (is_tcp, arriving, _redirect(inbound))
            rules.rule("add", table="mesh", chain="inbound", expressions=led)
        for cidr in ranges:
            led = (is_tcp, unmarked, _leaves(), _goes_to(cidr), _redirect(outbound))
            rules.rule("add", table="mesh", chain="outbound", expressions=led)


def _arriving(ports: Sequence[int] | None) -> list[list[Any]]:
    """Conditions, any of which leads what comes in to the sidecar."""
    if ports is None:
        return [[part for port in _NOT_CAPTURED for part in _port(Cmp.NFT_CMP_NEQ, port)]]
    return [_port(Cmp.NFT_CMP_EQ, port) for port in ports]


def _is_unmarked(mark: int) -> list[Any]:
    """The kernel has the mark in the machine's own order of bytes."""
    loaded = genex("meta", {"key": Meta.NFT_META_MARK, "dreg": 1})
    return [loaded, _compare(Cmp.NFT_CMP_NEQ, mark.to_bytes(4, sys.byteorder))]


def _leaves() -> list[Any]:
    """It is not for the pod itself, on its loopback addresses."""
    there = ipaddress.ip_network("127.0.0.0/8")
    return _in_range(Cmp.NFT_CMP_NEQ, there)


def _port(how: int, port: int) -> list[Any]:
    loaded = genex("payload", {"dreg": 1, **_DESTINATION_PORT})
    return [loaded, _compare(how, port.to_bytes(2, "big"))]


def _goes_to(cidr: str) -> list[Any]:
    return _in_range(Cmp.NFT_CMP_EQ, ipaddress.ip_network(cidr))


def _in_range(how: int, there: Any) -> list[Any]:
    mask, zero = _value(there.netmask.packed), _value(bytes(4))
    return [
        genex("payload", {"dreg": 1, **_DESTINATION}),
        genex("bitwise", {"sreg": 1, "dreg": 1, "len": 4, "mask": mask, "xor": zero}),
        _compare(how, there.network_address.packed),
    ]


def _redirect(port: int) -> list[Any]:
    return [
        genex("immediate", {"dreg": 1, "data": _value(port.to_bytes(2, "big"))}),
        genex("redir", {"reg_proto_min": 1, "reg_proto_max": 1}),
    ]


def _compare(how: int, value: bytes) -> Any:
    return genex("cmp", {"sreg": 1, "op": how, "data": _value(value)})


def _value(value: bytes) -> dict[str, Any]:
    return {"attrs": [("NFTA_DATA_VALUE", value)]}
