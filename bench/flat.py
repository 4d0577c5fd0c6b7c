"""Preview of `prod` beside one flat program that registers the same resources.

The flat program is made from the state that `prod` left: the same types, names and inputs, without
components, spec or data flow. It imports the same typed modules, as one written by hand would, and
its state is that of `prod` with the components taken out; so both previews have nothing to do.
"""

import json
import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.measures import own_sandbox, run, seconds, shell_of
from bench.stack import Stack

_ROUNDS = 5
_PROGRAM = '''\
"""The same resources, flat."""

import importlib
import json
import pathlib

import pulumi

SECRET = "4dabf18193072939515e22adb298388d"
resources = json.loads(pathlib.Path("resources.json").read_text())
for module in sorted({entry["module"] for entry in resources if entry["module"]}):
    importlib.import_module(module)


def value(given):
    if isinstance(given, dict):
        if SECRET in given:
            return pulumi.Output.secret(json.loads(given["plaintext"]))
        return {key: value(item) for key, item in given.items()}
    return [value(item) for item in given] if isinstance(given, list) else given


providers = {}
for entry in resources:
    options = pulumi.ResourceOptions(provider=providers.get(entry["provider"]))
    if entry["type"].startswith("pulumi:providers:"):
        package = entry["type"].rsplit(":", 1)[1]
        made = pulumi.ProviderResource(package, entry["name"], value(entry["inputs"]), options)
        providers[entry["urn"]] = made
    else:
        pulumi.CustomResource(entry["type"], entry["name"], value(entry["inputs"]), options)
'''


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
    (folder / "__main__.py").write_text(_PROGRAM)
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
    package, module, _ = entry["type"].split(":", 2)
    module = module.split("/")[0]
    typed = {"gcp": f"pulumi_gcp.{module}", "kubernetes": "pulumi_kubernetes"}
    return {
        "type": entry["type"],
        "name": entry["urn"].rsplit("::", 1)[1],
        "urn": entry["urn"],
        "inputs": entry.get("inputs", {}),
        "provider": (entry.get("provider") or "").rpartition("::")[0],
        "module": typed.get(package, "") if entry["type"].count(":") == 2 else "",
    }
