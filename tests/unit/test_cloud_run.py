"""MeshCloudRunService: a service with a sidecar, those who may call it, and its backend."""

import pulumi
import pytest

from meshwright import ArgumentError, MeshCloudRunService, MeshCloudRunServiceArgs
from tests.unit.recording import component_test, record

_MESH = "projects/p1/locations/global/meshes/shop"
_SUBNET = "projects/p1/regions/europe-west1/subnetworks/west"


def _args(**more: object) -> MeshCloudRunServiceArgs:
    base = {
        "project": "p1",
        "region": "europe-west1",
        "image": "europe-docker.pkg.dev/p1/shop/checkout@sha256:abc",
        "mesh": _MESH,
        "subnetwork": _SUBNET,
    }
    return {**base, **more}  # type: ignore[typeddict-item]


@component_test
def test_the_service_joins_the_mesh_and_leaves_through_the_vpc():
    """It is internal and protected unless it is told otherwise."""
    recorder = record()
    # Other languages send whole numbers as floating point.
    more = {"prefix": "dev", "env": {"STAGE": "test"}, "timeout_seconds": 60.0}
    service = MeshCloudRunService("checkout", _args(**more))

    def check(values):
        assert values == ["dev-checkout", "dev-checkout-run@p1.iam.gserviceaccount.com"]
        made = recorder.one("Service", "checkout-service").inputs
        assert made["launchStage"] == "BETA"
        assert made["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY"
        assert made["deletionProtection"] is True
        template = made["template"]
        assert template["serviceMesh"] == {"mesh": _MESH}
        assert template["timeout"] == "60s"
        assert template["serviceAccount"] == values[1]
        assert template["vpcAccess"] == {
            "networkInterfaces": [{"subnetwork": _SUBNET}],
            "egress": "ALL_TRAFFIC",
        }
        (container,) = template["containers"]
        assert container["ports"] == {"containerPort": 8080}
        assert container["envs"] == [{"name": "STAGE", "value": "test"}]
        assert "encryptionKey" not in template

    return pulumi.Output.all(service.service_name, service.service_account), check


@component_test
def test_its_account_has_what_a_sidecar_needs_before_it_starts():
    """Two roles, and no more."""
    recorder = record()
    service = MeshCloudRunService("checkout", _args())

    def check(_):
        grants = recorder.of_type("IAMMember")
        assert {item.inputs["role"] for item in grants} == {
            "roles/trafficdirector.client",
            "roles/cloudtrace.agent",
        }
        started = recorder.one("Service", "checkout-service").depends_on
        assert started >= {item.name for item in grants}

    return service.uri, check


@component_test
def test_the_mesh_calls_it_by_a_backend_service_once_callers_are_allowed():
    """A consumer of the backend waits for every caller's leave."""
    recorder = record()
    caller = "serviceAccount:front@p1.iam.gserviceaccount.com"
    service = MeshCloudRunService("checkout", _args(invokers=[caller], http2=True, port=9000))

    consumer = pulumi.CustomResource("test:index:Route", "route", {"to": service.backend_service})

    def check(_):
        endpoint = recorder.one("RegionNetworkEndpointGroup").inputs
        assert endpoint["networkEndpointType"] == "SERVERLESS"
        assert endpoint["cloudRun"] == {"service": "checkout"}
        backend = recorder.one("BackendService").inputs
        assert backend["loadBalancingScheme"] == "INTERNAL_SELF_MANAGED"
        assert backend["protocol"] == "HTTP2"
        assert backend["backends"] == [{"group": "checkout-endpoint-id"}]
        assert "healthChecks" not in backend
        leave = recorder.one("ServiceIamMember").inputs
        assert (leave["role"], leave["member"]) == ("roles/run.invoker", caller)
        assert "checkout-invoker-0" in recorder.one("Route").depends_on
        (container,) = recorder.one("Service", "checkout-service").inputs["template"]["containers"]
        assert container["ports"] == {"containerPort": 9000, "name": "h2c"}

    return consumer.urn, check


@component_test
def test_an_account_that_is_given_is_used_as_it_is():
    """Nothing is granted to it here, and no API is enabled where that is not wanted."""
    recorder = record()
    email = "run@p1.iam.gserviceaccount.com"
    service = MeshCloudRunService(
        "checkout",
        _args(service_account=email, enable_api=False, kms_key="k", ingress="all", cpu="2"),
    )

    def check(account):
        assert account == email
        assert recorder.of_type("Account") == recorder.of_type("IAMMember") == []
        made = recorder.one("Service").inputs
        assert made["ingress"] == "INGRESS_TRAFFIC_ALL"
        assert made["template"]["encryptionKey"] == "k"
        assert made["template"]["containers"][0]["resources"]["limits"]["cpu"] == "2"

    return service.service_account, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"region": "europe-west1-b"}, "region", "no region"),
        ({"ingress": "interal"}, "ingress", "did you mean 'internal'"),
        ({"port": 0}, "port", "1 to 65535"),
        ({"concurrency": 1001}, "concurrency", "1 to 1000"),
        ({"timeout_seconds": 3601}, "timeout_seconds", "1 to 3600"),
        ({"timeout_seconds": 3601.0}, "timeout_seconds", "3601 is not within 1 to 3600"),
        ({"min_instances": 11}, "max_instances", "10 is below min_instances, 11"),
        ({"env": {"PORT": "1"}}, "env.PORT", "by Cloud Run itself"),
        ({"env": {"A": 1}}, "env.A", "must be text"),
        ({"invokers": ["allUsers"]}, "invokers[0]", "everybody"),
        ({"invokers": ["ann@example.com"]}, "invokers[0]", "has no kind"),
        ({"invokers": ["user:a@b.c"] * 2}, "invokers", "named twice"),
        ({"mesh": None}, "mesh", "missing"),
        ({"meshes": ["m"]}, "meshes", "did you mean `mesh`"),
        ({"prefix": "x" * 45}, "name", "1 to 49 are allowed"),
        ({"prefix": "Dev"}, "name", "lower-case letters"),
    ],
)
def test_wrong_arguments_are_refused_at_once(change, path, says):
    """The error names the argument and its mend, before anything is registered."""
    recorder = record()

    with pytest.raises(ArgumentError) as raised:
        MeshCloudRunService("checkout", _args(**change))

    assert says in dict(raised.value.problems)[path]
    assert recorder.registrations == []
