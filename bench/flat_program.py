"""The program that `bench.flat` runs: resources.json by the SDKs' classes, flat.

It is copied into a project of its own and stands beside nothing else of this package.
"""

import importlib
import inspect
import json
import pathlib
from typing import Any

import pulumi
import pulumi_kubernetes

SECRET = "4dabf18193072939515e22adb298388d"


def value(given: Any) -> Any:
    """An input; what the state keeps as a secret is one."""
    if isinstance(given, dict):
        if SECRET in given:
            return pulumi.Output.secret(json.loads(given["plaintext"]))
        return {key: value(item) for key, item in given.items()}
    return [value(item) for item in given] if isinstance(given, list) else given


def sdk_class(kind: str) -> Any:
    """The SDK's class of a type, such as `pulumi_gcp.compute.Network`; None where it has none."""
    package, module, name = kind.split(":")
    if package == "gcp":
        return getattr(importlib.import_module(f"pulumi_gcp.{module.split('/')[0]}"), name)
    if package != "kubernetes":
        return None
    group, _, version = module.partition("/")
    try:
        found = importlib.import_module(f"pulumi_kubernetes.{group.split('.')[0]}.{version}")
    except ImportError:
        found = None
    return getattr(found, name, None) or pulumi_kubernetes.apiextensions.CustomResource


def register(entry: dict[str, Any], options: pulumi.ResourceOptions) -> None:
    """Register one resource by its class, or by its type where the class does not take it."""
    inputs = {key: value(item) for key, item in entry["inputs"].items()}
    made = sdk_class(entry["type"])
    if made is not None:
        taken = inspect.signature(made._internal_init).parameters
        words = {word.replace("_", "").lower(): word for word in taken}
        if all(key.lower() in words for key in inputs):
            named = {words[key.lower()]: item for key, item in inputs.items()}
            made(entry["name"], opts=options, **named)
            return
    pulumi.CustomResource(entry["type"], entry["name"], inputs, options)


providers: dict[str, pulumi.ProviderResource] = {}
for entry in json.loads(pathlib.Path("resources.json").read_text()):
    options = pulumi.ResourceOptions(provider=providers.get(entry["provider"]))
    if entry["type"].startswith("pulumi:providers:"):
        package = entry["type"].rsplit(":", 1)[1]
        made = pulumi.ProviderResource(package, entry["name"], value(entry["inputs"]), options)
        providers[entry["urn"]] = made
    else:
        register(entry, options)
