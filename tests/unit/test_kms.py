"""EncryptionKey: key, rotation, and who may encrypt."""

import pulumi
import pytest

from meshwright import ArgumentError, EncryptionKey, EncryptionKeyArgs
from tests.unit.recording import PROJECT_NUMBER, component_test, record

_ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def _args(**more: object) -> EncryptionKeyArgs:
    return {"project": "p1", "location": "europe-west4", **more}  # type: ignore[typeddict-item]


@component_test
def test_a_key_stands_in_a_ring_of_its_own_and_rotates():
    """Ninety days unless told; the API of Cloud KMS is enabled first."""
    recorder = record()

    made = EncryptionKey("secrets", _args(prefix="prod", labels={"team": "sre"}))

    def check(key_id):
        assert key_id == "secrets-key-id"
        ring = recorder.one("KeyRing")
        assert ring.inputs == {
            "name": "prod-secrets",
            "project": "p1",
            "location": "europe-west4",
        }
        assert "secrets-cloudkms-api" in ring.depends_on
        key = recorder.one("CryptoKey").inputs
        assert key["name"] == "prod-secrets"
        assert key["keyRing"] == "secrets-ring-id"
        assert key["rotationPeriod"] == f"{90 * 24 * 3600}s"
        assert key["versionTemplate"]["protectionLevel"] == "SOFTWARE"
        assert recorder.of_type("CryptoKeyIAMMember") == []

    return made.key_id, check


@component_test
def test_every_user_gets_leave_by_the_account_it_acts_as():
    """The key's consumer waits for all of them."""
    recorder = record()
    users = ["bigquery", "compute", "container", "logging", "pubsub", "storage"]
    key = EncryptionKey(
        "data", _args(users=users, users_project="p2", members=["user:ann@example.com"])
    )

    consumer = pulumi.CustomResource("test:index:Disk", "disk", {"key": key.key_id})

    def check(_):
        grants = {item.name: item.inputs for item in recorder.of_type("CryptoKeyIAMMember")}
        assert {grant["role"] for grant in grants.values()} == {_ROLE}
        assert {grant["cryptoKeyId"] for grant in grants.values()} == {"data-key-id"}
        members = {name.removeprefix("data-"): grant["member"] for name, grant in grants.items()}
        assert members == {
            "bigquery": "serviceAccount:bq@p2",
            "compute": f"serviceAccount:service-{PROJECT_NUMBER}"
            "@compute-system.iam.gserviceaccount.com",
            "container": "serviceAccount:container.googleapis.com",
            "logging": "serviceAccount:cmek@p2",
            "pubsub": "serviceAccount:pubsub.googleapis.com",
            "storage": "serviceAccount:storage@p2",
            "member-0": "user:ann@example.com",
        }
        assert {item.inputs["project"] for item in recorder.of_type("ServiceIdentity")} == {"p2"}
        assert grants.keys() <= recorder.one("Disk").depends_on
        api = recorder.one("Service", "data-compute-api").inputs
        assert (api["project"], api["service"]) == ("p2", "compute.googleapis.com")
        grant = recorder.one("CryptoKeyIAMMember", "data-compute")
        assert "data-compute-api" in grant.depends_on

    return consumer.urn, check


@component_test
def test_a_later_generation_has_names_of_its_own():
    """What was destroyed keeps its name for ever; a ring that exists is used as it is."""
    recorder = record()
    ring = "projects/security/locations/europe-west4/keyRings/shared"

    key = EncryptionKey(
        "secrets", _args(generation=2.0, key_ring=ring, protection="hsm", rotation_days=30)
    )

    def check(values):
        assert values == ring
        made = recorder.one("CryptoKey").inputs
        assert made["name"] == "secrets-2"
        assert made["keyRing"] == ring
        assert made["rotationPeriod"] == "2592000s"
        assert made["versionTemplate"]["protectionLevel"] == "HSM"
        assert recorder.of_type("KeyRing") == recorder.of_type("Service") == []

    return key.key_ring_id, check


@component_test
def test_a_preview_with_nothing_known_makes_the_same_resources():
    """The project may be another component's output."""
    recorder = record(preview=True)
    unknown = pulumi.Output.from_input("p").apply(lambda _: pulumi.UNKNOWN)

    EncryptionKey("secrets", _args(project=unknown, users=["container", "storage"]))

    def check(_):
        assert len(recorder.of_type("CryptoKeyIAMMember")) == 2

    return pulumi.Output.from_input(0), check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"users": ["storge"]}, "users[0]", "did you mean 'storage'?"),
        ({"users": ["storage", "storage"]}, "users", "twice"),
        ({"rotation_days": 0}, "rotation_days", "1 to 36500"),
        ({"generation": 0}, "generation", "less than 1"),
        ({"rotation_days": 0.0}, "rotation_days", "1 to 36500"),
        ({"protection": "HSM"}, "protection", "must be one of software, hsm"),
        ({"key_ring": "shared"}, "key_ring", "must have the form"),
        (
            {"key_ring": "projects/p/locations/us/keyRings/r"},
            "key_ring",
            "is in 'us'; the key's location is 'europe-west4'",
        ),
        ({"prefix": "a" * 60}, "name", "1 to 63 are allowed"),
        ({"locaton": "x"}, "locaton", "did you mean `location`?"),
    ],
)
def test_wrong_arguments_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        EncryptionKey("secrets", _args(**change))

    assert says in dict(raised.value.problems)[path]
