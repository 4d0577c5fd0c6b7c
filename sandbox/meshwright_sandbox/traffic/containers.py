"""What a container of a pod is started with, as a kubelet works it out.

https://kubernetes.io/docs/tasks/inject-data-application/environment-variable-expose-pod-information/
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from kubernetes.utils import parse_quantity

from meshwright_sandbox.runtime.api import Object

PROXY = "istio-proxy"
_FIELD = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")
_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


def find(pod: Object, name: str) -> Object | None:
    """The pod's container of that name."""
    return next((c for c in pod["spec"]["containers"] if c["name"] == name), None)


def environment(pod: Object, container: Object) -> dict[str, str]:
    """The container's variables, those that refer to fields of its pod included.

    What refers to ConfigMaps or Secrets is left out: no program that the sandbox runs reads any.
    """
    found = {"HOSTNAME": str(pod["metadata"]["name"])}
    for entry in container.get("env", []):
        source = entry.get("valueFrom", {})
        if "fieldRef" in source:
            found[entry["name"]] = _field(pod, source["fieldRef"]["fieldPath"])
        elif "resourceFieldRef" in source:
            found[entry["name"]] = _resource(container, source["resourceFieldRef"])
        elif not source:
            found[entry["name"]] = expand(entry.get("value", ""), found)
    return found


def expand(text: str, environment: Mapping[str, str]) -> str:
    """``text`` with each ``$(NAME)`` that is known replaced."""
    return _REFERENCE.sub(lambda match: environment.get(match[1], match[0]), text)


def _field(pod: Object, path: str) -> str:
    keyed = _FIELD.match(path)
    if keyed:
        return str(pod["metadata"].get(keyed[1], {}).get(keyed[2], ""))
    value: object = pod
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return str(value)


def _resource(container: Object, reference: Mapping[str, str]) -> str:
    """A limit or request in whole units of its divisor; where there is none, that of one core."""
    kind, _, name = reference["resource"].partition(".")
    given = container.get("resources", {}).get(kind, {}).get(name)
    if given is None:
        return "1"
    divisor = reference.get("divisor", "1")
    return str(math.ceil(parse_quantity(given) / (parse_quantity(divisor) or 1)))
