"""Rates and means over the trials of one cell, where several trials may share a draw of the uncertain parameters.

Trials that share a draw are alike, so that errors are those of draws, not of trials: the linearised variance of a mean
of clusters (Cochran 1977, Sampling Techniques, section 9A.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, nan, sqrt
from typing import Any

import numpy as np

from trialsim.campaign.figures import (
    Figure,
    error_ratio,
    mean,
    rate,
    spread,
    standard_deviation,
    wilson_interval,
    with_normal_interval,
)
from trialsim.campaign.plan import Cell
from trialsim.campaign.stopping import rate_standard_error

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Averages:
    """`per_draw` trials with successive numbers share a draw; 1 where every trial has its own."""

    per_draw: int = 1

    def mean(self, values: Array, trials: Array) -> Figure:
        """Return the mean of the values that are there."""
        there = ~np.isnan(values.astype(np.float64))
        numbers: list[float] = values[there].astype(np.float64).tolist()
        if self.per_draw == 1 or len(numbers) < 2:
            return mean(numbers)
        return with_normal_interval(fsum(numbers) / len(numbers), self.own_error(numbers, trials[there]), len(numbers))

    def rate(self, hits: Array, trials: Array) -> Figure:
        """Return the share of trials that hit."""
        count, n = int(np.count_nonzero(hits)), len(hits)
        if self.per_draw == 1 or n < 2:
            return rate(count, n)
        flags: list[float] = hits.astype(np.float64).tolist()
        n_draws, share = len(np.unique(trials // self.per_draw)), count / n
        error = self.own_error(flags, trials) if 0 < count < n else 0.0
        if not error > 0:  # nothing seen to differ: as if every draw were one trial
            as_many = round(share * n_draws)
            return Figure(share, rate_standard_error(as_many, n_draws), *wilson_interval(share, n_draws), n)
        return Figure(share, error, *wilson_interval(share, share * (1 - share) / (error * error)), n)

    def standard_deviation(self, values: Array, trials: Array) -> Figure:
        """Return the standard deviation of the values that are there; with shared draws the error is the linearised."""
        there = ~np.isnan(values.astype(np.float64))
        numbers: list[float] = values[there].astype(np.float64).tolist()
        figure = standard_deviation(numbers)
        if self.per_draw == 1 or not figure.value > 0:
            return figure
        centre = fsum(numbers) / len(numbers)
        squares = [(value - centre) * (value - centre) for value in numbers]
        return with_normal_interval(figure.value, self.own_error(squares, trials[there]) / (2 * figure.value), figure.n)

    def error_ratio(self, errors: Array, estimates: Array, trials: Array) -> Figure:
        """Return the root mean square of a method's errors over the standard deviation of its estimates."""
        there = ~(np.isnan(errors.astype(np.float64)) | np.isnan(estimates.astype(np.float64)))
        own: list[float] = errors[there].astype(np.float64).tolist()
        values: list[float] = estimates[there].astype(np.float64).tolist()
        figure = error_ratio(own, values)
        if self.per_draw == 1 or not figure.value > 0:
            return figure
        centre = fsum(values) / len(values)
        variance, squares = spread(values, centre) ** 2, fsum(error * error for error in own) / len(own)
        influence = [
            error * error / (2 * squares) - (value - centre) * (value - centre) / (2 * variance)
            for error, value in zip(own, values, strict=True)
        ]
        return with_normal_interval(figure.value, figure.value * self.own_error(influence, trials[there]), figure.n)

    def own_error(self, values: list[float], trials: Array) -> float:
        """Return the standard error of the mean of values whose trials share draws; NaN of a single draw."""
        centre, sums = fsum(values) / len(values), dict[int, list[float]]()
        for value, draw in zip(values, (trials // self.per_draw).tolist(), strict=True):
            sums.setdefault(draw, []).append(value - centre)
        if len(sums) < 2:
            return nan
        total = fsum(each * each for each in (fsum(differences) for differences in sums.values()))
        return sqrt(total * len(sums) / (len(sums) - 1)) / len(values)


def averages(cell: Cell) -> Averages:
    """Return how to average over the trials of a cell."""
    return Averages(per_draw=cell.protocol.simulate.trials_per_draw if cell.mode == "uncertain" else 1)
