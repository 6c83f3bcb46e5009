"""Room for the lanes of one call to work in."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.arrays import LINES, Bench, Given, Steps
from trialsim.dynamics.exponentials import N_SLOTS
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.modes import MOST_STATES
from trialsim.dynamics.series import MOST, N_KNOWN, SEEN, TERMS, TOGETHER, reach_of_a_series

SPARE = 64  # administrations under way beyond those of the schedule: of a steady state, of rules
READINGS = 32  # readings kept of each signal: no more may be under way before they are known


def bench(module: ModuleType, model: CourseModel, given: Given) -> Bench:
    """Return the work space for a model's lanes; its contents at the beginning mean nothing."""
    lanes = int(module.LANES)
    most = int((given.starts[:, LINES + given.n_lines] - given.starts[:, LINES]).max(initial=0)) + 1
    n_paths, n_signals = len(model.functionals), len(model.signals)
    return Bench(
        terms=np.zeros((lanes, 6, len(model.inlets))), line=np.zeros((lanes, given.n_lines, 4)),
        way=np.zeros((lanes, most + SPARE, 10)), order=np.zeros((lanes, most), dtype=np.int64),
        counts=np.zeros((lanes, int(module.N_COUNTS)), dtype=np.int64),
        number=np.zeros((lanes, int(module.N_NUMBERS))),
        path=np.zeros((lanes, n_paths, given.samples.shape[1] if n_paths else 0)),
        seen=np.zeros((lanes, n_signals, READINGS, 2)), table=np.zeros(int(module.N_ROWS_IN_ALL) * lanes))


def steps(module: ModuleType) -> Steps:
    """Return the work space for the steps of a linear system; other systems need none."""
    if not hasattr(module, "sampled_together"):
        return steps_of(0, np.zeros(0, dtype=np.int64), 0)
    return steps_of(int(module.N_STATES), module.SHOWN[: int(module.N_SHOWN)], int(module.N_OUTPUTS))


def steps_of(n: int, shown: NDArray[np.int64], n_outputs: int) -> Steps:
    """Return the work space for the steps of a linear system of n states, of which outputs see some."""
    known, square, modes = np.zeros(N_KNOWN), (n, n), n if n <= MOST_STATES else 0
    known[MOST] = reach_of_a_series(n)
    return Steps(
        a=np.zeros(square), u=np.zeros(n), dts=np.zeros(N_SLOTS), us=np.zeros((N_SLOTS, n)),
        es=np.zeros((N_SLOTS, n, n)), gs=np.zeros((N_SLOTS, n)), b=np.zeros(square), term=np.zeros(square),
        fresh=np.zeros(square), w=np.zeros(n), v=np.zeros(n), used=np.zeros(3, dtype=np.int64), y=np.zeros(n),
        shown=shown.copy(), known=known, powers=np.zeros((shown.size, 2 * n, TERMS)),
        ways=np.zeros((shown.size, 2 * n, TOGETHER)), terms=np.zeros(TERMS),
        room=np.zeros((SEEN + shown.size + n_outputs, TOGETHER)), links=np.zeros(square, dtype=np.int64),
        rates=np.zeros(n), paces=np.zeros(n), weights=np.zeros((modes, n, n)), sizes=np.zeros((modes, n, n)),
        parts=np.zeros((n + 1, n)), bounds=np.zeros((n + 1, n)), shares=np.zeros((n, TOGETHER)),
        spare=np.zeros(TOGETHER))
