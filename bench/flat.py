"""Preview of `prod` beside one flat program that registers the same resources.

The flat program is made from the state that `prod` left: the same types, names and inputs, without
components, spec or data flow. It registers them by the SDKs' classes, as one written by hand would,
and its state is that of `prod` with the components taken out; so both previews have nothing to do.
"""

import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.measures import own_sandbox, run, seconds, shell_of
from bench.stack import Stack

_ROUNDS = 5
_PROGRAM = Path(__file__).with_name("flat_program.py")


def flat() -> Iterator[Figure]:
    """No-change previews, alternating; the ratio of their medians."""
    with tempfile.TemporaryDirectory(prefix="meshwright-bench-") as folder, own_sandbox() as own:
        environment = shell_of(own, project="meshwright-prod")
        prod = Stack(Path(folder) / "prod", environment, "prod")
        prod.up()
        program = _flat_program(Path(folder) / "flat", prod)
        preview = ["pulumi", "preview", "--non-interactive", "--expect-no-changes", "--stack"]
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(_ROUNDS):
            ours.append(seconds([*preview, "prod"], prod.environment, cwd=prod.program))
            theirs.append(seconds([*preview, "flat"], prod.environment, cwd=program))
        yield Figure("no-change preview of prod", tuple(ours), 60)
        yield Figure("the same resources in one flat program", tuple(theirs), 60)
        ratio = statistics.median(ours) / statistics.median(theirs)
        yield Figure("preview of prod, to the flat program", (ratio,), 1.10, "x")


def _flat_program(folder: Path, prod: Stack) -> Path:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: flat\nruntime: python\n")
    shutil.copy(_PROGRAM, folder / "__main__.py")
    exported = prod.deployment()
    entries = exported["deployment"]["resources"]
    kept = [entry for entry in entries if entry.get("custom") or _is_stack(entry)]
    exported["deployment"]["resources"] = [_without_components(entry) for entry in kept]
    (folder / "state.json").write_text(json.dumps(exported))
    customs = [entry for entry in kept if not _is_stack(entry)]
    (folder / "resources.json").write_text(json.dumps([_registration(e) for e in customs]))
    environment = os.environ | prod.environment
    run(["pulumi", "stack", "init", "flat", "--non-interactive"], environment, cwd=folder)
    imported = ["pulumi", "stack", "import", "--file", "state.json", "--stack", "flat"]
    run(imported, environment, cwd=folder)
    return folder


def _is_stack(entry: dict[str, Any]) -> bool:
    return entry["type"] == "pulumi:pulumi:Stack"


def _flat_urn(urn: str) -> str:
    """The URN without project, stack and the types of what stands above."""
    _, _, kinds, name = urn.split("::", 3)
    kind = kinds.rsplit("$", 1)[-1]
    if kind == "pulumi:pulumi:Stack":
        name = "flat-flat"
    return f"urn:pulumi:flat::flat::{kind}::{name}"


def _flat_reference(reference: str) -> str:
    """A provider's reference: its URN and its id."""
    urn, _, identifier = reference.rpartition("::")
    return f"{_flat_urn(urn)}::{identifier}" if urn else reference


def _without_components(entry: dict[str, Any]) -> dict[str, Any]:
    flat = {k: v for k, v in entry.items() if k not in ("dependencies", "propertyDependencies")}
    flat["urn"] = _flat_urn(entry["urn"])
    if "parent" in flat:
        flat["parent"] = "urn:pulumi:flat::flat::pulumi:pulumi:Stack::flat-flat"
    if flat.get("provider"):
        flat["provider"] = _flat_reference(flat["provider"])
    if _is_stack(entry):
        flat.pop("outputs", None)
    return flat


def _registration(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": entry["type"],
        "name": entry["urn"].rsplit("::", 1)[1],
        "urn": entry["urn"],
        "inputs": _given(entry.get("inputs", {})),
        "provider": (entry.get("provider") or "").rpartition("::")[0],
    }


def _given(inputs: Any) -> Any:
    """What a program registers: without the defaults that the provider wrote beside it."""
    if isinstance(inputs, list):
        return [_given(item) for item in inputs]
    if not isinstance(inputs, dict):
        return inputs
    filled = {"__defaults", *inputs.get("__defaults", ())}
    return {key: _given(value) for key, value in inputs.items() if key not in filled}
