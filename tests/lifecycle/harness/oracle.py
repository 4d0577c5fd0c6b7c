"""The oracle that ends every fault test: nothing lost, nothing doubled, nothing left to do."""

from tests.lifecycle.harness.cloud import Cloud
from tests.lifecycle.harness.engine import Stack, custom_resources

# Resources of the engine that are a change to another resource of the cloud, or one that the
# emulator's inventory leaves out because the cloud itself brings it, or never lets it go.
_PART_OF_ANOTHER = {
    "gcp:compute/sharedVPCHostProject:SharedVPCHostProject",
    "gcp:compute/sharedVPCServiceProject:SharedVPCServiceProject",
    "gcp:compute/routerNat:RouterNat",
    "gcp:gkehub/featureMembership:FeatureMembership",
    "gcp:kms/keyRing:KeyRing",
    "gcp:projects/service:Service",
    "gcp:projects/serviceIdentity:ServiceIdentity",
}
# What the cloud makes by itself when a cluster is born in a fleet.
_MADE_BY_THE_CLOUD = {"projects.locations.memberships"}


def assert_consistent(stack: Stack, cloud: Cloud) -> None:
    """The state is sound, a preview expects no changes, and cloud and state hold the same."""
    deployment = stack.deployment()
    assert not deployment.get("pending_operations"), deployment["pending_operations"]
    stack.preview("--expect-no-changes").succeeded()
    resources = custom_resources(deployment)
    in_state = sorted(
        _short(entry["id"])
        for entry in resources
        if entry["type"].startswith("gcp:")
        and entry["type"] not in _PART_OF_ANOTHER
        and not _is_iam_member(entry["type"])
    )
    inventory = cloud.inventory()
    in_cloud = sorted(
        _short(entry["name"])
        for entry in inventory
        if entry["type"] not in _MADE_BY_THE_CLOUD and entry["type"] != "iamMember"
    )
    assert in_cloud == in_state
    members_in_state = sum(_is_iam_member(entry["type"]) for entry in resources)
    members_in_cloud = sum(entry["type"] == "iamMember" for entry in inventory)
    assert members_in_cloud == members_in_state


def _is_iam_member(kind: str) -> bool:
    return kind.rsplit(":", 1)[-1].lower().endswith("iammember")


def _short(name: str) -> str:
    """The last segment: ids and resource names differ only in what stands before it."""
    return name.rstrip("/").rsplit("/", 1)[-1]
