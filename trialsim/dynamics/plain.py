"""What the kernels of plain courses are given and work on: those in which nothing happens but doses and samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]

# Closed forms: how many patients stand side by side, and the rows of their work space, each of which is as wide: times,
# the time before and the end of the course, then parameters, terms of these, outputs.
WIDE = 64
ACROSS_BEGIN, ACROSS_END, ACROSS_P = 1, 2, 3


# Timeline.made: whose line is laid out (-1: nobody's), how many stretches, samples to be taken, for which times it is
# known what is left of modes, whether anything is infused, where the doses of whom is followed begin.
LAID_OUT, N_STRETCHES, N_SAMPLES, SHARED, INFUSED, OWN = 0, 1, 2, 3, 4, 5
# Timeline.stretch: its samples, where their times since its beginning stand, where its length stands (-1: it is the
# last), the doses that arrive before it and the first that may still run, as places among the patient's own. The first
# stretch is the beginning: nothing has moved yet.
LO, HI, AT, END_AT, FIRST, LAST, RUNS = 0, 1, 2, 3, 4, 5, 6


class Plainly(NamedTuple):
    """What is known of N patients; S samples, of each or of all alike."""

    rows: Floats  # [N, parameters]
    samples: Floats  # [N or 1, S]
    span: Floats  # [N, 2]: begin, horizon
    offsets: Wholes  # [N + 1]
    time: Floats  # [doses], as the following
    amount: Floats
    duration: Floats
    rate: Floats
    inlet: Wholes
    kind: Wholes
    interval: Floats


class Across(NamedTuple):
    """What patients of a closed form work on side by side."""

    ws: Floats
    odd: Wholes


class Timeline(NamedTuple):
    """What happens to one patient, and what is worked on to follow it."""

    made: Wholes
    stretch: Wholes  # [stretches, 7]
    begins: Floats  # [stretches]
    base: Floats  # [states]: what always runs in
    lag: Floats
    times: Floats  # [samples]
    since: Floats  # [times]
    shares: Floats  # [modes, times of a stretch]: what is left of each mode then
    sums: Floats  # [times of a stretch]
    spare: Floats
    room: Floats  # [outputs, times of a stretch]
    terms: Floats  # [6, inlets]
    inlets: Wholes  # the state of each
    modelled: Wholes
    table: Floats  # [rows of a lane, 1]


def nothing_known() -> Plainly:
    """Return what is known of nobody."""
    floats, wholes = np.zeros(0), np.zeros(0, dtype=np.int64)
    square = np.zeros((0, 0))
    return Plainly(rows=square, samples=square, span=square, offsets=wholes, time=floats, amount=floats,
                   duration=floats, rate=floats, inlet=wholes, kind=wholes, interval=floats)


def no_timeline() -> Timeline:
    """Return the timeline of nobody."""
    nothing = np.zeros(0, dtype=np.int64)
    return timeline(0, 0, 0, 0, nothing, nothing, 0)


def timeline(
    n_states: int, n_samples: int, n_doses: int, n_outputs: int, inlets: Wholes, modelled: Wholes, n_table: int
) -> Timeline:
    """Return room for the line of a patient of so many samples and doses."""
    most, width = 3 * n_doses + 3, n_samples + 9
    return Timeline(
        made=np.full(6, -1, dtype=np.int64), stretch=np.zeros((most, 7), dtype=np.int64), lag=np.zeros(1),
        begins=np.zeros(most), base=np.zeros(n_states),
        times=np.zeros(width), since=np.zeros(width + most + 8), shares=np.zeros((n_states, width)),
        sums=np.zeros(width), spare=np.zeros(width), room=np.zeros((n_outputs, width)),
        terms=np.zeros((6, inlets.size)), inlets=inlets.copy(), modelled=modelled.copy(), table=np.zeros((n_table, 1)))
