"""The patients of a trial in order of time within groups: what every analysis of times to an event walks along."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.analysis.comparisons import checked_rows
from trialsim.foundation.arithmetic import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Codes = NDArray[np.int8]

FEW = 24  # a bucket with no more than so many patients is sorted by insertion


@compiled("void(float64[::1], int64[::1], int64, int64, float64[::1], int64[::1])")
def _merged(time: Floats, row: Integers, start: int, stop: int, spare: Floats, spare_row: Integers) -> None:
    """Sort a stretch by time, equal times as they came: merging runs of 1, 2, 4, ..."""
    run = 1
    while run < stop - start:
        for low in range(start, stop, 2 * run):
            middle, high = min(low + run, stop), min(low + 2 * run, stop)
            i, j = low, middle
            for k in range(low, high):
                if j >= high or (i < middle and time[i] <= time[j]):
                    spare[k], spare_row[k] = time[i], row[i]
                    i += 1
                else:
                    spare[k], spare_row[k] = time[j], row[j]
                    j += 1
        for k in range(start, stop):
            time[k], row[k] = spare[k], spare_row[k]
        run *= 2


@compiled("void(float64[::1], int64[::1], int64, int64)")
def _inserted(time: Floats, row: Integers, start: int, stop: int) -> None:
    """Sort a short stretch by time, equal times as they came."""
    for i in range(start + 1, stop):
        t, r = time[i], row[i]
        j = i - 1
        while j >= start and time[j] > t:
            time[j + 1], row[j + 1] = time[j], row[j]
            j -= 1
        time[j + 1], row[j + 1] = t, r


@compiled(
    "void(float64[::1], int64[::1], int64, int64, int64, float64[::1], int64[::1], int64[::1], float64[::1], "
    "int64[::1], int64[::1])"
)
def fill_time_order(
    time: Floats, group: Integers, n_groups: int, start: int, stop: int, sorted_time: Floats, row: Integers,
    first: Integers, spare: Floats, spare_row: Integers, begins: Integers,
) -> None:  # fmt: skip
    """Fill the times of one trial in order within each group, their rows, and where each group begins (last: the end).

    Left out are rows with a missing time or in no group of 0 ... n_groups - 1. Times are dealt out to buckets of
    about one patient each (the order of buckets is that of times), and each bucket is sorted: a time in proportion
    to the number of patients where times are spread, never worse than n log n. `begins` has room for
    stop - start + 2 n_groups + 1 numbers, the other arrays for all patients.
    """
    n = 0
    earliest, latest = np.inf, -np.inf
    for i in range(start, stop):
        t = time[i]
        if t == t and 0 <= group[i] < n_groups:
            spare[n], spare_row[n] = t, i
            n += 1
            earliest = min(earliest, t)
            latest = max(latest, t)
    n_buckets = n // n_groups + 1
    scale = n_buckets / (latest - earliest) if latest > earliest else 0.0
    scale = scale if scale < np.inf else 0.0
    size = n_groups * n_buckets
    begins[: size + 1] = 0
    for k in range(n):
        row[k] = group[spare_row[k]] * n_buckets + min(int((spare[k] - earliest) * scale), n_buckets - 1)
        begins[row[k] + 1] += 1
    most = 0
    for b in range(size):
        most = max(most, begins[b + 1])
        begins[b + 1] += begins[b]
    for g in range(n_groups + 1):
        first[g] = begins[g * n_buckets]
    # Times go to their places; the places of rows are kept until all rows have been read.
    for k in range(n):
        b = row[k]
        place = begins[b]
        begins[b] += 1  # a bucket's beginning moves to its end as it fills
        sorted_time[place] = spare[k]
        row[k] = place
    for k in range(n):
        spare[row[k]] = float(spare_row[k])
    for k in range(n):
        row[k] = int(spare[k])
    begin = 0
    for b in range(size if most > FEW else 0):
        if begins[b] - begin > FEW:
            _merged(sorted_time, row, begin, begins[b], spare, spare_row)
        begin = begins[b]
    for g in range(n_groups):
        _inserted(sorted_time, row, first[g], first[g + 1])


def checked_times(
    time: ArrayLike, event: ArrayLike, arm: ArrayLike, offsets: ArrayLike, cause: int = 0
) -> tuple[Floats, Codes, Integers, Integers]:
    """Return times, events, arms and offsets in the types the kernels take; ValueError where they do not fit together.

    A time is how long a patient was followed: not negative, finite, or missing (NaN: not in the analysis). An event
    is 0 where the patient was then censored, else which event it was; a cause other than 0 makes all others censored.
    """
    times, arms, bounds = checked_rows(time, arm, offsets)
    events = np.require(event, np.int8, ["C", "W"])
    if events.shape != times.shape:
        raise ValueError(f"there are {times.shape} times and {events.shape} events")
    if np.any((times < 0.0) | (times == np.inf)):
        raise ValueError("a time is negative or infinite")
    if cause != 0:
        events = np.where(events == cause, np.int8(1), np.int8(0))
    return times, events, arms, bounds


def checked_strata(stratum: ArrayLike | None, n_strata: int, n_rows: int) -> tuple[Integers, int]:
    """Return strata in the type the kernels take, and how many there are: one, of everybody, where none are given."""
    if stratum is None or n_strata == 0:
        return np.zeros(n_rows, np.int64), 1
    strata = np.require(stratum, np.int64, ["C", "W"])
    if strata.shape != (n_rows,):
        raise ValueError(f"there are {n_rows} values and {strata.shape} strata")
    return strata, int(n_strata)


def most_rows(offsets: Integers) -> int:
    """Return the number of rows of the greatest trial."""
    return int(np.diff(offsets).max()) if offsets.size > 1 else 0
