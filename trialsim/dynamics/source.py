"""From a tape to straight-line numba source: one small function for each thing a kernel asks of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.rule_source import rule_functions
from trialsim.dynamics.samples_source import (
    ACROSS,
    DECORATOR,
    FUNCTIONS,
    across,
    across_sizes,
    read_across,
    read_modes,
    read_together,
    shown_states,
)
from trialsim.dynamics.stiff_source import jacobian_targets, stiff_sizes, stiff_step
from trialsim.dynamics.stiff_system import Solver, StiffSystem, stiff_system
from trialsim.dynamics.stiff_unrolled import is_unrolled
from trialsim.dynamics.system import PULSES, System, own_system
from trialsim.dynamics.tape import CONDITIONS, LEAVES, Tape
from trialsim.dynamics.unrolled import LANES, LARGEST, unrolled_step

_HEADER = '''"""Written by trialsim from a model; made again when missing."""
from math import sqrt
from typing import Any

import numpy as np

from trialsim.dynamics.administrations import (
    PUMPED, due_time, infusion, lingering, next_administration, next_row, planned, put, repeated_dose,
    runs_besides, stopped, taken, tell_dose, timed)
from trialsim.dynamics.arrays import (
    ACTION, AMOUNT, BEGIN, CHANGE, CHANGES, CHANGES_END, CHECK, DELAYED, DORMANT, DUE, DURATION, END, ERROR,
    ERROR_ADDED, ERROR_SHARE, FOLLOWED, HELD, HORIZON, IDLE, INFLOW, INLET, INTERVAL, INTO, IS_ON, KIND, KNOWN, LAG,
    LEDGER, LEDGER_END, LINES, MORE_COUNTS, ON, OVERRIDE, OWN_NUMBER, OWN_PACE, PATIENT, RATE, SAMPLE, SHARE, SHIFT,
    SIZE, START, STATUS, STEPS, THRESHOLDS, TIME, UNDER_WAY, WHEN, WHICH, Steps)
from trialsim.dynamics.bundles import bundle
from trialsim.dynamics.chain import chain_start, is_spent
from trialsim.dynamics.compiling import allocating_kernel, kernel, outer_kernel
from trialsim.dynamics.dop853 import ERROR_3, ERROR_5, N_STAGES, NODES, STAGES, WEIGHTS
from trialsim.dynamics.doses import DOSE, PUMP, PUMP_OFF, RESET, RESET_AND_DOSE, STEADY, STEADY_ADDED, STEADY_WITH
from trialsim.dynamics.lane_power import lane_power
from trialsim.dynamics.stage_sums import (
    error_3, error_5, state_after, state_at_1, state_at_2, state_at_3, state_at_4, state_at_5, state_at_6, state_at_7,
    state_at_8, state_at_9, state_at_10, state_at_11)
from trialsim.dynamics.watching import next_threshold, reading_luck, tell_decision, tell_event
from trialsim.foundation.elementary import exp, log, logistic, logit, power
'''
_LINEAR = '''from trialsim.dynamics.exponentials import exponential
from trialsim.dynamics.series import FEWEST, FILLED, REACHES, SEEN, STEPPED, TIMES, times_before, written
from trialsim.dynamics.modes import MODAL
from trialsim.dynamics.together import moved_by_modes, propagator_at, states_seen
'''
_PLAIN = """from trialsim.dynamics.plain import HI, LO, N_SAMPLES, N_STRETCHES
from trialsim.dynamics.timeline import laid_out, moved_on, stretch_known
"""
_CLOSED = "from trialsim.dynamics.plain import ACROSS_BEGIN, ACROSS_END, ACROSS_P, WIDE\n"
MOST_FUNCTIONS = 40  # written out at twelve stages each; two transit chains have 32
_FORMS = {
    "neg": "-{0}", "if": "({1} if {0} else {2})", "not": "(not {0})", "and": "({0} and {1})", "or": "({0} or {1})",
    # A NaN on either side stays a NaN.
    "min": "({0} if ({0} < {1} or {0} != {0}) else {1})", "max": "({0} if ({0} > {1} or {0} != {0}) else {1})",
    **{op: f"({{0}} {op} {{1}})" for op in ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=")},
}
# Without branches: both sides are computed.
_LANE_FORMS = {**_FORMS, "and": "({0} & {1})", "or": "({0} | {1})", "power": "lane_power({0}, {1})",
               "min": "({0} if ({0} < {1}) | ({0} != {0}) else {1})",
               "max": "({0} if ({0} > {1}) | ({0} != {0}) else {1})"}
# How each kind of leaf is spelled: in arrays, in the table of lanes, in one lane of a lockstep.
_LETTERS = {"parameter": "p", "state": "y", "slope": "k", "inflow": "u", "memory": "z", "signal": "s", "kept": "m",
            "level": "l"}
_ARRAYS = {letter: f"{letter}[{{0}}]" for letter in (*_LETTERS.values(), "c")}
_TABLE = {"p": "w[AT_P + {0}, lane]", "c": "w[AT_C + {0}, lane]", "z": "w[AT_Z + {0}, lane]", "y": "w[at + {0}, lane]",
          "k": "w[slope + {0}, lane]", "u": "w[AT_U + {0}, lane]"}
_NUMBERS = {"p": "p{0}", "c": "c{0}", "z": "z{0}", "k": "kn_{0}"}


class Writer:
    """Writes functions from one tape; terms of parameters alone become entries of the array `c`."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.hoisted: dict[int, int] = {}
        self._places: Mapping[str, str] = _ARRAYS
        self._time = "t"
        self._suffix = ""
        self._used: set[tuple[str, int]] = set()

    def function(
        self, head: str, targets: Sequence[tuple[str, int]], places: Mapping[str, str] | None = None
    ) -> str:
        """Return the source of a function that assigns values to targets."""
        self._places = places or _ARRAYS
        needed = self._needed([i for _, i in targets])
        lines = [f"    {self._name(i)} = {self._spelled(i)}" for i in needed]
        lines += [f"    {target} = {self._name(i)}" for target, i in targets]
        self._places = _ARRAYS
        return "\n".join([DECORATOR, f"def {head}:", *(lines or ["    pass"]), ""])

    def returning(self, head: str, value: int) -> str:
        """Return the source of a function that returns a value."""
        lines = [f"    {self._name(i)} = {self._spelled(i)}" for i in self._needed([value])]
        return "\n".join([DECORATOR, f"def {head}:", *lines, f"    return {self._name(value)} + 0.0", ""])

    def lines(self, targets: Sequence[int], states: str, time: str, suffix: str) -> tuple[list[str], list[str]]:
        """Return lines for one lane that compute targets, and the names of the results.

        `states` is the pattern of the states' names, as in "x1_{0}"; parameters have the names that `read` gives them.
        """
        self._places, self._time, self._suffix = {**_NUMBERS, "y": states}, time, suffix
        found = [f"{self._name(i)} = {self._spelled(i)}" for i in self._needed(targets)]
        names = [self._name(i) for i in targets]
        self._places, self._time, self._suffix = _ARRAYS, "t", ""
        return found, names

    def read(self, place: str = "ws[(AT_{2} + {1}) * LANES + lane]") -> list[str]:
        """Return the lines that read the parameters and memories that `lines` have used since the last time."""
        used = sorted((array, i) for array, i in self._used if array not in "yk")
        self._used.clear()
        return [f"{array}{i} = {place.format(array, i, array.upper())}" for array, i in used]

    def hoist(self) -> str:
        """Return the source of the function that fills `c`; to be asked last."""
        wanted, self.hoisted = self.hoisted, {}
        reached = self._reached(wanted, lambda i: False)
        lines = [f"    v{i} = {self._spelled(i)}" for i in reached]
        lines += [f"    c[{k}] = {self._name(i)}" for i, k in wanted.items()]
        self.hoisted = wanted
        return "\n".join([DECORATOR, "def hoist(p, c):", *(lines or ["    pass"]), ""])

    def hoist_across(self) -> str:
        """Return the source of what `hoist` is for patients side by side; to be asked after it."""
        wanted, self.hoisted, self._places, self._suffix = self.hoisted, {}, _NUMBERS, ""
        self._used.clear()
        found = [f"{self._name(i)} = {self._spelled(i)}" for i in self._reached(wanted, lambda i: False)]
        found += [f"ws[(ACROSS_C + {k}) * WIDE + k] = {self._name(i)}" for i, k in wanted.items()]
        self.hoisted, self._places = wanted, _ARRAYS
        return across("hoist_across(ws)", [*self.read(ACROSS), *found])

    def _needed(self, roots: Iterable[int]) -> list[int]:
        """Return what must be computed in the function itself, noting what can be hoisted."""
        def stop(i: int) -> bool:
            if self.tape.depends[i] or self.tape.nodes[i][0] in CONDITIONS:
                return False
            self.hoisted.setdefault(i, len(self.hoisted))
            return True
        return self._reached(roots, stop)

    def _reached(self, roots: Iterable[int], stop: Callable[[int], bool]) -> list[int]:
        found: set[int] = set()
        waiting = [i for i in roots if self.tape.nodes[i][0] not in LEAVES]
        while waiting:
            i = waiting.pop()
            if i in found or stop(i):
                continue
            found.add(i)
            waiting += [j for j in self.tape.nodes[i][1:] if self.tape.nodes[j][0] not in LEAVES]
        return sorted(found)

    def _name(self, i: int) -> str:
        node = self.tape.nodes[i]
        if node[0] == "number":
            # Spelled so that infinities are names Python knows.
            text = repr(node[1]).replace("inf", "np.inf").replace("nan", "np.nan")
            return text if node[1] >= 0 else f"({text})"
        if node[0] in _LETTERS:
            return self._entry(_LETTERS[node[0]], node[1])
        if node[0] in LEAVES:
            return self._time if node[0] == "t" else str(node[0])
        return self._entry("c", self.hoisted[i]) if i in self.hoisted else f"v{i}{self._suffix}"

    def _entry(self, array: str, i: int) -> str:
        self._used.add((array, i))
        return self._places[array].format(i)

    def _spelled(self, i: int) -> str:
        operation, *arguments = self.tape.nodes[i]
        names = [self._name(j) for j in arguments]
        form = (_FORMS if self._places in (_ARRAYS, _TABLE) else _LANE_FORMS).get(operation)
        return f"{operation}({', '.join(names)})" if form is None else form.format(*names)


