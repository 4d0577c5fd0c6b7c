"""A measured figure beside what it may at most be."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row of the report.

    Attributes:
        name: what was measured.
        values: each run's result.
        at_most: what docs/bench.md promises; None where it promises nothing and only tells.
        unit: `s` or `MB`.
    """

    name: str
    values: tuple[float, ...]
    at_most: float | None
    unit: str = "s"

    @property
    def median(self) -> float:
        """The middle result."""
        return statistics.median(self.values)

    @property
    def ratio(self) -> float | None:
        """Median over what it may be: above 1 the promise is broken; None where there is none."""
        return None if self.at_most is None else self.median / self.at_most

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """For people: name, median, number of runs, promise and ratio."""
        promise = "" if self.at_most is None else f"{self.at_most:g} {self.unit}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        digits = 2 if self.unit == "x" else 1
        median = f"{self.median:.{digits}f} {self.unit}"
        return self.name, median, str(len(self.values)), promise, ratio

    def data(self) -> dict[str, object]:
        """For programs."""
        return {
            "name": self.name,
            "unit": self.unit,
            "values": [round(value, 2) for value in self.values],
            "median": round(self.median, 2),
            "at_most": self.at_most,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
        }
