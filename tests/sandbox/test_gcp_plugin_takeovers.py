"""Resources that others made or change: gcloud, the official plugin, the provider's settings."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.sandbox.gcp_plugin import PROJECT, Failed, Made, Plugin, kinds
from tests.sandbox.gcp_plugin_steps import STEPS, title
from tests.sandbox.server import Sandbox

DATASET = "gcp:bigquery/dataset:Dataset"
FIREWALL = "gcp:compute/firewall:Firewall"
NETWORK = "gcp:compute/network:Network"
TOPIC = "gcp:pubsub/topic:Topic"
TOPICS = f"/pubsub/v1/projects/{PROJECT}/topics"
POOL = "container/nodePool:NodePool"
# What the official plugin notes of a resource: how long its calls may take.
TIMEOUTS = json.dumps({"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0": {"create": 1200000000000}})


@pytest.fixture
def settings(plugin: Plugin) -> Iterator[Plugin]:
    """A plugin whose settings a test changes."""
    yield plugin
    plugin.configure()


@contextmanager
def listener() -> Iterator[tuple[str, dict[str, str]]]:
    """A server that knows nothing; its address, and the headers of the last request."""
    heard: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.clear()
            heard.update({name.lower(): value for name, value in self.headers.items()})
            self.send_error(404)

        do_PATCH = do_GET  # noqa: N815 - named by the standard library

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()


def labels_of(sandbox: Sandbox, name: str) -> dict[str, str]:
    return sandbox.call("GET", f"{TOPICS}/{name}")[1]["labels"]


def label(sandbox: Sandbox, name: str, **labels: str) -> None:
    """Set all labels of a topic, as any other client does."""
    body = {"topic": {"labels": labels}, "updateMask": "labels"}
    status, answer = sandbox.call("PATCH", f"{TOPICS}/{name}", body)
    assert status == 200, answer


def read(plugin: Plugin, made: Made) -> Made:
    found = plugin.read(made)
    assert found is not None
    return found


def test_a_label_of_others_is_no_drift_and_stays(plugin: Plugin, sandbox: Sandbox) -> None:
    news = {"name": "shared", "labels": {"team": "shop"}}
    made = plugin.create(TOPIC, "shared", news)
    ours = labels_of(sandbox, "shared")
    label(sandbox, "shared", **ours, cost="42")

    made = read(plugin, made)

    assert made.outputs["labels"] == {"team": "shop"}
    assert made.outputs["pulumiLabels"] == ours
    assert made.outputs["effectiveLabels"] == {**ours, "cost": "42"}
    assert kinds(plugin.diff(made, news)) == {}
    changed = {**news, "labels": {"tier": "mesh"}, "messageRetentionDuration": "86400s"}
    made = plugin.update(made, changed)
    left = {"tier": "mesh", "cost": "42", "goog-pulumi-provisioned": "true"}
    assert labels_of(sandbox, "shared") == left
    assert kinds(plugin.diff(read(plugin, made), changed)) == {}
    plugin.delete(made)


def test_an_own_label_that_others_took_away_is_drift(plugin: Plugin, sandbox: Sandbox) -> None:
    news = {"name": "bare", "labels": {"team": "shop"}}
    made = plugin.create(TOPIC, "bare", news)
    label(sandbox, "bare", other="1")

    made = read(plugin, made)

    assert kinds(plugin.diff(made, news)) == {"labels.team": "ADD"}
    made = plugin.update(made, news)
    assert labels_of(sandbox, "bare") == {"team": "shop", "other": "1"}
    plugin.delete(made)


def test_changed_labels_of_the_provider_reach_what_is_there(
    settings: Plugin, sandbox: Sandbox
) -> None:
    news = {"name": "costed", "labels": {"team": "shop"}}
    made = settings.create(TOPIC, "costed", news)
    own = {"team": "shop", "goog-pulumi-provisioned": "true"}

    settings.configure(defaultLabels=json.dumps({"cost": "42", "team": "all"}))

    assert kinds(settings.diff(made, news)) == {"pulumiLabels.cost": "ADD"}
    made = settings.update(made, news)
    assert labels_of(sandbox, "costed") == {**own, "cost": "42"}
    assert kinds(settings.diff(read(settings, made), news)) == {}
    settings.configure(defaultLabels=json.dumps({"cost": "43"}))
    assert kinds(settings.diff(made, news)) == {"pulumiLabels.cost": "UPDATE"}
    settings.configure()
    assert kinds(settings.diff(made, news)) == {"pulumiLabels.cost": "DELETE"}
    made = settings.update(made, news)
    assert labels_of(sandbox, "costed") == own
    settings.delete(made)


def test_the_attribution_can_be_left_out_and_is_not_added_later(
    settings: Plugin, sandbox: Sandbox
) -> None:
    news = {"name": "unsigned", "labels": {"team": "shop"}}
    settings.configure(addPulumiAttributionLabel="false")
    made = settings.create(TOPIC, "unsigned", news)
    assert labels_of(sandbox, "unsigned") == {"team": "shop"}

    settings.configure()

    assert kinds(settings.diff(made, news)) == {}
    made = settings.update(made, {**news, "labels": {"team": "mesh"}})
    assert labels_of(sandbox, "unsigned") == {"team": "mesh"}
    settings.delete(made)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"requestReason": "ticket 7"}, {"x-goog-request-reason": "ticket 7"}),
        ({"userProjectOverride": "true"}, {"x-goog-user-project": PROJECT}),
        ({"userProjectOverride": True, "billingProject": "b"}, {"x-goog-user-project": "b"}),
        ({"userProjectOverride": "false", "billingProject": "b"}, {}),
    ],
)
def test_settings_that_are_headers_of_each_request(
    settings: Plugin, given: dict[str, Any], sent: dict[str, str]
) -> None:
    """Whose project pays is told, and why it is asked for."""
    with listener() as (url, heard):
        settings.configure(**given, project=PROJECT, computeCustomEndpoint=f"{url}/compute/v1/")
        with pytest.raises(Failed, match="404"):
            settings.update(Made(NETWORK, "net", {}, "any"), {"name": "net", "mtu": 1500})

    names = ("x-goog-request-reason", "x-goog-user-project")
    assert {name: heard[name] for name in names if name in heard} == sent


def test_settings_are_checked(plugin: Plugin) -> None:
    known = {
        "project": PROJECT,
        "disableGlobalProjectWarning": "true",
        "computeCustomEndpoint": "http://127.0.0.1:1/compute/v1/",
        "pulumiAttributionLabelAdditionStrategy": "CREATION_ONLY",
    }

    assert plugin.check_config(known) == {}
    wrong = plugin.check_config(
        {"pulumiAttributionLabelAdditionStrategy": "PROACTIVE", "defaultLabel": "{}"}
    )
    assert set(wrong) == {"pulumiAttributionLabelAdditionStrategy", "defaultLabel"}
    assert "did you mean 'defaultLabels'?" in wrong["defaultLabel"]


def test_credentials_that_are_none_are_not_repeated(sandbox: Sandbox) -> None:
    alone = Plugin(sandbox.url, GOOGLE_OAUTH_ACCESS_TOKEN="")
    alone.configure(credentials='{"type": "service_account", "private_key": "canary"}')

    with pytest.raises(Failed, match=r"no credentials|holds no key") as told:
        alone.read(Made(NETWORK, "net", {}, "any"), importing=True)

    assert "canary" not in str(told.value)
    alone.stop()


def test_a_state_of_the_official_plugin_is_taken_over(plugin: Plugin, sandbox: Sandbox) -> None:
    """Its notes are no operation that was left unfinished, its defaults no change."""
    news = {"datasetId": "official", "location": "EU", "labels": {"team": "shop"}}
    news["accesses"] = [{"role": "OWNER", "specialGroup": "projectOwners"}]
    made = plugin.create(DATASET, "official", news)
    made.outputs["__meta"] = TIMEOUTS
    made.inputs["accesses"] = [{"__defaults": ["domain"], "domain": "d", **news["accesses"][0]}]
    made.inputs |= {"__defaults": ["maxTimeTravelHours"], "maxTimeTravelHours": "168"}
    assert kinds(plugin.diff(made, news)) == {}

    # Ignored changes come back from the state as they stand there.
    ignored, wrong = plugin.check(
        DATASET, "official", {**news, "accesses": made.inputs["accesses"]}
    )
    assert not wrong
    assert "__defaults" not in ignored["accesses"][0]
    changed = {**news, "description": "by the stand-in"}
    made = plugin.update(made, changed)
    assert made.outputs["description"] == "by the stand-in"
    assert "__meta" not in read(plugin, made).outputs
    plugin.delete(made)


def test_the_order_of_rules_means_nothing(plugin: Plugin, sandbox: Sandbox) -> None:
    plugin.create(NETWORK, "ordered", {"name": "ordered", "autoCreateSubnetworks": False})
    rules = [{"protocol": "tcp", "ports": ["80"]}, {"protocol": "icmp"}]
    news = {
        "name": "ordered",
        "network": "ordered",
        "allows": rules,
        "sourceRanges": ["10.0.0.0/8"],
    }
    made = plugin.create(FIREWALL, "ordered", news)
    path = f"/compute/compute/v1/projects/{PROJECT}/global/firewalls/ordered"
    turned = [{"IPProtocol": "icmp"}, {"IPProtocol": "tcp", "ports": ["80"]}]
    sandbox.call("PATCH", path, {"allowed": turned})

    made = read(plugin, made)

    assert made.inputs["allows"] == rules
    assert kinds(plugin.diff(made, news)) == {}
    assert kinds(plugin.diff(made, {**news, "allows": rules[::-1]})) == {}
    sandbox.call("PATCH", path, {"allowed": [*turned, {"IPProtocol": "udp"}]})
    assert kinds(plugin.diff(read(plugin, made), news)) == {"allows[2]": "DELETE"}


def test_autoscaling_of_nodes_is_switched_on_and_off(plugin: Plugin, sandbox: Sandbox) -> None:
    """The API has a switch for it, without which the limits mean nothing."""
    titles = [title(step) for step in STEPS]
    pool = titles.index("NodePool")
    for token, news, _ in STEPS[:pool]:
        plugin.create(f"gcp:{token}", title((token, news, {})), news)
    news = STEPS[pool][1]
    made = plugin.create(f"gcp:{POOL}", "main", news)
    path = f"/container/v1beta1/{made.id}"

    assert sandbox.call("GET", path)[1]["autoscaling"]["enabled"] is True
    fixed = {key: value for key, value in news.items() if key != "autoscaling"}
    assert set(kinds(plugin.diff(made, fixed))) == {"autoscaling"}
    made = plugin.update(made, fixed)
    assert not sandbox.call("GET", path)[1].get("autoscaling", {}).get("enabled")
    assert kinds(plugin.diff(read(plugin, made), fixed)) == {}
    made = plugin.update(made, news)
    assert kinds(plugin.diff(read(plugin, made), news)) == {}
    assert sandbox.call("GET", path)[1]["autoscaling"]["enabled"] is True
