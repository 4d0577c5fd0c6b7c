"""ManagedMesh: turns the mesh on for each membership and opens only once all are ready."""

import pulumi
import pytest

from meshwright import ArgumentError, ManagedMesh, ManagedMeshArgs
from meshwright._compatibility import findings
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
def test_consumers_wait_until_every_membership_is_ready():
    """Namespaces are made after the gates, and destroyed before the mesh is turned off."""
    recorder = record()
    mesh = ManagedMesh("mesh", _args(timeout_seconds=60))

    consumer = pulumi.CustomResource("test:index:Inside", "inside", {"x": mesh.revision})

    def check(_):
        for name, location in (("west", "europe-west1"), ("east", "europe-west4")):
            gate = recorder.one("MeshReadiness", f"mesh-{name}-readiness")
            assert gate.inputs["timeoutSeconds"] == 60
            assert gate.inputs["memberships"] == [
                {"membership": f"dev-{name}", "location": location}
            ]
            assert f"mesh-{name}" in gate.depends_on
        gates = {"mesh-west-readiness", "mesh-east-readiness"}
        assert gates <= recorder.one("Inside").depends_on

    return consumer.urn, check


@component_test
def test_what_goes_into_one_cluster_waits_for_that_one_alone():
    """A cluster whose mesh takes long, or fails, holds up none of the others."""
    recorder = record()
    mesh = ManagedMesh("mesh", _args())

    revision = mesh.revision_of("west")
    consumer = pulumi.CustomResource("test:index:Inside", "inside", {"x": revision})

    def check(values):
        assert values[1] == "asm-managed"
        assert recorder.one("Inside").depends_on == {"mesh-west-readiness"}
        gate = recorder.one("MeshReadiness", "mesh-west-readiness")
        assert "mesh-east" not in gate.depends_on

    return pulumi.Output.all(consumer.urn, revision), check


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


@component_test
def test_what_google_reads_in_a_cluster_stands_there_before_the_mesh_is_turned_on():
    """Each cluster finds the services of all others; options go to the cluster they are for."""
    recorder = record()
    args = _args(multi_cluster=True)
    west, east = args["members"]
    west |= {"kubeconfig": "west-config", "asm_options": "CA=PRIVATECA;CAAddr=pool"}
    east |= {"kubeconfig": "east-config"}

    mesh = ManagedMesh("mesh", args)

    def check(_):
        own = recorder.one("ConfigMap", "mesh-west-options")
        assert own.inputs["metadata"]["name"] == "asm-options"
        assert own.inputs["data"] == {
            "ASM_OPTS": "CA=PRIVATECA;CAAddr=pool",
            "multicluster_mode": "connected",
        }
        assert own.provider == "mesh-west-cluster"
        other = recorder.one("ConfigMap", "mesh-east-options")
        assert other.inputs["data"] == {"multicluster_mode": "connected"}
        assert "mesh-west-root-namespace" in own.depends_on
        assert "mesh-west-options" in recorder.one("FeatureMembership", "mesh-west").depends_on
        assert "mesh-west-options" not in recorder.one("FeatureMembership", "mesh-east").depends_on

    return mesh.revision, check


@component_test
def test_without_a_cause_nothing_is_written_into_the_clusters():
    """What is not asked for is Google's to decide."""
    recorder = record()
    args = _args()
    args["members"][0]["kubeconfig"] = "west-config"

    mesh = ManagedMesh("mesh", args)

    def check(_):
        assert recorder.of_type("ConfigMap") == []
        assert recorder.of_type("kubernetes") == []

    return mesh.revision, check


@component_test
def test_what_the_implementation_does_not_take_is_found():
    """Nothing is dropped in silence: each member's finding names what is not taken."""
    record()

    mesh = ManagedMesh("mesh", _args(uses=["wasm_plugin", "remote_secrets"]))

    def check(found):
        assert len(found) == 4
        assert [line.split(":")[0] for line in found] == ["dev-east"] * 2 + ["dev-west"] * 2
        assert "remote secrets; `multi_cluster` stands for them" in found[0]
        assert "WasmPlugin" in found[1]

    return mesh.findings, check


def test_istiod_is_told_to_end():
    """Its end of support is a finding whatever the mesh is used for."""
    found = findings({"a": "ISTIOD", "b": "TRAFFIC_DIRECTOR"}, [])

    assert len(found) == 1
    assert found[0].startswith("a: ISTIOD")
    assert "2028-03-01" in found[0]


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
        ({"uses": ["wasm_plugins"]}, "uses[0]", "did you mean 'wasm_plugin'"),
        (
            {"multi_cluster": True},
            "members[1].kubeconfig",
            "`multi_cluster` is said in the cluster",
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
