"""Manifests of many objects: read from text, files and addresses, and brought into an order."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
import yaml

from meshwright_sandbox.plugins.serving import PluginError

Manifest = dict[str, Any]
Thing = tuple[str, str]
"""What another object may need: the namespace of a name, or the definition of a kind."""
_FETCHED_WITHIN_SECONDS = 60


def of_group(inputs: Mapping[str, Any]) -> list[Manifest]:
    """Return the objects that a ``ConfigGroup`` names: as text, as objects, in files."""
    texts = [inputs.get("yaml") or "", *(_content(file) for file in _files(inputs))]
    given = [document for text in texts for document in _documents(text)]
    return _complete([*given, *(inputs.get("objs") or [])])


def of_file(inputs: Mapping[str, Any]) -> list[Manifest]:
    """Return the objects of a ``ConfigFile``."""
    return _complete(_documents(_content(inputs["file"])))


def place_of(manifest: Manifest) -> str:
    """Return the object's name, with its namespace in front where it says one."""
    metadata = manifest["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def needed(manifest: Manifest) -> list[Thing]:
    """Return what must be there before the object."""
    group = manifest["apiVersion"].rpartition("/")[0]
    return [
        ("namespace", manifest["metadata"].get("namespace") or ""),
        ("kind", f"{group}/{manifest['kind']}"),
    ]


def brought(manifest: Manifest) -> list[Thing]:
    """Return what is there once the object is."""
    if manifest["kind"] == "Namespace":
        return [("namespace", manifest["metadata"]["name"])]
    if manifest["kind"] == "CustomResourceDefinition":
        spec = manifest["spec"]
        return [("kind", f"{spec['group']}/{spec['names']['kind']}")]
    return []


def _files(inputs: Mapping[str, Any]) -> Iterator[str]:
    for file in inputs.get("files") or []:
        if "://" in file:
            yield file
            continue
        found = sorted(glob.glob(file, recursive=True))  # noqa: PTH207 - may be absolute
        if not found:
            raise PluginError(f"files: there is no {file!r} in {Path.cwd()}; correct the path")
        yield from found


def _content(file: str) -> str:
    try:
        if file.startswith(("http://", "https://")):
            answer = urllib3.request("GET", file, timeout=_FETCHED_WITHIN_SECONDS)
            if answer.status != HTTPStatus.OK:
                raise PluginError(f"{file}: it cannot be read: HTTP status {answer.status}")
            return answer.data.decode()
        return Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        raise PluginError(f"{file}: it cannot be read: {error}") from error


def _documents(text: str) -> list[Any]:
    try:
        return [item for item in yaml.load_all(text, yaml.CSafeLoader) if item]
    except yaml.YAMLError as error:
        raise PluginError(f"the manifest is no YAML: {error}") from error


def _complete(documents: Iterable[Any]) -> list[Manifest]:
    """Return the objects, those of lists one by one, namespaces and definitions first."""
    found: list[Manifest] = []
    for document in documents:
        if not isinstance(document, dict):
            raise PluginError(f"the manifest holds no object: {str(document)[:80]!r}")
        if str(document.get("kind", "")).endswith("List") and "items" in document:
            found += _complete(document["items"] or [])
            continue
        named = isinstance(document.get("metadata"), dict) and document["metadata"].get("name")
        if not (document.get("apiVersion") and document.get("kind") and named):
            lacking = "an object of the manifest lacks apiVersion, kind or metadata.name"
            raise PluginError(f"{lacking}: {str(document)[:80]!r}")
        found.append(document)
    return sorted(found, key=lambda manifest: not brought(manifest))
