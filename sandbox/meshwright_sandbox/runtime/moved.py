"""A cluster whose folder was moved: kwokctl writes into its files where they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from meshwright_sandbox.runtime.private_files import write_private

_FILES = ("kwok.yaml", "kubeconfig.yaml")


def follow(folder: Path, data: Path) -> None:
    """Let the files that kwokctl keeps in ``data``, which is below ``folder``, name that place."""
    yaml = YAML(typ="safe")
    before = _made_in(list(yaml.load_all(data / _FILES[0])))
    if before is None or before == data:
        return
    # What stands beside `data`, such as the tokens, is named too.
    old = str(before.parents[len(data.relative_to(folder).parts) - 1])
    for name in _FILES:
        documents = [_replaced(one, old, str(folder)) for one in yaml.load_all(data / name)]
        # As JSON, which all readers of YAML agree on.
        text = "\n---\n".join(json.dumps(one) for one in documents)
        write_private(data / name, f"{text}\n")


def _made_in(documents: list[Any]) -> Path | None:
    """The folder that a cluster's components work in."""
    components = [c for one in documents for c in (one or {}).get("components") or ()]
    return next((Path(c["workDir"]) for c in components if c.get("workDir")), None)


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(one, old, new) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, old, new) for one in value]
    return value.replace(old, new) if isinstance(value, str) else value
