"""Bioequivalence of highly variable drugs: limits that widen with the variability of the reference.

Logarithms throughout: y is the logarithm of an exposure, a ratio is the exponential of a difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.crossover import crossover, within_patients
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.chi_square import chi_square_quantile
from trialsim.foundation.distributions import t_quantile
from trialsim.foundation.elementary import expm1

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

LOG_LIMIT = 0.22314355131420976  # ln 1.25
EMA_SLOPE = 0.760
EMA_VARIABLE = 0.30  # coefficient of variation above which limits widen
EMA_CAPPED = 0.4723807270863603  # sqrt(ln(1 + 0.5^2)): the deviation at 50%, above which they widen no more
FDA_VARIABLE = 0.294  # standard deviation from which the scaled criterion is used
FDA_SLOPE = (LOG_LIMIT / 0.25) * (LOG_LIMIT / 0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledBioequivalence:
    """What T trials conclude, arrays [T]; NaN and false where it cannot be estimated."""

    estimate: Floats  # log of the ratio test over reference
    lower: Floats  # the 90% interval of the method's own analysis
    upper: Floats
    reference_sd: Floats  # within patients, under the reference
    limit: Floats  # EMA: the upper limit of the log ratio, the lower being its negative
    criterion: Floats  # FDA: the upper 95% bound of the scaled criterion; at or below 0 passes
    is_scaled: Flags  # the reference was variable enough
    passes: Flags


@compiled("float64(float64)")
def expanded_limit(sd: float) -> float:
    """Return the upper limit of the log ratio that the EMA's guideline (2010, 4.1.10) allows at a reference deviation.

    0.760 sd between coefficients of variation of 30% and 50%, ln 1.25 below and what 50% allow above. The coefficient
    of variation is sqrt(exp(sd^2) - 1).
    """
    if not np.sqrt(expm1(sd * sd)) > EMA_VARIABLE:
        return LOG_LIMIT if sd == sd else float(np.nan)
    return EMA_SLOPE * min(sd, EMA_CAPPED)


def expanding_limits(
    y: ArrayLike, sequence: ArrayLike, offsets: ArrayLike, treatments: ArrayLike, test: int = 1, reference: int = 0
) -> ScaledBioequivalence:
    """Return average bioequivalence with expanding limits as the EMA asks for it (guideline of 2010; method A).

    Rows as for ``crossover``. A trial passes where the 90% interval lies within the limits that the reference's own
    variability allows, and the estimate within ln 0.8 and ln 1.25.
    """
    results, _ = crossover(y, sequence, offsets, treatments, [(test, reference)], 1, 0.05)
    sd = np.sqrt(within_patients(y, sequence, offsets, treatments, reference).variance)
    limit = np.array([expanded_limit(each) for each in sd])
    estimate, lower, upper = (each[:, 0] for each in (results.estimate, results.lower, results.upper))
    return ScaledBioequivalence(
        estimate=estimate,
        lower=lower,
        upper=upper,
        reference_sd=sd,
        limit=limit,
        criterion=np.full(sd.shape, np.nan),
        is_scaled=limit > LOG_LIMIT,
        passes=(lower >= -limit) & (upper <= limit) & (np.abs(estimate) <= LOG_LIMIT),
    )


@compiled(
    "void(float64[:, ::1], int64[::1], int64[::1], int64[:, ::1], int64, int64, float64[::1], float64[::1], "
    "float64[::1], float64[::1], float64[::1])"
)
def _contrast_within(
    y: Floats,
    sequence: Integers,
    offsets: Integers,
    treatments: Integers,
    test: int,
    reference: int,
    estimate: Floats,
    se: Floats,
    df: Floats,
    reference_variance: Floats,
    criterion: Floats,
) -> None:
    """The mean over sequences of test minus reference within patients, its error, and the reference's variance."""
    n_sequences = treatments.shape[0]
    count, mean, mean_gap = np.zeros(n_sequences), np.zeros(n_sequences), np.zeros(n_sequences)
    for t in range(offsets.size - 1):
        n = offsets[t + 1] - offsets[t]
        contrast, gap = np.full(n, np.nan), np.full(n, np.nan)
        count[:] = 0.0
        mean[:] = 0.0
        mean_gap[:] = 0.0
        for r in range(n):
            i = offsets[t] + r
            s = sequence[i]
            if not 0 <= s < n_sequences:
                continue
            tests, references = 0, 0
            under_test, under_reference, first, last = 0.0, 0.0, 0.0, 0.0
            is_complete = True
            for k in range(y.shape[1]):
                value = y[i, k]
                is_complete = is_complete and value == value
                if treatments[s, k] == test:
                    tests += 1
                    under_test += value
                elif treatments[s, k] == reference:
                    first = value if references == 0 else first
                    last = value
                    references += 1
                    under_reference += value
            if is_complete and tests > 0 and references == 2:
                contrast[r] = under_test / tests - under_reference / references
                gap[r] = first - last
                count[s] += 1.0
                mean[s] += contrast[r]
                mean_gap[s] += gap[r]
        used, inverse, total = 0.0, 0.0, 0.0
        n_used = 0
        for s in range(n_sequences):
            if count[s] > 0.0:
                mean[s] = mean[s] / count[s]
                mean_gap[s] = mean_gap[s] / count[s]
                used += count[s]
                inverse += 1.0 / count[s]
                total += mean[s]
                n_used += 1
        freedom = used - n_used
        if freedom < 1.0:
            continue
        squares, gaps = 0.0, 0.0
        for r in range(n):
            if contrast[r] == contrast[r]:
                s = sequence[offsets[t] + r]
                squares += (contrast[r] - mean[s]) * (contrast[r] - mean[s])
                gaps += (gap[r] - mean_gap[s]) * (gap[r] - mean_gap[s])
        estimate[t] = total / n_used
        se[t] = np.sqrt(squares / freedom * inverse) / n_used
        df[t] = freedom
        reference_variance[t] = 0.5 * gaps / freedom
        half = -t_quantile(0.05, freedom) * se[t]
        furthest = max(abs(estimate[t] - half), abs(estimate[t] + half))
        x = estimate[t] * estimate[t] - se[t] * se[t]
        z = -FDA_SLOPE * reference_variance[t]
        over_x = furthest * furthest - x
        over_z = z * freedom / chi_square_quantile(0.95, freedom) - z
        criterion[t] = x + z + np.sqrt(over_x * over_x + over_z * over_z)


