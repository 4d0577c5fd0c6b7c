"""What the control plane may answer in a bad hour, and what must come of it (R01-R03, R06, R11)."""

import itertools
from collections import Counter

import pytest

from tests.lifecycle.harness import Cloud, Stack, assert_consistent, import_orphans

# A path of each API, and of each kind of write, that the program needs.
WRITES = [
    r"POST /serviceusage/",
    r"POST /compute/.*/networks$",
    r"POST /compute/.*/subnetworks$",
    r"PATCH /compute/.*/routers/",
    r"POST /container/.*/clusters$",
    r"POST /container/.*/nodePools$",
    r"POST /gkehub/.*/features$",
    r"POST /iam/.*/serviceAccounts$",
    r"POST /cloudresourcemanager/.*:setIamPolicy$",
    r"POST /logging/.*/buckets",
    r"POST /logging/.*/sinks$",
]


@pytest.mark.parametrize("answers", [("429",) * 3, ("500", "502", "503")], ids="-".join)
def test_up_succeeds_when_every_write_is_refused_three_times_for_the_moment(
    platform: Stack, cloud: Cloud, answers: tuple[str, str, str]
) -> None:
    """R01, R02: three refusals of each write, no effect twice, and waits that grow."""
    for turn, pattern in enumerate(WRITES):
        # Each write begins with another of them.
        for answer in (answers[(turn + step) % 3] for step in range(3)):
            cloud.fault(pattern, answer)

    platform.up().succeeded()

    refused = Counter(str(entry["status"]) for entry in cloud.requests())
    expected = Counter(answers * len(WRITES))
    assert {answer: refused[answer] for answer in expected} == expected
    networks = [entry for entry in cloud.requests() if entry["path"].endswith("/global/networks")]
    times = [entry["time"] for entry in networks if entry["method"] == "POST"]
    waits = [after - before for before, after in itertools.pairwise(times)]
    # A busy machine makes them longer, never shorter.
    assert all(wait >= least for wait, least in zip(waits, (0.4, 0.8, 1.6), strict=True)), waits
    assert_consistent(platform, cloud)


def test_up_says_what_stands_still_when_a_refusal_never_ends_and_the_next_completes(
    platform: Stack, cloud: Cloud
) -> None:
    """R03."""
    cloud.fault(r"POST /container/.*/clusters$", "503", count=1_000_000)

    run = platform.up().failed()

    (blamed,) = {urn for urn, _ in run.errors if "Cluster" in urn.split("$")[-1]}
    assert blamed.endswith("gcp:container/cluster:Cluster::main-cluster")
    assert any("503" in text for urn, text in run.errors if urn == blamed)
    assert any(entry["type"].endswith(":Network") for entry in platform.resources())
    cloud.clear_faults()
    platform.up().succeeded()
    assert_consistent(platform, cloud)


def test_a_reply_lost_after_it_took_effect_is_named_and_mended_by_import(
    platform: Stack, cloud: Cloud
) -> None:
    """R06: nothing is doubled, and what the cloud has and the state lacks can be brought home."""
    cloud.fault(r"POST /compute/.*/networks$", "reset-after")

    run = platform.up().failed()

    assert sum(entry["type"] == "networks" for entry in cloud.inventory()) == 1
    assert "net-network" in run.output
    assert import_orphans(platform, run) == ["net-network"]
    platform.up().succeeded()
    assert_consistent(platform, cloud)


def test_a_failed_node_pool_leaves_the_others_and_the_next_up_makes_only_it(
    platform: Stack, cloud: Cloud
) -> None:
    """R11."""
    cloud.fault(r"POST /container/.*/nodePools$", "400", skip=2)

    platform.up().failed()

    pools = [e for e in platform.resources() if e["type"] == "gcp:container/nodePool:NodePool"]
    assert len(pools) == 2
    mark = cloud.mark()
    platform.up().succeeded()
    assert sum(call.endswith("/nodePools") for call in cloud.mutating(since=mark)) == 1
    assert not [call for call in cloud.mutating(since=mark) if call.endswith("/clusters")]
    assert_consistent(platform, cloud)


@pytest.mark.parametrize("failing", ["DELETE /compute/.*/networks/", "DELETE /container/.*"])
def test_destroy_that_failed_can_be_run_again_and_leaves_nothing(
    platform: Stack, cloud: Cloud, failing: str
) -> None:
    """R19."""
    platform.up().succeeded()
    cloud.fault(failing, "400", count=1_000)
    platform.destroy().failed()
    cloud.clear_faults()

    platform.destroy().succeeded()

    assert cloud.inventory() == []
    assert platform.resources() == []


def test_destroy_takes_what_is_gone_already_for_deleted(platform: Stack, cloud: Cloud) -> None:
    """R19: 404 on delete is success."""
    platform.up().succeeded()
    cloud.fault(r"DELETE /logging/.*/sinks/", "404")

    platform.destroy().succeeded()

    assert platform.resources() == []


def test_a_project_that_may_not_be_read_is_told_without_a_traceback(
    platform: Stack, cloud: Cloud
) -> None:
    cloud.fault(r"GET /cloudresourcemanager/.*/projects/[^/:]+$", "403", count=1_000)

    run = platform.preview().failed()

    (told,) = (line for line in run.output.splitlines() if line.startswith("    error: the "))
    assert told.startswith("    error: the project's number could not be read: GET http")
    assert "403" in told
    assert "Traceback" not in run.output
    cloud.clear_faults()
    platform.preview().succeeded()
