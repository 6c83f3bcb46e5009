"""The course of one patient, slowly and plainly: the definition of right for trialsim.dynamics.

Expressions are walked as trees for every evaluation, and scipy's solvers run at 1e-12 from one change to the next;
nothing is shared with the kernels but the model and the rules told in docs/methods/dynamics.md.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from trialsim.dynamics.model import CourseModel
from trialsim.foundation.expression import Binary, Call, Compare, Expr, Logic, Name, Not, Number, Unary

_BINARY = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
           "^": lambda a, b: a**b}
_COMPARE = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
            "==": lambda a, b: a == b, "!=": lambda a, b: a != b}
_CALL = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "abs": abs, "min": min, "max": max,
         "logistic": lambda x: 1 / (1 + math.exp(-x)), "logit": lambda p: math.log(p / (1 - p))}


def value(expr: Expr, names: dict[str, float]) -> Any:
    """Return the value of an expression."""
    match expr:
        case Number(number):
            return number
        case Name(name):
            return names[name]
        case Unary(_, a):
            return -value(a, names)
        case Binary(op, a, b):
            return _BINARY[op](value(a, names), value(b, names))
        case Compare(ops, operands):
            numbers = [value(operand, names) for operand in operands]
            return all(_COMPARE[op](a, b) for op, a, b in zip(ops, numbers[:-1], numbers[1:], strict=True))
        case Logic(op, operands):
            truths = [value(operand, names) for operand in operands]
            return all(truths) if op == "and" else any(truths)
        case Not(a):
            return not value(a, names)
        case Call("if", (condition, a, b)):
            return value(a if value(condition, names) else b, names)
        case Call(function, args):
            return _CALL[function](*(value(a, names) for a in args))
    raise TypeError(expr)


def course(
    model: CourseModel, parameters: dict[str, float], doses: list[tuple[float, int, float, float]],
    samples: list[float], thresholds: list[float] | None = None, stops_dosing: list[bool] | None = None,
    ends_course: list[bool] | None = None, horizon: float = 1e4, breaks: tuple[float, ...] = (),
    method: str = "DOP853",
) -> tuple[np.ndarray, np.ndarray]:
    """Return outputs [S, O] and event times [H] of one patient; a dose is (time, inlet, amount, duration)."""
    n_hazards = len(model.hazards)
    limits = list(thresholds) if thresholds is not None else [math.inf] * n_hazards
    stops, ends = stops_dosing or [False] * n_hazards, ends_course or [False] * n_hazards
    waiting = [list(_arrival(model, parameters, dose)) for dose in doses]
    outputs = np.full((len(samples), len(model.outputs)), np.nan)
    event_times = np.full(n_hazards, math.inf)
    y = np.array([value(start, parameters) for start in model.starts] + [0.0] * n_hazards, dtype=float)
    t = 0.0
    while True:
        for i, sample in enumerate(samples):
            if sample == t:
                names = _names(model, parameters, y, t)
                outputs[i] = [names[output] for output in model.outputs]
        happened = [h for h in range(n_hazards) if event_times[h] == t]
        if t >= horizon or any(ends[h] for h in happened):
            return outputs, event_times
        if any(stops[h] for h in happened):
            waiting = [_stopped(dose, t) for dose in waiting if dose[0] < t]
        for dose in waiting:
            if dose[1] == t and dose[2] == 0.0:
                y[model.states.index(model.inlets[dose[3]].state)] += dose[4]
        changes = [dose[1] for dose in waiting] + [dose[1] + dose[2] for dose in waiting] + list(samples) + list(breaks)
        t_next = min([c for c in changes if c > t] + [horizon])
        running = [dose for dose in waiting if dose[2] > 0 and dose[1] <= t and t_next <= dose[1] + dose[2]]
        t, y, which = _segment(model, parameters, t, t_next, y, running, limits, method)
        if which >= 0:
            event_times[which], limits[which] = t, math.inf


def _arrival(model: CourseModel, parameters: dict[str, float], dose: tuple[float, int, float, float]) -> tuple:
    """Return when taken, when arriving, how long, where, how much, how fast, and the lag."""
    time, inlet, amount, duration = dose
    door = model.inlets[inlet]
    lag = value(door.lag, parameters) if door.lag is not None else 0.0
    size = amount * (value(door.bioavailability, parameters) if door.bioavailability is not None else 1.0)
    return time, time + lag, duration, inlet, size, (size / duration if duration else 0.0), lag


def _stopped(dose: list, t: float) -> list:
    """Return an administration as it goes on after dosing stopped at t."""
    if dose[2] > 0:
        dose[2] = max(0.0, min(dose[2], t + dose[6] - dose[1]))
        if dose[2] == 0.0:
            dose[1] = -1.0
    return dose


def _names(model: CourseModel, parameters: dict[str, float], y: np.ndarray, t: float) -> dict[str, float]:
    names = {**parameters, **dict(zip(model.states, y, strict=False)), "t": t}
    for name, expr in model.quantities:
        names[name] = value(expr, names)
    return names


def _segment(
    model: CourseModel, parameters: dict[str, float], t: float, t_next: float, y: np.ndarray, running: list,
    limits: list[float], method: str,
) -> tuple[float, np.ndarray, int]:
    """Return time, states and the event (or -1) at the end of a stretch without changes."""
    n = len(model.states)

    def slopes(time: float, state: np.ndarray) -> np.ndarray:
        names = _names(model, parameters, state, time)
        dy = np.array([value(rate, names) for rate in model.rates]
                      + [value(hazard.rate, names) for hazard in model.hazards], dtype=float)
        for dose in running:
            dy[model.states.index(model.inlets[dose[3]].state)] += dose[5]
        return dy

    solution = solve_ivp(slopes, (t, t_next), y, method=method, rtol=1e-12, atol=1e-14, dense_output=True)
    first, which = t_next, -1
    for h, limit in enumerate(limits):
        if solution.y[n + h, -1] >= limit:
            root = brentq(lambda s, h=h, limit=limit: solution.sol(s)[n + h] - limit, t, t_next, xtol=1e-13, rtol=1e-14)
            if root <= first:
                first, which = root, h
    return first, (solution.y[:, -1] if which < 0 else solution.sol(first)), which
