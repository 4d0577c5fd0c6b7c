"""GkeCluster: what it refuses before anything is registered."""

import pulumi
import pytest

from meshwright import ArgumentError, GkeCluster, GkeClusterArgs
from tests.unit.recording import record


def _args(**more: object) -> GkeClusterArgs:
    base = {"project": "p1", "location": "europe-west1", "network": "net", "subnetwork": "sub"}
    return {**base, **more}  # type: ignore[typeddict-item]


def _key(location: str = "europe-west1") -> str:
    return f"projects/p1/locations/{location}/keyRings/r/cryptoKeys/k"


def _pool(**settings: object) -> dict[str, object]:
    return {"node_pools": [{"name": "a", **settings}]}


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"autopilot": True, "node_pools": []}, "node_pools", "leave node_pools out"),
        ({"autopilot": True, "location": "europe-west1-b"}, "location", "region"),
        ({"release_channel": "REGULR"}, "release_channel", "did you mean 'REGULAR'"),
        ({"version": "1.33"}, "version", "leave one of the two out"),
        (
            {"authorized_networks": [{"cidr": "0.0.0.0/0"}]},
            "authorized_networks[0].cidr",
            "to all",
        ),
        ({"node_pools": [{"name": "a"}, {"name": "a"}]}, "node_pools", "'a'"),
        (
            {"node_pools": [{"name": "a", "min_nodes": 4, "max_nodes": 3}]},
            "node_pools[0].min_nodes",
            "more than max_nodes",
        ),
        ({"node_pool": []}, "node_pool", "did you mean `node_pools`"),
        ({"prefix": "p" * 40}, "name", "1 to 40"),
        ({"prefix": "platform-europe-production"}, "name", "6 to 30"),
        ({"node_service_account": "a@b", "node_roles": ["r"]}, "node_roles", "own account"),
        ({"node_roles": ["r", "r"]}, "node_roles", "twice"),
        ({"location": "europe"}, "location", "neither a region nor a zone"),
        ({"gateway_api_channel": "STANDARD"}, "gateway_api_channel", "CHANNEL_STANDARD"),
        (
            {"authorized_networks": [{"cidr": "203.0.113.1/24"}]},
            "authorized_networks[0].cidr",
            "host bits",
        ),
        ({"control_plane_cidr": "172.16.0.0/27"}, "control_plane_cidr", "/28"),
        ({"control_plane_cidr": "172.16.0.0"}, "control_plane_cidr", "/28"),
        ({"control_plane_cidr": "172.16.0.0/255.255.255.240"}, "control_plane_cidr", "/28"),
        ({"control_plane_cidr": "172.16.0.1/28"}, "control_plane_cidr", "host bits"),
        (
            {"authorized_networks": [{"cidr": "10.0.0.0/08"}]},
            "authorized_networks[0].cidr",
            "zeros before the length",
        ),
        (
            {"authorized_networks": [{"cidr": "203.0.113.7"}]},
            "authorized_networks[0].cidr",
            "such as /32",
        ),
        ({"location": pulumi.Output.from_input("europe-west1")}, "location", "plain text"),
        ({"autopilot": pulumi.Output.from_input(False)}, "autopilot", "a plain value"),
        ({"autopilot": True, "release_channel": "UNSPECIFIED"}, "release_channel", "Autopilot"),
        ({"node_pools": [{"name": "Pool_1"}]}, "node_pools[0].name", "lower-case letters"),
        ({"security_group": "admins@example.com"}, "security_group", "gke-security-groups@"),
        ({"secrets_kms_key": "k"}, "secrets_kms_key", "must have the form"),
        ({"boot_disk_kms_key": _key("us-east1")}, "boot_disk_kms_key", "'europe-west1'"),
        (
            {"secrets_kms_key": _key(), "secrets_encryption": False},
            "secrets_encryption",
            "leave one out",
        ),
        (_pool(boot_disk_kms_key="k"), "node_pools[0].boot_disk_kms_key", "must have the form"),
        (_pool(zones=[]), "node_pools[0].zones", "empty"),
        (_pool(zones=["europe-west4-a"]), "node_pools[0].zones[0]", "europe-west1"),
        (_pool(zones=["europe-west1-b", "europe-west1-b"]), "node_pools[0].zones", "twice"),
        (_pool(min_nodes=-1), "node_pools[0].min_nodes", "negative"),
        (_pool(max_nodes=0), "node_pools[0].max_nodes", "at least 1"),
        (_pool(disk_size_gb=5), "node_pools[0].disk_size_gb", "too small"),
        (
            _pool(taints=[{"key": "a", "value": "b", "effect": "NoSchedule"}]),
            "node_pools[0].taints[0].effect",
            "NO_SCHEDULE",
        ),
    ],
)
def test_what_gke_would_refuse_is_refused_at_once(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        GkeCluster("main", _args(**change))

    assert says in dict(raised.value.problems)[path]


def test_a_pool_may_stand_in_the_region_s_zone_for_accelerators():
    record()
    GkeCluster("a", _args(location="us-central1", **_pool(zones=["us-central1-ai1a"])))

    with pytest.raises(ArgumentError, match="'us-south1-ai1b' is not a zone of us-central1"):
        GkeCluster("b", _args(location="us-central1", **_pool(zones=["us-south1-ai1b"])))
