"""The examples in YAML and Go against the schema: their language hosts are not in the toolchain."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "components" / "schema.json").read_text())


def _misfits(given: Any, kind: dict[str, Any], path: str) -> Iterator[str]:
    """Keys of a value, at any depth, that the schema does not have, and those that it misses."""
    if isinstance(given, list):
        for item in given:
            yield from _misfits(item, kind["items"], f"{path}[]")
    elif "$ref" in kind and isinstance(given, dict):
        named = SCHEMA["types"][kind["$ref"].removeprefix("#/types/")]
        yield from _misplaced(given, named["properties"], named.get("required", ()), path)


def _misplaced(
    given: dict[str, Any], known: dict[str, Any], required: list[str], path: str
) -> Iterator[str]:
    for key in given.keys() ^ known.keys():
        if key in given or key in required:
            yield f"{path}.{key}"
    for key in given.keys() & known.keys():
        yield from _misfits(given[key], known[key], f"{path}.{key}")


def test_the_program_in_yaml_names_what_the_schema_has():
    """Every argument that is required, no other than there are, and outputs that exist."""
    file = ROOT / "examples" / "yaml" / "Pulumi.yaml"
    resources: dict[str, Any] = YAML(typ="safe").load(file)["resources"]
    kinds = {
        name: SCHEMA["resources"][made["type"].replace(":", ":index:")]
        for name, made in resources.items()
        if made["type"].startswith("meshwright:")
    }

    for name, kind in kinds.items():
        given, known = resources[name]["properties"], kind["inputProperties"]
        assert list(_misplaced(given, known, kind.get("requiredInputs", []), name)) == []
    read = re.findall(r"\$\{(\w+)\.(\w+)", file.read_text())
    assert [
        (name, output) for name, output in read if output not in kinds[name]["properties"]
    ] == []


def test_the_program_in_go_names_what_the_schema_has():
    text = (ROOT / "examples" / "go" / "main.go").read_text()
    known = {token.rpartition(":")[2] for token in (*SCHEMA["resources"], *SCHEMA["types"])}

    named = {
        name.removeprefix("New").removesuffix("Args")
        for name in re.findall(r"\bmeshwright\.(\w+)", text)
    }

    assert len(named) > 5
    assert named <= known
