"""The kept schema is what the plugin answers: SDKs of other languages are generated from it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def _texts(entry: Any) -> Iterator[str]:
    """Every description in a part of the schema."""
    if isinstance(entry, dict):
        if isinstance(entry.get("description"), str):
            yield entry["description"]
        for part in entry.values():
            yield from _texts(part)


def test_descriptions_name_properties_as_other_languages_do():
    """In TypeScript, Go and YAML there is no `GkeCluster.membership_location`."""
    kept = json.loads(KEPT.read_text())
    named = {
        name
        for holder in [*kept["types"].values(), *kept["resources"].values()]
        for name in [*holder.get("properties", ()), *holder.get("inputProperties", ())]
    }
    in_python = {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name) for name in named}
    several_words = {name for name in in_python if "_" in name}
    told = {word for text in _texts(kept) for word in re.findall(r"\w+", text)}

    # The label of GKE is called so in every language.
    assert told & several_words == {"mesh_id"}
    assert "the label `mesh_id`" in "".join(_texts(kept))
    assert [text for text in _texts(kept) if text != text.strip()] == []


def test_types_are_named_without_the_ending_that_sdks_add():
    """`SubnetArgs` would be `SubnetArgsArgs` in TypeScript, Python, Go, C# and Java."""
    text = KEPT.read_text()
    types = json.loads(text)["types"]

    assert [name for name in types if name.endswith("Args")] == []
    assert set(re.findall(r'"#/types/([^"]+)"', text)) == types.keys()


def test_an_sdk_in_go_declares_the_inputs_that_stand_in_plain_lists():
    """Go's generator leaves them out by default, and then its own code does not compile."""
    kept = json.loads(KEPT.read_text())
    inputs = [
        each for made in kept["resources"].values() for each in made["inputProperties"].values()
    ]

    assert any("$ref" in kind.get("items", {}) and kind.get("plain") for kind in inputs)
    assert kept["language"]["go"]["generateExtraInputTypes"]
