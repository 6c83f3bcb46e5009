"""The boundaries of one analysis at a look, from the information that each trial has had so far.

What computes them is compiled when it is imported, which trials without looks need not wait for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.spending import increments, spent
from trialsim.foundation.elementary import normal_cdf, normal_quantile
from trialsim.protocol.milestone_model import Futility, Spend

Floats = NDArray[np.float64]
SAME = 1e-9  # of full information: less than that is no new information


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookBounds:
    """The bounds of Z at one look [T]: at or above `upper` is success, below `lower` is futility."""

    lower: Floats
    upper: Floats


def bounds_at_look(spend: Spend, level: float, fractions: Floats, is_last: bool) -> LookBounds:
    """Return the bounds at the last of these looks; `fractions` [T, K] are of full information, NaN where not held.

    What earlier looks were allowed to spend is spent, however the procedure used it. The last look spends all that is
    left, whatever the information.
    """
    rows, back = np.unique(fractions, axis=0, return_inverse=True)
    found = np.array([row_bounds(spend, level, tuple(row.tolist()), is_last) for row in rows]).reshape(-1, 2)
    at = found[back.reshape(-1)]
    return LookBounds(lower=at[:, 0], upper=at[:, 1])


def row_bounds(spend: Spend, level: float, row: tuple[float, ...], is_last: bool) -> tuple[float, float]:
    """Return the lower and upper bound at the last look of one trial's history."""
    from trialsim.analysis.crossing import fill_spending_bounds

    held = [(number, t) for number, t in enumerate(row) if t == t and t > 0.0]
    if not held or np.isnan(row[-1]):
        return -np.inf, np.inf
    fresh = [(number, t) for i, (number, t) in enumerate(held) if i == 0 or t > held[i - 1][1] + SAME]
    if fresh[-1] != held[-1]:  # no new information, nothing to test
        return -np.inf, np.inf
    at = np.array([t for _, t in fresh])
    alpha = increments(cumulative_alpha(spend, level, fresh, is_last))
    beta, drift = beta_increments(spend, level, at, is_last)
    lower, upper = np.empty_like(at), np.empty_like(at)
    binding = spend.futility is not None and spend.futility.binding
    fill_spending_bounds(drift, at, alpha, beta, binding, False, lower, upper)
    if is_last:
        return (float(upper[-1]) if spend.futility else -np.inf), float(upper[-1])
    if spend.futility and spend.futility.z is not None:
        return spend.futility.z, float(upper[-1])
    return float(lower[-1]), float(upper[-1])


def cumulative_alpha(spend: Spend, level: float, looks: list[tuple[int, float]], is_last: bool) -> list[float]:
    """Return what may be spent by each look, given as its number among the planned ones and its fraction."""
    fractions = [t for _, t in looks]
    if spend.family == "haybittle_peto":
        total = spent_by_one_bound(spend.parameter, fractions)
    elif spend.family == "wang_tsiatis":
        planned = planned_alpha(spend, level)
        total = [planned[min(number, len(planned) - 1)] for number, _ in looks]
    elif spend.family == "custom":
        points = np.array([0.0, *spend.planned]), np.array([0.0, *spend.spent])
        total = [level * float(np.interp(min(t, 1.0), *points)) for t in fractions]
    else:
        total = [float(each) for each in spent(spend.family, level, fractions, spend.parameter)]
    total = [min(each, level) for each in total]
    return [*total[:-1], level] if is_last else total


def spent_by_one_bound(bound: float, fractions: list[float]) -> list[float]:
    """Return the probability, without an effect, of crossing one upper bound by each look."""
    from trialsim.analysis.group_sequential import Bounds, crossings

    at = np.array(fractions)
    design = Bounds(information=at, lower=np.full_like(at, -np.inf), upper=np.full_like(at, bound))
    return [float(each) for each in np.cumsum(crossings(design, 0.0).above)]


def planned_alpha(spend: Spend, level: float) -> list[float]:
    """Return what bounds of Wang and Tsiatis's shape spend by each planned look."""
    from trialsim.analysis.group_sequential import crossings, wang_tsiatis_bounds

    design = wang_tsiatis_bounds(np.array(spend.planned), level, spend.parameter)
    return [float(each) for each in np.cumsum(crossings(design, 0.0).above)]


def beta_increments(spend: Spend, level: float, at: Floats, is_last: bool) -> tuple[Floats, float]:
    """Return what is spent of beta at each look, and the drift that the planned looks find with power 1 - beta."""
    from trialsim.analysis.group_sequential import futility_bounds

    rule = spend.futility
    if rule is None or rule.family is None:
        return np.zeros_like(at), 0.0
    betas = increments([*beta_spent(rule, at)[: -1 if is_last else None], *([rule.beta] if is_last else [])])
    planned = np.array(spend.planned)
    looks = list(enumerate(spend.planned))
    alphas = increments(cumulative_alpha(spend, level, looks, True))
    _, drift = futility_bounds(planned, alphas, increments(beta_spent(rule, planned)), binding=rule.binding)
    return betas, drift


def beta_spent(rule: Futility, fractions: Floats) -> list[float]:
    """Return what of beta is spent by each fraction of the information."""
    assert rule.family is not None
    return [float(each) for each in spent(rule.family, rule.beta, fractions, rule.parameter)]


def conditional_power(z: Floats, fraction: Floats, bound: Floats) -> Floats:
    """Return the probability that the final Z reaches its bound if the effect is as estimated now.

    Φ((z √t + z (1 - t) / √t - b) / √(1 - t)) (Proschan, Lan and Wittes 2006, section 3.2); at full information, whether
    it is reached.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        left = 1.0 - fraction
        score = (z / np.sqrt(fraction) - bound) / np.sqrt(left)
    return _probability(score, left, z >= bound)


def predictive_power(z: Floats, fraction: Floats, bound: Floats) -> Floats:
    """Return the conditional power, averaged over what is known of the effect by a flat prior.

    Φ((z - b √t) / √(1 - t)) (Spiegelhalter, Freedman and Blackburn 1986).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        left = 1.0 - fraction
        score = (z - bound * np.sqrt(fraction)) / np.sqrt(left)
    return _probability(score, left, z >= bound)


def _probability(score: Floats, left: Floats, is_reached: NDArray[np.bool_]) -> Floats:
    going_on = np.array([float(normal_cdf(x)) if x == x else np.nan for x in score.reshape(-1)]).reshape(score.shape)
    return np.where(left > SAME, going_on, is_reached.astype(np.float64))


def final_bound(spend: Spend | None, level: float, fractions: Floats) -> Floats:
    """Return the bound at full information [T] after these looks [T, K]."""
    if spend is None:
        return np.full(fractions.shape[0], -float(normal_quantile(level)))
    last = np.where(np.nanmax(fractions, axis=1) < 1.0 - SAME, 1.0, np.nan)
    return bounds_at_look(spend, level, np.column_stack([fractions, last]), True).upper
