"""The kept schema is what the plugin answers: SDKs of other languages are generated from it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from meshwright_toolchain import bin_dir

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "components" / "schema.json"
RENEW = "pulumi package get-schema .venv/bin/pulumi-resource-meshwright > components/schema.json"


def test_the_kept_schema_is_what_the_plugin_answers(tmp_path: Path) -> None:
    plugin = Path(sys.executable).parent / "pulumi-resource-meshwright"
    answered = subprocess.run(
        [bin_dir() / "pulumi", "package", "get-schema", plugin],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=os.environ | {"PULUMI_HOME": str(tmp_path), "PULUMI_SKIP_UPDATE_CHECK": "true"},
    ).stdout

    assert json.loads(answered) == json.loads(KEPT.read_text()), f"renew it with: {RENEW}"


def test_an_sdk_in_go_declares_the_inputs_that_stand_in_plain_lists():
    """Go's generator leaves them out by default, and then its own code does not compile."""
    kept = json.loads(KEPT.read_text())
    inputs = [
        each for made in kept["resources"].values() for each in made["inputProperties"].values()
    ]

    assert any("$ref" in kind.get("items", {}) and kind.get("plain") for kind in inputs)
    assert kept["language"]["go"]["generateExtraInputTypes"]
