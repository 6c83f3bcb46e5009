"""Room for the lanes of one call to work in."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from trialsim.dynamics.arrays import LINES, Bench, Given, Steps
from trialsim.dynamics.model import CourseModel

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
    """Return the work space for the steps of a linear system."""
    n, slots = int(module.N_STATES), int(getattr(module, "N_SLOTS", 1))
    return Steps(
        a=np.zeros((n, n)), u=np.zeros(n), dts=np.zeros(slots), us=np.zeros((slots, n)), es=np.zeros((slots, n, n)),
        gs=np.zeros((slots, n)), term=np.zeros((n, n)), fresh=np.zeros((n, n)), w=np.zeros(n), v=np.zeros(n),
        used=np.zeros(3, dtype=np.int64))
