"""The gcp plugin's writes for machines and Cloud Run are the official plugin's.

``data/official_gcp_machine_requests.jsonl`` holds what pulumi-gcp 9.37 sent for the same inputs.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.gcp_plugin import PROJECT, Plugin
from tests.sandbox.gcp_plugin_machines import MACHINES
from tests.sandbox.gcp_plugin_steps import STEPS
from tests.sandbox.server import Sandbox, enable_apis
from tests.sandbox.test_gcp_plugin_requests import told

OFFICIAL = Path(__file__).parent / "data" / "official_gcp_machine_requests.jsonl"
# What they stand on.
BELOW = (
    "compute/network:Network",
    "compute/subnetwork:Subnetwork",
    "serviceaccount/account:Account",
    "networkservices/mesh:Mesh",
)


@pytest.fixture(scope="module")
def sent(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """What the creation of each type wrote, by path."""
    enable_apis(sandbox, PROJECT)
    plugin = Plugin(sandbox.url)
    for token, inputs, _ in [*(step for step in STEPS if step[0] in BELOW), *MACHINES]:
        plugin.create(f"gcp:{token}", "x", inputs)
    plugin.stop()
    return {entry["path"]: entry for entry in sandbox.journal() if entry["mutating"]}


@pytest.mark.parametrize("line", OFFICIAL.read_text().splitlines(), ids=lambda v: v[-60:])
def test_a_write_is_the_official_plugins(sent: dict[str, dict[str, Any]], line: str) -> None:
    """Method, query and body are the same, but for what says nothing."""
    official = json.loads(line)

    ours = sent[official["path"]]

    assert ours["method"] == official["method"]
    assert told(ours["body"]) == official["body"]
    assert {key: value for key, value in ours["query"].items() if key != "alt"} == official["query"]
