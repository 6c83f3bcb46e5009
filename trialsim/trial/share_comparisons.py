"""Shares compared by the method of an analysis, and the true value of what it measures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Comparisons
from trialsim.analysis.risk_difference import risk_difference
from trialsim.foundation.elementary import log_array
from trialsim.protocol.model import Method
from trialsim.trial.estimate import true_differences

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
UNITS = {"risk_ratio": "log risk ratio", "odds_ratio": "log odds ratio"}


def compared_shares(
    method: Method, y: Floats, arms: Ints, offsets: Ints, stratum: Ints, n_strata: int, pairs: Ints,
    better: NDArray[np.int8], alpha: float, margin: Floats,
) -> Comparisons:  # fmt: skip
    """Return the comparisons of shares that a method makes; its kernels are loaded when they are needed."""
    measure = method.measure or "risk_difference"
    rows = (y, arms, offsets, stratum, n_strata, pairs, better, alpha)
    if method.kind == "cmh":
        from trialsim.analysis.mantel_haenszel import cochran_mantel_haenszel

        return cochran_mantel_haenszel(measure, *rows)
    if method.test in ("miettinen_nurminen", "farrington_manning"):
        from trialsim.analysis.score_test import score_test

        return score_test(measure, *rows, margin, is_corrected=method.test == "miettinen_nurminen")
    if measure == "risk_difference":
        return risk_difference(*rows, margin)
    from trialsim.analysis.mantel_haenszel import log_ratios

    return log_ratios(measure, *rows, margin)


def true_measures(
    method: Method, counterfactual: Floats, treated: int, control: int, per_trial: int, stratum: Ints, n_strata: int
) -> Floats:
    """Return each trial's true value of what the method measures [T], of its patients under both arms [A, N].

    The difference of means, unless the method measures a ratio: then the logarithm of the ratio of the two shares or
    of their odds, NaN where a share leaves it without a value. An odds ratio within strata is that of Mantel and
    Haenszel for strata whose patients are all in both arms, as odds ratios of parts do not average to that of the
    whole; that of a logistic regression is of the whole. Patients whose course failed under either arm are left out.
    Sums run in the patients' order.
    """
    if not method.is_ratio:
        return true_differences(counterfactual, treated, control, per_trial)
    both = counterfactual[[treated, control]].reshape(2, -1, per_trial)
    known = ~np.isnan(both).any(axis=0)
    is_within = n_strata > 0 and method.measure == "odds_ratio" and method.kind != "logistic"
    within = stratum.reshape(-1, per_trial) if is_within else np.zeros_like(known)
    over = np.zeros((2, known.shape[0]))
    for s in range(n_strata if is_within else 1):
        there = known & (within == s)
        n = np.maximum(_summed(there.astype(np.float64)), 1.0)
        share = [_summed(np.where(there, each, 0.0)) / n for each in both]
        if method.measure == "risk_ratio":
            over += n * np.array(share)
        else:
            over += n * np.array([share[0] * (1.0 - share[1]), share[1] * (1.0 - share[0])])
    has_value = (over > 0.0).all(axis=0)
    ratio = np.where(has_value, over[0] / np.where(has_value, over[1], 1.0), 1.0)
    return np.where(has_value, log_array(ratio), np.nan)


def _summed(values: Floats) -> Floats:
    """Return each trial's sum, in the order of its patients."""
    total: Floats = np.cumsum(values, axis=1)[:, -1]
    return total
