"""Machines and serverless services in a Mesh, by the real engine: made, changed, taken away."""

import pytest
import requests

from tests.lifecycle.harness import Cloud

pytestmark = pytest.mark.engine


def _instances(cloud: Cloud) -> list[dict]:
    """The machines that run, as Compute Engine lists them."""
    path = "compute/compute/v1/projects/meshwright-dev/aggregated/instances"
    answer = requests.get(f"{cloud.url}/{path}", timeout=30).json()
    return [i for scope in answer["items"].values() for i in scope.get("instances", [])]


def test_machines_and_a_cloud_run_service_through_their_life(cloud, make_stack):
    """Each change touches what it must, machines are exchanged in order, and nothing is left."""
    stack = make_stack("machines")
    stack.up().succeeded()
    assert stack.preview().succeeded().changes == {}
    first = {machine["name"]: machine for machine in _instances(cloud)}
    assert len(first) == 2
    assert {machine["labels"]["gce-service-proxy"] for machine in first.values()} == {"on"}

    stack.configure(machines="3", stage="two")
    assert sorted(stack.up().succeeded().steps) == [
        ("update", "gcp:cloudrunv2/service:Service::checkout-service"),
        ("update", "gcp:compute/regionAutoscaler:RegionAutoscaler::stock-autoscaler"),
    ]
    assert first.keys() < {machine["name"] for machine in _instances(cloud)}
    assert stack.refresh().succeeded().changes == {}

    # A new template comes before the group turns to it, the old one goes afterwards.
    stack.configure(machineType="e2-medium")
    steps = stack.up().succeeded().steps
    group = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager::stock-group"
    template = "gcp:compute/instanceTemplate:InstanceTemplate::stock-template"
    order = [steps.index((op, template)) for op in ("create-replacement", "delete-replaced")]
    assert order[0] < steps.index(("update", group)) < order[1]
    assert {m["machineType"].rpartition("/")[2] for m in _instances(cloud)} == {"e2-medium"}
    assert stack.preview().succeeded().changes == {}

    stack.destroy().succeeded()
    assert _instances(cloud) == []
    assert cloud.inventory() == []
