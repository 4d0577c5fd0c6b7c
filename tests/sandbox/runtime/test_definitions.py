"""Kinds that are brought into clusters: from what is kept they are as the API server made them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from kubernetes import client

from meshwright_sandbox.runtime import gke_crds
from meshwright_sandbox.runtime.definitions import Definitions
from meshwright_sandbox.runtime.interface import ClusterAccess
from meshwright_sandbox.runtime.kept import keep, made_once
from meshwright_sandbox.runtime.kube import Kubectl
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.runtime.store import Store
from tests.sandbox.runtime.conftest import NAME, eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "kept.example.com"
NAMES = ("gauges", "meters")


def definition(plural: str, **properties: Any) -> dict[str, Any]:
    """A kind whose objects have a size, and nothing else unless it is named."""
    made = copy.deepcopy(gke_crds.FLEET_SERVICES[0])
    kind = plural.removesuffix("s").title()
    spec = {"type": "object", "properties": {"size": {"type": "integer"}, **properties}}
    made["metadata"]["name"] = f"{plural}.{GROUP}"
    made["spec"]["group"] = GROUP
    made["spec"]["names"] = {"kind": kind, "plural": plural, "listKind": f"{kind}List"}
    made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"] = {"spec": spec}
    return made


MANIFESTS = gke_crds.manifests(tuple(definition(name) for name in NAMES))


class Kinds:
    """The shared cluster's, with an empty folder for what is kept."""

    def __init__(self, runtime: LocalRuntime, api: client.ApiClient, tools: Path) -> None:
        (record,) = (r for r in runtime.records.all() if r.request.name == NAME)
        self._programs, self._tools = runtime.tools, tools
        self._kubeconfig, self._api = runtime.kubeconfig(record), runtime.connect(record)
        self.store = Store(runtime.network, record.ports.etcd)
        self.objects = client.CustomObjectsApi(api)

    def install(self, manifests: str = MANIFESTS, *, by_kubectl: bool = True) -> None:
        """Bring them in; without kubectl it can only be from what is kept."""
        programs = self._programs if by_kubectl else self._tools / "nowhere"
        kubectl = Kubectl(programs, self._kubeconfig)
        Definitions(kubectl, self._api, self.store, self._tools).install(manifests)

    def kept(self) -> list[Path]:
        return list((self._tools / "definitions").glob("*"))

    def read(self) -> dict[str, Any]:
        """What there is of them, by the API."""
        named = {item["metadata"]["name"]: item for item in self._api.get(PATH)["items"]}
        return {name: named[f"{name}.{GROUP}"] for name in NAMES if f"{name}.{GROUP}" in named}

    def create(self, wanted: dict[str, Any]) -> None:
        """As a user would bring one in."""
        self._api.create(PATH, wanted)

    def remove(self) -> None:
        for name in self.read():
            self._api.delete(f"{PATH}/{name}.{GROUP}")

        def gone() -> None:
            assert not self.read()

        eventually(gone)


@pytest.fixture
def kinds(
    runtime: LocalRuntime, access: ClusterAccess, api: client.ApiClient, tmp_path: Path
) -> Iterator[Kinds]:
    for program in ("kube-apiserver", "kubectl"):
        (tmp_path / program).symlink_to(runtime.tools / program)
    kinds = Kinds(runtime, api, tmp_path)
    yield kinds
    kinds.remove()


def without_times(value: Any) -> Any:
    """An object without what tells one that was made from another that was made the same way."""
    own = {"uid", "resourceVersion", "creationTimestamp", "time", "lastTransitionTime"}
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in own}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def test_from_what_is_kept_they_are_as_the_api_server_made_them(kinds: Kinds) -> None:
    kinds.install()
    made = kinds.read()
    kinds.remove()
    kinds.install(by_kubectl=False)
    given = kinds.read()
    assert without_times(given) == without_times(made)
    for name in NAMES:
        old, new = made[name]["metadata"], given[name]["metadata"]
        assert new["uid"] != old["uid"]
        times = {field["time"] for field in new["managedFields"]}
        assert times == {new["creationTimestamp"]}
    gauge = {"apiVersion": f"{GROUP}/v1", "kind": "Gauge", "metadata": {"name": "a"}}
    wanted = (GROUP, "v1", "default", "gauges")
    kinds.objects.create_namespaced_custom_object(*wanted, gauge | {"spec": {"size": 1}})
    with pytest.raises(client.ApiException) as refused:
        kinds.objects.create_namespaced_custom_object(*wanted, gauge | {"spec": {"size": "big"}})
    assert refused.value.status == 422


def test_what_a_cluster_has_already_is_neither_kept_nor_overwritten(kinds: Kinds) -> None:
    kinds.install()
    (kept,) = kinds.kept()
    kinds.remove()
    users = definition("gauges", colour={"type": "string"})
    kinds.create(users)
    # One is there, the other is not: both are applied, as to any cluster.
    kinds.install()
    assert set(kinds.read()) == set(NAMES)
    version = kinds.read()["gauges"]["spec"]["versions"][0]
    assert "size" in version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    managers = {f["manager"] for f in kinds.read()["gauges"]["metadata"]["managedFields"]}
    assert len(managers - {"kube-apiserver"}) == 2
    kept.unlink()
    kinds.install()
    assert kinds.kept() == []


@pytest.mark.parametrize("text", ["", '[{"metadata": ', "[]"])
def test_a_file_that_holds_nothing_whole_is_made_anew(kinds: Kinds, text: str) -> None:
    kinds.install()
    kinds.remove()
    (kept,) = kinds.kept()
    whole = kept.read_text()
    kept.write_text(text)
    kinds.install()
    assert set(kinds.read()) == set(NAMES)
    assert without_times(json.loads(kept.read_text())) == without_times(json.loads(whole))


def test_other_definitions_or_programs_are_kept_apart(kinds: Kinds, tmp_path: Path) -> None:
    kinds.install()
    kinds.install(gke_crds.manifests((definition("gauges", colour={"type": "string"}),)))
    kinds.remove()
    (tmp_path / "kubectl").unlink()
    (tmp_path / "kubectl").write_text("another")
    with pytest.raises(FileNotFoundError):
        kinds.install(by_kubectl=False)


def test_two_at_once_bring_them_in_once(kinds: Kinds) -> None:
    kinds.install()
    kinds.remove()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: kinds.install(), range(2)))
    assert set(kinds.read()) == set(NAMES)


def test_what_two_need_at_once_is_made_by_one(tmp_path: Path) -> None:
    """The second waits for the first, and not for one that failed, nor where nothing is kept."""
    file = tmp_path / "definitions" / "of-both"
    made: list[str] = []

    def need(who: str, begin: Barrier, meeting: Barrier) -> None:
        begin.wait()
        with made_once(file):
            if not file.exists():
                made.append(who)
                with suppress(BrokenBarrierError):  # nobody else is here
                    meeting.wait(timeout=0.3)
                keep(file, who)

    def needed_by(*two: str) -> None:
        begin, meeting = Barrier(2), Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda who: need(who, begin, meeting), two))

    needed_by("first", "second")
    assert made == [file.read_text()]

    file.unlink()
    with pytest.raises(KeyError), made_once(file):
        raise KeyError(file)
    needed_by("third", "fourth")
    assert made[1:] == [file.read_text()]

    with made_once(tmp_path / "there/is/no/folder"):
        made.append("all the same")
    assert made[-1] == "all the same"