def reference_scaled(
    y: ArrayLike, sequence: ArrayLike, offsets: ArrayLike, treatments: ArrayLike, test: int = 1, reference: int = 0
) -> ScaledBioequivalence:
    """Return reference-scaled average bioequivalence as the FDA asks for it (draft guidance on progesterone, 2011).

    Rows as for ``crossover``; every sequence gives the reference twice. From patients with all periods: contrasts
    within patients, averaged over sequences. Where the reference's deviation is at least 0.294, a trial passes if the
    upper 95% bound (Howe 1974, J Am Stat Assoc 69:789) of difference^2 - (ln 1.25 / 0.25)^2 s_wR^2 is at most 0 and
    the estimate lies within ln 0.8 and ln 1.25; else if the 90% interval of ``crossover`` lies within these.
    """
    results, _ = crossover(y, sequence, offsets, treatments, [(test, reference)], 1, 0.05)
    given = np.require(treatments, np.int64, ["C", "W"])
    if not ((given == reference).sum(axis=1) == 2).all():
        raise ValueError("every sequence must give the reference twice")
    n = len(results.estimate)
    estimate, se, df, variance, criterion = (np.full(n, np.nan) for _ in range(5))
    _contrast_within(
        np.require(y, np.float64, ["C", "W"]), np.require(sequence, np.int64, ["C", "W"]),
        np.require(offsets, np.int64, ["C", "W"]), given, int(test), int(reference), estimate, se, df, variance,
        criterion,
    )  # fmt: skip
    sd = np.sqrt(variance)
    is_scaled = sd >= FDA_VARIABLE
    lower, upper = results.lower[:, 0], results.upper[:, 0]
    within = (lower >= -LOG_LIMIT) & (upper <= LOG_LIMIT)
    return ScaledBioequivalence(
        estimate=np.where(is_scaled, estimate, results.estimate[:, 0]),
        lower=lower,
        upper=upper,
        reference_sd=sd,
        limit=np.full(n, np.nan),
        criterion=criterion,
        is_scaled=is_scaled,
        passes=np.where(is_scaled, (criterion <= 0.0) & (np.abs(estimate) <= LOG_LIMIT), within),
    )
