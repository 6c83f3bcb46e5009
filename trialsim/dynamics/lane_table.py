"""The rows of the table in whose columns patients stand side by side, and the words that are said of a lane.

Everything below the marker is copied behind a model's own functions into a generated module.
"""

from trialsim.dynamics.arrays import MORE_COUNTS
from trialsim.dynamics.dop853 import N_STAGES
from trialsim.dynamics.empty_model import (
    LANES,
    N_BRANCHES,
    N_BREAKPOINTS,
    N_CHAINS,
    N_CONSTANTS,
    N_FUNCTIONALS,
    N_HAZARDS,
    N_KEPT,
    N_MEMORIES,
    N_PARAMETERS,
    N_ROOTS,
    N_RULES,
    N_SIGNALS,
    N_STATES,
    N_TRIGGERS,
    PULSES,
)

__all__ = ["LANES"]

# --- copied from here ---
TOO_STIFF, COLLAPSED, NOT_A_NUMBER, BAD_PARAMETERS, NEGATIVE_HAZARD, TOO_EARLY = 1, 2, 3, 4, 5, 6
NO_STEADY_STATE, BAD_DELAY, TOO_MANY_PULSES, TOO_MANY_READINGS = 7, 8, 9, 11
N_ALL = N_STATES + N_HAZARDS
N_EVENTS = N_HAZARDS + N_TRIGGERS
# What a lockstep says of a lane: go on, the step landed where it had to, or the step is not made: make it alone.
GOES_ON, LANDED, UNMADE = 0.0, 1.0, 2.0
# The rows of a lane: its time, the time that conditions see, where to land, next step size, whether the last step was
# refused, steps made, what the lockstep says;
AT_T, AT_TC, AT_STOP, AT_H, AT_REFUSED, AT_STEPS, AT_WORD, AT_Y = 0, 1, 2, 3, 4, 5, 6, 7
# states with cumulative hazards, their slopes and least allowed errors; scales and infusions of states;
AT_SLOPE = AT_Y + N_ALL
AT_FLOOR = AT_SLOPE + N_ALL
AT_SCALE = AT_FLOOR + N_ALL
AT_U = AT_SCALE + N_STATES
# limits of cumulative hazards, and of triggers infinity once they are past; parameters, and terms of parameters alone;
AT_LIMIT = AT_U + N_STATES
AT_P = AT_LIMIT + N_HAZARDS + N_TRIGGERS
AT_C = AT_P + N_PARAMETERS
# what is remembered of the path, of doses in chains, of the sides of switches, and how far the roots are;
AT_Z = AT_C + N_CONSTANTS
AT_PULSE = AT_Z + 2 * N_FUNCTIONALS
AT_SIDE = AT_PULSE + 4 * PULSES * N_CHAINS
AT_G = AT_Z + N_MEMORIES
# and for a single step: where a stage looks, the slopes there, the slopes of all stages, the states afterwards.
AT_X = AT_G + 2 * N_ROOTS
AT_DX = AT_X + N_ALL
AT_K = AT_DX + N_ALL
AT_NEW = AT_K + N_STAGES * N_ALL
N_ROWS = AT_NEW + N_ALL
# Places of the bench's numbers: breakpoints, values of the path and whether within, when it was last looked at, its
# slopes; levels of rules, what they remember, signals as known and as they are.
BREAKS = 0
VALUE = BREAKS + N_BREAKPOINTS
WITHIN = VALUE + N_FUNCTIONALS
SINCE = WITHIN + N_FUNCTIONALS
SLOPES = SINCE + 1
LEVEL = SLOPES + N_FUNCTIONALS
KEPT = LEVEL + N_RULES
SIGNAL = KEPT + N_KEPT
TRUTH = SIGNAL + N_SIGNALS
N_NUMBERS = TRUTH + N_SIGNALS
# And of its counts: windows that have begun, readings made, checks made, how often in a row a branch has held, and
# whether it does now.
OPENED = MORE_COUNTS
READ = OPENED + N_FUNCTIONALS
ASKED = READ + N_SIGNALS
RUNS = ASKED + N_RULES
HOLDS = RUNS + N_BRANCHES
N_COUNTS = HOLDS + N_BRANCHES
