"""Cloud Routers and their NAT gateways."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid, required
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection

Json = dict[str, Any]
_EVERYTHING = ("ALL_SUBNETWORKS_ALL_IP_RANGES", "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES")


def _defaults(_: Call, router: Json) -> None:
    if not router.get("network"):
        raise required("resource.network")


def _check(call: Call, router: Json) -> None:
    names: set[str] = set()
    for index, nat in enumerate(router.get("nats", [])):
        field = f"resource.nats[{index}]"
        _check_nat(nat, field)
        if nat["name"] in names:
            raise invalid(
                f"Invalid value for field '{field}.name': '{nat['name']}'. "
                "NAT names must be unique within a router."
            )
        names.add(nat["name"])
        nat.setdefault("type", "PUBLIC")
        nat.setdefault("endpointTypes", ["ENDPOINT_TYPE_VM"])
        if nat["type"] == "PUBLIC":
            nat.setdefault("autoNetworkTier", "PREMIUM")
        nat.setdefault("enableEndpointIndependentMapping", False)
    _require_one_nat(call, router)


def _check_nat(nat: Json, field: str) -> None:
    if not nat.get("name"):
        raise invalid(f"Invalid value for field '{field}.name': ''. Must be specified.")
    public = nat.get("type", "PUBLIC") == "PUBLIC"
    option = nat.get("natIpAllocateOption")
    if public and not option:
        raise required(f"{field}.natIpAllocateOption")
    if option == "MANUAL_ONLY" and not nat.get("natIps"):
        raise invalid(
            f"Invalid value for field '{field}.natIps': ''. At least one NAT IP must be specified "
            "when natIpAllocateOption is MANUAL_ONLY."
        )
    if option == "AUTO_ONLY" and nat.get("natIps"):
        raise invalid(
            f"Invalid value for field '{field}.natIps': '{nat['natIps'][0]}'. NAT IPs cannot be "
            "specified when natIpAllocateOption is AUTO_ONLY."
        )
    source = nat.get("sourceSubnetworkIpRangesToNat")
    if not source:
        raise required(f"{field}.sourceSubnetworkIpRangesToNat")
    if (source == "LIST_OF_SUBNETWORKS") != bool(nat.get("subnetworks")):
        raise invalid(
            f"Invalid value for field '{field}.subnetworks': ''. Subnetworks must be specified if "
            "and only if sourceSubnetworkIpRangesToNat is LIST_OF_SUBNETWORKS."
        )


def _require_one_nat(call: Call, router: Json) -> None:
    """Only one NAT gateway of a network and region may serve all subnetworks."""
    nats = [n for n in router.get("nats", []) if n["sourceSubnetworkIpRangesToNat"] in _EVERYTHING]
    network = resource_name(call, router["network"])
    others = [
        row.name
        for row in call.cloud.store.children("compute", call.name.rpartition("/")[0])
        if row.name != call.name
        and resource_name(call, row.doc["network"]) == network
        and any(n["sourceSubnetworkIpRangesToNat"] in _EVERYTHING for n in row.doc.get("nats", []))
    ]
    public = [nat for nat in nats if nat["type"] == "PUBLIC"]
    if len(public) > 1 or (public and others):
        raise invalid(
            f"Invalid value for field 'resource.nats': '{public[-1]['name']}'. A NAT for all "
            "subnetworks of the network exists in this region already."
        )


def router_status(call: Call) -> Json:
    """The running state of a router."""
    router = call.get()
    nats = [
        {"name": nat["name"], "numVmEndpointsWithNatMappings": 0} for nat in router.get("nats", [])
    ]
    return {
        "kind": "compute#routerStatusResponse",
        "result": {"network": router["network"], "natStatus": nats},
    }


def nat_mapping(call: Call) -> Json:
    """Which machines use which NAT addresses: none, since nodes are simulated."""
    call.get()
    return {"kind": "compute#vmEndpointNatMappingsList", "result": []}


def nat_ips(call: Call) -> Json:
    """The addresses of each NAT gateway: the reserved ones. It takes others once a machine calls.

    https://cloud.google.com/nat/docs/ports-and-addresses#addresses
    """
    wanted = call.query.get("natName")
    nats = [nat for nat in call.get().get("nats", []) if wanted in (None, nat["name"])]
    return {
        "result": [
            {
                "natName": nat["name"],
                "natIpInfoMappings": [
                    {"natIp": _address(call, link), "mode": "MANUAL", "usage": "UNUSED"}
                    for link in nat.get("natIps", [])
                ],
            }
            for nat in nats
        ]
    }


def _address(call: Call, link: str) -> str:
    return call.get(resource_name(call, link))["address"]


COLLECTIONS = (
    Collection(
        "routers", latency="network", defaults=_defaults, check=_check, immutable=("network",)
    ),
)
METHODS = {
    "routers.getRouterStatus": router_status,
    "routers.getNatMappingInfo": nat_mapping,
    "routers.getNatIpInfo": nat_ips,
}
