"""What a kernel is given, what it fills and what it works on: three bundles of arrays, and the names of their columns.

Few arrays with many columns: each array that is handed from function to function costs compile time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Given.person, then the thresholds of hazards.
BEGIN, HORIZON, THRESHOLDS = 0, 1, 2
# Given.starts: who it is, and where in other lists the patient's rows stand: of every line, signal and rule from its
# entry to the next one.
TRIAL, PERSON, LEDGER, LEDGER_END, CHANGES, CHANGES_END, LINES = 0, 1, 2, 3, 4, 5, 6
# Given.dose.
TIME, AMOUNT, DURATION, RATE, INTERVAL, INLET, KIND, CHECK = 0, 1, 2, 3, 4, 5, 6, 7
# Given.later: the time of a change, a reading or a check; the row of parameters or the number of the reading's error;
# when a reading is known; its error where it is given: the standard normal number (or NaN), additive, proportional.
WHEN, WHICH, KNOWN, ERROR, ERROR_ADDED, ERROR_SHARE = 0, 1, 2, 3, 4, 5
# Given.setting: what an event asks for (1 stops dosing, 2 ends the course) and the key of its later thresholds; the key
# of a signal's errors; whether a line waits for a rule; the seed.
ACTION, EVENT_KEY, SIGNAL_KEY, IS_DORMANT, SEED = 0, 1, 2, 3, 4
# Found.counts: status, steps, how many rows each ledger would hold, how often each event happened.
STATUS, STEPS, EVENTS_TOLD, DOSES_TOLD, DECISIONS_TOLD, HAPPENED = 0, 1, 2, 3, 4, 5
FOLLOWED = -1  # the status of a patient who has been followed already
# Bench.terms: of an inlet.
LAG, SHARE, LASTS, PACED, NUMBER, PACE = 0, 1, 2, 3, 4, 5
# Bench.line: rows that are past, lateness, amount instead of the planned one (or NaN), what it does.
DUE, SHIFT, OVERRIDE, IDLE = 0, 1, 2, 3
ON, HELD, STOPPED, DORMANT = 0.0, 1.0, 2.0, 3.0
# Bench.way: an administration under way arrives, ends, runs so fast (0: a bolus), brings so much, was late by its lag,
# enters there, belongs to that line, has arrived; number and rate constant of its chain when it was taken.
START, END, INFLOW, SIZE, DELAYED, INTO, OF_LINE, IS_ON, OWN_NUMBER, OWN_PACE = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
# Bench.counts, then what rules and paths count.
PATIENT, SAMPLE, CHANGE, UNDER_WAY, MORE_COUNTS = 0, 1, 2, 3, 4


class Given(NamedTuple):
    """What is known of N patients before their courses begin; S samples, L dosing lines, E events, K signals."""

    rows: Floats  # [M, parameters]; patient i begins with row i
    samples: Floats  # [N, S], ascending, NaN where none is wanted
    after: Flags  # [N, S] or [N, 0]: read after the doses of the same instant
    person: Floats  # [N, 2 + hazards]
    starts: Wholes  # [N, 6 + (L + 1) + (K + 1) + (R + 1)]
    dose: Floats  # [doses, 8]
    later: Floats  # [changes, readings and checks, 6]
    setting: Wholes  # [the most of E, K, L, 5]
    n_lines: int


class Found(NamedTuple):
    """What became of the patients; ledgers hold patient i's rows from `Given.starts[i, LEDGER]` on."""

    outputs: Floats  # [N, S, outputs]
    event_times: Floats  # [N, E], the first
    counts: Wholes  # [N, 5 + E]
    ledger: Floats  # [3, room, columns]: events, doses, decisions


class Bench(NamedTuple):
    """What lanes work on; the first axis of every array is the lane."""

    terms: Floats  # [lanes, 6, inlets]
    line: Floats  # [lanes, L, 4]
    way: Floats  # [lanes, room, 10]
    order: Wholes  # [lanes, doses]: rows of a line ascending in time
    counts: Wholes
    number: Floats  # numbers whose places `lane_table` names
    path: Floats  # [lanes, functionals, S]: what windows amount to so far
    seen: Floats  # [lanes, K, readings kept, 2]: value, when it is known
    table: Floats  # [rows x lanes], flat: the table of lanes


class Steps(NamedTuple):
    """What steps of a linear system work on: matrix and inflow, the propagators of the latest intervals, room."""

    a: Floats
    u: Floats
    dts: Floats
    us: Floats
    es: Floats
    gs: Floats
    b: Floats
    term: Floats
    fresh: Floats
    w: Floats
    v: Floats
    used: Wholes  # how many propagators there are, how many were made, the latest
    y: Floats  # the states now
    shown: Wholes  # the states that outputs see
    known: Floats  # of what many samples share: `series` names the places
    powers: Floats  # [states that outputs see, states and inflows, terms]
    ways: Floats  # [states that outputs see, states and inflows, steps]
    terms: Floats
    room: Floats  # [rows, samples at once]: times, states, outputs
    links: Wholes  # whether anything leads from a state (column) to another
    rates: Floats  # of modes, and how often they halve in a unit of time
    paces: Floats
    weights: Floats  # [modes, states, states]; and their sizes if nothing cancelled
    sizes: Floats
    parts: Floats  # [modes and what stays, states]; and their sizes
    bounds: Floats
    shares: Floats  # [modes, samples at once]: what is left of each
    spare: Floats  # [samples at once]
