"""ManagedMesh: turns the mesh on for each membership and opens only once all are ready."""

import pulumi
import pytest

from meshwright import ArgumentError, ManagedMesh, ManagedMeshArgs
from tests.unit.recording import component_test, record


def _args(**more: object) -> ManagedMeshArgs:
    members = [
        {"name": "west", "membership": "dev-west", "location": "europe-west1"},
        {"name": "east", "membership": "dev-east", "location": "europe-west4"},
    ]
    return {"project": "p1", "members": members, **more}  # type: ignore[typeddict-item]


@component_test
def test_each_membership_gets_automatic_management():
    """The feature stands at `global`, the membership where its cluster is."""
    recorder = record()

    mesh = ManagedMesh("mesh", _args())

    def check(_):
        east = recorder.one("FeatureMembership", "mesh-east").inputs
        assert east == {
            "project": "p1",
            "location": "global",
            "feature": "servicemesh",
            "membership": "dev-east",
            "membershipLocation": "europe-west4",
            "mesh": {"management": "MANAGEMENT_AUTOMATIC"},
        }
        assert len(recorder.of_type("FeatureMembership")) == 2

    return mesh.revision, check


@component_test
def test_consumers_wait_for_readiness_which_waits_for_every_membership():
    """Namespaces are made after the gate, and destroyed before the mesh is turned off."""
    recorder = record()
    mesh = ManagedMesh("mesh", _args(timeout_seconds=60))

    consumer = pulumi.CustomResource("test:index:Inside", "inside", {"x": mesh.revision})

    def check(_):
        gate = recorder.one("MeshReadiness")
        assert gate.inputs["timeoutSeconds"] == 60
        assert gate.inputs["memberships"] == [
            {"membership": "dev-west", "location": "europe-west1"},
            {"membership": "dev-east", "location": "europe-west4"},
        ]
        assert {"mesh-west", "mesh-east"} <= gate.depends_on
        assert "mesh-readiness" in recorder.one("Inside").depends_on

    return consumer.urn, check


@pytest.mark.parametrize(
    ("channel", "revision"),
    [
        ("regular", "asm-managed"),
        ("rapid", "asm-managed-rapid"),
        ("stable", "asm-managed-stable"),
    ],
)
@component_test
def test_the_channel_names_the_revision(channel, revision):
    """Namespaces name the revision in `istio.io/rev`."""
    record()

    mesh = ManagedMesh("mesh", _args(channel=channel))

    def check(values):
        assert values[0] == revision
        assert values[1] == {"dev-west": "TRAFFIC_DIRECTOR", "dev-east": "TRAFFIC_DIRECTOR"}

    return pulumi.Output.all(mesh.revision, mesh.implementations), check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"channel": "regulr"}, "channel", "did you mean 'regular'"),
        ({"members": []}, "members", "at least one"),
        (
            {"members": [{"name": "a", "membership": "m", "location": "l"}] * 2},
            "members",
            "'a'",
        ),
        ({"timeout_seconds": "60"}, "timeout_seconds", "a whole number"),
    ],
)
def test_wrong_members_and_channels_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        ManagedMesh("mesh", _args(**change))

    assert says in dict(raised.value.problems)[path]
