"""Which clusters carry traffic: those there are, and anew where one was made anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from meshwright_sandbox.traffic import service


@dataclass
class Cluster:
    """What runs one cluster's pods, as far as whoever keeps it sees."""

    record: Any
    log: list[str]
    has_marks: bool = True

    def start(self) -> None:
        self.log.append(f"start {self.record.id}")

    def close(self) -> None:
        self.log.append(f"close {self.record.id}")

    def prepared(self) -> bool:
        return self.has_marks


@dataclass(frozen=True)
class Record:
    id: str
    slot: int = 1


@dataclass
class Runtime:
    """A runtime of clusters that are on record."""

    home: Path
    clusters: list[Record] = field(default_factory=list[Record])

    @property
    def records(self) -> Runtime:
        return self

    def all(self) -> list[Record]:
        return self.clusters


@dataclass
class Kept:
    """Traffic of a runtime; ``log`` is what was done with its clusters since it was last read."""

    traffic: service.Traffic
    runtime: Runtime
    made: list[Cluster]
    bootstrap: Path
    log: list[str]

    def start(self) -> list[str]:
        self.log.clear()
        self.traffic.start(self.bootstrap)
        return list(self.log)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kept:
    made: list[Cluster] = []
    log: list[str] = []

    def cluster(_: Any, record: Record, *__: Any, **___: Any) -> Cluster:
        made.append(Cluster(record, log))
        return made[-1]

    class Director:
        def __init__(self, *_: Any) -> None: ...

        def start(self) -> None: ...

    monkeypatch.setattr(service, "ClusterTraffic", cluster)
    monkeypatch.setattr(service, "TrafficDirector", Director)
    bootstrap = tmp_path / "bootstrap.json"
    bootstrap.write_text("{}")
    runtime = Runtime(tmp_path, [Record("west"), Record("east")])
    traffic = service.Traffic(runtime, None)  # type: ignore[arg-type]
    return Kept(traffic, runtime, made, bootstrap, log)


def test_a_cluster_is_started_once(kept: Kept) -> None:
    assert kept.start() == ["start west", "start east"]
    assert kept.start() == []


def test_one_that_lost_what_was_put_there_is_started_anew(kept: Kept) -> None:
    kept.start()
    kept.made[0].has_marks = False
    assert kept.start() == ["close west", "start west"]
    assert kept.start() == []


def test_one_that_was_made_anew_is_started_anew(kept: Kept) -> None:
    """By the same name, but elsewhere."""
    kept.start()
    kept.runtime.clusters[1] = Record("east", slot=2)
    assert kept.start() == ["close east", "start east"]
    kept.runtime.clusters.pop()
    assert kept.start() == ["close east"]
