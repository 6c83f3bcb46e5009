"""What linear kernels call at its address: the propagator of an interval, and states at many times at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from trialsim.dynamics.bench import steps_of
from trialsim.dynamics.bundles import bundle_kind
from trialsim.dynamics.compiling import called_at_its_address, kernel
from trialsim.dynamics.exponentials import N_SLOTS, propagator, slot_of
from trialsim.dynamics.modes import MODAL, MOST_LOST, faded, mixed, modes_filled, parts_filled, sound_until
from trialsim.dynamics.series import (
    DECAYS,
    FAR,
    FEWEST,
    FEWEST_BY_KNOWN_WAYS,
    FILLED,
    REACHES,
    SEEN,
    SHARES,
    SHIFTED,
    STEP,
    STEPPED,
    TERMS,
    TIMES,
    combined,
    series_filled,
    steps_filled,
    summed,
)
from trialsim.foundation.elementary import exp

_STEPS = bundle_kind(steps_of(0, np.zeros(0, dtype=np.int64), 0))


@called_at_its_address(types.int64(types.float64, types.float64, types.float64, _STEPS))
def propagator_at(dt: float, t_next: float, fed: float, x: Any) -> int:
    """Return the slot of the propagator of an interval to a time, made if none of the latest is the one."""
    s = slot_of(dt, t_next, x)
    if s < 0:
        s = x.used[1] % N_SLOTS
        x.used[1] += 1
        x.used[0] = min(x.used[1], N_SLOTS)
        x.dts[s] = dt
        for i in range(x.u.size):
            x.us[s, i] = x.u[i]
        propagator(dt, fed, s, x)
    x.used[2] = s
    return int(s)


@kernel
def seen_by_series(n: int, clock: float, fed: float, x: Any) -> int:
    """Return how many of the next n times are within reach, having filled the states that outputs see there."""
    columns = 2 * x.y.size if fed != 0.0 else x.y.size
    if x.known[FILLED] < columns:
        series_filled(columns, x)
    shift, reach = x.known[SHIFTED], x.known[FAR]
    times, first, until = x.room[TIMES], x.room[TIMES, 0], clock + reach
    while n > 0 and not times[n - 1] < until:
        n -= 1
    if n < FEWEST or (n < FEWEST_BY_KNOWN_WAYS and slot_of(first - clock, first, x) >= 0):
        return 0
    n_full, per_reach = (n + 7) // 8 * 8, 1.0 / reach
    shares, decays = x.room[SHARES], x.room[DECAYS]
    for k in range(n_full):
        since = times[k] - clock
        since = since if since > 0.0 else 0.0
        since = since if since < reach else reach
        decays[k] = exp(-(shift * since))
        shares[k] = since * per_reach
    for r in range(x.powers.shape[0]):
        combined(TERMS, x.powers[r], x.y, x.u, fed, x.terms)
        summed(n_full, x.terms, shares, decays, x.room[SEEN + r])
    x.known[REACHES] = reach
    return n


@kernel
def equal_step(n: int, clock: float, x: Any) -> float:
    """Return the step to and between n times if it is the same to within four roundings of the clock; or 0.

    Minus the step if only the first time is not a step away.
    """
    times, first, last = x.room[TIMES], x.room[TIMES, 0], x.room[TIMES, n - 1]
    if n < FEWEST_BY_KNOWN_WAYS:
        return 0.0
    slack, step, odd = 9e-16 * abs(last), (last - first) / (n - 1), 0
    if not abs(times[1] - first - step) <= slack or not step > 1e3 * slack:
        return 0.0
    for k in range(n):
        odd |= 0 if abs(times[k] - (first + k * step)) <= slack else 1
    if odd != 0:
        return 0.0
    return float(step if abs(first - clock - step) <= slack else -step)


@kernel
def seen_by_steps(n: int, step: float, clock: float, fed: float, x: Any) -> int:
    """Return n, having filled the states that outputs see after each of n equal steps."""
    n_full, last = (n + 7) // 8 * 8, x.room[TIMES, n - 1]
    is_there = x.known[STEPPED] >= n_full and abs(x.known[STEP] - step) * n <= 9e-16 * abs(last)
    step = x.known[STEP] if is_there else step
    s = propagator_at(step, last, fed, x) if fed != 0.0 or not is_there else 0
    if not is_there:
        steps_filled(n_full, step, x.es[s], x)
    for r in range(x.ways.shape[0]):
        combined(n_full, x.ways[r], x.y, x.gs[s], fed, x.room[SEEN + r])
    x.known[REACHES] = last - clock
    return n


@called_at_its_address(types.int64(types.float64, _STEPS))
def has_modes(fed: float, x: Any) -> int:
    """Return whether the states now are sums of modes, having filled these."""
    if x.known[MODAL] < 0.0:
        x.known[MODAL] = 1.0 if modes_filled(x) else 0.0
    return 1 if x.known[MODAL] > 0.0 and parts_filled(fed, x) else 0


@kernel
def seen_by_modes(n: int, clock: float, x: Any) -> int:
    """Return at how many of the next n times the states that outputs see are known from modes, having filled them."""
    n_full, times, since, found = (n + 7) // 8 * 8, x.room[TIMES], x.room[SHARES], n
    for k in range(n_full):
        since[k] = times[k] - clock
    for m in range(x.y.size):
        faded(n_full, since, x.paces[m], x.shares[m])
    for q in range(x.shown.size):
        r = x.shown[q]
        mixed(n_full, r, x.parts, x.shares, x.room[SEEN + q])
        found = sound_until(found, r, MOST_LOST, x.bounds, x.shares, x.room[SEEN + q], x.spare)
    x.known[REACHES] = np.inf
    return int(found)


@called_at_its_address(types.int64(types.float64, types.float64, _STEPS))
def moved_by_modes(dt: float, fed: float, x: Any) -> int:
    """Return whether the states after a time are known from modes, having filled `v` with them."""
    if has_modes(fed, x) == 0:
        return 0
    n = x.y.size
    x.room[SHARES, 0] = dt
    for m in range(n):
        faded(1, x.room[SHARES], x.paces[m], x.shares[m])
    for r in range(n):
        mixed(1, r, x.parts, x.shares, x.v[r : r + 1])
        if sound_until(1, r, MOST_LOST, x.bounds, x.shares, x.v[r : r + 1], x.spare) == 0:
            return 0
    return 1


@called_at_its_address(types.int64(types.int64, types.float64, types.float64, _STEPS))
def states_seen(n: int, clock: float, fed: float, x: Any) -> int:
    """Return at how many of the next n times in `room` outputs can be read at once, having filled the states there."""
    for k in range(x.y.size):
        if not abs(x.y[k]) < np.inf:
            return 0
    if has_modes(fed, x) != 0:
        found = seen_by_modes(n, clock, x)
        if found > 0:
            return int(found)
    if n < FEWEST:
        return 0
    step = equal_step(n, clock, x)
    if step == 0.0:
        return int(seen_by_series(n, clock, fed, x))
    return int(seen_by_steps(n, step, clock, fed, x)) if step > 0.0 else 0
