"""What a prognostic score is worth: the variance of an adjusted difference, its power and its number of patients.

The analysis itself is ``ancova`` (or ``robust_ancova``) with the score as a covariate (PROCOVA).
"""

from __future__ import annotations

import numpy as np

from trialsim.foundation.elementary import normal_cdf, normal_quantile

Pair = tuple[float, float]  # of the control arm, then of the treated arm


def adjusted_variance(sd: Pair, correlation: Pair, treated_share: float = 0.5) -> float:
    """Return n times the variance of a difference of means adjusted for a score, in the square of sd's unit, n large.

    ``correlation`` is that of score and outcome in each arm. Schuler, Walsh, Hall, Walsh and Fisher (2022, Int J
    Biostat 18:329): s_0^2 / p_0 + s_1^2 / p_1 - p_0 p_1 (r_0 s_0 / p_0 + r_1 s_1 / p_1)^2.

    >>> adjusted_variance((2.0, 2.0), (0.5, 0.5))
    12.0
    """
    if not 0.0 < treated_share < 1.0 or min(sd) <= 0.0 or max(map(abs, correlation)) > 1.0:
        raise ValueError("deviations are above 0, correlations within -1 and 1, the treated share between 0 and 1")
    p0, p1 = 1.0 - treated_share, treated_share
    gained = correlation[0] * sd[0] / p0 + correlation[1] * sd[1] / p1
    return sd[0] * sd[0] / p0 + sd[1] * sd[1] / p1 - p0 * p1 * gained * gained


def adjusted_power(
    effect: float, n: float, alpha: float, sd: Pair, correlation: Pair, treated_share: float = 0.5
) -> float:
    """Return the probability that n patients show an effect at one-sided level alpha, by the normal approximation."""
    error = np.sqrt(adjusted_variance(sd, correlation, treated_share) / n)
    return float(normal_cdf(abs(effect) / float(error) + normal_quantile(alpha)))


def adjusted_patients(
    effect: float, power: float, alpha: float, sd: Pair, correlation: Pair, treated_share: float = 0.5
) -> float:
    """Return how many patients in all, not rounded, show an effect with a power at one-sided level alpha."""
    reach = (normal_quantile(power) - normal_quantile(alpha)) / effect
    return float(adjusted_variance(sd, correlation, treated_share) * reach * reach)
