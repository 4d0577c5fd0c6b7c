"""How far a count of calls may be from its share by chance alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate

# Of a thousand right splits one lies outside.
CONFIDENCE = 0.999
# How often it is drawn before chance is no excuse any more: of three in a row, one of a thousand
# million. A wrong split is outside each time.
DRAWS = 3


def interval(calls: int, share: float, *, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """Fewest and most of ``calls`` that a version with this ``share`` gets.

    The exact binomial interval: each end leaves at most half of what ``confidence`` leaves out.
    """
    if share in (0, 1):
        return int(calls * share), int(calls * share)
    outside = (1 - confidence) / 2
    below = list(accumulate(_probability(calls, count, share) for count in range(calls + 1)))
    low = next(count for count, total in enumerate(below) if total > outside)
    high = next(count for count, total in enumerate(below) if total >= 1 - outside)
    return low, high


def assert_share(draw: Callable[[], int], calls: int, share: float) -> None:
    """Fail unless what is drawn of ``calls`` may be this ``share`` of them.

    ``draw`` makes the calls and counts. None, and all, leave nothing to chance, nor a second draw.
    """
    low, high = interval(calls, share)
    counted: list[int] = []
    for _ in range(1 if share in (0, 1) else DRAWS):
        counted.append(draw())
        if low <= counted[-1] <= high:
            return
    raise AssertionError(f"{counted} of {calls} calls each, and not {low} to {high}")


def _probability(calls: int, count: int, share: float) -> float:
    ways = math.lgamma(calls + 1) - math.lgamma(count + 1) - math.lgamma(calls - count + 1)
    return math.exp(ways + count * math.log(share) + (calls - count) * math.log1p(-share))
