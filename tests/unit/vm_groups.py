"""Arguments of MeshVmGroup that its tests share, and what they look at."""

from meshwright import MeshVmGroupArgs
from tests.unit.recording import Recorder

SUBNET = "projects/p1/regions/europe-west1/subnetworks/west"
ISTIO = {
    "namespace": "shop",
    "cluster_endpoint": "10.0.0.2",
    "cluster_ca_certificate": "Q0E=",
    "discovery_address": "10.0.0.10",
    "istio_version": "1.28.0",
}


def arguments(**more: object) -> MeshVmGroupArgs:
    """The least that a group takes, and ``more``."""
    base = {"project": "p1", "region": "europe-west1", "subnetwork": SUBNET, "port": 8080}
    return {**base, **more}  # type: ignore[typeddict-item]


def template_of(recorder: Recorder) -> dict:
    """What its machines are made from."""
    return recorder.one("InstanceTemplate").inputs
