"""Group-sequential designs: boundaries on the scale of Z, and what they do to a trial.

Information stands as fractions of a maximum; the drift is the mean of Z there (Proschan, Lan and Wittes 2006).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.crossing import fill_crossings, fill_spending_bounds
from trialsim.foundation.elementary import normal_quantile, power

Floats = NDArray[np.float64]
GREATEST_DRIFT = 40.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """At each look [K]: the information fraction, and the values of Z at or beyond which the trial may stop."""

    information: Floats
    lower: Floats  # for futility, or of a two-sided test; -inf where there is none
    upper: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crossings:
    """The probabilities that a trial first lies below or above its bounds at each look [K]."""

    below: Floats
    above: Floats


def crossings(bounds: Bounds, drift: float) -> Crossings:
    """Return where trials of a drift stop. Errors are below 1e-9."""
    below, above = np.empty_like(bounds.upper), np.empty_like(bounds.upper)
    fill_crossings(float(drift), bounds.information, bounds.lower, bounds.upper, below, above)
    return Crossings(below=below, above=above)


def expected_information(bounds: Bounds, drift: float) -> float:
    """Return the mean information fraction at which trials of a drift stop, all of them at the last look."""
    at = crossings(bounds, drift)
    stopping = at.below + at.above
    stopping[-1] = 1.0 - sum(stopping[:-1].tolist())
    return float(sum((stopping * bounds.information).tolist()))


def spending_bounds(information: ArrayLike, alpha: ArrayLike, *, two_sided: bool = False) -> Bounds:
    """Return efficacy bounds that spend alpha[k] (on each side, if two-sided) at look k."""
    fractions, spends = _looks(information), _looks(alpha)
    lower, upper = np.empty_like(fractions), np.empty_like(fractions)
    fill_spending_bounds(0.0, fractions, spends, np.zeros_like(spends), False, two_sided, lower, upper)
    return Bounds(information=fractions, lower=lower, upper=upper)


def futility_bounds(
    information: ArrayLike, alpha: ArrayLike, beta: ArrayLike, *, binding: bool
) -> tuple[Bounds, float]:
    """Return bounds that spend alpha[k] for efficacy and beta[k] for futility, and the drift at which they meet.

    That drift is the one with power 1 - sum(beta): at the last look, the two bounds are one.
    """
    fractions, alphas, betas = _looks(information), _looks(alpha), _looks(beta)
    lower, upper = np.empty_like(fractions), np.empty_like(fractions)

    def gap(drift: float) -> float:
        """How much less than all of beta is lost by the last look."""
        fill_spending_bounds(drift, fractions, alphas, betas, binding, False, lower, upper)
        at = crossings(Bounds(information=fractions, lower=lower, upper=upper), drift)
        return float(sum(at.above.tolist()) - (1.0 - sum(betas.tolist())))

    drift = root_of(gap, 0.0, GREATEST_DRIFT)
    gap(drift)
    lower[-1] = upper[-1]
    return Bounds(information=fractions, lower=lower, upper=upper), drift


def wang_tsiatis_bounds(information: ArrayLike, alpha: float, shape: float, *, two_sided: bool = False) -> Bounds:
    """Return bounds C t^(shape - 1/2) of level alpha (on each side): Wang and Tsiatis (1987).

    A shape of 1/2 is Pocock's (1977), of 0 O'Brien and Fleming's (1979).
    """
    fractions = _looks(information)
    form = np.array([float(power(t, shape - 0.5)) for t in fractions])
    return _of_level(fractions, alpha, two_sided, lambda constant: constant * form)


def haybittle_peto_bounds(information: ArrayLike, alpha: float, early: float, *, two_sided: bool = False) -> Bounds:
    """Return bounds that are `early` at every look but the last, whose bound keeps the level alpha on each side.

    ValueError if the early looks alone spend the level (Haybittle 1971; Peto et al. 1976).
    """
    fractions = _looks(information)
    interim = np.full_like(fractions, float(early))

    def upper(last: float) -> Floats:
        interim[-1] = last
        return interim.copy()

    return _of_level(fractions, alpha, two_sided, upper)


def _of_level(fractions: Floats, alpha: float, two_sided: bool, upper: Callable[[float], Floats]) -> Bounds:
    """Return the bounds of a family with one free number that has the level."""

    def bounds(number: float) -> Bounds:
        above = upper(number)
        return Bounds(information=fractions, lower=-above if two_sided else np.full_like(above, -np.inf), upper=above)

    def excess(number: float) -> float:
        return alpha - float(sum(crossings(bounds(number), 0.0).above.tolist()))

    if excess(10.0) < 0.0:
        raise ValueError("the early looks spend more than the level")
    return bounds(root_of(excess, float(-normal_quantile(min(alpha, 0.5))), 10.0))


def drift_of_power(bounds: Bounds, target: float) -> float:
    """Return the drift at which a trial crosses its upper bounds with a target probability."""
    return root_of(lambda drift: sum(crossings(bounds, drift).above.tolist()) - target, 0.0, GREATEST_DRIFT)


def root_of(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where an increasing function crosses zero, to 1e-12: regula falsi with halved ends (Illinois).

    >>> round(root_of(lambda x: x * x - 2.0, 0.0, 2.0), 12)
    1.414213562373
    """
    below, above = function(low), function(high)
    if below >= 0.0 or above <= 0.0:
        return low if below >= 0.0 else high
    side = 0
    for _ in range(200):
        middle = (low * above - high * below) / (above - below)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        value = function(middle)
        if value == 0.0 or high - low <= 1e-12 * max(1.0, abs(middle)):
            return middle
        if value > 0.0:
            high, above = middle, value
            below = 0.5 * below if side == 1 else below
            side = 1
        else:
            low, below = middle, value
            above = 0.5 * above if side == -1 else above
            side = -1
    return 0.5 * (low + high)


def _looks(values: ArrayLike) -> Floats:
    return np.ascontiguousarray(np.atleast_1d(np.asarray(values, dtype=np.float64)))
