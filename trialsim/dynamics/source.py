"""From a tape to straight-line numba source: one small function for each thing a kernel asks of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.system import System, system
from trialsim.dynamics.tape import CONDITIONS, LEAVES, Tape
from trialsim.dynamics.unrolled import LARGEST, unrolled_step

_HEADER = '''"""Written by trialsim from a model; made again when missing."""
from math import sqrt
from typing import Any

import numpy as np
from numba import njit

from trialsim.dynamics.arrivals import arrivals, stop_dosing
from trialsim.dynamics.dop853 import ERROR_3, ERROR_5, N_STAGES, NODES, STAGES, WEIGHTS
from trialsim.foundation.elementary import exp, log, logistic, logit, power
'''
_DECORATOR = '@njit(cache=True, nogil=True, error_model="numpy")'
_FORMS = {
    "neg": "-{0}", "if": "({1} if {0} else {2})", "not": "(not {0})", "and": "({0} and {1})", "or": "({0} or {1})",
    # A NaN on either side stays a NaN.
    "min": "({0} if ({0} < {1} or {0} != {0}) else {1})", "max": "({0} if ({0} > {1} or {0} != {0}) else {1})",
    **{op: f"({{0}} {op} {{1}})" for op in ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=")},
}


class _Writer:
    """Writes functions from one tape; terms of parameters alone become entries of the array `c`."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.hoisted: dict[int, int] = {}
        self._states: Sequence[str] | None = None  # names of the states where they are not entries of `y`
        self._time = "t"
        self._suffix = ""

    def function(self, head: str, targets: Sequence[tuple[str, int]]) -> str:
        """Return the source of a function that assigns values to targets."""
        needed = self._needed([i for _, i in targets])
        lines = [f"    {self._name(i)} = {self._spelled(i)}" for i in needed]
        lines += [f"    {target} = {self._name(i)}" for target, i in targets]
        return "\n".join([_DECORATOR, f"def {head}:", *(lines or ["    pass"]), ""])

    def lines(
        self, targets: Sequence[int], states: Sequence[str], time: str, suffix: str
    ) -> tuple[list[str], list[str]]:
        """Return lines that compute targets from states and a time of other names, and the names of the results."""
        self._states, self._time, self._suffix = states, time, suffix
        found = [f"    {self._name(i)} = {self._spelled(i)}" for i in self._needed(targets)]
        names = [self._name(i) for i in targets]
        self._states, self._time, self._suffix = None, "t", ""
        return found, names

    def hoist(self) -> str:
        """Return the source of the function that fills `c`; to be asked last."""
        wanted, self.hoisted = self.hoisted, {}
        reached = self._reached(wanted, lambda i: False)
        lines = [f"    v{i} = {self._spelled(i)}" for i in reached]
        lines += [f"    c[{k}] = {self._name(i)}" for i, k in wanted.items()]
        self.hoisted = wanted
        return "\n".join([_DECORATOR, "def hoist(p, c):", *(lines or ["    pass"]), ""])

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
        if node[0] == "state" and self._states is not None:
            return self._states[node[1]]
        if node[0] in ("parameter", "state"):
            return f"{'p' if node[0] == 'parameter' else 'y'}[{node[1]}]"
        if node[0] in LEAVES:
            return self._time if node[0] == "t" else str(node[0])
        return f"c[{self.hoisted[i]}]" if i in self.hoisted else f"v{i}{self._suffix}"

    def _spelled(self, i: int) -> str:
        operation, *arguments = self.tape.nodes[i]
        names = [self._name(j) for j in arguments]
        form = _FORMS.get(operation)
        return f"{operation}({', '.join(names)})" if form is None else form.format(*names)


def _indexed(array: str, positions: Sequence[int]) -> list[tuple[str, int]]:
    return [(f"{array}[{k}]", i) for k, i in enumerate(positions)]


def model_source(model: CourseModel) -> str:
    """Return the functions and sizes that the kernels ask of a model, as Python source."""
    found = system(model)
    writer = _Writer(found.tape)
    functions = [
        writer.function("starts(p, c, y)", _indexed("y", found.starts)),
        writer.function("inlet_terms(p, c, lags, shares)",
                        _indexed("lags", found.lags) + _indexed("shares", found.shares)),
        writer.function("breakpoints(p, c, out)", _indexed("out", found.breakpoints)),
        writer.function("read_outputs(p, c, t, tc, y, out)", _indexed("out", found.outputs)),
        *_rate_functions(writer, found),
    ]
    functions.insert(0, writer.hoist())
    return "\n\n".join([_HEADER + _sizes(model, found, len(writer.hoisted)), *functions])


def _rate_functions(writer: _Writer, found: System) -> list[str]:
    """Return what the linear or the adaptive kernel alone asks for."""
    hazards = _indexed("rates", found.hazards)
    if found.linear is None:
        n = len(found.rates)
        derivatives = _indexed("dy", found.rates) + [(f"dy[{n + h}]", i) for h, i in enumerate(found.hazards)]
        source = writer.function("derivatives(p, c, t, tc, y, dy)", derivatives)
        if n + len(found.hazards) > LARGEST:
            return [source]
        targets = [*found.rates, *found.hazards]
        step = unrolled_step(n, len(found.hazards), lambda *names: writer.lines(targets, *names))
        return [source, f"{_DECORATOR}\n{step}"]
    matrix = [(f"a[{i}, {j}]", k) for (i, j), k in found.linear.matrix.items()]
    constant = [(f"b[{i}]", k) for i, k in found.linear.constant.items()]
    return [writer.function("coefficients(p, c, a, b)", matrix + constant),
            writer.function("hazard_rates(p, c, tc, rates)", hazards)]


def _sizes(model: CourseModel, found: System, n_constants: int) -> str:
    states = [model.states.index(inlet.state) for inlet in model.inlets]
    sizes = {"N_STATES": len(model.states), "N_HAZARDS": len(model.hazards), "N_INLETS": len(model.inlets),
             "N_CONSTANTS": n_constants, "N_BREAKPOINTS": len(found.breakpoints)}
    lines = [f"{name} = {size}" for name, size in sizes.items()]
    return "\n" + "\n".join([*lines, f"INLET_STATES = np.array({[*states, 0]}, dtype=np.int64)", ""])