def _indexed(array: str, positions: Sequence[int]) -> list[tuple[str, int]]:
    return [(f"{array}[{k}]", i) for k, i in enumerate(positions)]


def model_source(model: CourseModel, solver: Solver = "explicit") -> str:
    """Return the functions and sizes that the kernels ask of a model, as Python source."""
    stiff = stiff_system(model) if solver == "stiff" else None
    found = stiff.system if stiff else own_system(model)
    writer = Writer(found.tape)
    terms = [(f"terms[{row}, {k}]", position) for k, inlet in enumerate(found.inlets)
             for row, position in enumerate(inlet)]
    functions = [
        writer.function("starts(p, c, y)", _indexed("y", found.starts)),
        writer.function("inlet_terms(p, c, terms)", terms),
        writer.function("breakpoints(p, c, out)", _indexed("out", found.breakpoints)),
        writer.function("read_outputs(p, c, t, tc, y, z, out)", _indexed("out", found.outputs)),
        *_rate_functions(writer, found, stiff),
    ]
    if model.functionals:
        functions.append(writer.function("path_values(p, c, t, tc, y, z, out)", _indexed("out", found.paths.values)))
        functions.append(writer.function(
            "path_slopes(w, lane, t, tc, at, slope, out)", _indexed("out", found.paths.slopes), _TABLE))
    functions.append(_shift_values(writer, found))
    if model.switches:
        functions.append(_switch_jumps(writer, found))
    if model.rules:
        functions.append(rule_functions(model, found, writer))
    if is_plain(model, found):
        functions.append(read_modes(writer, found))
    n_kept = 0
    if is_closed(model, found):
        text, n_kept = read_across(writer, found)
        functions.append(text)
    functions.insert(0, writer.hoist())
    if is_closed(model, found):
        functions.insert(1, writer.hoist_across())
    sizes = _sizes(model, found, len(writer.hoisted), lanes(found, stiff))
    header = _HEADER if found.linear is None or stiff else _HEADER + _LINEAR
    if is_plain(model, found):
        header += _PLAIN
    if is_closed(model, found):
        header += _CLOSED
        sizes += across_sizes(model, len(writer.hoisted), n_kept)
    return "\n\n".join([header + sizes + (stiff_sizes(stiff) if stiff else ""), *functions])


