"""One stack's life on the real engine: up, nothing to do, change, drift, destroy."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.lifecycle.harness import Cloud, Stack, assert_consistent

PLATFORM = Path(__file__).parent / "programs" / "platform"


@pytest.fixture(scope="module")
def lasting_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One cloud for the tests that leave their stack up."""
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def standing(lasting_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack that is up. Each test leaves it consistent, with whatever settings."""
    work = tmp_path_factory.mktemp("standing")
    stack = Stack(PLATFORM, work, lasting_cloud.environment())
    stack.up().succeeded()
    return stack


def test_second_up_changes_nothing_and_asks_nothing_of_the_cloud_that_changes_it(
    standing: Stack, lasting_cloud: Cloud
) -> None:
    """R18."""
    mark = lasting_cloud.mark()

    again = standing.up().succeeded()

    assert again.changes == {}
    assert lasting_cloud.mutating(since=mark) == []
    assert_consistent(standing, lasting_cloud)


def test_preview_of_a_new_stack_asks_nothing_of_the_cloud_that_changes_it(
    platform: Stack, cloud: Cloud
) -> None:
    preview = platform.preview().succeeded()

    assert set(preview.changes) == {"create"}
    assert cloud.mutating() == []
    assert cloud.inventory() == []


def test_changed_setting_updates_only_the_resource_that_holds_it(
    standing: Stack, lasting_cloud: Cloud
) -> None:
    standing.configure(retention="60")
    mark = lasting_cloud.mark()

    changed = standing.up().succeeded()

    assert [operation for operation, _ in changed.steps] == ["update"]
    assert len(lasting_cloud.mutating(since=mark)) == 1
    assert_consistent(standing, lasting_cloud)


def test_kubeconfig_is_a_secret_in_the_state_and_not_printed(standing: Stack) -> None:
    printed = standing.run("stack", "output").succeeded()

    assert "[secret]" in printed.output
    assert "gke-gcloud-auth-plugin" not in printed.output
    assert "gke-gcloud-auth-plugin" not in json.dumps(standing.deployment())
    shown = standing.run("stack", "output", "kubeconfig", "--show-secrets").succeeded()
    assert "gke-gcloud-auth-plugin" in shown.output


def test_refresh_after_a_change_from_outside_finds_exactly_that_change(
    standing: Stack, lasting_cloud: Cloud
) -> None:
    (bucket,) = [
        entry["name"]
        for entry in lasting_cloud.inventory()
        if entry["type"].endswith("locations.buckets")
    ]
    address = f"{lasting_cloud.url}/logging/v2/{bucket}"
    agreed = requests.get(address, timeout=30).json()["retentionDays"]
    requests.patch(
        address, params={"updateMask": "retentionDays"}, json={"retentionDays": 7}, timeout=30
    ).raise_for_status()

    found = standing.preview("--refresh", "--diff").succeeded()

    assert [operation for operation, _ in found.steps] == ["update"]
    assert f"7 => {agreed}" in found.output
    standing.up("--refresh").succeeded()
    assert_consistent(standing, lasting_cloud)


def test_destroy_leaves_nothing_and_the_stack_can_be_created_again(
    platform: Stack, cloud: Cloud
) -> None:
    first = platform.up().succeeded()
    assert "gke-gcloud-auth-plugin" not in first.output

    platform.destroy().succeeded()

    assert cloud.inventory() == []
    assert platform.resources() == []
    platform.up().succeeded()
    assert_consistent(platform, cloud)
