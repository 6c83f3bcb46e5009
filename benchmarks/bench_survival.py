"""How many looks at a survival trial does a core analyse in a second? Kernels beside plain numpy, in the same run.

python -m benchmarks.bench_survival

A trial has 500 patients and looks at 150, 225 and 300 events; every look is analysed anew, from unsorted rows. The
plain way sorts with numpy and walks no patient in Python.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.limits import median_seconds
from trialsim.analysis.cox import cox
from trialsim.analysis.gray import gray
from trialsim.analysis.log_rank import log_rank
from trialsim.analysis.max_combo import max_combo
from trialsim.analysis.survival_difference import rmst_difference

Floats = NDArray[np.float64]
N, TRIALS, LOOKS = 500, 400, (150, 225, 300)
PAIR = [(1, 0)]


def looks(seed: int = 1) -> list[tuple[Floats, NDArray[np.int8], NDArray[np.int64], NDArray[np.int64]]]:
    """Return the rows of all trials at each look: time, event, arm and offsets."""
    rng = np.random.default_rng(seed)
    arm = np.tile(np.arange(N) % 2, (TRIALS, 1))
    entry = np.sort(rng.uniform(0.0, 500.0, (TRIALS, N)), axis=1)
    until = rng.exponential(1.0, (TRIALS, N)) * np.where(arm == 1, 500.0, 375.0)
    offsets = np.arange(TRIALS + 1) * N
    found = []
    for events in LOOKS:
        cut = np.sort(entry + until, axis=1)[:, events - 1 : events]
        time = np.where(entry <= cut, np.minimum(until, cut - entry), np.nan)
        event = (entry + until <= cut).astype(np.int8)
        found.append((time.reshape(-1), event.reshape(-1), arm.reshape(-1), offsets))
    return found


def plain_log_rank(time: Floats, event: NDArray[np.int8], arm: NDArray[np.int64]) -> float:
    """Return the log-rank statistic of one trial as a numpy user would write it."""
    here = ~np.isnan(time)
    time, event, arm = time[here], event[here], arm[here]
    order = np.argsort(time, kind="stable")
    time, event, treated = time[order], event[order], arm[order] == 1
    moments, first = np.unique(time, return_index=True)
    d = np.add.reduceat(event, first).astype(float)
    d_1 = np.add.reduceat(event * treated, first)
    n = (time.size - first).astype(float)
    n_1 = (treated[::-1].cumsum()[::-1])[first]
    with np.errstate(invalid="ignore", divide="ignore"):
        v = np.where(n > 1, d * (n_1 / n) * (1 - n_1 / n) * (n - d) / (n - 1), 0.0)
    return float((d_1 - d * n_1 / n).sum() / np.sqrt(v.sum()))


def plain(rows: list[tuple[Floats, NDArray[np.int8], NDArray[np.int64], NDArray[np.int64]]], trials: int) -> None:
    """Test the first trials at every look."""
    for time, event, arm, offsets in rows:
        for t in range(trials):
            part = slice(offsets[t], offsets[t + 1])
            plain_log_rank(time[part], event[part], arm[part])


def main() -> None:
    """Print a line for each analysis."""
    rows = looks()
    few = 40
    by_hand = few / median_seconds(lambda: plain(rows, few), 5)
    print(f"log-rank in numpy            {by_hand:10,.0f} trials/s")
    analyses: dict[str, Callable[..., object]] = {
        "log-rank": lambda *data: log_rank(*data, None, 0, PAIR, -1, 0.025),
        "Cox": lambda *data: cox(*data, None, None, 0, PAIR, -1, 0.025),
        "restricted mean": lambda *data: rmst_difference(*data, PAIR, 1, 0.025, 0.0, 100.0),
        "MaxCombo of three": lambda *data: max_combo(*data, None, 0, PAIR, -1, 0.025),
        "Gray": lambda *data: gray(*data, None, 0, PAIR, -1, 0.025),
    }
    for name, analysis in analyses.items():
        per_second = TRIALS / median_seconds(lambda analysis=analysis: [analysis(*data) for data in rows], 5)
        ratio = per_second / by_hand
        print(f"{name:28s} {per_second:10,.0f} trials/s   numpy's log-rank {by_hand:8,.0f}   ratio {ratio:6.1f}")


if __name__ == "__main__":
    main()