def _shift_values(writer: Writer, found: System) -> str:
    """Return the function that fills the values that change other states where an inlet's doses enter."""
    zero = found.tape.number(0.0)
    mine = {k: shifts for k, shifts in enumerate(found.shifts) if shifts}
    each = [writer.function(f"shift_values_{k}(w, lane, t, tc, at, to)",
                            [(f"w[to + {i}, lane]", shifts.get(i, zero)) for i in range(len(found.states))], _TABLE)
            for k, shifts in mine.items()]
    chosen = [f"    if inlet == {k}:\n        shift_values_{k}(w, lane, t, tc, at, to)" for k in mine]
    return "\n\n".join([*each, "\n".join([
        DECORATOR, "def shift_values(w, lane, t, tc, at, to, inlet):", *(chosen or ["    pass"]), ""])])


def _switch_jumps(writer: Writer, found: System) -> str:
    """Return the function that fills by how much states jump where a switch turns, and one for every turn."""
    turns = [jumps for switch in found.switches for jumps in (switch.rising, switch.falling)]
    zero = found.tape.number(0.0)
    each = [writer.function(f"switch_jumps_{k}(w, lane, t, tc, at, to)",
                            [(f"w[to + {i}, lane]", jumps.get(i, zero)) for i in range(len(found.states))], _TABLE)
            for k, jumps in enumerate(turns)]
    chosen = [f"    if turn == {k}:\n        switch_jumps_{k}(w, lane, t, tc, at, to)" for k in range(len(turns))]
    return "\n\n".join([*each, "\n".join([
        DECORATOR, "def switch_jumps(w, lane, t, tc, at, to, turn):", *chosen, ""])])


