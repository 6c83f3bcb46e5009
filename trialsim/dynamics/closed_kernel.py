"""Courses of models without states: outputs are expressions of time, computed for many patients side by side.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from typing import Any

import numpy as np

from trialsim.dynamics.compiling import kernel, outer_kernel
from trialsim.dynamics.empty_model import N_ACROSS, N_OUTPUTS, N_PARAMETERS, hoist_across, read_across
from trialsim.dynamics.plain import ACROSS_BEGIN, ACROSS_END, ACROSS_P, WIDE

# --- copied from here ---
ACROSS_OUT = N_ACROSS - N_OUTPUTS


@kernel
def laid_out(first: int, n: int, known: Any, ws: Any, odd: Any) -> None:
    """Fill parameters, beginnings and ends of patients side by side; the last one stands for those not there."""
    rows, span = known.rows, known.span
    for k in range(WIDE):
        i = first + min(k, n - 1)
        for j in range(N_PARAMETERS):
            ws[(ACROSS_P + j) * WIDE + k] = rows[i, j]
        ws[ACROSS_BEGIN * WIDE + k], ws[ACROSS_END * WIDE + k] = span[i, 0], span[i, 1]
        odd[k] = 0 if -np.inf < span[i, 0] and -np.inf < span[i, 1] else 1


@kernel
def moments(first: int, n: int, s: int, samples: Any, ws: Any) -> None:
    """Fill the time of a sample of patients side by side."""
    if samples.shape[0] == 1:
        for k in range(WIDE):
            ws[k] = samples[0, s]
        return
    column = samples[first : first + n, s]
    for k in range(n):
        ws[k] = column[k]
    for k in range(n, WIDE):
        ws[k] = ws[n - 1]


@kernel
def judged(ws: Any, odd: Any) -> None:
    """Mark those for whom a sample is not wanted, not within the course, not after the one before or not a number."""
    for k in range(WIDE):
        t = ws[k]
        is_due = (ws[ACROSS_BEGIN * WIDE + k] <= t) & (t <= ws[ACROSS_END * WIDE + k])
        ws[ACROSS_BEGIN * WIDE + k] = t
        odd[k] |= 0 if is_due else 1
    for q in range(N_OUTPUTS):
        for k in range(WIDE):
            value = ws[(ACROSS_OUT + q) * WIDE + k]
            odd[k] |= 0 if value == value else 1


@outer_kernel
def run_plain(known: Any, bench: Any, left: Any, outputs: Any) -> None:
    """Fill the outputs of every patient, and mark those who are left to be followed alone."""
    ws, odd, n_patients = bench.ws, bench.odd, outputs.shape[0]
    for first in range(0, n_patients, WIDE):
        n = min(WIDE, n_patients - first)
        laid_out(first, n, known, ws, odd)
        hoist_across(ws)
        for s in range(outputs.shape[1]):
            moments(first, n, s, known.samples, ws)
            read_across(ws)
            judged(ws, odd)
            for q in range(N_OUTPUTS):
                column = outputs[first : first + n, s, q]
                for k in range(n):
                    column[k] = ws[(ACROSS_OUT + q) * WIDE + k]
        for k in range(n):
            left[first + k] |= odd[k]
