"""Risk and odds ratios over strata after Mantel and Haenszel, and the test of Cochran, Mantel and Haenszel."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NO_VARIANCE,
    NOT_ESTIMABLE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    concluded,
    contrasts,
)
from trialsim.analysis.restricted_shares import DIFFERENCE, RATIO
from trialsim.analysis.risk_difference import mantel_haenszel_difference
from trialsim.analysis.score_test import CODES, Measure
from trialsim.analysis.two_by_two import checked_tables, counted
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import log
from trialsim.foundation.normal import normal_cdf, normal_quantile


@compiled("UniTuple(float64, 2)(float64[:, ::1], float64[:, ::1], int64, int64, float64)")
def log_risk_ratio(n: Floats, events: Floats, a: int, b: int, added: float) -> tuple[float, float]:
    """Return the logarithm of the risk ratio over strata and its variance (Greenland and Robins 1985, equation 13).

    With one stratum it is the logarithm of the ratio of two shares with the variance of Katz (1978). ``added`` is put
    to every count of successes and of failures; NaN where an arm is without successes.
    """
    r, s, variance = 0.0, 0.0, 0.0
    for k in range(n.shape[0]):
        if n[k, a] == 0.0 or n[k, b] == 0.0:
            continue
        n1, n0 = n[k, a] + 2.0 * added, n[k, b] + 2.0 * added
        y1, y0 = events[k, a] + added, events[k, b] + added
        both = n1 + n0
        r += y1 * n0 / both
        s += y0 * n1 / both
        variance += (n1 * n0 * (y1 + y0) - y1 * y0 * both) / (both * both)
    if r == 0.0 or s == 0.0:
        return np.nan, np.nan
    return log(r / s), variance / (r * s)


@compiled("UniTuple(float64, 2)(float64[:, ::1], float64[:, ::1], int64, int64, float64)")
def log_odds_ratio(n: Floats, events: Floats, a: int, b: int, added: float) -> tuple[float, float]:
    """Return the logarithm of the odds ratio over strata and its variance (Robins, Breslow and Greenland 1986).

    With one stratum the variance is Woolf's (1955). ``added`` is put to every count of successes and of failures; NaN
    where all strata together leave the ratio zero or infinite.
    """
    r, s, pr, ps_qr, qs = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(n.shape[0]):
        if n[k, a] == 0.0 or n[k, b] == 0.0:
            continue
        y1, y0 = events[k, a] + added, events[k, b] + added
        f1, f0 = n[k, a] - events[k, a] + added, n[k, b] - events[k, b] + added
        both = y1 + y0 + f1 + f0
        p, q = (y1 + f0) / both, (f1 + y0) / both
        rk, sk = y1 * f0 / both, f1 * y0 / both
        r += rk
        s += sk
        pr += p * rk
        ps_qr += p * sk + q * rk
        qs += q * sk
    if r == 0.0 or s == 0.0:
        return np.nan, np.nan
    return log(r / s), pr / (2.0 * r * r) + ps_qr / (2.0 * r * s) + qs / (2.0 * s * s)


@compiled("UniTuple(float64, 3)(float64[:, ::1], float64[:, ::1], int64, int64)")
def _hypergeometric(n: Floats, events: Floats, a: int, b: int) -> tuple[float, float, float]:
    """Treated successes beyond their expectation, the variance, both over strata, and the weights of a difference."""
    beyond, variance, weights = 0.0, 0.0, 0.0
    for k in range(n.shape[0]):
        n1, n0 = n[k, a], n[k, b]
        if n1 == 0.0 or n0 == 0.0:
            continue
        both, total = n1 + n0, events[k, a] + events[k, b]
        beyond += events[k, a] - n1 * total / both
        variance += n1 * n0 * total * (both - total) / (both * both * (both - 1.0))
        weights += n1 * n0 / both
    return beyond, variance, weights


@compiled("UniTuple(float64, 2)(int64, float64[:, ::1], float64[:, ::1], int64, int64, float64)")
def _estimated(measure: int, n: Floats, events: Floats, a: int, b: int, added: float) -> tuple[float, float]:
    if measure == DIFFERENCE:
        return mantel_haenszel_difference(n, events, a, b)
    return log_risk_ratio(n, events, a, b, added) if measure == RATIO else log_odds_ratio(n, events, a, b, added)


@compiled(
    "void(int64, boolean, float64[::1], int64[::1], int64[::1], int64[::1], int64, int64[:, ::1], int64, "
    "float64[:, :, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    measure: int, is_cmh: bool, success: Floats, arm: Integers, offsets: Integers, stratum: Integers, n_strata: int,
    pairs: Integers, n_arms: int, found: Floats, status: Codes, n_treated: Integers, n_control: Integers,
) -> None:  # fmt: skip
    n = np.zeros((max(n_strata, 1), n_arms))
    events = np.zeros((max(n_strata, 1), n_arms))
    for t in range(offsets.size - 1):
        counted(success, arm, stratum, offsets[t], offsets[t + 1], n, events)
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            for k in range(n.shape[0]):
                n_treated[t, c] += int(n[k, a])
                n_control[t, c] += int(n[k, b])
            beyond, null_variance, weights = _hypergeometric(n, events, a, b)
            if weights == 0.0:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            estimate, variance = _estimated(measure, n, events, a, b, 0.0)
            if is_cmh and null_variance > 0.0 and not variance > 0.0:
                estimate, variance = _estimated(measure, n, events, a, b, 0.5)
                if not variance > 0.0:
                    variance = null_variance / (weights * weights)
            if not null_variance > 0.0:
                status[t, c] = NO_VARIANCE
                found[0, t, c] = estimate
            elif not variance > 1e-14 / (n_treated[t, c] + n_control[t, c]):
                status[t, c] = NOT_ESTIMABLE
            else:
                status[t, c] = OK
                found[0, t, c] = estimate
                found[1, t, c] = np.sqrt(variance)
                found[2, t, c] = beyond / np.sqrt(null_variance)


@compiled("void(float64[:, :, ::1], int8[:, ::1], int8[::1], float64)")
def _conclude(found: Floats, status: Codes, better: Codes, alpha: float) -> None:
    quantile = -normal_quantile(alpha)
    for t in range(status.shape[0]):
        for c in range(status.shape[1]):
            if status[t, c] == OK:
                found[3, t, c] = normal_cdf(-found[2, t, c] * better[c])
                found[4, t, c] = found[0, t, c] - quantile * found[1, t, c]
                found[5, t, c] = found[0, t, c] + quantile * found[1, t, c]


def _found(
    measure: Measure, is_cmh: bool, success: ArrayLike, arm: ArrayLike, offsets: ArrayLike, stratum: ArrayLike | None,
    n_strata: int, pairs: Integers, n_arms: int,
) -> tuple[Floats, Codes, tuple[Integers, Integers]]:  # fmt: skip
    values, arms, bounds, strata = checked_tables(success, arm, offsets, stratum, n_strata)
    shape = (bounds.size - 1, len(pairs))
    found, status = np.full((6, *shape), np.nan), np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    of = (CODES[measure], is_cmh, values, arms, bounds, strata, int(n_strata), pairs, n_arms)
    _compare(*of, found, status, *counts)
    return found, status, counts


def log_ratios(
    measure: Measure,
    success: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    margin: ArrayLike = 0.0,
) -> Comparisons:
    """Return logarithms of risk or odds ratios (treated over control) with Wald's tests and intervals.

    Over strata the estimates are those of Mantel and Haenszel, with the variances of Greenland and Robins (1985) and
    of Robins, Breslow and Greenland (1986). A ratio that is zero or infinite is not estimable. The margin is a
    logarithm too. Rows, pairs and better as for ``t_test``, strata as for ``risk_difference``.
    """
    what = contrasts(pairs, better, alpha, margin)
    found, status, counts = _found(measure, False, success, arm, offsets, stratum, n_strata, what.pairs, what.n_arms)
    df = np.where(status == OK, np.inf, np.nan)
    return concluded(found[0], found[1], df, status, counts, what.better, what.alpha, what.margin)


def cochran_mantel_haenszel(
    measure: Measure,
    success: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
) -> Comparisons:
    """Return the tests of Cochran, Mantel and Haenszel, with estimates and intervals after Mantel and Haenszel.

    The statistic is the signed root of the chi-square without correction for continuity; it has no margin. Estimate,
    ``se`` and interval are of the difference (Sato 1989) or of the logarithm of a ratio, and so need not agree with
    the test in borderline cases. Where a ratio has no finite estimate, estimate and interval are those of counts with
    a half added. Rows, pairs and better as for ``t_test``, strata as for ``risk_difference``.
    """
    what = contrasts(pairs, better, alpha)
    found, status, counts = _found(measure, True, success, arm, offsets, stratum, n_strata, what.pairs, what.n_arms)
    _conclude(found, status, what.better, what.alpha)
    return Comparisons(
        estimate=found[0],
        se=found[1],
        df=np.where(status == OK, np.inf, np.nan),
        statistic=found[2],
        p_value=found[3],
        lower=found[4],
        upper=found[5],
        n_treated=counts[0],
        n_control=counts[1],
        status=status,
        covariance=None,
    )