def _rate_functions(writer: Writer, found: System, stiff: StiffSystem | None) -> list[str]:
    """Return what the linear or the adaptive kernel alone asks for."""
    hazards = _indexed("rates", found.hazards)
    if found.linear is None or stiff:
        n = len(found.rates)
        targets = [*found.rates, *found.hazards]
        roots = root_positions(found)
        source = [writer.function("derivatives(w, lane, t, tc, at, to)",
                                  [(f"w[to + {k}, lane]", i) for k, i in enumerate(targets)], _TABLE),
                  writer.function("root_values(w, lane, t, tc, at, slope, to)",
                                  [(f"w[to + {k}, lane]", i) for k, i in enumerate(roots)], _TABLE)]
        followed = [lambda *names, i=i: writer.lines([i], *names) for i in roots]
        writer.read()
        if stiff:
            jacobian = writer.function("jacobian(w, lane, t, tc, at)", jacobian_targets(stiff), _TABLE)
            writer.read()
            step = stiff_step(stiff, writer.lines, writer.read, followed)
            return [*source, jacobian, *([f"{DECORATOR}\n{step}"] if step else [])]
        if lanes(found, stiff) == 1:
            return source
        step = unrolled_step(n, len(found.hazards), lambda *names: writer.lines(targets, *names), writer.read, followed,
                             len(found.triggers))
        return [*source, f"{DECORATOR}\n{step}"]
    matrix = [(f"w[AT_A + {i * len(found.states) + j}, lane]", k) for (i, j), k in found.linear.matrix.items()]
    constant = [(f"w[AT_B + {i}, lane]", k) for i, k in found.linear.constant.items()]
    return [writer.function("coefficients(p, c, w, lane)", matrix + constant),
            writer.function("hazard_rates(p, c, tc, rates)", hazards), read_together(writer, found)]


def is_closed(model: CourseModel, found: System) -> bool:
    """Return whether a model is its outputs alone, expressions of time."""
    return is_quiet(model, found) and not found.states and not model.inlets


def is_plain(model: CourseModel, found: System) -> bool:
    """Return whether nothing happens to the states of a linear model but doses and samples."""
    return is_quiet(model, found) and bool(found.states)


def is_quiet(model: CourseModel, found: System) -> bool:
    """Return whether a model is linear without events, rules, paths that are followed and conditions on time."""
    happens = (model.hazards, model.triggers, model.switches, model.rules, model.functionals, model.signals,
               found.breakpoints)
    return found.linear is not None and not any(happens)


