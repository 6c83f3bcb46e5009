"""One logistic regression: its slopes of greatest likelihood, or of Firth's penalised likelihood."""

from __future__ import annotations

import numpy as np

from trialsim.analysis.comparisons import NO_CONVERGENCE, OK, SEPARATED, Floats
from trialsim.analysis.model_rows import Flags, add_product, factored, product, solve, solve_below
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp, log, log1p, logistic

MOST_STEPS = 35  # a fit with finite slopes takes ten; without, each step moves a linear predictor by about one
MOST_HALVINGS = 30
CERTAIN = 1e-7  # a fitted probability of what was not observed, below which the data are separated if nothing converges


@compiled("float64(float64[:, ::1], float64[::1], int64, float64[::1], float64[::1])")
def _log_likelihood(x: Floats, y: Floats, n: int, slopes: Floats, chance: Floats) -> float:
    """Fill the fitted probabilities; return the logarithm of the likelihood."""
    total = 0.0
    for i in range(n):
        linear = product(x[i], slopes)
        chance[i] = logistic(linear)
        total += y[i] * linear - max(linear, 0.0) - log1p(exp(-abs(linear)))
    return total


@compiled("boolean(float64[:, ::1], int64, float64[::1], boolean[::1], float64[:, ::1], float64[:, ::1])")
def _curvature(x: Floats, n: int, chance: Floats, is_kept: Flags, information: Floats, factor: Floats) -> bool:
    """Fill the information and its factor; return whether it is positive definite."""
    information[:] = 0.0
    for i in range(n):
        add_product(x[i], chance[i] * (1.0 - chance[i]), information)
    return factored(information, is_kept, factor)


@compiled("float64(float64[:, ::1], boolean[::1])")
def _half_log_determinant(factor: Floats, is_kept: Flags) -> float:
    total = 0.0
    for j in range(is_kept.size):
        if is_kept[j]:
            total += log(factor[j, j])
    return total


@compiled(
    "int64(float64[:, ::1], float64[::1], int64, boolean[::1], boolean, float64[::1], float64[::1], float64[:, ::1])"
)
def fitted(
    x: Floats, y: Floats, n: int, is_kept: Flags, is_firth: bool, slopes: Floats, chance: Floats, factor: Floats
) -> int:
    """Fill slopes, fitted probabilities and the factor of the information; return OK or why there is no fit.

    Newton's iteration with halved steps from slopes of zero. ``is_firth``: the likelihood times the square root of the
    determinant of the information, whose score adds h (1/2 - p) x with the leverage h (Firth 1993; Heinze and
    Schemper 2002); its slopes are always finite. SEPARATED: the likelihood has no finite maximum.
    """
    p = slopes.size
    slopes[:] = 0.0
    information = np.zeros((p, p))
    trial_factor = np.zeros((p, p))
    score, moved, column = np.zeros(p), np.zeros(p), np.zeros(p)
    value = _log_likelihood(x, y, n, slopes, chance)
    is_there = _curvature(x, n, chance, is_kept, information, factor)
    if is_firth and is_there:
        value += _half_log_determinant(factor, is_kept)
    for _ in range(MOST_STEPS):
        if not is_there:
            break
        score[:] = 0.0
        for i in range(n):
            residual = y[i] - chance[i]
            if is_firth:
                column[:] = x[i]
                solve_below(factor, is_kept, column)
                leverage = chance[i] * (1.0 - chance[i]) * product(column, column)
                residual += leverage * (0.5 - chance[i])
            for j in range(p):
                score[j] += x[i, j] * residual
        solve(factor, is_kept, score)
        longest = 0.0
        for j in range(p):
            longest = max(longest, abs(score[j]))
        if longest < 1e-9:
            return OK
        share = min(1.0, 5.0 / longest)
        for halving in range(MOST_HALVINGS):
            for j in range(p):
                moved[j] = slopes[j] + share * score[j]
            following = _log_likelihood(x, y, n, moved, chance)
            is_there = _curvature(x, n, chance, is_kept, information, trial_factor)
            if is_firth and is_there:
                following += _half_log_determinant(trial_factor, is_kept)
            if (is_there or not is_firth) and following >= value - 1e-12 * abs(value) or halving == MOST_HALVINGS - 1:
                break
            share = 0.5 * share
        slopes[:] = moved
        factor[:] = trial_factor
        value = following
    for i in range(n):
        if (1.0 - chance[i] if y[i] == 1.0 else chance[i]) < CERTAIN:
            return SEPARATED
    return NO_CONVERGENCE
