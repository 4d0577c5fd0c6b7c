"""One stack's life on the real engine: up, nothing to do, change, drift, destroy."""

import json

import requests

from tests.lifecycle.harness import Cloud, Stack, assert_consistent


def test_second_up_changes_nothing_and_asks_nothing_of_the_cloud_that_changes_it(
    platform: Stack, cloud: Cloud
) -> None:
    """R18."""
    platform.up().succeeded()
    mark = cloud.mark()

    again = platform.up().succeeded()

    assert again.changes == {}
    assert cloud.mutating(since=mark) == []
    assert_consistent(platform, cloud)


def test_preview_of_a_new_stack_asks_nothing_of_the_cloud_that_changes_it(
    platform: Stack, cloud: Cloud
) -> None:
    preview = platform.preview().succeeded()

    assert set(preview.changes) == {"create"}
    assert cloud.mutating() == []
    assert cloud.inventory() == []


def test_changed_setting_updates_only_the_resource_that_holds_it(
    platform: Stack, cloud: Cloud
) -> None:
    platform.up().succeeded()
    platform.configure(retention="60")
    mark = cloud.mark()

    changed = platform.up().succeeded()

    assert [operation for operation, _ in changed.steps] == ["update"]
    assert len(cloud.mutating(since=mark)) == 1
    assert_consistent(platform, cloud)


def test_kubeconfig_is_a_secret_in_the_state_and_not_printed(platform: Stack, cloud: Cloud) -> None:
    run = platform.up().succeeded()

    assert "gke-gcloud-auth-plugin" not in run.output
    assert "gke-gcloud-auth-plugin" not in json.dumps(platform.deployment())
    shown = platform.run("stack", "output", "kubeconfig", "--show-secrets").succeeded()
    assert "gke-gcloud-auth-plugin" in shown.output


def test_refresh_after_a_change_from_outside_finds_exactly_that_change(
    platform: Stack, cloud: Cloud
) -> None:
    platform.up().succeeded()
    (bucket,) = [
        entry["name"] for entry in cloud.inventory() if entry["type"].endswith("locations.buckets")
    ]
    requests.patch(
        f"{cloud.url}/logging/v2/{bucket}",
        params={"updateMask": "retentionDays"},
        json={"retentionDays": 7},
        timeout=30,
    ).raise_for_status()

    found = platform.preview("--refresh", "--diff").succeeded()

    assert [operation for operation, _ in found.steps] == ["update"]
    assert "7 => 30" in found.output
    platform.up("--refresh").succeeded()
    assert_consistent(platform, cloud)


def test_destroy_leaves_nothing_in_the_cloud(platform: Stack, cloud: Cloud) -> None:
    platform.up().succeeded()

    platform.destroy().succeeded()

    assert cloud.inventory() == []
    assert platform.resources() == []


def test_stack_can_be_created_again_after_it_was_destroyed(platform: Stack, cloud: Cloud) -> None:
    platform.up().succeeded()
    platform.destroy().succeeded()

    platform.up().succeeded()

    assert_consistent(platform, cloud)
