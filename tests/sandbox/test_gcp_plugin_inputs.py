"""What the gcp plugin says of inputs and changes before it calls anything."""

from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from meshwright_sandbox.plugins.values import UNKNOWN, Secret
from tests.sandbox.gcp_plugin import PROJECT, Failed, Made, Plugin, kinds

NETWORK = "gcp:compute/network:Network"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
CLUSTER = "gcp:container/cluster:Cluster"
DATASET = "gcp:bigquery/dataset:Dataset"
TEMPLATE = "gcp:compute/instanceTemplate:InstanceTemplate"
MACHINE = {"machineType": "e2-small", "disks": [{"sourceImage": "debian"}]}
SUBNET = {"name": "sub", "network": "net", "region": "europe-west4", "ipCidrRange": "10.0.0.0/20"}


@pytest.fixture(scope="module")
def plugin() -> Iterator[Plugin]:
    """A plugin whose cloud is nowhere: whatever is asked here must be answered without it."""
    running = Plugin("http://127.0.0.1:9")
    yield running
    running.stop()


def state(plugin: Plugin, token: str, news: dict[str, Any], **outputs: Any) -> Made:
    inputs, wrong = plugin.check(token, "thing", news)
    assert not wrong
    return Made(token, "thing", inputs, "projects/p/x", {**inputs, **outputs})


@pytest.mark.parametrize(
    ("token", "news", "path", "words"),
    [
        (NETWORK, {"autoCreateSubnetwork": False}, "autoCreateSubnetwork", "autoCreateSubnetworks"),
        (SUBNETWORK, {"region": "r"}, "network", "missing required property"),
        (NETWORK, {"mtu": "many"}, "mtu", "expected integer"),
        (NETWORK, {"description": ["x"]}, "description", "expected string, got list"),
        (NETWORK, {"routingMode": "REGINAL"}, "routingMode", "did you mean 'REGIONAL'"),
        (CLUSTER, {"location": "r", "fleet": {"projekt": "p"}}, "fleet.projekt", "did you mean"),
        (
            CLUSTER,
            {"location": "r", "releaseChannel": {"channel": "FAST"}},
            "releaseChannel.channel",
            "RAPID",
        ),
        (CLUSTER, {}, "location", "pulumi config set gcp:location"),
    ],
)
def test_wrong_input_is_named_with_its_path_and_the_way_out(
    plugin: Plugin, token: str, news: dict[str, Any], path: str, words: str
) -> None:
    _, wrong = plugin.check(token, "thing", news)

    assert list(wrong) == [path]
    assert words in wrong[path]


def test_all_wrong_inputs_are_named_at_once(plugin: Plugin) -> None:
    news = {"nmae": "x", "mtu": "many", "routingMode": "NONE"}

    _, wrong = plugin.check(NETWORK, "thing", news)

    assert set(wrong) == set(news)


def test_an_unknown_resource_type_is_refused_by_name(plugin: Plugin) -> None:
    with pytest.raises(Failed, match=r"gcp:compute/instance:Instance.*stand-in"):
        plugin.check("gcp:compute/instance:Instance", "vm", {})


def test_defaults_of_the_official_plugin_are_filled_in(plugin: Plugin) -> None:
    inputs, _ = plugin.check(CLUSTER, "c", {"location": "europe-west4"})

    assert inputs["deletionProtection"] is True
    assert inputs["enableShieldedNodes"] is True
    assert inputs["project"] == PROJECT


def test_a_name_is_made_from_the_resource_name_and_kept(plugin: Plugin) -> None:
    first, _ = plugin.check(NETWORK, "net", {})
    second, _ = plugin.check(NETWORK, "net", {"description": "later"}, first)

    assert first["name"].startswith("net-")
    assert len(first["name"]) == len("net-") + 7
    assert second["name"] == first["name"]


def test_secrets_and_unknowns_pass_a_check_as_they_are(plugin: Plugin) -> None:
    news = {"name": "net", "description": Secret("hush"), "project": UNKNOWN}

    inputs, wrong = plugin.check(NETWORK, "net", news)

    assert not wrong
    assert inputs["description"] == Secret("hush")
    assert inputs["project"] is UNKNOWN


