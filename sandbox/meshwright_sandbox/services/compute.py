"""Compute Engine: networks, subnetworks, routers, firewalls, addresses, load-balancing parts."""

from meshwright_sandbox.core.service import Collection, Service

SERVICE = Service(
    name="compute",
    versions={"v1": "compute.v1", "beta": "compute.beta", "alpha": "compute.alpha"},
    proto="google.cloud.compute",
    style="legacy",
    operations="compute",
    must_be_enabled=True,
    name_field="short",
    not_found="The resource '{}' was not found".format,
    already_exists="The resource '{}' already exists".format,
    collections=(Collection("networks", latency="network"),),
)
