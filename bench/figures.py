"""A measured figure beside what it may at most be."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row of the report.

    Attributes:
        name: what was measured.
        values: each run's result.
        at_most: what docs/bench.md promises.
        unit: `s` or `MB`.
    """

    name: str
    values: tuple[float, ...]
    at_most: float
    unit: str = "s"

    @property
    def median(self) -> float:
        """The middle result."""
        return statistics.median(self.values)

    @property
    def ratio(self) -> float:
        """Median over what it may be: above 1 the promise is broken."""
        return self.median / self.at_most

    def data(self) -> dict[str, object]:
        """For programs."""
        return {
            "name": self.name,
            "unit": self.unit,
            "values": [round(value, 2) for value in self.values],
            "median": round(self.median, 2),
            "at_most": self.at_most,
            "ratio": round(self.ratio, 3),
        }
