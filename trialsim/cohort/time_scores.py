"""Normal scores of patients at points in time, correlated, each a function of the patient and the point alone.

Whoever asks for another point in time moves nobody's score at those asked for before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.correlations import cholesky, matrix_of_rows
from trialsim.cohort.model import TimeCorrelation
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp, exp_array, log_array, power
from trialsim.foundation.streams import label, normal, normals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SECONDS_PER_DAY = 86400.0
MINUTES_PER_DAY = 1440.0
LEVELS = 24  # of halvings: from 2^24 minutes, 32 years, to one
FIRST_MINUTE = -(2**20)  # where the line begins: two years before randomisation


def time_scores(
    measure: str, correlation: TimeCorrelation, day: float, seed: int, trials: Integers, patients: Integers
) -> Floats:
    """Return each patient's standard normal score of a measure at a day since randomisation, [n]."""
    here = label("measurement", "of a summary", measure)
    if correlation.kind == "none":
        return normals(seed, here, trials, patients, second_of(day))
    if correlation.kind == "exchangeable":
        level = normals(seed, label("measurement", "level of a summary", measure), trials, patients)
        rest = normals(seed, here, trials, patients, second_of(day))
        shared: Floats = np.sqrt(correlation.value) * level
        apart: Floats = np.sqrt(1.0 - correlation.value) * rest
        return shared + apart
    if correlation.kind == "table":
        return scores_of_table(correlation, here, day, seed, trials, patients)
    return scores_on_a_path(correlation, here, day, seed, trials, patients)


def second_of(day: float) -> int:
    """Return the whole second since randomisation, modulo 2^32: what numbers a score without a memory."""
    return round(day * SECONDS_PER_DAY) % 2**32


def scores_of_table(
    correlation: TimeCorrelation, here: int, day: float, seed: int, trials: Integers, patients: Integers
) -> Floats:
    """Return the scores at a point of a table: its row of the Cholesky factor times independent numbers."""
    days = [at for at, _ in correlation.table]
    lower = cholesky(matrix_of_rows(correlation.table))
    assert lower is not None, "the reader refuses a table that is no correlation"
    found = np.zeros(trials.shape)
    for at, weight in zip(days, lower[days.index(day)], strict=False):
        found = found + weight * normals(seed, here, trials, patients, second_of(at))
    return found


def scores_on_a_path(
    correlation: TimeCorrelation, here: int, day: float, seed: int, trials: Integers, patients: Integers
) -> Floats:
    """Return the scores at a time of a stationary Gaussian path whose correlation is value^(time apart / over).

    Two ends are drawn, then the middle given both, then the middle of the half in which the time lies, and so on to
    the minute (the bridge of a Markov process: Lévy's construction of Brownian motion, for an Ornstein-Uhlenbeck
    process). With r the correlation over half an interval, its middle is normal with mean r / (1 + r^2) (left + right)
    and variance (1 - r^2) / (1 + r^2). A point's number is keyed by its minute, so that it is the same by any way.
    """
    minute = round(day * MINUTES_PER_DAY) - FIRST_MINUTE
    if not 0 <= minute <= 2**LEVELS:
        raise ValueError(f"day {day:g} is beyond the 30 years for which summary assumptions have scores")
    halves = 2.0 ** np.arange(LEVELS - 1, -1, -1) / MINUTES_PER_DAY  # days
    slope = log_array(np.array([correlation.value]))[0] / correlation.over
    r = exp_array(slope * halves)
    ends = exp_array(np.array([slope * 2.0**LEVELS / MINUTES_PER_DAY]))[0]
    weights, sds = r / (1.0 + r * r), np.sqrt((1.0 - r * r) / (1.0 + r * r))
    out = np.empty(trials.shape[0])
    _path_into(
        seed, here, np.require(trials, np.int64, ["C", "W"]), np.require(patients, np.int64, ["C", "W"]), minute,
        float(ends), weights, sds, out,
    )  # fmt: skip
    return out


@compiled("void(float64[::1], float64[::1], float64[::1], float64[::1])")
def _counts_into(means: Floats, dispersions: Floats, shares: Floats, out: Floats) -> None:
    for i in range(out.size):
        mean, dispersion, share = means[i], dispersions[i], shares[i]
        spread = dispersion * mean
        chance = exp(-mean) if dispersion == 0.0 else power(1.0 + spread, -1.0 / dispersion)
        total, n = chance, 0.0
        # What is added beyond the mean falls, and ends below what a share can tell.
        while total < share and (n < mean or chance > total * 1e-17):
            grows = mean if dispersion == 0.0 else (mean + n * spread) / (1.0 + spread)
            n += 1.0
            chance = chance * (grows / n)
            total += chance
        out[i] = n


def counts(means: Floats, dispersions: Floats, shares: Floats) -> Floats:
    """Return the counts [n] at shares of negative binomial distributions, Poisson where the dispersion is 0.

    The variance is mean + dispersion mean^2 (Hilbe 2011, *Negative Binomial Regression*, section 8.2.2); the smallest
    count of which at least the share is no larger. Means are from 0 to 500.
    """
    out = np.empty(means.shape[0])
    mean, dispersion, share = (np.require(each, np.float64, ["C", "W"]) for each in (means, dispersions, shares))
    _counts_into(mean, dispersion, share, out)
    return out


@compiled(
    "void(uint64, int64, int64[::1], int64[::1], int64, float64, float64[::1], float64[::1], float64[::1])"
)
def _path_into(
    seed: int, here: int, trials: Integers, patients: Integers, minute: int, ends: float, weights: Floats,
    sds: Floats, out: Floats,
) -> None:  # fmt: skip
    last = 1 << weights.size
    for i in range(out.size):
        trial, patient = trials[i], patients[i]
        low, high = 0, last
        left = normal(seed, here, trial, patient, low)
        right = ends * left + np.sqrt(1.0 - ends * ends) * normal(seed, here, trial, patient, high)
        value = left if minute == low else right
        k = 0
        while minute != low and minute != high:
            middle = (low + high) // 2
            value = weights[k] * (left + right) + sds[k] * normal(seed, here, trial, patient, middle)
            if minute == middle:
                break
            if minute < middle:
                high, right = middle, value
            else:
                low, left = middle, value
            k += 1
        out[i] = value
