"""Score tests of two shares with their intervals: Miettinen and Nurminen's, and Farrington and Manning's."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NO_VARIANCE,
    OK,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    contrasts,
)
from trialsim.analysis.restricted_shares import DIFFERENCE, ODDS_RATIO, RATIO, scored
from trialsim.analysis.two_by_two import checked_tables, counted
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp, log
from trialsim.foundation.normal import normal_cdf, normal_quantile

Measure = Literal["risk_difference", "risk_ratio", "odds_ratio"]
CODES: dict[str, int] = {"risk_difference": DIFFERENCE, "risk_ratio": RATIO, "odds_ratio": ODDS_RATIO}
FURTHEST = 40.0  # of a logarithm of a ratio: no trial can tell e^40 from infinity
MOST_STEPS = 200


@compiled("UniTuple(float64, 3)(int64, float64[:, ::1], float64[:, ::1], int64, int64, float64, boolean)")
def _summed(
    measure: int, n: Floats, events: Floats, a: int, b: int, null: float, is_corrected: bool
) -> tuple[float, float, float]:
    """The score over strata, its variance and its slope; weights n1 n0 / (n1 + n0), one for the odds ratio."""
    value = null if measure == DIFFERENCE else exp(null)
    score = 0.0
    variance = 0.0
    slope = 0.0
    for s in range(n.shape[0]):
        n1, n0 = n[s, a], n[s, b]
        if n1 == 0.0 or n0 == 0.0:
            continue
        u, v, d = scored(measure, n1, events[s, a], n0, events[s, b], value)
        weight = 1.0 if measure == ODDS_RATIO else n1 * n0 / (n1 + n0)
        if is_corrected:
            v = v * (n1 + n0) / (n1 + n0 - 1.0)
        score += weight * u
        variance += weight * weight * v
        slope += weight * d
    return score, variance, slope


@compiled("float64(int64, float64[:, ::1], float64[:, ::1], int64, int64, float64, boolean)")
def _z(measure: int, n: Floats, events: Floats, a: int, b: int, null: float, is_corrected: bool) -> float:
    """The standardised score at a null value; zero where nothing is left of either score or variance."""
    score, variance, _ = _summed(measure, n, events, a, b, null, is_corrected)
    if variance > 0.0:
        return score / float(np.sqrt(variance))
    return 0.0 if abs(score) < 1e-12 else (np.inf if score > 0.0 else -np.inf)


@compiled("float64(int64, float64[:, ::1], float64[:, ::1], int64, int64, boolean, float64, float64, float64)")
def _limit(
    measure: int,
    n: Floats,
    events: Floats,
    a: int,
    b: int,
    is_corrected: bool,
    wanted: float,
    inner: float,
    step: float,
) -> float:
    """The null value at which the standardised score is `wanted`, beyond `inner`; infinite (or ±1) if none is."""
    sign = -1.0 if wanted > 0.0 else 1.0
    end = sign if measure == DIFFERENCE else sign * FURTHEST
    if not abs(inner) < abs(end):
        inner = -end if inner * sign < 0.0 else end
    near, at_near = inner, _z(measure, n, events, a, b, inner, is_corrected) - wanted
    far = inner
    at_far = at_near
    while at_far * sign > 0.0 or far == inner:
        if far == end:
            return end if measure == DIFFERENCE else sign * np.inf
        if at_far * sign > 0.0:
            near, at_near = far, at_far
        far = far + sign * step
        step = 2.0 * step
        if not far * sign < end * sign:
            far = end
        at_far = _z(measure, n, events, a, b, far, is_corrected) - wanted
    for _ in range(MOST_STEPS):  # Illinois: false position that halves the value of an end that stays
        middle = near + (far - near) * at_near / (at_near - at_far)
        if not (np.isfinite(middle) and (middle - near) * (middle - far) < 0.0):
            middle = near + 0.5 * (far - near)
        at_middle = _z(measure, n, events, a, b, middle, is_corrected) - wanted
        if at_middle * sign > 0.0:
            near, at_near = middle, at_middle
            at_far = 0.5 * at_far
        else:
            far, at_far = middle, at_middle
            at_near = 0.5 * at_near
        if abs(far - near) <= 1e-13 * (1.0 + abs(far)) or at_middle == 0.0:
            break
    return far


@compiled("float64(int64, float64[:, ::1], float64[:, ::1], int64, int64)")
def _estimate(measure: int, n: Floats, events: Floats, a: int, b: int) -> float:
    """The difference, or the logarithm of the ratio, of the weighted shares; infinite where a share is zero."""
    weights, p1, p0 = 0.0, 0.0, 0.0
    for s in range(n.shape[0]):
        if n[s, a] > 0.0 and n[s, b] > 0.0:
            both = n[s, a] + n[s, b]
            weights += n[s, a] * n[s, b] / both
            p1 += events[s, a] * n[s, b] / both
            p0 += events[s, b] * n[s, a] / both
    if measure == DIFFERENCE:
        return (p1 - p0) / weights
    if measure == RATIO:
        if p1 == 0.0 or p0 == 0.0:
            return np.nan if p1 == p0 else (-np.inf if p1 == 0.0 else np.inf)
        return log(p1 / p0)
    return np.nan


@compiled("float64(float64[:, ::1], float64[:, ::1], int64, int64)")
def _log_odds_ratio(n: Floats, events: Floats, a: int, b: int) -> float:
    """The logarithm of the common odds ratio of greatest likelihood; infinite where it has no finite one."""
    is_least, is_most = True, True  # no table could have fewer treated successes, or more, with its totals
    for s in range(n.shape[0]):
        n1, n0, y1 = n[s, a], n[s, b], events[s, a]
        if n1 > 0.0 and n0 > 0.0:
            total = y1 + events[s, b]
            is_least = is_least and y1 == max(0.0, total - n0)
            is_most = is_most and y1 == min(n1, total)
    if is_least or is_most:
        return np.nan if is_least and is_most else (-np.inf if is_least else np.inf)
    lower, upper = -FURTHEST, FURTHEST
    at = 0.0
    for _ in range(MOST_STEPS):
        score, variance, _ = _summed(ODDS_RATIO, n, events, a, b, at, False)
        if score > 0.0:
            lower = at
        else:
            upper = at
        following = at + score / variance if variance > 0.0 else lower
        if not lower < following < upper:
            following = 0.5 * (lower + upper)
        if abs(following - at) <= 1e-14 * (1.0 + abs(at)):
            return following
        at = following
    return at


@compiled("float64(int64, float64[:, ::1], float64[:, ::1], int64, int64)")
def _told(measure: int, n: Floats, events: Floats, a: int, b: int) -> float:
    """The estimate where the one proper is infinite: of the tables with a half added to each of their counts."""
    more_n = n + 1.0
    more_events = events + 0.5
    for s in range(n.shape[0]):
        if n[s, a] == 0.0 or n[s, b] == 0.0:
            more_n[s, a] = 0.0
    if measure == ODDS_RATIO:
        return _log_odds_ratio(more_n, more_events, a, b)
    return _estimate(measure, more_n, more_events, a, b)


@compiled(
    "void(int64, boolean, float64[::1], int64[::1], int64[::1], int64[::1], int64, int64[:, ::1], int64, int8[::1], "
    "float64[::1], float64, float64[:, :, ::1], int8[:, ::1], int64[:, ::1], int64[:, ::1])"
)
def _compare(
    measure: int,
    is_corrected: bool,
    success: Floats,
    arm: Integers,
    offsets: Integers,
    stratum: Integers,
    n_strata: int,
    pairs: Integers,
    n_arms: int,
    better: Codes,
    margin: Floats,
    alpha: float,
    found: Floats,
    status: Codes,
    n_treated: Integers,
    n_control: Integers,
) -> None:
    n = np.zeros((max(n_strata, 1), n_arms))
    events = np.zeros((max(n_strata, 1), n_arms))
    quantile = -normal_quantile(alpha)
    for t in range(offsets.size - 1):
        counted(success, arm, stratum, offsets[t], offsets[t + 1], n, events)
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            is_empty = True
            for s in range(n.shape[0]):
                n_treated[t, c] += int(n[s, a])
                n_control[t, c] += int(n[s, b])
                is_empty = is_empty and (n[s, a] == 0.0 or n[s, b] == 0.0)
            if is_empty:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            score, variance, slope = _summed(measure, n, events, a, b, margin[c], is_corrected)
            proper = _log_odds_ratio(n, events, a, b) if measure == ODDS_RATIO else _estimate(measure, n, events, a, b)
            if not variance > 1e-14 or not slope > 0.0 or proper != proper and measure != DIFFERENCE:
                status[t, c] = NO_VARIANCE
                found[0, t, c] = proper if np.isfinite(proper) else np.nan
                continue
            status[t, c] = OK
            z = score / np.sqrt(variance)
            se = np.sqrt(variance) / slope
            found[0, t, c] = proper if np.isfinite(proper) else _told(measure, n, events, a, b)
            found[1, t, c] = se
            found[2, t, c] = z
            found[3, t, c] = normal_cdf(-z * better[c])
            found[4, t, c] = _limit(measure, n, events, a, b, is_corrected, quantile, proper, quantile * se)
            found[5, t, c] = _limit(measure, n, events, a, b, is_corrected, -quantile, proper, quantile * se)


def score_test(
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
    *,
    is_corrected: bool = True,
) -> Comparisons:
    """Return risk differences, or logarithms of risk or odds ratios, with score tests and the intervals they invert.

    ``success`` is 1, 0 or missing (NaN, left out). ``is_corrected``: each table's variance times n / (n - 1), which is
    Miettinen and Nurminen's (1985) test; without it, Farrington and Manning's (1990). Margins of ratios are logarithms.
    ``statistic`` is the standardised score; ``se`` belongs to the null hypothesis (for a difference, statistic =
    (estimate - margin) / se). Strata: score and variance are sums over them, with weights n1 n0 / (n1 + n0), for the
    odds ratio with weights that are its own. A limit may be infinite. Where a ratio has no finite estimate, the one
    told is that of counts with a half added; test and interval are those of the counts themselves. Patients of no
    stratum (-1) are left out; strata with patients in one arm only carry no information.
    """
    values, arms, bounds, strata = checked_tables(success, arm, offsets, stratum, n_strata)
    what = contrasts(pairs, better, alpha, margin)
    shape = (bounds.size - 1, len(what.pairs))
    found = np.full((6, *shape), np.nan)
    status = np.zeros(shape, np.int8)
    counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _compare(
        CODES[measure], is_corrected, values, arms, bounds, strata, int(n_strata), what.pairs, what.n_arms, what.better,
        what.margin, what.alpha, found, status, *counts,
    )  # fmt: skip
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
