"""A method that compares times to an event, as resolved: with the options that its kind has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TimeMeasure = Literal[
    "hazard_ratio",
    "subdistribution_hazard_ratio",
    "rmst_difference",
    "rmst_ratio",
    "survival_difference",
    "incidence_difference",
]

UNITS = {
    "hazard_ratio": "log hazard ratio",
    "subdistribution_hazard_ratio": "log subdistribution hazard ratio",
    "rmst_ratio": "log ratio of mean times",
    "survival_difference": "",
    "incidence_difference": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMethod:
    """What is measured of the times, and how; fields that a kind does not have are at their defaults."""

    measure: TimeMeasure
    horizon: float = 0.0  # days
    weights: tuple[tuple[float, float], ...] = ((0.0, 0.0),)  # rho and gamma
    delay: float | None = None  # days; modest weights, instead of rho and gamma
    ties: Literal["efron", "breslow"] = "efron"

    @property
    def is_ratio(self) -> bool:
        """Return whether estimates, truth and margins are logarithms of ratios."""
        return self.measure in ("hazard_ratio", "subdistribution_hazard_ratio", "rmst_ratio")

    @property
    def falls_with_time(self) -> bool:
        """Return whether longer times make the estimate smaller: hazards and incidences."""
        return self.measure in ("hazard_ratio", "subdistribution_hazard_ratio", "incidence_difference")
