"""Times of events whose hazards no state enters: the inverse of the cumulative hazard, in closed form.

A patient has the event when the cumulative hazard H reaches the patient's own standard exponential number E, the one
with which a course is integrated: T = inverse of H at E (Bender, Augustin and Blettner 2005, Stat Med 24:1713, equation
3). Where a hazard changes at points in time, what is left of E is carried from one interval to the next. All is per
patient, so that nothing depends on who else is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.arithmetic import INF, compiled
from trialsim.foundation.elementary import exp, expm1, log, log1p, normal_cdf, normal_quantile, power
from trialsim.foundation.incomplete_gamma import gamma_quantile, log_gamma_shares

Floats = NDArray[np.float64]
Statuses = NDArray[np.int8]
LawName = Literal["weibull", "gompertz", "log_logistic", "log_normal", "generalised_gamma"]

LAWS: dict[LawName, int] = {"weibull": 0, "gompertz": 1, "log_logistic": 2, "log_normal": 3, "generalised_gamma": 4}
WEIBULL, GOMPERTZ, LOG_LOGISTIC, GENERALISED_GAMMA = 0, 1, 2, 4
NO_NUMBER, WRONG_SIGN, NEGATIVE = 3, 4, 5  # of `courses.STATUS`
LOG_2 = 0.6931471805599453


def piecewise_event_times(starts: Floats, rates: Floats, thresholds: Floats) -> tuple[Floats, Statuses]:
    """Return when each of n patients has an event, infinite if never, and a status of `courses.STATUS`.

    `rates` [K, n] hold from `starts` [K] on, the first of which is 0; `thresholds` [n] are standard exponential.
    """
    times, status = np.empty(thresholds.shape[0]), np.empty(thresholds.shape[0], dtype=np.int8)
    _piecewise_into(_whole(starts), _whole(rates), _whole(thresholds), times, status)
    return times, status


def event_times(
    law: LawName, starts: Floats, terms: Sequence[Floats], factors: Floats, thresholds: Floats
) -> tuple[Floats, Statuses]:
    """Return when each of n patients has an event of a law, infinite if never, and a status of `courses.STATUS`.

    From `starts` [K] on, the first of which is 0, the hazard is that of the law at the time since 0, with the two or
    three `terms`, each [K, n], times `factors` [K, n]. Weibull: shape, scale; Gompertz: hazard at 0, growth;
    log-logistic: shape, median; log-normal: median, standard deviation of the log; generalised gamma: scale, standard
    deviation of the log, skew.
    """
    times, status = np.empty(thresholds.shape[0]), np.empty(thresholds.shape[0], dtype=np.int8)
    first, second, third = (_whole(terms[k]) for k in (0, 1, -1))
    _by_law_into(LAWS[law], _whole(starts), first, second, third, _whole(factors), _whole(thresholds), times, status)
    return times, status


def _whole(values: Floats) -> Floats:
    return np.require(values, np.float64, ["C", "W"])


@compiled("void(float64[::1], float64[:,::1], float64[::1], float64[::1], int8[::1])")
def _piecewise_into(starts: Floats, rates: Floats, thresholds: Floats, times: Floats, status: Statuses) -> None:
    n_steps = starts.size
    for i in range(thresholds.size):
        left, at, found = thresholds[i], INF, False
        fault = 0
        for k in range(n_steps):
            rate = rates[k, i]
            if not 0.0 <= rate < INF:
                fault = NEGATIVE if rate < 0.0 else NO_NUMBER
            if not found and rate > 0.0:
                gained = rate * (starts[k + 1] - starts[k]) if k + 1 < n_steps else INF
                found = left <= gained
                if found:
                    at = starts[k] + left / rate
                left -= gained
        times[i] = at if fault == 0 else INF
        status[i] = fault


@compiled("float64(int64, float64, float64, float64, float64)")
def cumulative_hazard(law: int, t: float, first: float, second: float, third: float) -> float:
    """Return the cumulative hazard at a time of zero or more (Collett 2015, *Modelling Survival Data*, chapter 5)."""
    if law == WEIBULL:
        return power(t / second, first)
    if law == GOMPERTZ:
        return first * t if second == 0.0 else first * expm1(second * t) / second
    if law == LOG_LOGISTIC:
        return log1p(power(t / second, first))
    if t == 0.0:
        return 0.0
    z = log(t / first) / second
    if law == GENERALISED_GAMMA and third != 0.0:
        shape = 1.0 / (third * third)
        below, above = log_gamma_shares(shape, shape * exp(third * z))
        return -above if third > 0.0 else -below
    # The smaller of the two shares is the one without cancellation.
    return -log1p(-normal_cdf(z)) if z < 0.0 else -log(normal_cdf(-z))


@compiled("float64(int64, float64, float64, float64, float64)")
def time_at(law: int, hazard: float, first: float, second: float, third: float) -> float:
    """Return the time at which a cumulative hazard is reached, infinite if it never is."""
    if law == WEIBULL:
        return second * power(hazard, 1.0 / first)
    if law == GOMPERTZ:
        if first == 0.0:
            return INF
        x = second * hazard / first
        if x <= -1.0:
            return INF
        return hazard / first if second == 0.0 else log1p(x) / second
    if law == LOG_LOGISTIC:
        return second * power(expm1(hazard), 1.0 / first)
    if law == GENERALISED_GAMMA and third != 0.0:
        shape, had, free = 1.0 / (third * third), -expm1(-hazard), exp(-hazard)
        x = gamma_quantile(shape, had, free) if third > 0.0 else gamma_quantile(shape, free, had)
        return first * exp(second * log(x / shape) / third)
    z = normal_quantile(-expm1(-hazard)) if hazard < LOG_2 else -normal_quantile(exp(-hazard))
    return first * exp(second * z)


@compiled("int64(int64, float64, float64, float64, float64)")
def _fault(law: int, first: float, second: float, third: float, factor: float) -> int:
    """Return the status of a law with these parameters."""
    total = first + second + third + factor
    if not -INF < total < INF:
        return NO_NUMBER
    if factor < 0.0 or (law == GOMPERTZ and first < 0.0):
        return NEGATIVE
    return WRONG_SIGN if law != GOMPERTZ and not (first > 0.0 and second > 0.0) else 0


@compiled(
    "void(int64, float64[::1], float64[:,::1], float64[:,::1], float64[:,::1], float64[:,::1], float64[::1],"
    " float64[::1], int8[::1])"
)
def _by_law_into(
    law: int, starts: Floats, first: Floats, second: Floats, third: Floats, factors: Floats, thresholds: Floats,
    times: Floats, status: Statuses,
) -> None:  # fmt: skip
    n_steps = starts.size
    for i in range(thresholds.size):
        left, at, found = thresholds[i], INF, False
        fault = 0
        for k in range(n_steps):
            a, b, c, factor = first[k, i], second[k, i], third[k, i], factors[k, i]
            wrong = _fault(law, a, b, c, factor)
            fault = wrong if wrong != 0 else fault
            if found or fault != 0 or factor == 0.0:
                continue
            before = cumulative_hazard(law, starts[k], a, b, c) if starts[k] > 0.0 else 0.0
            is_last = k + 1 == n_steps
            gained = INF if is_last else factor * (cumulative_hazard(law, starts[k + 1], a, b, c) - before)
            if left <= gained:
                found = True
                reached = time_at(law, before + left / factor, a, b, c)
                at = max(reached, starts[k]) if is_last else min(max(reached, starts[k]), starts[k + 1])
            left -= gained
        times[i] = at if fault == 0 else INF
        status[i] = fault
