"""Definitions of kinds (CRDs) as they are brought into clusters.

An API server checks a new definition at length, writes it five times over and tells all its parts
each time. What it has stored in the end is the same in every cluster, but for the uid and the
times. So that is kept beside the programs, for each state of programs and definitions, and given
to the stores of later clusters, whose API servers take it from there as after a restart.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from tenacity import retry, retry_if_result, stop_after_delay, wait_exponential

from meshwright_sandbox.runtime.api import FIELD_MANAGER, Api
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.kept import keep, kept_file, made_once
from meshwright_sandbox.runtime.kube import Kubectl
from meshwright_sandbox.runtime.store import Store

Object = dict[str, Any]
_log = logging.getLogger(__name__)
_KEYS = "/registry/apiextensions.k8s.io/customresourcedefinitions/"
_SERVED_SECONDS = 180
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_ALWAYS = ("NamesAccepted", "Established")


class Definitions:
    """Brings definitions into one cluster, and keeps what becomes of them in ``tools``."""

    def __init__(self, kubectl: Kubectl, api: Api, store: Store, tools: Path) -> None:
        self._kubectl, self._api, self._store, self._tools = kubectl, api, store, tools

    def install(self, manifests: str) -> None:
        """Bring in the CustomResourceDefinitions of ``manifests`` (YAML); returns once their kinds
        are served and known to those who ask what there is.
        """
        programs = ("kube-apiserver", "kubectl")
        file = kept_file(self._tools, "definitions", programs, FIELD_MANAGER, manifests)
        with made_once(file):
            objects = self._given(file) or self._apply(manifests, file)
        _wait_until_known(self._api, objects)

    def _given(self, file: Path) -> list[Object]:
        """What is kept, given to the store; nothing without it, or where some stood before."""
        objects = _read(file)
        given = objects and self._store.add(_entries(map(_made_now, objects)))
        return objects if given else []

    def _apply(self, manifests: str, file: Path) -> list[Object]:
        """Have the API server make them, and keep what it made unless some were there before."""
        objects = [o for o in yaml.load_all(manifests, yaml.CSafeLoader) if o]
        names = [o["metadata"]["name"] for o in objects]
        keys = [_KEYS + name for name in names]
        before = self._store.read(keys)
        self._kubectl.apply(manifests)
        found = [f"customresourcedefinition/{name}" for name in names]
        self._kubectl.run("wait", "--for=condition=Established", "--timeout=180s", *found)
        stored = [json.loads(text) for text in self._store.read(keys).values()]
        if not before and len(stored) == len(objects) and all(map(_is_settled, stored)):
            keep(file, json.dumps(stored))
        return objects


def _read(file: Path) -> list[Object]:
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        _log.warning("%s: %s", file, error)
        return []


def _entries(objects: Iterable[Object]) -> dict[str, bytes]:
    return {
        _KEYS + item["metadata"]["name"]: json.dumps(item, separators=(",", ":")).encode()
        for item in objects
    }


def _is_settled(item: Object) -> bool:
    """Whether its API server has nothing more to say of it."""
    true = {c["type"] for c in item["status"]["conditions"] if c["status"] == "True"}
    wanted = {*_ALWAYS, *(["KubernetesAPIApprovalPolicyConformant"] if _protected(item) else [])}
    return wanted <= true


def _protected(item: Object) -> bool:
    group = str(item["spec"]["group"])
    return group.endswith((".k8s.io", ".kubernetes.io"))


def _made_now(item: Object) -> Object:
    """The object as if it were made now: nothing in it is of the cluster that it is from."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = item["metadata"] | {"uid": str(uuid.uuid4()), "creationTimestamp": now}
    fields = [field | {"time": now} for field in metadata["managedFields"]]
    conditions = [c | {"lastTransitionTime": now} for c in item["status"]["conditions"]]
    return item | {
        "metadata": metadata | {"managedFields": fields},
        "status": item["status"] | {"conditions": conditions},
    }


def _wait_until_known(api: Api, objects: list[Object]) -> None:
    wanted = {
        (item["spec"]["group"], version["name"], item["spec"]["names"]["plural"])
        for item in objects
        for version in item["spec"]["versions"]
        if version["served"]
    }
    if missing := _missing(api, wanted):
        raise RuntimeFailure(f"kinds that were defined are not served: {sorted(missing)}")


@retry(
    retry=retry_if_result(bool),
    wait=wait_exponential(0.1, max=1),
    stop=stop_after_delay(_SERVED_SECONDS),
    retry_error_callback=lambda state: state.outcome.result() if state.outcome else set(),
)
def _missing(api: Api, wanted: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    groups = api.get("/apis", accept=_DISCOVERY)["items"]
    return wanted - {
        (group["metadata"]["name"], version["version"], resource["resource"])
        for group in groups
        for version in group["versions"]
        for resource in version.get("resources", ())
    }
