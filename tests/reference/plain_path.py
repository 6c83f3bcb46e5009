"""The path of one patient from one change to the next, by scipy, and what the path amounts to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import DOP853, LSODA, Radau
from scipy.optimize import brentq, minimize_scalar

from tests.reference.plain_doses import UnderWay
from tests.reference.plain_expressions import needed, value
from trialsim.dynamics.model import CourseModel, Functional
from trialsim.foundation.expression import Compare, Expr, nodes

SOLVERS = {"DOP853": DOP853, "Radau": Radau, "LSODA": LSODA}
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
N_LOOKS = 8


def known_names(
    model: CourseModel, parameters: Mapping[str, float], t: float, y: Sequence[float],
    more: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Return the value of every name; quantities of names not known (functionals not handed in) are left out."""
    names = {**parameters, "t": t, **(more or {})}
    names.update((state, float(y[i])) for i, state in enumerate(model.states))
    for name, expr in model.quantities:
        if needed(expr) <= names.keys():
            names[name] = value(expr, names)
    return names


@dataclass(frozen=True)
class Stretch:
    """One step of a solver: its two ends, and the names' values at any time between them."""

    begin: float
    end: float
    path: Callable[[float], np.ndarray]
    names: Callable[[float], dict[str, float]]


def slopes_of(
    model: CourseModel, parameters: Mapping[str, float], under_way: Sequence[UnderWay], t: float, y: np.ndarray,
    begin: float, end: float,
) -> np.ndarray:
    """Return the rates of change of the states and of the cumulative hazards between two changes."""
    # A hair inside, so that a condition on time is that of this stretch at both of its ends.
    hair = 1e-13 * (end - begin)
    names = known_names(model, parameters, min(max(t, begin + hair), end - hair), y)
    rates = [value(rate, names) for rate in (*model.rates, *(hazard.rate for hazard in model.hazards))]
    for what in under_way:
        if not what.is_bolus and what.start <= begin and end <= what.end:
            rates[what.state] += what.inflow(t)
    return np.array(rates, dtype=float)


def stretches(
    model: CourseModel, parameters: Mapping[str, float], under_way: Sequence[UnderWay], t: float, until: float,
    y: np.ndarray, method: str = "DOP853",
) -> Iterator[Stretch]:
    """Yield the steps of a solver from t to `until`, between which nothing but time passes."""
    chains = [what.chain[1] for what in under_way if what.chain and what.start < until]
    solver = SOLVERS[method](
        lambda time, state: slopes_of(model, parameters, under_way, time, state, t, until), t, y, until,
        rtol=1e-11, atol=1e-13, max_step=0.5 * min(chains) if chains else math.inf)
    while solver.status == "running":
        # scipy divides nought by nought where nothing at all changes.
        with np.errstate(invalid="ignore"):
            message = solver.step()
        if solver.status == "failed":
            raise ArithmeticError(message)
        path = solver.dense_output()
        yield Stretch(solver.t_old, solver.t, path,
                      lambda s, path=path: known_names(model, parameters, s, path(s)))


def breakpoints(model: CourseModel, parameters: Mapping[str, float]) -> list[float]:
    """Return the times at which a condition that is linear in time turns."""
    exprs = [*model.rates, *(hazard.rate for hazard in model.hazards), *(expr for _, expr in model.quantities)]
    found = []
    for compare in (node for expr in exprs for node in nodes(expr) if isinstance(node, Compare)):
        for a, b in zip(compare.operands[:-1], compare.operands[1:], strict=True):
            found += _turn(model, parameters, a, b)
    return found


def _turn(model: CourseModel, parameters: Mapping[str, float], a: Expr, b: Expr) -> list[float]:
    def difference(t: float) -> float:
        names = {**parameters, "t": t}
        for name, expr in model.quantities:
            if needed(expr) <= names.keys():
                names[name] = value(expr, names)
        return float(value(a, names) - value(b, names))

    try:
        at_0, at_1 = difference(0.0), difference(1.0)
    except KeyError:
        return []
    return [at_0 / (at_0 - at_1)] if at_0 != at_1 else []


# What a path amounts to.

def before_anything(kind: str) -> float:
    """Return what a path of no length amounts to."""
    return {"integral": 0.0, "share": 0.0, "highest": -math.inf, "lowest": math.inf}[kind]


def together(kind: str, a: float, b: float) -> float:
    """Return what two parts of a path amount to together; of `share` the time within, not yet divided."""
    return {"integral": a + b, "share": a + b, "highest": max(a, b), "lowest": min(a, b)}[kind]


def over_piece(functional: Functional, stretch: Stretch, lo: float, hi: float) -> float:
    """Return what a part of a stretch amounts to; of `share` the time within."""
    def at(s: float) -> float:
        return float(value(functional.of, stretch.names(s)))

    lo, hi = max(lo, stretch.begin), min(hi, stretch.end)
    if not lo < hi:
        return before_anything(functional.kind)
    match functional.kind:
        case "integral":
            half = 0.5 * (hi - lo)
            return float(sum(w * at(lo + half * (1.0 + x)) for x, w in zip(_NODES, _WEIGHTS, strict=True)) * half)
        case "highest":
            return _highest(at, lo, hi)
        case "lowest":
            return -_highest(lambda s: -at(s), lo, hi)
    return _time_within(at, lo, hi)


def _highest(at: Callable[[float], float], lo: float, hi: float) -> float:
    grid = np.linspace(lo, hi, N_LOOKS + 1)
    values = [at(s) for s in grid]
    best = int(np.argmax(values))
    # At an end, the path is looked at a little inside: if it falls there, the end is the highest.
    if best in (0, N_LOOKS) and at(grid[best] + (1e-4 if best == 0 else -1e-4) * (hi - lo)) <= values[best]:
        return float(values[best])
    found = minimize_scalar(lambda s: -at(s), bounds=(grid[max(best - 1, 0)], grid[min(best + 1, N_LOOKS)]),
                            method="bounded", options={"xatol": 1e-7 * (hi - lo)})
    return float(max(*values, -found.fun))


def _time_within(at: Callable[[float], float], lo: float, hi: float) -> float:
    grid = np.linspace(lo, hi, N_LOOKS + 1)
    total = 0.0
    for a, b in zip(grid[:-1], grid[1:], strict=True):
        at_a, at_b = at(a), at(b)
        if at_a >= 0.0 and at_b >= 0.0:
            total += b - a
        elif at_a >= 0.0 or at_b >= 0.0:
            turn = brentq(at, a, b, xtol=1e-15 * max(1.0, abs(b)), rtol=1e-14)
            total += turn - a if at_a >= 0.0 else b - turn
    return total
