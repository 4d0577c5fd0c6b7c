"""Clusters that share a secondary range, as those of one subnet may in GKE."""

import ipaddress
from itertools import islice
from pathlib import Path

import pytest

from meshwright_sandbox.runtime.pod_range import control_plane_addresses, node_ranges
from meshwright_sandbox.runtime.records import ClusterRecord, Ports, Records
from tests.sandbox.runtime.conftest import request_for


@pytest.mark.parametrize(("pod_range", "istiods"), [("10.0.0.0/16", 8), ("10.0.0.0/24", 2)])
def test_no_address_is_given_twice(pod_range: str, istiods: int) -> None:
    """The second cluster's istiod found the first one's at its address, and ended."""
    of_nodes = [r for part in range(3) for r in node_ranges(pod_range, part)[:1]]
    of_istiods = [
        a for part in range(3) for a in islice(control_plane_addresses(pod_range, part), istiods)
    ]

    assert len(set(of_nodes)) == len(of_nodes)
    assert len(set(of_istiods)) == len(of_istiods)
    nodes = [ipaddress.ip_network(r) for r in node_ranges(pod_range, 1)]
    assert not any(ipaddress.ip_address(a) in r for a in of_istiods for r in nodes)


def test_a_cluster_takes_the_part_that_is_free(tmp_path: Path) -> None:
    """A part is given again once its cluster is gone; another range begins anew."""
    records = Records(tmp_path)
    for slot, name in enumerate(("first", "second"), start=1):
        request = request_for(name, 16)
        part = records.free_part(request.pod_range)
        ports = Ports.of_slot(slot)
        records.put(ClusterRecord(request, slot, "127.0.0.1", 443, ports, part=part))

    assert [record.part for record in records.all()] == [0, 1]
    records.remove(records.all()[0].id)
    assert records.free_part("10.16.0.0/16") == 0
    assert records.free_part("10.32.0.0/16") == 0
