"""What the stiff solver needs of a model beyond its rates: their derivatives by states and time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from trialsim.dynamics.elimination import Elimination, elimination
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.system import System, own_system
from trialsim.dynamics.tape_derivative import jacobian

Solver = Literal["explicit", "stiff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StiffSystem:
    """A system whose tape holds derivatives too: positions of the entries that are not zero.

    Rows are states, then cumulative hazards, on which nothing depends; `by_time` is the part of the time itself.
    """

    system: System
    by_state: dict[tuple[int, int], int]
    by_time: dict[int, int]
    elimination: Elimination


@lru_cache(maxsize=64)
def stiff_system(model: CourseModel) -> StiffSystem:
    """Return a model's system with its derivatives, on a tape of its own."""
    found = own_system(model)
    tape = found.tape
    values = [*found.rates, *found.hazards]
    states = [tape.node("state", i) for i in range(len(found.states))]
    by_state = jacobian(tape, values, states)
    by_time = {i: position for (i, _), position in jacobian(tape, values, [tape.node("t")]).items()}
    return StiffSystem(system=found, by_state=by_state, by_time=by_time,
                       elimination=elimination(len(values), by_state))