def test_preview_of_a_new_resource_knows_inputs_and_nothing_else(plugin: Plugin) -> None:
    news = {
        "name": "c",
        "location": "europe-west4",
        "network": UNKNOWN,
        "fleet": {"project": PROJECT},
        "description": Secret("hush"),
    }

    outputs = plugin.create(CLUSTER, "c", news, preview=True).outputs

    assert outputs["name"] == "c"
    assert outputs["network"] is UNKNOWN
    assert outputs["endpoint"] is UNKNOWN
    assert outputs["masterAuth"] is UNKNOWN
    assert outputs["fleet"] == {
        "project": PROJECT,
        "membership": UNKNOWN,
        "membershipId": UNKNOWN,
        "membershipLocation": UNKNOWN,
        "preRegistered": UNKNOWN,
    }
    assert outputs["description"] == Secret("hush")
    assert outputs["pulumiLabels"] == {"goog-pulumi-provisioned": "true"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {}),
        ({"network": "projects/meshwright-dev/global/networks/net"}, {}),
        ({"ipCidrRange": "10.0.0.0/19"}, {"ipCidrRange": "UPDATE"}),
        ({"ipCidrRange": "10.0.0.0/24"}, {"ipCidrRange": "UPDATE_REPLACE"}),
        ({"network": "other"}, {"network": "UPDATE_REPLACE"}),
        ({"network": UNKNOWN}, {"network": "UPDATE_REPLACE"}),
        ({"privateIpGoogleAccess": True}, {"privateIpGoogleAccess": "ADD"}),
        (
            {"secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}]},
            {"secondaryIpRanges[0]": "ADD"},
        ),
    ],
)
def test_a_subnetworks_changes(
    plugin: Plugin, change: dict[str, Any], expected: dict[str, str]
) -> None:
    made = state(plugin, SUBNETWORK, {**SUBNET, "secondaryIpRanges": []})

    found = kinds(plugin.diff(made, {**SUBNET, "secondaryIpRanges": [], **change}))

    assert found == expected


def test_what_the_api_filled_in_is_no_change(plugin: Plugin) -> None:
    """Leaving out what the program never said, or said as the API had it, changes nothing."""
    made = state(plugin, SUBNETWORK, SUBNET, stackType="IPV4_ONLY", purpose="PRIVATE")

    assert kinds(plugin.diff(made, {**SUBNET, "stackType": "IPV4_ONLY"})) == {}


def test_what_the_program_takes_back_is_a_deletion(plugin: Plugin) -> None:
    made = state(plugin, SUBNETWORK, {**SUBNET, "logConfig": {"flowSampling": 1}})

    assert kinds(plugin.diff(made, SUBNET)) == {"logConfig": "DELETE"}


def test_a_replacement_of_what_the_program_named_deletes_first(plugin: Plugin) -> None:
    """In another place, too: a subnet's range is taken there until the old one is gone."""
    named = state(plugin, NETWORK, {"name": "net"})
    unnamed = state(plugin, NETWORK, {})
    subnet = state(plugin, SUBNETWORK, SUBNET)

    assert plugin.diff(named, {"name": "net", "description": "x"}).deleteBeforeReplace
    assert plugin.diff(named, {"name": "other"}).deleteBeforeReplace
    assert plugin.diff(subnet, {**SUBNET, "region": "europe-north1"}).deleteBeforeReplace
    assert not plugin.diff(unnamed, {"description": "x"}).deleteBeforeReplace


def test_a_replacement_of_what_has_an_id_for_a_name_is_made_first(plugin: Plugin) -> None:
    """As with the official plugin, which looks at properties called `name` alone."""
    made = state(plugin, DATASET, {"datasetId": "logs", "location": "EU"})
    template = state(plugin, TEMPLATE, {"name": "vm-1", **MACHINE})

    assert not plugin.diff(made, {"datasetId": "logs", "location": "US"}).deleteBeforeReplace
    assert not plugin.diff(template, {"name": "vm-2", **MACHINE}).deleteBeforeReplace


def test_labels_and_node_counts_change_in_place_and_places_do_not(plugin: Plugin) -> None:
    news = {"name": "c", "location": "europe-west4", "resourceLabels": {"a": "1"}}
    made = state(plugin, CLUSTER, news)

    labels = plugin.diff(made, {**news, "resourceLabels": {"a": "2"}})
    place = plugin.diff(made, {**news, "location": "europe-west1"})

    assert kinds(labels) == {"resourceLabels.a": "UPDATE"}
    assert kinds(place) == {"location": "UPDATE_REPLACE"}
    assert place.changes == pb.DiffResponse.DIFF_SOME


def test_a_change_that_is_deep_inside_a_block_replaces_only_where_it_must(plugin: Plugin) -> None:
    news = {
        "name": "c",
        "location": "europe-west4",
        "privateClusterConfig": {"enablePrivateNodes": True, "masterIpv4CidrBlock": "10.9.0.0/28"},
    }
    made = state(plugin, CLUSTER, news)

    def change(**settings: Any) -> dict[str, str]:
        block = {**news["privateClusterConfig"], **settings}
        return kinds(plugin.diff(made, {**news, "privateClusterConfig": block}))

    inside = "privateClusterConfig.masterIpv4CidrBlock"
    assert change(enablePrivateEndpoint=True) == {
        "privateClusterConfig.enablePrivateEndpoint": "ADD"
    }
    assert change(masterIpv4CidrBlock="10.9.1.0/28") == {inside: "UPDATE_REPLACE"}


@pytest.mark.timeout(120)
def test_a_cloud_that_is_not_up_is_told_as_such_however_patient_the_plugin_is() -> None:
    """A shell outlives its sandbox: a preview in it said nothing for ten minutes."""
    plugin = Plugin("http://127.0.0.1:9", MESHWRIGHT_RETRY_DEADLINE="600")

    told = r"creating gcp:compute.Network 'net'.*no answer.*endpoint.*`meshwright sandbox up`"
    with pytest.raises(Failed, match=told):
        plugin.create(NETWORK, "net", {"name": "net"})

    plugin.stop()
