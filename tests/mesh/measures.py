"""How far a count of calls may be from its share by chance alone."""

from __future__ import annotations

import math
from itertools import accumulate

# Of a thousand right splits one lies outside.
CONFIDENCE = 0.999


def interval(calls: int, share: float) -> tuple[int, int]:
    """Fewest and most of ``calls`` that a version with this ``share`` gets.

    The exact binomial interval: each end leaves at most half of what `CONFIDENCE` leaves out.
    """
    if share in (0, 1):
        return int(calls * share), int(calls * share)
    outside = (1 - CONFIDENCE) / 2
    below = list(accumulate(_probability(calls, count, share) for count in range(calls + 1)))
    low = next(count for count, total in enumerate(below) if total > outside)
    high = next(count for count, total in enumerate(below) if total >= 1 - outside)
    return low, high


def share_is_within(count: int, calls: int, share: float) -> bool:
    """Whether ``count`` of ``calls`` may be this ``share`` of them."""
    low, high = interval(calls, share)
    return low <= count <= high


def _probability(calls: int, count: int, share: float) -> float:
    ways = math.lgamma(calls + 1) - math.lgamma(count + 1) - math.lgamma(calls - count + 1)
    return math.exp(ways + count * math.log(share) + (calls - count) * math.log1p(-share))
