"""True values beside analyses of times to an event: from when the event happens to the same patients under each arm.

Times are counterfactual, [A, N]: how long after the start each of N patients is free of the event under each of A arms
were they followed for ever; infinite where it never happens. A horizon ends what is counted. Patients whose time is not
known (NaN) under an arm compared are left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialsim.analysis.comparisons import Floats, Integers
from trialsim.analysis.cox import cox
from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import log

MEAN, LOG_MEAN, SHARE, SHARE_OF_CAUSE = range(4)


@compiled(
    "void(float64[:, ::1], int64[:, ::1], int64[::1], int64[:, ::1], float64, int64, int64, float64[:, ::1])"
)
def _fill_differences(
    time: Floats, cause_of: Integers, offsets: Integers, pairs: Integers, horizon: float, measure: int, cause: int,
    truth: Floats,
) -> None:  # fmt: skip
    for t in range(offsets.size - 1):
        for c in range(pairs.shape[0]):
            a, b = pairs[c, 0], pairs[c, 1]
            n = 0
            treated, control = 0.0, 0.0
            for i in range(offsets[t], offsets[t + 1]):
                x, y = time[a, i], time[b, i]
                if x != x or y != y:
                    continue
                n += 1
                if measure == SHARE:
                    treated += 1.0 if x > horizon else 0.0
                    control += 1.0 if y > horizon else 0.0
                elif measure == SHARE_OF_CAUSE:
                    treated += 1.0 if x <= horizon and cause_of[a, i] == cause else 0.0
                    control += 1.0 if y <= horizon and cause_of[b, i] == cause else 0.0
                else:
                    treated += min(x, horizon)
                    control += min(y, horizon)
            if n > 0 and measure == LOG_MEAN:
                truth[t, c] = log(treated / n) - log(control / n)
            elif n > 0:
                truth[t, c] = treated / n - control / n


def _truth(
    time: ArrayLike, offsets: ArrayLike, pairs: ArrayLike, horizon: float, measure: int,
    cause_of: ArrayLike | None = None, cause: int = 0,
) -> Floats:  # fmt: skip
    """Return the true values [T, C] of one measure."""
    times = np.require(time, np.float64, ["C", "W"])
    bounds = np.require(offsets, np.int64, ["C", "W"])
    arms = np.require(pairs, np.int64, ["C", "W"]).reshape(-1, 2)
    if not 0.0 < horizon < np.inf:
        raise ValueError(f"the horizon {horizon} is not a positive number")
    causes = np.zeros((times.shape[0], 0), np.int64) if cause_of is None else np.require(cause_of, np.int64, ["C", "W"])
    truth = np.full((bounds.size - 1, len(arms)), np.nan)
    _fill_differences(times, causes, bounds, arms, float(horizon), measure, cause, truth)
    return truth


def true_rmst_difference(time: ArrayLike, offsets: ArrayLike, pairs: ArrayLike, horizon: float) -> Floats:
    """Return the true differences [T, C] of mean times free of the event up to a horizon, in the unit of time.

    >>> true_rmst_difference([[2.0, 9.0], [3.0, float("inf")]], [0, 2], [(1, 0)], 5.0).tolist()
    [[0.5]]
    """
    return _truth(time, offsets, pairs, horizon, MEAN)


def true_rmst_ratio(time: ArrayLike, offsets: ArrayLike, pairs: ArrayLike, horizon: float) -> Floats:
    """Return the logs of the true ratios [T, C] of mean times free of the event up to a horizon."""
    return _truth(time, offsets, pairs, horizon, LOG_MEAN)


def true_milestone_difference(time: ArrayLike, offsets: ArrayLike, pairs: ArrayLike, horizon: float) -> Floats:
    """Return the true differences [T, C] of the shares still free of the event after a horizon."""
    return _truth(time, offsets, pairs, horizon, SHARE)


def true_incidence_difference(
    time: ArrayLike, cause_of: ArrayLike, offsets: ArrayLike, pairs: ArrayLike, horizon: float, cause: int = 1
) -> Floats:
    """Return the true differences [T, C] of the shares that had an event of one cause by a horizon.

    ``time`` is that of the first event of any cause, and ``cause_of`` [A, N] which it is.
    """
    return _truth(time, offsets, pairs, horizon, SHARE_OF_CAUSE, cause_of, cause)


def true_log_hazard_ratio(
    time: ArrayLike,
    offsets: ArrayLike,
    pairs: ArrayLike,
    horizon: ArrayLike,
    stratum: ArrayLike | None = None,
    n_strata: int = 0,
    efron: bool = True,
    causes: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
) -> Floats:
    """Return the log hazard ratios [T, C] of a Cox model in which every patient stands twice, once under each arm.

    Times are censored at the horizon (one number, or one a patient, as their follow-up in the trial would be). With
    proportional hazards that is the hazard ratio but for the chance of who was enrolled; without, it is the weighted
    mean of ratios that such a follow-up sees, so it depends on the horizon (Struthers and Kalbfleisch 1986). Strata
    and covariates [N, K] as the analysis has them, for a hazard ratio depends on what it is adjusted for. With
    ``causes`` [A, N] those of cause 1 are the event; of other causes, 0 among them, the time ends without it. NaN
    where an arm has no event.
    """
    times = np.require(time, np.float64, ["C", "W"])
    bounds = np.require(offsets, np.int64, ["C", "W"])
    arms = np.require(pairs, np.int64, ["C", "W"]).reshape(-1, 2)
    ends = np.broadcast_to(np.asarray(horizon, np.float64), times.shape[1:])
    truth = np.full((bounds.size - 1, len(arms)), np.nan)
    for c, (treated, control) in enumerate(arms):
        both = times[[control, treated]]
        both = np.where(np.isnan(both).any(axis=0), np.nan, both)
        followed = np.minimum(both, ends)
        events = (both <= ends).astype(np.int8)
        if causes is not None:
            events = events * (np.asarray(causes)[[control, treated]] == 1)
        # Patient by patient, so that a trial's rows stay together.
        arm = np.tile(np.array([0, 1]), times.shape[1])
        columns = None if covariates is None else np.repeat(np.asarray(covariates, np.float64), 2, axis=0)
        strata = None if stratum is None else np.repeat(np.asarray(stratum, np.int64), 2)
        fit = cox(
            followed.T.reshape(-1), events.T.reshape(-1), arm, 2 * bounds, columns, strata, n_strata, [(1, 0)], -1,
            0.025, efron=efron,
        )  # fmt: skip
        truth[:, c] = fit.estimate[:, 0]
    return truth
