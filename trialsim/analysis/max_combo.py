"""MaxCombo: the greatest of several weighted log-rank statistics, judged by how they vary together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import (
    NOT_ESTIMABLE,
    OK,
    TOO_FEW_EVENTS,
    TOO_FEW_PATIENTS,
    Codes,
    Comparisons,
    Floats,
    Integers,
    contrasts,
)
from trialsim.analysis.log_rank import PLAIN, Scores, Weight, fleming_harrington, log_rank_scores
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import normal_cdf, normal_quantile
from trialsim.foundation.multinormal import MOST_DIMENSIONS, normals_below

EARLY_AND_LATE = (PLAIN, fleming_harrington(0.0, 1.0), fleming_harrington(1.0, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxCombo:
    """What the combination concludes, and the statistics it combines, K of them.

    In ``comparisons``, estimate and standard error are those of the weight whose statistic is greatest in the direction
    of benefit; the p value is that of the greatest of all, the statistic is the normal deviate of this p value, and the
    interval is estimate ± c se with the c that the greatest of all exceeds with probability alpha. So they agree; the
    estimate, being chosen, is optimistic.
    """

    comparisons: Comparisons
    statistic: Floats  # [T, C, K]; NaN for a weight without variance, which is then left out
    chosen: Integers  # [T, C]; -1 where there is none


@compiled("float64(float64, float64[:, ::1])")
def greatest_above(z: float, correlation: Floats) -> float:
    """Return the probability that the greatest of correlated standard normals exceeds z; error below 1e-8."""
    return 1.0 - normals_below(np.full(correlation.shape[0], z), correlation)


@compiled("float64(float64, float64[:, ::1])")
def greatest_bound(alpha: float, correlation: Floats) -> float:
    """Return what the greatest of correlated standard normals exceeds with probability alpha, to about 1e-8.

    By secants on the scale of normal deviates, from the bounds of one statistic and of Bonferroni.
    """
    n = correlation.shape[0]
    target = -normal_quantile(alpha)
    if n == 1:
        return target
    a, b = target, -normal_quantile(alpha / n)
    at_a = -normal_quantile(greatest_above(a, correlation)) - target
    for _ in range(20):
        at_b = -normal_quantile(greatest_above(b, correlation)) - target
        if at_b == at_a:
            return b
        following = b - at_b * (b - a) / (at_b - at_a)
        if abs(following - b) < 1e-9:
            return following
        a, at_a, b = b, at_b, following
    return b


@compiled(
    "void(float64[:, :, ::1], float64[:, :, :, ::1], float64[:, :, ::1], int64[:, ::1], int64[:, ::1], "
    "int64[:, ::1], int8[::1], float64, float64[:, :, ::1], int64[:, ::1], int8[:, ::1], float64[:, :, ::1])"
)
def _combine(
    score: Floats, variance: Floats, information: Floats, n_events: Integers, n_treated: Integers,
    n_control: Integers, better: Codes, alpha: float, statistic: Floats, chosen: Integers, status: Codes,
    result: Floats,
) -> None:  # fmt: skip
    """Fill statistics and choices; result[0 ... 5] are estimate, se, statistic, p, lower and upper, flat over pairs."""
    n_pairs, n_weights = score.shape[1], score.shape[2]
    kept = np.empty(n_weights, np.int64)
    for t in range(score.shape[0]):
        for c in range(n_pairs):
            n = 0
            for k in range(n_weights):
                if variance[t, c, k, k] > 0.0 and information[t, c, k] > 0.0:
                    statistic[t, c, k] = score[t, c, k] / np.sqrt(variance[t, c, k, k])
                    kept[n] = k
                    n += 1
            if n_treated[t, c] == 0 or n_control[t, c] == 0:
                status[t, c] = TOO_FEW_PATIENTS
                continue
            if n == 0:
                status[t, c] = TOO_FEW_EVENTS if n_events[t, c] == 0 else NOT_ESTIMABLE
                continue
            correlation = np.eye(n)
            best = kept[0]
            for i in range(n):
                for j in range(n):
                    a, b = kept[i], kept[j]
                    if i != j:
                        spread = np.sqrt(variance[t, c, a, a]) * np.sqrt(variance[t, c, b, b])
                        correlation[i, j] = max(-1.0, min(1.0, variance[t, c, a, b] / spread))
                if statistic[t, c, kept[i]] * better[c] > statistic[t, c, best] * better[c]:
                    best = kept[i]
            status[t, c] = OK
            chosen[t, c] = best
            estimate = score[t, c, best] / information[t, c, best]
            se = np.sqrt(variance[t, c, best, best]) / information[t, c, best]
            bound = greatest_bound(alpha, correlation)
            z = statistic[t, c, best]
            # One tail alone, where the sum of all is below its own error.
            p = max(greatest_above(z * better[c], correlation), normal_cdf(-z * better[c]), 1e-300)
            result[0, t, c], result[1, t, c] = estimate, se
            result[2, t, c], result[3, t, c] = -normal_quantile(p) * better[c], p
            result[4, t, c], result[5, t, c] = estimate - bound * se, estimate + bound * se


def _combined(scores: Scores, better: Codes, alpha: float) -> MaxCombo:
    shape = scores.n_events.shape
    statistic = np.full(scores.score.shape, np.nan)
    chosen = np.full(shape, -1, np.int64)
    status = np.zeros(shape, np.int8)
    result = np.full((6, *shape), np.nan)
    _combine(
        scores.score, scores.variance, scores.information, scores.n_events, scores.n_treated, scores.n_control, better,
        alpha, statistic, chosen, status, result,
    )  # fmt: skip
    comparisons = Comparisons(
        estimate=result[0], se=result[1], df=np.where(status == OK, np.inf, np.nan), statistic=result[2],
        p_value=result[3], lower=result[4], upper=result[5], n_treated=scores.n_treated, n_control=scores.n_control,
        status=status, covariance=None,
    )  # fmt: skip
    return MaxCombo(comparisons=comparisons, statistic=statistic, chosen=chosen)


def max_combo(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    offsets: ArrayLike,
    stratum: ArrayLike | None,
    n_strata: int,
    pairs: ArrayLike,
    better: ArrayLike,
    alpha: float,
    weights: tuple[Weight, ...] = EARLY_AND_LATE,
    cause: int = 0,
) -> MaxCombo:
    """Return the combination test of each pair of arms: the greatest of up to four weighted log-rank statistics.

    Their covariance is sum w_k w_l v over times with events, v the hypergeometric variance (Karrison 2016; Roychoudhury
    et al. 2021), their joint distribution normal, and the p value one-sided. Arguments as for ``log_rank``.
    """
    if not 1 <= len(weights) <= MOST_DIMENSIONS:
        raise ValueError(f"there are {len(weights)} weights: from 1 to {MOST_DIMENSIONS} can be combined")
    what = contrasts(pairs, better, alpha)
    scores = log_rank_scores(time, event, arm, offsets, what.pairs, weights, stratum, n_strata, cause)
    return _combined(scores, what.better, what.alpha)
