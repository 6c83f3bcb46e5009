"""When what happens to a patient who takes boluses and is sampled, and the states between by modes.

Compiled once for all models, when it is imported: kernels call it at its address.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from trialsim.dynamics.arrays import LAG, SHARE
from trialsim.dynamics.bench import steps_of
from trialsim.dynamics.bundles import bundle_kind
from trialsim.dynamics.compiling import called_at_its_address, kernel
from trialsim.dynamics.modes import MOST_LOST_PLAINLY, faded, mixed, modes_filled, parts_filled, sound_until
from trialsim.dynamics.plain import (
    AT,
    END_AT,
    FIRST,
    HI,
    LAID_OUT,
    LAST,
    LO,
    N_SAMPLES,
    N_STRETCHES,
    N_TIMES,
    no_timeline,
    nothing_known,
)
from trialsim.dynamics.series import SEEN, TIMES

_STEPS = bundle_kind(steps_of(0, np.zeros(0, dtype=np.int64), 0))
_KNOWN, _LINE = bundle_kind(nothing_known()), bundle_kind(no_timeline())


@kernel
def is_plain(i: int, known: Any, line: Any) -> bool:
    """Return whether all that a patient takes is boluses in order of time, all after the same lag."""
    lo, hi, before = known.offsets[i], known.offsets[i + 1], known.span[i, 0]
    for row in range(lo, hi):
        inlet, time = known.inlet[row], known.time[row]
        lag, share = line.terms[LAG, inlet], line.terms[SHARE, inlet]
        if known.kind[row] != 0 or known.duration[row] != 0.0 or known.rate[row] != 0.0 or line.modelled[inlet] != 0:
            return False
        if not (before <= time < np.inf and 0.0 <= known.interval[row] < np.inf and 0.0 <= lag < np.inf):
            return False
        if not (abs(known.amount[row] * share) < np.inf and 0.0 <= share < np.inf):
            return False
        if lag != line.terms[LAG, known.inlet[lo]]:
            return False
        before = time
    return True


@kernel
def is_as_before(i: int, j: int, lag: float, known: Any, line: Any) -> bool:
    """Return whether the same happens to patient i at the same times as to patient j, whose line is laid out."""
    lo, n, other = known.offsets[i], known.offsets[i + 1] - known.offsets[i], known.offsets[j]
    alike = n == known.offsets[j + 1] - other and lag == line.lag[0]
    if not (alike and known.span[i, 0] == known.span[j, 0] and known.span[i, 1] == known.span[j, 1]):
        return False
    ours, theirs, odd = known.time[lo : lo + n], known.time[other : other + n], 0
    for k in range(n):
        odd |= 0 if ours[k] == theirs[k] else 1
    if odd == 0 and known.samples.shape[0] > 1:
        ours, theirs = known.samples[i], known.samples[j]
        for k in range(ours.size):
            odd |= 0 if (ours[k] == theirs[k]) | ((ours[k] != ours[k]) & (theirs[k] != theirs[k])) else 1
    return odd == 0


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
    if q > 0 and before[AT] >= 0 and before[HI] - before[LO] >= n and (is_last or before[HI] - before[LO] == n):
        known, odd = line.since[before[AT] :], 0
        for k in range(n if is_last else n + 1):
            odd |= 0 if known[k] == fresh[k] else 1
        if odd == 0:
            row[AT], row[END_AT] = before[AT], -1 if is_last else before[AT] + n
            return at
    return at + n + (0 if is_last else 1)


@called_at_its_address(types.int64(types.int64, _KNOWN, _LINE))
def laid_out(i: int, known: Any, line: Any) -> int:
    """Return whether all that happens to a patient is plain, having laid it out: stretches from stop to stop.

    The general kernel stops where a dose is taken and where it arrives: so does the line.
    """
    if not is_plain(i, known, line):
        return 0
    lo, hi = known.offsets[i], known.offsets[i + 1]
    lag = line.terms[LAG, known.inlet[lo]] if hi > lo else 0.0
    if line.made[LAID_OUT] >= 0 and is_as_before(i, line.made[LAID_OUT], lag, known, line):
        return 1
    line.made[LAID_OUT], line.lag[0] = -1, lag
    t, horizon, samples = known.span[i, 0], known.span[i, 1], known.samples[i if known.samples.shape[0] > 1 else 0]
    n = wanted(samples, t, horizon)
    if n < 0:
        return 0
    for k in range((n + 7) // 8 * 8):
        line.room[TIMES, k] = samples[min(k, n - 1)]
    # What is to be read before the first dose.
    s, at, q, due, arrived = sample_after(0, n, t, samples), 0, 1, lo, lo
    line.stretch[0, LO], line.stretch[0, HI], line.stretch[0, AT], line.stretch[0, END_AT] = 0, s, -1, -1
    line.stretch[0, FIRST], line.stretch[0, LAST] = lo, lo
    while s < n:
        while due < hi and known.time[due] <= t:
            due += 1
        row = line.stretch[q]
        row[FIRST] = arrived
        while arrived < due and known.time[arrived] + lag <= t:
            arrived += 1
        row[LAST], stop = arrived, horizon
        if due < hi:
            stop = min(stop, known.time[due])
        if arrived < due:
            stop = min(stop, known.time[arrived] + lag)
        row[LO], row[HI] = s, sample_after(s, n, stop, samples)
        at = times_since(q, at, t, stop, row[HI] == n, samples[s : row[HI]], line)
        s, t, q = row[HI], stop, q + 1
    line.made[LAID_OUT], line.made[N_STRETCHES], line.made[N_SAMPLES], line.made[N_TIMES] = i, q, n, at
    for k in range(at, (at + 7) // 8 * 8):
        line.since[k] = 0.0
    return 1


@kernel
def is_sound(n: int, r: int, at: int, x: Any, line: Any, sums: Any) -> bool:
    """Return whether a state is known at all times of a stretch in spite of what cancels.

    Of two terms the share of their sum in their sizes rises or falls all the time: the first and the last tell.
    """
    modes, n_terms = x.bounds.shape[0] - 1, 0
    for m in range(modes + 1):
        n_terms += 1 if x.bounds[m, r] != 0.0 else 0
    if n_terms > 2:
        return bool(sound_until(n, r, at, MOST_LOST_PLAINLY, x.bounds, line.shares, sums, line.spare) == n)
    for k in (0, n - 1):
        total = x.bounds[modes, r]
        for m in range(modes):
            total += x.bounds[m, r] * line.shares[m, at + k]
        if not total <= MOST_LOST_PLAINLY * abs(sums[k]):
            return False
    return bool(sums[0] * sums[n - 1] >= 0.0)


@kernel
def moved_on(at: int, x: Any, line: Any) -> bool:
    """Return whether the states at the end of a stretch are known, having moved to them."""
    n = x.y.size
    for r in range(n):
        mixed(1, r, at, x.parts, line.shares, x.v[r : r + 1])
        if not is_sound(1, r, at, x, line, x.v[r : r + 1]):
            return False
    for r in range(n):
        x.y[r] = x.v[r]
    return True


@called_at_its_address(types.int64(types.float64, _KNOWN, _LINE, _STEPS))
def states_followed(fed: float, known: Any, line: Any, x: Any) -> int:
    """Return whether all states that outputs see are known from modes, having filled them at all samples."""
    if not modes_filled(x):
        return 0
    n_full = (line.made[N_TIMES] + 7) // 8 * 8
    for m in range(x.y.size):
        faded(n_full, line.since, x.paces[m], line.shares[m])
    for q in range(line.made[N_STRETCHES]):
        row = line.stretch[q]
        lo, n, at = row[LO], row[HI] - row[LO], row[AT]
        for dose in range(row[FIRST], row[LAST]):
            inlet = known.inlet[dose]
            x.y[line.inlets[inlet]] += known.amount[dose] * line.terms[SHARE, inlet]
        for k in range(x.y.size):
            if not abs(x.y[k]) < np.inf:
                return 0
        if at < 0:
            for k in range(x.shown.size):
                for s in range(lo, lo + n):
                    line.room[SEEN + k, s] = x.y[x.shown[k]]
            continue
        if not parts_filled(fed, x):
            return 0
        for k in range(x.shown.size if n > 0 else 0):
            sums = line.room[SEEN + k, lo : lo + n]
            mixed(n, x.shown[k], at, x.parts, line.shares, sums)
            if not is_sound(n, x.shown[k], at, x, line, sums):
                return 0
        if row[END_AT] >= 0 and not moved_on(row[END_AT], x, line):
            return 0
    return 1
