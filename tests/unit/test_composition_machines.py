"""What a spec's groups of machines become beside the clusters: one service, and where calls go."""

from typing import Any

from tests.unit.recording import Recorder
from tests.unit.test_composition_stacks import composed

_REGION = "europe-west4"
_SUBNET = {
    "name": "away",
    "region": _REGION,
    "cidr": "10.9.0.0/22",
    "pod_cidr": "10.19.0.0/16",
    "service_cidr": "10.39.0.0/20",
}
_AWAY: dict[str, Any] = {"region": _REGION, "network": "mesh", "subnet": "away", "port": 8080}


def _backends(edits: dict[str, Any]) -> tuple[Recorder, dict[str, dict[str, Any]]]:
    """The backend service of each group of the stack `hybrid`, by the group's name."""
    away = {"networks[0].subnets[+]": _SUBNET, "vm_groups[+]": {"name": "pricing-away", **_AWAY}}
    recorder = composed("hybrid", away | edits)
    made = recorder.of_type("BackendService")
    return recorder, {item.parent: item.inputs for item in made}


def test_machines_of_another_region_stand_behind_the_service_that_names_them():
    """Whichever comes first in the spec; groups that name none have their own machines alone."""
    recorder, backends = _backends({"vm_groups[0].failover_groups": ["pricing-away"]})

    groups = [len(backends[name]["backends"]) for name in ("pricing", "pricing-away")]
    assert groups == [2, 1]
    (away,) = backends["pricing-away"]["backends"]
    assert away["group"] in [backend["group"] for backend in backends["pricing"]["backends"]]
    (service,) = (i for i in recorder.of_type("BackendService") if i.parent == "pricing")
    assert "pricing-away-group" in service.depends_on


def test_callers_stay_at_a_machine_where_the_spec_says_by_what():
    """By each of the three, and not where nothing is said."""
    cookie = {"cookie": "seat", "cookie_ttl_seconds": 60}
    _, by_cookie = _backends({"vm_groups[0].sticky": cookie})
    _, by_header = _backends({"vm_groups[0].sticky": {"header": "x-user"}})
    _, by_address = _backends({"vm_groups[0].sticky": {"source_ip": True}})

    assert by_cookie["pricing"]["sessionAffinity"] == "HTTP_COOKIE"
    hashed = by_cookie["pricing"]["consistentHash"]["httpCookie"]
    assert (hashed["name"], hashed["ttl"]) == ("seat", {"seconds": 60})
    assert by_header["pricing"]["consistentHash"] == {"httpHeaderName": "x-user"}
    assert by_address["pricing"]["sessionAffinity"] == "CLIENT_IP"
    assert "sessionAffinity" not in by_cookie["pricing-next"]
