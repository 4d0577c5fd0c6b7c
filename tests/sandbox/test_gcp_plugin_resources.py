"""Each resource type through its life against the sandbox: made, read, imported, changed, gone."""

import pytest

from meshwright_sandbox.plugins.values import UNKNOWN, Secret
from tests.sandbox.gcp_plugin import PROJECT, REGION, Failed, Made, Plugin, kinds
from tests.sandbox.gcp_plugin_steps import LOG_BUCKETS, MEMBER, NET, STEPS, title
from tests.sandbox.server import Sandbox


@pytest.fixture(scope="module")
def made(plugin: Plugin) -> dict[int, Made]:
    """Every resource of the table, made in its order."""
    return {
        index: plugin.create(f"gcp:{token}", title((token, news, {})), news)
        for index, (token, news, _) in enumerate(STEPS)
    }


ALL = pytest.mark.parametrize("index", range(len(STEPS)), ids=map(title, STEPS))


@ALL
def test_a_resource_that_was_just_made_shows_no_change(
    plugin: Plugin, made: dict[int, Made], index: int
) -> None:
    """Neither the program's next run nor a refresh finds anything to do."""
    assert kinds(plugin.diff(made[index], STEPS[index][1])) == {}

    read = plugin.read(made[index])

    assert read is not None
    assert read.inputs == made[index].inputs
    assert kinds(plugin.diff(read, STEPS[index][1])) == {}


@ALL
def test_an_imported_resource_needs_no_change(
    plugin: Plugin, made: dict[int, Made], index: int
) -> None:
    imported = plugin.read(made[index], importing=True)

    assert imported is not None
    assert imported.id == made[index].id
    assert kinds(plugin.diff(imported, STEPS[index][1])) == {}


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
    if title(STEPS[index]) != "Subnetwork":  # a range never shrinks
        made[index] = plugin.update(read, news)
        back = plugin.read(made[index])
        assert back is not None
        assert kinds(plugin.diff(back, news)) == {}


def test_outputs_have_the_official_shape(plugin: Plugin, made: dict[int, Made]) -> None:
    found = {title(STEPS[index]): thing.outputs for index, thing in reversed(made.items())}

    cluster = found["Cluster"]
    assert cluster["endpoint"]
    assert cluster["masterAuth"]["clusterCaCertificate"]
    assert cluster["fleet"]["membershipId"] == "c"
    assert cluster["fleet"]["membershipLocation"] == REGION
    assert cluster["effectiveLabels"]["goog-pulumi-provisioned"] == "true"
    assert found["Account"]["member"] == MEMBER
    assert found["Network"]["selfLink"].endswith(NET)
    assert found["ProjectSink"]["writerIdentity"] == ""  # a bucket of the same project needs none
    assert found["Subnetwork"]["region"] == REGION


def test_drift_is_found_where_it_is_and_repaired(
    plugin: Plugin, made: dict[int, Made], sandbox: Sandbox
) -> None:
    index = [title(step) for step in STEPS].index("Firewall")
    path = f"/compute/compute/v1/projects/{PROJECT}/global/firewalls/webhooks"
    drift = {"sourceRanges": ["172.16.0.0/28", "0.0.0.0/0"], "description": "opened by hand"}
    status, answer = sandbox.call("PATCH", path, drift)
    assert status == 200, answer

    read = plugin.read(made[index])

    assert read is not None
    news = STEPS[index][1]
    assert kinds(plugin.diff(read, news)) == {
        "description": "DELETE",
        "sourceRanges[1]": "DELETE",
    }
    made[index] = plugin.update(read, news)
    assert sandbox.call("GET", path)[1]["sourceRanges"] == ["172.16.0.0/28"]
    assert not sandbox.call("GET", path)[1].get("description")


def test_another_member_of_the_same_role_is_left_alone(plugin: Plugin, sandbox: Sandbox) -> None:
    token = "gcp:projects/iAMMember:IAMMember"
    grant = {"project": PROJECT, "role": "roles/container.viewer"}
    both = [
        plugin.create(token, who, {**grant, "member": f"user:{who}@example.com"})
        for who in ("ann", "bob")
    ]

    plugin.delete(both[0])

    assert plugin.read(both[0]) is None
    assert plugin.read(both[1]) is not None
    plugin.delete(both[1])