def root_positions(found: System) -> list[int]:
    """Return the values whose rise through zero a step must land on: triggers, those of functionals, then switches."""
    excess = [side for switch in found.switches for side in (switch.excess, found.tape.negative(switch.excess))]
    return [*found.triggers, *(root.value for root in found.paths.roots), *excess]


def lanes(found: System, stiff: StiffSystem | None) -> int:
    """Return how many patients step together."""
    if stiff:
        return LANES if is_unrolled(stiff.elimination) else 1
    n = len(found.rates) + len(found.hazards)
    many = n_functions(found) > MOST_FUNCTIONS
    return 1 if n > LARGEST or many or found.linear is not None else LANES


def n_functions(found: System) -> int:
    """Return how many elementary functions the rates and hazards ask for at every stage; outputs are not among them."""
    tape = found.tape
    reached: set[int] = set()
    waiting = [*found.rates, *found.hazards]
    while waiting:
        i = waiting.pop()
        if i not in reached and tape.nodes[i][0] not in LEAVES and tape.depends[i]:
            reached.add(i)
            waiting += tape.nodes[i][1:]
    return sum(tape.nodes[i][0] in FUNCTIONS for i in reached)


def _sizes(model: CourseModel, found: System, n_constants: int, n_lanes: int) -> str:
    """Return the numbers that a kernel asks of a model, as assignments."""
    chains = [inlet.transit is not None for inlet in model.inlets]
    modelled = [1 if inlet.duration is not None else 2 if inlet.rate is not None else 0 for inlet in model.inlets]
    integrals = [f.name for f in model.functionals if f.kind == "integral"]
    kinds = ("integral", "highest", "lowest", "share")
    sizes = {
        "N_STATES": len(found.states), "N_INTEGRALS": len(integrals), "N_HAZARDS": len(model.hazards),
        "N_TRIGGERS": len(model.triggers), "N_INLETS": len(model.inlets), "N_PARAMETERS": len(model.parameters),
        "N_CONSTANTS": n_constants, "N_BREAKPOINTS": len(found.breakpoints), "N_CHAINS": sum(chains), "PULSES": PULSES,
        "N_FUNCTIONALS": len(model.functionals), "N_SWITCHES": len(model.switches),
        "N_SHIFTS": sum(len(shifts) > 0 for shifts in found.shifts),
        "N_MEMORIES": 2 * len(model.functionals) + 4 * PULSES * sum(chains) + len(model.switches),
        "N_ROOTS": len(root_positions(found)), "LANES": n_lanes, "N_RULES": len(model.rules),
        "N_SIGNALS": len(model.signals), "N_KEPT": sum(len(rule.remembers) for rule in model.rules),
        "N_BRANCHES": sum(len(rule.branches) for rule in model.rules), "N_OUTPUTS": len(model.outputs),
        "N_SHOWN": len(shown_states(found))}
    wholes = {
        "INLET_STATES": [model.states.index(inlet.state) for inlet in model.inlets],
        "CHAINS": [sum(chains[:k]) if chain else -1 for k, chain in enumerate(chains)],
        "SHIFTS": [int(len(shifts) > 0) for shifts in found.shifts], "MODELLED": modelled, "SHOWN": shown_states(found),
        "RECURRENT": [int(hazard.recurrent) for hazard in model.hazards],
        "PATH_KIND": [kinds.index(f.kind) for f in model.functionals],
        "PATH_STATE": [len(model.states) + integrals.index(f.name) if f.kind == "integral" else -1
                       for f in model.functionals],
        "ROOT_FUNCTIONAL": [root.functional for root in found.paths.roots] + [-1] * (2 * len(model.switches)),
        "ROOT_RISES": [int(root.rises) for root in found.paths.roots]}
    over = [np_number(f.over) for f in model.functionals]
    lines = [f"{name} = {size}" for name, size in sizes.items()]
    lines += [f"{name} = np.array({[*numbers, 0]}, dtype=np.int64)" for name, numbers in wholes.items()]
    return "\n" + "\n".join([*lines, f"OVER = np.array([{', '.join([*over, '0.0'])}])", ""])


def np_number(value: float | None) -> str:
    """Return a number as source; None is infinite."""
    return "np.inf" if value is None else repr(float(value))
