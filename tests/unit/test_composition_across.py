"""Calls between the clusters of one mesh, as staging has them: their packets and their names."""

from typing import Any

from tests.unit.test_composition_stacks import composed, in_cluster

BELGIUM, FINLAND = "10.16.0.0/16", "10.17.0.0/16"
PAYMENTS = "namespaces[1].services[1]"


def _ranges(stack: str, cluster: str, namespace: str, edits: dict[str, Any] | None = None) -> Any:
    """The ranges that the network policy of a namespace lets in and out, without Google's."""
    recorder = composed(stack, edits)
    name = f"{cluster}-{namespace}-network-policy"
    spec = recorder.one("NetworkPolicy", name).inputs["spec"]
    into, out = spec["ingress"][0].get("from", []), spec["egress"][0]["to"]
    return tuple(
        [peer["ipBlock"]["cidr"] for peer in peers if "ipBlock" in peer] for peers in (into, out)
    )


def test_packets_cross_where_calls_do():
    """A policy's selectors know the pods of its own cluster alone, so that no call would leave a
    region that does not answer.
    """
    assert _ranges("staging", "belgium", "shop") == ([FINLAND], [FINLAND])
    assert _ranges("staging", "finland", "shop") == ([BELGIUM], [BELGIUM])
    _, out = _ranges("staging", "belgium", "shop-ingress")
    assert out == [FINLAND]
    assert _ranges("staging", "belgium", "egress") == ([], [])


def test_packets_do_not_cross_where_the_meshes_are_two():
    """What two control planes of their own do not know of each other is not let in."""
    edits = {"clusters[1].mesh": "istio", f"{PAYMENTS}.exported": False}

    assert _ranges("staging", "belgium", "shop", edits) == ([], [])


def test_a_service_of_another_cluster_has_its_name_here():
    """DNS answers only for Services of its own cluster; its shares hold for callers here, too."""
    edits = {
        f"{PAYMENTS}.clusters": ["finland"],
        f"{PAYMENTS}.exported": False,
        f"{PAYMENTS}.versions[+]": {"name": "v2", "image": "example.com/payments:2"},
        f"{PAYMENTS}.route": {"weights": [{"version": "v1", "weight": 100}]},
    }
    recorder = composed("staging", edits)

    def named(kind: str) -> set[str]:
        found = in_cluster(recorder, kind, "belgium")
        return {item.inputs["metadata"]["name"] for item in found}

    assert "payments" in named("Service")
    assert "payments" in named("VirtualService")
    assert "payments" in named("DestinationRule")
    assert not {name for name in named("Deployment") if name.startswith("payments")}
    assert "payments" not in named("ServiceAccount")
    assert _ranges("staging", "belgium", "shop", edits)[1] == [FINLAND]
    assert _ranges("staging", "finland", "shop", edits)[0] == [BELGIUM]
