"""Where a group-sequential statistic crosses its boundaries: probabilities, and boundaries that spend given ones.

The standardised statistics Z_1 ... Z_K of a trial with information I_1 < ... < I_K are jointly normal with means
theta sqrt(I_k), and increments of Z sqrt(I) do not depend on what was before (Scharfstein, Tsiatis and Robins 1997).
So the density of Z_k among trials that go on follows from that of Z_{k-1} by one integral (Armitage, McPherson and Rowe
1969), here by Simpson's rule on the points of Jennison and Turnbull (2000, section 19.2): they lie closer where the
density is, and reach so far that what lies beyond counts for nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.foundation.arithmetic import compiled
from trialsim.foundation.elementary import exp, log, normal_cdf, normal_quantile

Floats = NDArray[np.float64]
FINENESS = 32  # r of Jennison and Turnbull, who take 16 for six digits
N_POINTS = 12 * FINENESS - 3
ROOT_TWO_PI = 2.5066282746310002


@compiled("int64(float64, float64, float64, float64[:, ::1])")
def _points(mean: float, lower: float, upper: float, at: Floats) -> int:
    """Fill at[0] with points between two bounds and at[1] with Simpson's weights; return how many there are."""
    n, r = 0, FINENESS
    last = -np.inf
    for i in range(1, 6 * r):
        if i < r:
            z = mean - 3.0 - 4.0 * log(r / i)
        elif i <= 5 * r:
            z = mean - 3.0 + 3.0 * (i - r) / (2.0 * r)
        else:
            z = mean + 3.0 + 4.0 * log(r / (6 * r - i))
        z = min(max(z, lower), upper)
        if z > last:
            at[0, 2 * n] = z
            n += 1
            last = z
    if n < 2:
        return 0
    for i in range(n - 1):
        at[0, 2 * i + 1] = 0.5 * (at[0, 2 * i] + at[0, 2 * i + 2])
    for i in range(2 * n - 1):
        at[1, i] = 0.0
    for i in range(n - 1):
        width = at[0, 2 * i + 2] - at[0, 2 * i]
        at[1, 2 * i] += width / 6.0
        at[1, 2 * i + 1] += 4.0 * width / 6.0
        at[1, 2 * i + 2] += width / 6.0
    return 2 * n - 1


@compiled("int64(float64, float64, float64, float64, float64, int64, float64[:, ::1], float64[:, ::1])")
def _going_on(
    theta: float, before: float, now: float, lower: float, upper: float, n: int, at: Floats, to: Floats
) -> int:
    """Fill `to` with points and the masses there of the trials that go on after a look; return how many points.

    `at` holds those of the look before, n of them; a first look (n = -1) has none. Information goes from `before` to
    `now`.
    """
    m = _points(theta * np.sqrt(now), lower, upper, to)
    root, step = np.sqrt(now), np.sqrt(now - before)
    scale = root / (step * ROOT_TWO_PI)
    for j in range(m):
        density = 0.0
        if n < 0:
            x = to[0, j] - theta * root
            density = exp(-0.5 * x * x) / ROOT_TWO_PI
        else:
            here = to[0, j] * root - theta * (now - before)
            for i in range(n):
                x = (here - at[0, i] * np.sqrt(before)) / step
                density += at[1, i] * exp(-0.5 * x * x)
            density *= scale
        to[1, j] *= density
    return m


@compiled("UniTuple(float64, 2)(float64, float64, float64, float64, int64, float64[:, ::1])")
def _beyond(theta: float, before: float, now: float, bound: float, n: int, at: Floats) -> tuple[float, float]:
    """Return the probability that a trial that went on lies above a bound at the next look, and its slope."""
    root, step = np.sqrt(now), np.sqrt(now - before)
    if n < 0:
        x = bound - theta * root
        return normal_cdf(-x), -exp(-0.5 * x * x) / ROOT_TWO_PI
    total, slope = 0.0, 0.0
    here = bound * root - theta * (now - before)
    for i in range(n):
        x = (here - at[0, i] * np.sqrt(before)) / step
        total += at[1, i] * normal_cdf(-x)
        slope -= at[1, i] * exp(-0.5 * x * x)
    return total, slope * root / (step * ROOT_TWO_PI)


@compiled("float64(float64, float64, float64, float64, int64, float64[:, ::1])")
def _bound_of(theta: float, before: float, now: float, wanted: float, n: int, at: Floats) -> float:
    """Return the bound that a trial exceeds at the next look with a wanted probability; infinite for none.

    By Newton's method between two bounds that enclose it.
    """
    if not wanted > 0.0:
        return np.inf
    low, high = -60.0, 60.0
    bound = theta * np.sqrt(now) - normal_quantile(min(wanted, 0.5))
    for _ in range(200):
        value, slope = _beyond(theta, before, now, bound, n, at)
        if value > wanted:
            low = bound
        else:
            high = bound
        step = (wanted - value) / slope if slope < 0.0 else 0.0
        following = bound + step
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - bound) <= 1e-13 * max(1.0, abs(bound)):
            return float(following)
        bound = following
    return float(bound)


@compiled("void(float64, float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])")
def fill_crossings(
    theta: float, information: Floats, lower: Floats, upper: Floats, below: Floats, above: Floats
) -> None:
    """Fill the probabilities that a trial first lies below and above its boundaries at each look."""
    at, to = np.empty((2, N_POINTS)), np.empty((2, N_POINTS))
    n, before = -1, 0.0
    for k in range(information.size):
        now = information[k]
        above[k], _ = _beyond(theta, before, now, upper[k], n, at)
        # What lies below is what the mirrored trial has above.
        inside, _ = _beyond(theta, before, now, lower[k], n, at)
        total = 0.0
        if n < 0:
            total = 1.0
        for i in range(n):
            total += at[1, i]
        below[k] = total - inside
        n = _going_on(theta, before, now, lower[k], upper[k], n, at, to)
        at, to = to, at
        before = now


@compiled("void(float64, float64[::1], float64[::1], float64[::1], boolean, boolean, float64[::1], float64[::1])")
def fill_spending_bounds(
    theta: float, information: Floats, alpha: Floats, beta: Floats, binding: bool, two_sided: bool, lower: Floats,
    upper: Floats,
) -> None:
    """Fill the boundaries that spend alpha[k] under no effect and beta[k] under theta, look by look.

    A two-sided design spends alpha[k] on each side and has no futility. Unless binding, alpha is that of a trial that
    goes on whatever its lower boundary says.
    """
    null, null_to = np.empty((2, N_POINTS)), np.empty((2, N_POINTS))
    other, other_to = np.empty((2, N_POINTS)), np.empty((2, N_POINTS))
    n, m, before = -1, -1, 0.0
    spends_beta = False  # else nobody asks for the densities under theta
    for k in range(beta.size):
        spends_beta = spends_beta or beta[k] > 0.0
    for k in range(information.size):
        now = information[k]
        upper[k] = _bound_of(0.0, before, now, alpha[k], n, null)
        lower[k] = -np.inf
        if two_sided:
            lower[k] = -upper[k]
        elif beta[k] > 0.0:
            total = 1.0 if m < 0 else 0.0
            for i in range(m):
                total += other[1, i]
            lower[k] = min(_bound_of(theta, before, now, total - beta[k], m, other), upper[k])
        if k + 1 == information.size:
            break
        floor = lower[k] if binding or two_sided else -np.inf
        n = _going_on(0.0, before, now, floor, upper[k], n, null, null_to)
        null, null_to = null_to, null
        if spends_beta:
            m = _going_on(theta, before, now, lower[k], upper[k], m, other, other_to)
            other, other_to = other_to, other
        before = now
