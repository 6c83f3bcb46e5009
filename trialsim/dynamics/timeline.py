"""When what happens to a patient who takes boluses and infusions and is sampled, and the states between by modes.

Compiled once for all models, when it is imported: kernels call it at its address.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from trialsim.dynamics.arrays import LAG, SHARE
from trialsim.dynamics.bench import steps_of
from trialsim.dynamics.bundles import bundle_kind
from trialsim.dynamics.compiling import called_at_its_address, kernel, part_of_kernel
from trialsim.dynamics.modes import MOST_LOST_PLAINLY, faded, mixed, modes_filled, parts_filled, sound_until
from trialsim.dynamics.plain import (
    AT,
    END_AT,
    FIRST,
    HI,
    INFUSED,
    LAID_OUT,
    LAST,
    LO,
    N_SAMPLES,
    N_STRETCHES,
    OWN,
    RUNS,
    SHARED,
    no_timeline,
    nothing_known,
)

LARGEST = 1e300

_STEPS = bundle_kind(steps_of(0, np.zeros(0, dtype=np.int64), 0))
_KNOWN, _LINE = bundle_kind(nothing_known()), bundle_kind(no_timeline())


@kernel
def is_plain(i: int, known: Any, line: Any) -> bool:
    """Return whether all that a patient takes is boluses and infusions of a given length, after the same lag."""
    lo, hi, odd = known.offsets[i], known.offsets[i + 1], 0
    time, amount, duration, rate = known.time[lo:hi], known.amount[lo:hi], known.duration[lo:hi], known.rate[lo:hi]
    kind, interval, inlets = known.kind[lo:hi], known.interval[lo:hi], known.inlet[lo:hi]
    for k in range(time.size):
        lag, share, lasts = line.terms[LAG, inlets[k]], line.terms[SHARE, inlets[k]], duration[k]
        is_sound = (line.modelled[inlets[k]] == 0) if lasts == 0.0 else \
            (0.0 < lasts < np.inf) & (0.0 < amount[k] * share / lasts < np.inf)
        odd |= 0 if is_sound & (kind[k] == 0) & (rate[k] == 0.0) & (abs(amount[k]) < np.inf) else 1
        odd |= 0 if (0.0 <= interval[k] < np.inf) & (abs(time[k]) < np.inf) else 1
        odd |= 0 if (0.0 <= lag < np.inf) & (0.0 <= share < np.inf) & (lag == line.terms[LAG, inlets[0]]) else 1
    for k in range(1, time.size):
        odd |= 0 if time[k - 1] <= time[k] else 1
    return bool(odd == 0 and (time.size == 0 or known.span[i, 0] <= time[0]))


@kernel
def differ(n: int, ours: Any, theirs: Any) -> bool:
    """Return whether any of n numbers is another one, or none."""
    odd = 0
    for k in range(n):
        odd |= 0 if ours[k] == theirs[k] else 1
    return odd != 0


@kernel
def is_as_before(i: int, j: int, lag: float, known: Any, line: Any) -> bool:
    """Return whether the same happens to patient i at the same times as to patient j, whose line is laid out."""
    lo, n, other = known.offsets[i], known.offsets[i + 1] - known.offsets[i], known.offsets[j]
    alike = n == known.offsets[j + 1] - other and lag == line.lag[0]
    if not (alike and known.span[i, 0] == known.span[j, 0] and known.span[i, 1] == known.span[j, 1]):
        return False
    if differ(n, known.time[lo:], known.time[other:]) or differ(n, known.duration[lo:], known.duration[other:]):
        return False
    return known.samples.shape[0] == 1 or not differ(known.samples.shape[1], known.samples[i], known.samples[j])


@kernel
def wanted(samples: Any, begin: float, horizon: float) -> int:
    """Return how many samples are to be taken; -1 where there are others among them, or not in order."""
    n, odd = samples.size, 0
    while n > 0 and not samples[n - 1] <= horizon:
        if n > 1 and samples[n - 1] < samples[n - 2]:
            return -1
        n -= 1
    for k in range(1, n):
        odd |= 0 if samples[k - 1] <= samples[k] else 1
    return -1 if odd != 0 or (n > 0 and not samples[0] >= begin) else n


@kernel
def sample_after(s: int, n: int, stop: float, samples: Any) -> int:
    """Return the first of the samples s to n that is after a time."""
    low, high = s, n
    while low < high:
        middle = (low + high) // 2
        if samples[middle] <= stop:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def times_since(q: int, at: int, t: float, stop: float, is_last: bool, samples: Any, line: Any) -> int:
    """Return the place behind the times since the beginning of a stretch, having filled them, or found them there.

    Times on a grid are the same after every dose; so is what is left of each mode then.
    """
    row, n = line.stretch[q], samples.size
    fresh = line.since[at:]
    for k in range(n):
        fresh[k] = samples[k] - t
    row[AT], row[END_AT] = at, -1 if is_last else at + n
    if not is_last:
        fresh[n] = stop - t
    before = line.stretch[q - 1]
    may_be = q > 1 and before[HI] - before[LO] >= n and (is_last or before[HI] - before[LO] == n)
    if may_be and not differ(n if is_last else n + 1, line.since[before[AT] :], fresh):
        row[AT], row[END_AT] = before[AT], -1 if is_last else before[AT] + n
        return at
    return int(at + n + (0 if is_last else 1))


@kernel
def ends(dose: int, lag: float, known: Any) -> float:
    """Return when a dose that has arrived ends."""
    return float(known.time[dose] + lag + known.duration[dose])


@called_at_its_address(types.int64(types.int64, _KNOWN, _LINE))
def laid_out(i: int, known: Any, line: Any) -> int:
    """Return whether all that happens to a patient is plain, having laid it out: stretches from stop to stop.

    The general kernel stops where a dose is taken and where it arrives: so does the line.
    """
    if not is_plain(i, known, line):
        return 0
    lo, hi = known.offsets[i], known.offsets[i + 1]
    lag = line.terms[LAG, known.inlet[lo]] if hi > lo else 0.0
    # Doses stand in a line by their places among the patient's own: another patient's are of other amounts.
    line.made[OWN] = lo
    if line.made[LAID_OUT] >= 0 and is_as_before(i, line.made[LAID_OUT], lag, known, line):
        return 1
    line.made[LAID_OUT], line.lag[0] = -1, lag
    t, horizon, samples = known.span[i, 0], known.span[i, 1], known.samples[i if known.samples.shape[0] > 1 else 0]
    n = wanted(samples, t, horizon)
    if n < 0:
        return 0
    for k in range((n + 7) // 8 * 8):
        line.times[k] = samples[min(k, n - 1)]
    # What is to be read before the first dose.
    s, at, q, due, arrived, runs = sample_after(0, n, t, samples), 0, 1, lo, lo, lo
    line.stretch[0, LO], line.stretch[0, HI], line.made[INFUSED] = 0, s, 0
    while s < n:
        while due < hi and known.time[due] <= t:
            due += 1
        row = line.stretch[q]
        row[FIRST] = arrived - lo
        while arrived < due and known.time[arrived] + lag <= t:
            line.made[INFUSED] |= 1 if known.duration[arrived] > 0.0 else 0
            arrived += 1
        while runs < arrived and not ends(runs, lag, known) > t:
            runs += 1
        row[LAST], row[RUNS], line.begins[q], stop = arrived - lo, runs - lo, t, horizon
        for dose in range(runs, arrived):
            if t < ends(dose, lag, known) < stop:
                stop = ends(dose, lag, known)
        if due < hi:
            stop = min(stop, known.time[due])
        if arrived < due:
            stop = min(stop, known.time[arrived] + lag)
        row[LO], row[HI] = s, sample_after(s, n, stop, samples)
        at = times_since(q, at, t, stop, row[HI] == n, samples[s : row[HI]], line)
        s, t, q = row[HI], stop, q + 1
    line.made[LAID_OUT], line.made[N_STRETCHES], line.made[N_SAMPLES] = i, q, n
    for k in range(at, at + 8):
        line.since[k] = 0.0
    return 1


@part_of_kernel
def is_sound(modes: int, n: int, r: int, x: Any, line: Any) -> bool:
    """Return whether a state is known, and finite, at all n times of a stretch in spite of what cancels.

    Of two terms the share of their sum in their sizes rises or falls all the time: the first and the last tell.
    """
    n_terms, before, size = 0, 0.0, 0.0
    for m in range(modes + 1):
        n_terms += 1 if x.bounds[m, r] != 0.0 else 0
        size += x.bounds[m, r]
    if not size < LARGEST:
        return False
    if n_terms > 2:
        mixed(n, r, x.parts, line.shares, line.sums)
        return bool(sound_until(n, r, MOST_LOST_PLAINLY, x.bounds, line.shares, line.sums, line.spare) == n)
    for k in (0, n - 1):
        total, most = x.parts[modes, r], x.bounds[modes, r]
        for m in range(modes):
            total += x.parts[m, r] * line.shares[m, k]
            most += x.bounds[m, r] * line.shares[m, k]
        if not most <= MOST_LOST_PLAINLY * abs(total) or before * total < 0.0:
            return False
        before = total
    return True


@kernel
def arrived_plainly(q: int, known: Any, line: Any, x: Any) -> bool:
    """Return whether all states are finite, having added what arrives and what runs in a stretch."""
    row, y, own = line.stretch[q], x.y, line.made[OWN]
    for dose in range(own + row[FIRST], own + row[LAST]):
        inlet = known.inlet[dose]
        if known.duration[dose] == 0.0:
            y[line.inlets[inlet]] += known.amount[dose] * line.terms[SHARE, inlet]
    for k in range(y.size):
        x.v[k] = 0.0
        if not abs(y[k]) < np.inf:
            return False
    if line.made[INFUSED] == 0:
        return True
    for dose in range(own + row[RUNS], own + row[LAST]):
        inlet = known.inlet[dose]
        if known.duration[dose] > 0.0 and ends(dose, line.lag[0], known) > line.begins[q]:
            x.v[line.inlets[inlet]] += known.amount[dose] * line.terms[SHARE, inlet] / known.duration[dose]
    for k in range(y.size):
        x.u[k] = line.base[k] + x.v[k]
    return True


@called_at_its_address(types.int64(types.int64, _KNOWN, _LINE, _STEPS))
def stretch_known(q: int, known: Any, line: Any, x: Any) -> int:
    """Return whether all states that outputs see are known from modes in a stretch, having filled what they are.

    For the first stretch, in which nothing has moved yet, the modes are filled.
    """
    row, fed = line.stretch[q], 0.0
    if q == 0:
        line.made[SHARED] = -1
        for k in range(x.u.size):
            line.base[k] = x.u[k]
        return 1 if modes_filled(x) else 0
    if not arrived_plainly(q, known, line, x):
        return 0
    for k in range(x.u.size):
        fed = 1.0 if x.u[k] != 0.0 else fed
    if not parts_filled(fed, x):
        return 0
    n = row[HI] - row[LO]
    if line.made[SHARED] != row[AT]:
        n_full = (n + (0 if row[END_AT] < 0 else 1) + 7) // 8 * 8
        for m in range(x.y.size):
            faded(n_full, line.since[row[AT] :], x.paces[m], line.shares[m])
        line.made[SHARED] = row[AT]
    for k in range(x.shown.size if n > 0 else 0):
        modes = x.y.size
        sound = is_sound(modes - modes + 2, n, x.shown[k], x, line) if modes == 2 else \
            is_sound(modes, n, x.shown[k], x, line)
        if not sound:
            return 0
    return 1


@part_of_kernel
def moved_from(n: int, k: int, line: Any, x: Any) -> bool:
    """Return whether the states at one of the times of a stretch are known, having moved to them."""
    for r in range(n):
        total, most = x.parts[n, r], x.bounds[n, r]
        for m in range(n):
            total += x.parts[m, r] * line.shares[m, k]
            most += x.bounds[m, r] * line.shares[m, k]
        if not most <= MOST_LOST_PLAINLY * abs(total):
            return False
        x.y[r] = total
    return True


@called_at_its_address(types.int64(types.int64, _LINE, _STEPS))
def moved_on(q: int, line: Any, x: Any) -> int:
    """Return whether the states at the end of a stretch are known, having moved to them."""
    n, k = x.y.size, line.stretch[q, END_AT] - line.stretch[q, AT]
    if line.stretch[q, END_AT] < 0:
        return 1
    return 1 if (moved_from(n - n + 2, k, line, x) if n == 2 else moved_from(n, k, line, x)) else 0
