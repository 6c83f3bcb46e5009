"""Two shares that are most likely while their difference, ratio or odds ratio is held fixed."""

from __future__ import annotations

import numpy as np

from trialsim.foundation.arithmetic import compiled

DIFFERENCE, RATIO, ODDS_RATIO = range(3)
MOST_STEPS = 100  # of a bisection from a range of one to the last digit, with some to spare


@compiled("float64(float64, float64, float64, float64, float64)")
def share_at_difference(n1: float, y1: float, n0: float, y0: float, difference: float) -> float:
    """Return the control share of greatest likelihood while the treated share lies `difference` above it.

    The likelihood equation times its denominators is the cubic of Miettinen and Nurminen (1985, appendix 1). It is
    solved by Newton's iteration kept within a bracket, as the trigonometric solution needs an arc cosine.
    """
    low = max(0.0, -difference)
    high = min(1.0, 1.0 - difference)
    p = (y1 + y0 - n1 * difference) / (n1 + n0)
    p = p if low < p < high else 0.5 * (low + high)
    for _ in range(MOST_STEPS):
        a, b, c, d = p + difference, 1.0 - p - difference, p, 1.0 - p
        slope_1, slope_0 = y1 * b - (n1 - y1) * a, y0 * d - (n0 - y0) * c
        value = slope_1 * c * d + slope_0 * a * b
        if value > 0.0:
            low = p
        elif value < 0.0:
            high = p
        else:
            return p
        derivative = -n1 * c * d + slope_1 * (d - c) - n0 * a * b + slope_0 * (b - a)
        following = p - value / derivative if derivative < 0.0 else low
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - p) <= 1e-16 or not low < following < high:
            return following
        p = following
    return p


@compiled("float64(float64, float64, float64, float64, float64)")
def share_at_ratio(n1: float, y1: float, n0: float, y0: float, ratio: float) -> float:
    """Return the control share of greatest likelihood while the treated share is `ratio` times it.

    The smaller root of the quadratic of Miettinen and Nurminen (1985, equation 12), in the form that loses no digits.
    """
    a = (n1 + n0) * ratio
    b = ratio * (n1 + y0) + y1 + n0
    c = y1 + y0
    return min(2.0 * c / (b + float(np.sqrt(max(b * b - 4.0 * a * c, 0.0)))), 1.0, 1.0 / ratio)


@compiled("float64(float64, float64, float64, float64, float64)")
def share_at_odds_ratio(n1: float, y1: float, n0: float, y0: float, odds_ratio: float) -> float:
    """Return the control share of greatest likelihood while the treated odds are `odds_ratio` times its odds.

    The root of the quadratic of Miettinen and Nurminen (1985, equation 17), in the form that loses no digits.
    """
    a = n0 * (odds_ratio - 1.0)
    c = y1 + y0
    b = n1 * odds_ratio + n0 - c * (odds_ratio - 1.0)
    root = float(np.sqrt(max(b * b + 4.0 * a * c, 0.0)))
    return min(2.0 * c / (b + root) if b >= 0.0 else (root - b) / (2.0 * a), 1.0)


@compiled("UniTuple(float64, 3)(int64, float64, float64, float64, float64, float64)")
def scored(measure: int, n1: float, y1: float, n0: float, y0: float, null: float) -> tuple[float, float, float]:
    """Return the score of one two-by-two table, its variance and its slope at a null value of the measure.

    Difference: p1 - p0 - null with its variance. Ratio R: p1 - R p0 with its variance. Odds ratio: y1 minus what is
    expected under the null, whose variance is 1 / (1 / (n1 p1 q1) + 1 / (n0 p0 q0)). All with the restricted shares.
    The slope is what the score loses per unit of the measure (of its logarithm for a ratio and an odds ratio).
    """
    if measure == DIFFERENCE:
        p0 = share_at_difference(n1, y1, n0, y0, null)
        p1 = p0 + null
        return y1 / n1 - y0 / n0 - null, p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0, 1.0
    if measure == RATIO:
        p0 = share_at_ratio(n1, y1, n0, y0, null)
        p1 = min(null * p0, 1.0)
        variance = p1 * (1.0 - p1) / n1 + null * null * p0 * (1.0 - p0) / n0
        return y1 / n1 - null * (y0 / n0), variance, p1
    if y1 + y0 == 0.0 or y1 + y0 == n1 + n0:
        return 0.0, 0.0, 0.0
    # Shares of successes and of failures by the same equation, so that neither is a difference from 1; and the score
    # from the smallest expected count, as all four tell the same but lose digits beside greater ones.
    p0 = share_at_odds_ratio(n1, y1, n0, y0, null)
    q0 = share_at_odds_ratio(n1, n1 - y1, n0, n0 - y0, 1.0 / null)
    p1 = null * p0 / (q0 + null * p0)
    q1 = q0 / (q0 + null * p0)
    information_1, information_0 = n1 * p1 * q1, n0 * p0 * q0
    if information_1 <= 0.0 or information_0 <= 0.0:
        return y1 - n1 * p1, 0.0, 0.0
    score, least = y1 - n1 * p1, n1 * p1
    if n1 * q1 < least:
        score, least = n1 * q1 - (n1 - y1), n1 * q1
    if n0 * p0 < least:
        score, least = n0 * p0 - y0, n0 * p0
    if n0 * q0 < least:
        score = (n0 - y0) - n0 * q0
    variance = information_1 * information_0 / (information_1 + information_0)
    return score, variance, variance
