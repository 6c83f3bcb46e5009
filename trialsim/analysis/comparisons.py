"""What a comparison of two arms concludes: estimate, standard error, test and interval, for many trials at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.distributions import t_cdf, t_quantile

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Codes = NDArray[np.int8]

OK, TOO_FEW_PATIENTS, NO_VARIANCE, NOT_ESTIMABLE, TOO_FEW_EVENTS = range(5)
FOLLOW_UP_TOO_SHORT, NO_CONVERGENCE, SEPARATED = range(5, 8)
REASONS = {
    OK: None,
    TOO_FEW_PATIENTS: "too few patients",
    NO_VARIANCE: "no variance",
    NOT_ESTIMABLE: "not estimable",
    TOO_FEW_EVENTS: "too few events",
    FOLLOW_UP_TOO_SHORT: "follow-up ends before the horizon",
    NO_CONVERGENCE: "no convergence",
    SEPARATED: "separated: a slope has no finite estimate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparisons:
    """Conclusions of T trials (rows) about C pairs of arms (columns); every array is [T, C] unless said otherwise.

    Numbers that do not exist are NaN, and then ``status`` is a key of ``REASONS`` other than 0. The p value is
    one-sided, in the direction of benefit; the interval is two-sided at level 1 - 2 alpha and lies wholly beyond the
    margin, on the side of benefit, exactly when the p value is below alpha (but for the test of Cochran, Mantel and
    Haenszel, whose interval is of another making). Ratios are logarithms; limits of score tests may be infinite.
    """

    estimate: Floats  # treated minus control
    se: Floats
    df: Floats  # infinite for normal tests
    statistic: Floats  # (estimate - margin) / se, or the standardised score of a score test
    p_value: Floats
    lower: Floats
    upper: Floats
    n_treated: Integers
    n_control: Integers
    status: Codes
    covariance: (
        Floats | None
    )  # [T, C, C], of the estimates over the residual variance; None where there is no one variance
    information: Floats | None = None  # of the statistic, where that is not 1 / se^2
    covariance_used: Codes | None = None  # [T], of repeated values: position among those tried, -1 if none converged


@compiled(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], int8[:, ::1], int8[::1], float64, float64[::1], "
    "float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1])"
)
def _conclude(
    estimate: Floats,
    se: Floats,
    df: Floats,
    status: Codes,
    better: Codes,
    alpha: float,
    margin: Floats,
    statistic: Floats,
    p_value: Floats,
    lower: Floats,
    upper: Floats,
) -> None:
    last_df = -1.0
    quantile = np.nan
    for i in range(estimate.shape[0]):
        for c in range(estimate.shape[1]):
            if status[i, c] != 0:
                continue
            if df[i, c] != last_df:
                last_df = df[i, c]
                quantile = -t_quantile(alpha, last_df)
            z = (estimate[i, c] - margin[c]) / se[i, c]
            statistic[i, c] = z
            p_value[i, c] = t_cdf(-z * better[c], last_df)
            lower[i, c] = estimate[i, c] - quantile * se[i, c]
            upper[i, c] = estimate[i, c] + quantile * se[i, c]


def concluded(
    estimate: Floats,
    se: Floats,
    df: Floats,
    status: Codes,
    counts: tuple[Integers, Integers],
    better: Codes,
    alpha: float,
    margin: Floats,
    covariance: Floats | None = None,
) -> Comparisons:
    """Return the comparisons that follow from estimates, standard errors and degrees of freedom."""
    statistic, p_value, lower, upper = (np.full(estimate.shape, np.nan) for _ in range(4))
    _conclude(estimate, se, df, status, better, alpha, margin, statistic, p_value, lower, upper)
    return Comparisons(
        estimate=estimate,
        se=se,
        df=df,
        statistic=statistic,
        p_value=p_value,
        lower=lower,
        upper=upper,
        n_treated=counts[0],
        n_control=counts[1],
        status=status,
        covariance=covariance,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrasts:
    """Which arms are compared, and how: checked and in the types the kernels take."""

    pairs: Integers  # [C, 2]: treated, control
    better: Codes  # [C]: +1 if higher values are a benefit, -1 if lower
    margin: Floats  # [C]: the difference under the null hypothesis
    alpha: float  # one-sided level

    @property
    def n_arms(self) -> int:
        """One more than the greatest arm compared."""
        return int(self.pairs.max()) + 1 if self.pairs.size else 0


def contrasts(pairs: ArrayLike, better: ArrayLike, alpha: float, margin: ArrayLike = 0.0) -> Contrasts:
    """Return the checked contrasts; ValueError where arms, directions or the level make no sense."""
    arms = np.require(pairs, np.int64, ["C", "W"]).reshape(-1, 2)
    directions = np.require(np.broadcast_to(np.asarray(better, np.int8), len(arms)), None, ["C", "W"])
    margins = np.require(np.broadcast_to(np.asarray(margin, np.float64), len(arms)), None, ["C", "W"])
    if np.any(arms < 0) or np.any(arms[:, 0] == arms[:, 1]):
        raise ValueError("a comparison needs two different arms, numbered from 0")
    if not np.all(np.abs(directions) == 1):
        raise ValueError("the direction of benefit is +1 (higher is better) or -1 (lower is better)")
    if not 0.0 < alpha < 0.5:
        raise ValueError(f"the one-sided level {alpha} is not between 0 and 0.5")
    if not np.all(np.isfinite(margins)):
        raise ValueError("a margin is not a finite number")
    return Contrasts(pairs=arms, better=directions, margin=margins, alpha=float(alpha))


def checked_rows(y: ArrayLike, arm: ArrayLike, offsets: ArrayLike) -> tuple[Floats, Integers, Integers]:
    """Return values, arms and offsets in the types the kernels take; ValueError where they do not fit together."""
    values = np.require(y, np.float64, ["C", "W"])
    arms = np.require(arm, np.int64, ["C", "W"])
    bounds = np.require(offsets, np.int64, ["C", "W"])
    if values.ndim != 1 or arms.shape != values.shape:
        raise ValueError(f"there are {values.shape} values and {arms.shape} arms")
    if (
        bounds.ndim != 1
        or not bounds.size
        or bounds[0] != 0
        or bounds[-1] != values.size
        or np.any(np.diff(bounds) < 0)
    ):
        raise ValueError("offsets do not divide the rows into trials")
    return values, arms, bounds


@compiled("float64(int64, float64)")
def rounding_square(n: int, greatest: float) -> float:
    """Return the sum of squares that rounding alone can leave of n equal values of that size."""
    unit = 8.881784197001252e-16 * greatest  # 4 * 2^-52
    return n * unit * unit
