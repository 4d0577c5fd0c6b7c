"""Preview of a spec of 50 clusters and 500 services, and what doubling it costs."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bench.figures import Figure
from bench.measures import own_sandbox, shell_of
from bench.stack import Stack

_CLUSTERS, _SERVICES = 50, 500
_REGIONS = ("europe-west1", "europe-west4", "europe-north1", "us-central1", "us-east1")
PROJECT = "meshwright-dev"


def scale() -> Iterator[Figure]:
    """Time, resources a second and peak memory at the one size and at twice that."""
    times: list[float] = []
    with tempfile.TemporaryDirectory(prefix="meshwright-bench-") as folder, own_sandbox() as own:
        environment = shell_of(own, project=PROJECT)
        for factor in (1, 2):
            clusters, services = factor * _CLUSTERS, factor * _SERVICES
            stack = Stack(Path(folder) / str(factor), environment, "dev")
            write(stack.program / "stacks" / "Pulumi.dev.yaml", spec(clusters, services))
            took, peak = stack.peak_memory("preview", "--suppress-progress")
            times.append(took)
            count = planned(stack)
            name = f"preview of {clusters} clusters, {services} services"
            yield Figure(name, (took,), None)
            yield Figure(f"{name}: resources a second", (count / took,), None, "/s")
            yield Figure(f"{name}: peak memory", (peak,), None, "MB")
    yield Figure("doubling the spec", (times[1] / times[0],), 2.2, "x")


def planned(stack: Stack) -> int:
    """How many resources the preview's program registers."""
    summary = stack.pulumi("preview", "--json", "--stack", stack.name)
    return YAML(typ="safe").load(summary)["changeSummary"]["create"]


def write(file: Path, platform: dict[str, Any]) -> None:
    """Give a stack this spec, in a file of its own: it is too large for Pulumi's config."""
    yaml = YAML()
    beside = file.with_name("platform.yaml")
    yaml.dump(platform, beside)
    found: Any = yaml.load(file)
    found["config"]["meshwright:platform"] = {"file": beside.name}
    yaml.dump(found, file)


def spec(clusters: int, services: int) -> dict[str, Any]:
    """A platform of so many Autopilot clusters with ten services each."""
    names = [f"c{index:03}" for index in range(clusters)]
    each = services // clusters
    return {
        "project": PROJECT,
        "prefix": "big",
        "networks": [
            {
                "name": "mesh",
                "subnets": [_subnet(index, name) for index, name in enumerate(names)],
            }
        ],
        "clusters": [_cluster(index, name) for index, name in enumerate(names)],
        "namespaces": [
            {
                "name": f"shop-{name}",
                "clusters": [name],
                "services": [_service(number) for number in range(each)],
            }
            for name in names
        ],
    }


def _subnet(index: int, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "region": _REGIONS[index % len(_REGIONS)],
        "cidr": f"10.{index // 64}.{index % 64 * 4}.0/22",
        "pod_cidr": f"10.{16 + index}.0.0/16",
        "service_cidr": f"10.{200 + index // 16}.{index % 16 * 16}.0/20",
    }


def _cluster(index: int, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "mode": "autopilot",
        "region": _REGIONS[index % len(_REGIONS)],
        "network": "mesh",
        "subnet": name,
        "deletion_protection": False,
    }


def _service(number: int) -> dict[str, Any]:
    return {
        "name": f"svc-{number}",
        "port": 8080,
        "versions": [
            {"name": version, "image": "registry.example.com/shop/app:1.0", "replicas": 1}
            for version in ("v1", "v2")
        ],
        "route": {"weights": [{"version": "v1", "weight": 90}, {"version": "v2", "weight": 10}]},
    }
