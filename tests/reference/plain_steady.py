"""The steady state of a dose repeated for ever, by repeating it: the definition of STEADY."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import fsolve

from tests.reference.plain_doses import Dose, UnderWay, changes_of, taken
from tests.reference.plain_expressions import value
from tests.reference.plain_path import slopes_of, stretches
from trialsim.dynamics.doses import DOSE
from trialsim.dynamics.model import CourseModel

# Repeated plainly so often; then the fixed point is polished by Newton's method.
N_PLAIN = 12
CHAIN_IS_EMPTY_AFTER = 60.0


def starts_of(model: CourseModel, parameters: Mapping[str, float]) -> np.ndarray:
    """Return the states at the beginning of a course."""
    return np.array([value(start, parameters) for start in model.starts], dtype=float)


def steady(
    model: CourseModel, parameters: Mapping[str, float], doses: Sequence[Dose], line: int, now: float, method: str,
    n_plain: int = N_PLAIN, polish: bool = True,
) -> tuple[np.ndarray, list[UnderWay]]:
    """Return states and what is under way in one who took the doses every interval for ever, up to but without now."""
    interval = doses[0].interval
    if interval == 0.0:
        return _constantly_fed(model, parameters, doses[0], line, now, method)
    earlier = []
    for dose in doses:
        once = taken(model, parameters, replace(dose, kind=DOSE), line, now)
        lasts = once.lag + (CHAIN_IS_EMPTY_AFTER * once.chain[1] if once.chain else once.end - once.start)
        for k in range(1, int(lasts / interval) + 3):
            back = k * interval
            earlier.append(replace(once, taken=now - back, start=once.start - back, end=once.end - back))

    def an_interval_later(y: np.ndarray) -> np.ndarray:
        return _followed(model, parameters, earlier, now - interval, now, y, method)

    y = starts_of(model, parameters)
    for _ in range(n_plain):
        y = an_interval_later(y)
    if polish:
        size = np.maximum(np.abs(y), 1e-6)
        y = size * fixed_point(lambda x: an_interval_later(size * x) / size - x, y / size)
    return y, [what for what in earlier if (what.start >= now if what.is_bolus else what.end > now)]


def _followed(
    model: CourseModel, parameters: Mapping[str, float], under_way: list[UnderWay], begin: float, end: float,
    y: np.ndarray, method: str,
) -> np.ndarray:
    """Return the states at the end of an interval, boluses at the very end not yet given."""
    n = len(model.states)
    times = sorted({begin, end, *(time for time in changes_of(under_way) if begin < time < end)})
    for t, until in zip(times[:-1], times[1:], strict=True):
        y = y.copy()
        for what in under_way:
            if what.is_bolus and what.start == t:
                y[what.state] += what.amount
        for stretch in stretches(model, parameters, under_way, t, until, np.append(y, np.zeros(len(model.hazards))),
                                 method):
            last = stretch
        y = last.path(until)[:n]
    return y


def _constantly_fed(
    model: CourseModel, parameters: Mapping[str, float], dose: Dose, line: int, now: float, method: str
) -> tuple[np.ndarray, list[UnderWay]]:
    """Return the states that an infusion that never began and never ends holds, and that infusion."""
    once = taken(model, parameters, replace(dose, kind=DOSE, amount=1.0), line, now)
    fed = replace(once, start=-np.inf, end=np.inf, amount=0.0)
    n = len(model.states)
    y, span = starts_of(model, parameters), 1.0
    for _ in range(12):
        for stretch in stretches(model, parameters, [fed], now, now + span, np.append(y, np.zeros(len(model.hazards))),
                                 "LSODA"):
            last = stretch
        y, span = last.path(now + span)[:n], 3.0 * span
    size = np.maximum(np.abs(y), 1e-6)

    def net(x: np.ndarray) -> np.ndarray:
        full = np.append(size * x, np.zeros(len(model.hazards)))
        return slopes_of(model, parameters, [fed], now, full, now, now + 1.0)[:n] / size

    return size * fixed_point(net, y / size), [fed]


def fixed_point(net: Callable[[np.ndarray], np.ndarray], near: np.ndarray) -> np.ndarray:
    """Return where nothing moves any more, as exactly as rounding allows."""
    found = fsolve(net, near, xtol=1e-13, full_output=True)[0]
    if np.max(np.abs(net(found)), initial=0.0) > 1e-9:
        raise ArithmeticError("no steady state is reached")
    return np.asarray(found)
