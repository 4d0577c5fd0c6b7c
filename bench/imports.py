"""What `import meshwright` costs beside the SDKs that it stands on."""

import os
import statistics
import sys
from collections.abc import Iterator

from bench.figures import Figure
from bench.measures import seconds

_ROUNDS = 7
_SDKS = "import pulumi, pulumi_gcp, pulumi_kubernetes"


def imports() -> Iterator[Figure]:
    """Alternating, so that both sides see the same machine; and with every component loaded."""
    package: list[float] = []
    components: list[float] = []
    for _ in range(_ROUNDS):
        alone = _import_seconds(_SDKS)
        package.append(_import_seconds(f"{_SDKS}, meshwright") / alone)
        components.append(_import_seconds("from meshwright import *") / alone)
    yield Figure("import meshwright, to the SDKs alone", (statistics.median(package),), 1.15, "x")
    every = "every component of it, to the SDKs alone"
    yield Figure(every, (statistics.median(components),), None, "x")


def _import_seconds(statement: str) -> float:
    return min(seconds([sys.executable, "-c", statement], dict(os.environ)) for _ in range(2))