def test_secret_inputs_come_back_secret(plugin: Plugin) -> None:
    token = "gcp:logging/projectSink:ProjectSink"
    news = {
        "name": "quiet",
        "destination": f"{LOG_BUCKETS}/_Default",
        "filter": Secret("textPayload:hush"),
    }

    sink = plugin.create(token, "quiet", news)
    read = plugin.read(sink)
    plugin.delete(sink)

    assert sink.outputs["filter"] == Secret("textPayload:hush")
    assert read is not None
    assert read.inputs["filter"] == read.outputs["filter"] == Secret("textPayload:hush")


def test_a_preview_of_an_update_keeps_what_is_known(plugin: Plugin, made: dict[int, Made]) -> None:
    index = [title(step) for step in STEPS].index("Network")

    ahead = plugin.diff(made[index], {**STEPS[index][1], "mtu": UNKNOWN})

    assert kinds(ahead) == {"mtu": "UPDATE"}


def test_a_preview_of_an_update_keeps_what_the_api_filled_into_blocks(
    plugin: Plugin, made: dict[int, Made]
) -> None:
    """A kubeconfig is made of it: without it, a preview would not reach the cluster."""
    index = [title(step) for step in STEPS].index("Cluster")
    block = {"clientCertificateConfig": {"issueClientCertificate": False}}
    news = {**STEPS[index][1], "masterAuth": block, "resourceLabels": {"team": "shop"}}
    before = made[index].outputs

    ahead = plugin.update(made[index], news, preview=True).outputs

    assert before["masterAuth"]["clusterCaCertificate"]
    assert (
        ahead["masterAuth"]["clusterCaCertificate"]
        == (before["masterAuth"]["clusterCaCertificate"])
    )
    assert ahead["masterAuth"]["clientCertificateConfig"] == block["clientCertificateConfig"]
    assert ahead["fleet"]["membershipId"] == before["fleet"]["membershipId"] == "c"


def test_functions_answer_from_the_cloud(plugin: Plugin) -> None:
    project = plugin.invoke("gcp:organizations/getProject:getProject", projectId=PROJECT)
    client = plugin.invoke("gcp:organizations/getClientConfig:getClientConfig")

    assert project["number"] == "123456789012"
    assert client["accessToken"] == "sandbox"
    agent = plugin.invoke(
        "gcp:container/getAttachedInstallManifest:getAttachedInstallManifest",
        project=PROJECT,
        location=REGION,
        clusterId="eks",
        platformVersion="1.36.0-gke.1",
    )
    assert "kind: Deployment" in agent["manifest"]
    with pytest.raises(Failed, match=r"getImage.*not among the functions"):
        plugin.invoke("gcp:compute/getImage:getImage")


def test_services_are_enabled_in_one_request(sandbox: Sandbox) -> None:
    from concurrent.futures import ThreadPoolExecutor

    project, token = "batch-of-services", "gcp:projects/service:Service"
    running = Plugin(sandbox.url)
    before = len(sandbox.journal())
    apis = ["container", "gkehub", "mesh"]
    with ThreadPoolExecutor() as pool:
        every = list(
            pool.map(
                lambda api: running.create(
                    token, api, {"service": f"{api}.googleapis.com", "project": project}
                ),
                apis,
            )
        )

    writes = [entry for entry in sandbox.journal(before) if entry["mutating"]]
    assert [entry["path"].rpartition(":")[2] for entry in writes] == ["batchEnable"]
    assert all(running.read(service) is not None for service in every)
    running.stop()


def test_protected_clusters_are_not_deleted(plugin: Plugin, made: dict[int, Made]) -> None:
    index = [title(step) for step in STEPS].index("Cluster")
    guarded = plugin.update(made[index], {**STEPS[index][1], "deletionProtection": True})

    with pytest.raises(Failed, match="protected; set deletionProtection=false"):
        plugin.delete(guarded)

    made[index] = plugin.update(guarded, STEPS[index][1])


def test_everything_is_deleted_and_deleting_twice_is_no_error(
    plugin: Plugin, made: dict[int, Made], sandbox: Sandbox
) -> None:
    for thing in reversed(made.values()):
        plugin.delete(thing)
        while left := plugin.read(thing):  # only what is purged in the background may be seen again
            assert left.outputs["lifecycleState"] == "DELETE_REQUESTED"
        plugin.delete(thing)

    left = [name for name in sandbox.inventory() if "fleets/default" not in name]
    assert left == []
