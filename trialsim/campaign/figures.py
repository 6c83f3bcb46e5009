"""Rates and means over trials, each with its Monte-Carlo standard error and 95% interval.

Sums are exactly rounded (math.fsum), so that no order of summation can show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, nan, sqrt

from trialsim.campaign.stopping import rate_standard_error

Z = 1.959963984540054  # standard normal quantile of 97.5%


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, its Monte-Carlo standard error, its 95% interval, the trials it comes from; NaN is unknown."""

    value: float
    standard_error: float
    lower: float
    upper: float
    n: int


NOTHING = Figure(nan, nan, nan, nan, 0)


def rate(count: int, n: int) -> Figure:
    """Return a share of trials with Wilson's interval (Wilson 1927, J. Am. Stat. Assoc. 22:209) and the standard
    error that also 0 of n has (see `rate_standard_error`)."""
    if not n:
        return NOTHING
    return Figure(count / n, rate_standard_error(count, n), *wilson_interval(count / n, n), n)


def wilson_interval(share: float, n: float) -> tuple[float, float]:
    """Return Wilson's 95% interval of a share of n trials, or of as many as it is worth."""
    z2 = Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return 0.0 if share == 0 else max(0.0, middle - half), 1.0 if share == 1 else min(1.0, middle + half)


def mean(values: Sequence[float]) -> Figure:
    """Return a mean over trials with its normal interval; of one trial there is no error."""
    n = len(values)
    if not n:
        return NOTHING
    centre = fsum(values) / n
    if n == 1:
        return Figure(centre, nan, nan, nan, 1)
    return with_normal_interval(centre, spread(values, centre) / sqrt(n), n)


def standard_deviation(values: Sequence[float]) -> Figure:
    """Return the standard deviation over trials; its error is sd / sqrt(2 (n - 1)), that of normal values
    (Morris, White & Crowther 2019, Stat. Med. 38:2074, table 6)."""
    n = len(values)
    if n < 2:
        return Figure(nan, nan, nan, nan, n)
    sd = spread(values, fsum(values) / n)
    return with_normal_interval(sd, sd / sqrt(2 * (n - 1)), n)


def error_ratio(errors: Sequence[float], estimates: Sequence[float]) -> Figure:
    """Return the root mean square of a method's standard errors over the standard deviation of its estimates.

    1 where the method knows its own error. Its Monte-Carlo error is that of Morris, White & Crowther (2019, Stat. Med.
    38:2074, table 6): the ratio times the root of var(se^2) / (4 n mean(se^2)^2) + 1 / (2 (n - 1)).
    """
    n = len(estimates)
    sd = standard_deviation(estimates).value
    if n < 2 or len(errors) < 2 or not sd > 0:
        return Figure(nan, nan, nan, nan, n)
    squares = [error * error for error in errors]
    centre = fsum(squares) / len(squares)
    ratio, own = sqrt(centre) / sd, spread(squares, centre)
    share = own * own / (4 * len(squares) * centre * centre) if centre > 0 else 0.0
    return with_normal_interval(ratio, ratio * sqrt(share + 1 / (2 * (n - 1))), n)


def spread(values: Sequence[float], centre: float) -> float:
    return sqrt(fsum((value - centre) * (value - centre) for value in values) / (len(values) - 1))


def with_normal_interval(value: float, standard_error: float, n: int) -> Figure:
    return Figure(value, standard_error, value - Z * standard_error, value + Z * standard_error, n)
