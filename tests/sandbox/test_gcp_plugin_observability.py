"""Keys, log destinations, dashboards and alerts through their lives, by the stand-in plugin."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.gcp_plugin import PROJECT, Failed, Made, Plugin, kinds
from tests.sandbox.gcp_plugin_observability_steps import BOARD, KEY, RING, STEPS
from tests.sandbox.gcp_plugin_steps import title
from tests.sandbox.log_entries import CALL, Logs, admit
from tests.sandbox.server import Sandbox
from tests.sandbox.test_gcp_plugin_requests import told

OFFICIAL = Path(__file__).parent / "data" / "official_gcp_observability_requests.jsonl"


@pytest.fixture(scope="module")
def creation(plugin: Plugin, sandbox: Sandbox) -> tuple[dict[int, Made], list[dict[str, Any]]]:
    """Every resource of the table, made in its order, and what was written meanwhile."""
    before = len(sandbox.journal())
    made = {
        index: plugin.create(f"gcp:{token}", title((token, news, {})), news)
        for index, (token, news, _) in enumerate(STEPS)
    }
    return made, [entry for entry in sandbox.journal(before) if entry["mutating"]]


@pytest.fixture(scope="module")
def made(creation: tuple[dict[int, Made], list[dict[str, Any]]]) -> dict[int, Made]:
    """Every resource of the table."""
    return creation[0]


ALL = pytest.mark.parametrize("index", range(len(STEPS)), ids=map(title, STEPS))


def found(made: dict[int, Made], name: str) -> Made:
    return made[[title(step) for step in STEPS].index(name)]


@ALL
def test_what_was_just_made_shows_no_change(
    plugin: Plugin, made: dict[int, Made], index: int
) -> None:
    """Neither the next run, nor a refresh, nor an import finds anything to do."""
    assert kinds(plugin.diff(made[index], STEPS[index][1])) == {}

    read = plugin.read(made[index])
    imported = plugin.read(made[index], importing=True)

    assert read is not None
    assert read.inputs == made[index].inputs
    assert kinds(plugin.diff(read, STEPS[index][1])) == {}
    assert imported is not None
    assert imported.id == made[index].id


@ALL
def test_a_change_in_place_takes_effect_and_back_again(
    plugin: Plugin, made: dict[int, Made], index: int
) -> None:
    _, news, change = STEPS[index]
    wanted = {**news, **change}
    assert not any("REPLACE" in kind for kind in kinds(plugin.diff(made[index], wanted)).values())

    changed = plugin.update(made[index], wanted)
    read = plugin.read(changed)

    assert read is not None
    assert read.inputs == changed.inputs
    assert kinds(plugin.diff(read, wanted)) == {}
    made[index] = plugin.update(read, news)
    back = plugin.read(made[index])
    assert back is not None
    assert kinds(plugin.diff(back, news)) == {}


@pytest.mark.parametrize("line", OFFICIAL.read_text().splitlines(), ids=lambda v: v[-60:])
def test_a_write_is_the_official_plugins(
    creation: tuple[dict[int, Made], list[dict[str, Any]]], line: str
) -> None:
    """The file holds what pulumi-gcp 9.37 sent for the same inputs, without what says nothing."""
    official = json.loads(line)

    (ours,) = [
        entry
        for entry in creation[1]
        if (entry["method"], entry["path"]) == (official["method"], official["path"])
    ]

    body = told(ours["body"] or {})
    body.pop("nextRotationTime", None)  # the moment of the run, and a period
    query = {key: value for key, value in ours["query"].items() if key != "alt"}
    assert body == official["body"]
    assert query == official["query"]


def test_outputs_have_the_official_shape(made: dict[int, Made]) -> None:
    key = found(made, "CryptoKey")
    assert key.id == KEY
    assert key.outputs["primaries"][0]["state"] == "ENABLED"
    assert found(made, "Bucket").outputs["url"] == "gs://meshwright-archive"
    writer = found(made, "FolderSink").outputs["writerIdentity"]
    assert writer == "serviceAccount:service-folder-123456@gcp-sa-logging.iam.gserviceaccount.com"
    for name in ("AlertPolicy", "NotificationChannel", "Slo"):
        thing = found(made, name)
        assert thing.id == thing.outputs["name"]
        assert thing.id.startswith(f"projects/{PROJECT}/")


def test_a_dashboard_that_was_changed_by_hand_is_found_out(
    plugin: Plugin, made: dict[int, Made], sandbox: Sandbox
) -> None:
    board = found(made, "Dashboard")
    path = f"/monitoring/v1/{board.id}"
    live = sandbox.call("GET", path)[1]
    assert sandbox.call("PATCH", path, {**live, "displayName": "mine"})[0] == 200

    read = plugin.read(board)

    assert read is not None
    assert json.loads(read.inputs["dashboardJson"])["displayName"] == "mine"
    news = {"dashboardJson": json.dumps(BOARD)}
    assert kinds(plugin.diff(read, news)) == {"dashboardJson": "UPDATE"}
    plugin.update(read, news)
    assert sandbox.call("GET", path)[1]["displayName"] == "mesh"


def test_the_services_own_accounts_are_told(plugin: Plugin) -> None:
    """Each may be given leave to use a key, so each exists."""
    storage = plugin.invoke("gcp:storage/getProjectServiceAccount:getProjectServiceAccount")
    bigquery = plugin.invoke("gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount")
    logging = plugin.invoke("gcp:logging/getProjectSettings:getProjectSettings", project=PROJECT)

    assert storage["member"].endswith("@gs-project-accounts.iam.gserviceaccount.com")
    assert bigquery["member"].endswith("@bigquery-encryption.iam.gserviceaccount.com")
    assert logging["kmsServiceAccountId"].endswith("@gcp-sa-logging.iam.gserviceaccount.com")


def test_a_bucket_that_holds_entries_is_destroyed_by_force_alone(
    plugin: Plugin, google: GoogleClients, sandbox: Sandbox
) -> None:
    """What a sink has written there counts, and a program must say that it may go."""
    bucket = "meshwright-full"
    news = {"name": bucket, "location": "EU", "uniformBucketLevelAccess": True}
    made = plugin.create("gcp:storage/bucket:Bucket", "full", news)
    logs = Logs(google, PROJECT)
    sink = logs.sink(f"storage.googleapis.com/{bucket}", name="full")
    role, buckets = "roles/storage.objectCreator", google("storage", "v1").buckets()
    admit(buckets, {"bucket": bucket}, role, sink["writerIdentity"])
    logs.write(CALL)
    with pytest.raises(Failed, match="not empty"):
        plugin.delete(made)
    plugin.delete(plugin.update(made, {**news, "forceDestroy": True}))
    logs.api.projects().sinks().delete(sinkName=sink["resourceName"]).execute()
    assert not [name for name in sandbox.inventory() if bucket in name]


def test_a_destroyed_key_is_unusable_and_its_names_stay_taken(
    plugin: Plugin, made: dict[int, Made], sandbox: Sandbox
) -> None:
    """As at Google: a second program of the same names is refused."""
    for thing in reversed(made.values()):
        plugin.delete(thing)
        plugin.delete(thing)

    assert sandbox.inventory() == []
    versions = sandbox.call("GET", f"/cloudkms/v1/{KEY}/cryptoKeyVersions")[1]
    assert {v["state"] for v in versions["cryptoKeyVersions"]} == {"DESTROY_SCHEDULED"}
    assert "rotationPeriod" not in sandbox.call("GET", f"/cloudkms/v1/{KEY}")[1]
    with pytest.raises(Failed, match="it exists already"):
        plugin.create("gcp:kms/cryptoKey:CryptoKey", "again", {"name": "archive", "keyRing": RING})
