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
    """Alternating, so that both sides see the same machine."""
    ratios: list[float] = []
    for _ in range(_ROUNDS):
        alone = _import_seconds(_SDKS)
        ratios.append(_import_seconds("import meshwright") / alone)
    yield Figure("import meshwright, to the SDKs alone", (statistics.median(ratios),), 1.15, "x")


def _import_seconds(statement: str) -> float:
    return min(seconds([sys.executable, "-c", statement], dict(os.environ)) for _ in range(2))
