"""A course model on one tape: where every rate, start, output and inlet term stands, and what kind of system it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from trialsim.dynamics.affine import Affine, affine
from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.tape import SEGMENT, STATE, TIME, Tape
from trialsim.dynamics.transcription import read
from trialsim.foundation.expression import Expr, to_text


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearParts:
    """dy/dt = matrix y + constant: positions of the entries that are not zero."""

    matrix: dict[tuple[int, int], int]
    constant: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Positions on the tape of all that a kernel computes; `linear` is None for a system that is not."""

    tape: Tape
    starts: tuple[int, ...]
    rates: tuple[int, ...]
    outputs: tuple[int, ...]
    hazards: tuple[int, ...]
    lags: tuple[int, ...]
    shares: tuple[int, ...]
    breakpoints: tuple[int, ...]
    linear: LinearParts | None
    why: str


@lru_cache(maxsize=64)
def system(model: CourseModel) -> System:
    """Return the model on a tape."""
    tape = Tape()
    parameters = {name: tape.node("parameter", j) for j, name in enumerate(model.parameters)}
    states = {name: tape.node("state", i) for i, name in enumerate(model.states)}
    names = {**parameters, **states, "t": tape.node("t")}
    for name, value in model.quantities:
        names[name] = read(tape, value, names)
    rates = tuple(read(tape, rate, names) for rate in model.rates)
    hazards = tuple(read(tape, hazard.rate, names) for hazard in model.hazards)
    linear, why = _linear_parts(tape, model, rates, hazards)

    def of_parameters(expr: Expr | None, otherwise: float) -> int:
        return tape.number(otherwise) if expr is None else read(tape, expr, parameters)

    return System(
        tape=tape, rates=rates, hazards=hazards, linear=linear, why=why,
        starts=tuple(of_parameters(start, 0.0) for start in model.starts),
        outputs=tuple(names[output] for output in model.outputs),
        lags=tuple(of_parameters(inlet.lag, 0.0) for inlet in model.inlets),
        shares=tuple(of_parameters(inlet.bioavailability, 1.0) for inlet in model.inlets),
        breakpoints=tuple(tape.breakpoints),
    )


def _linear_parts(
    tape: Tape, model: CourseModel, rates: tuple[int, ...], hazards: tuple[int, ...]
) -> tuple[LinearParts | None, str]:
    """Return the parts of a linear system, or None; and a sentence that says why."""
    matrix: dict[tuple[int, int], int] = {}
    constant: dict[int, int] = {}
    for i, (name, rate) in enumerate(zip(model.states, rates, strict=True)):
        form = affine(tape, rate, lambda node: node[0] == "state")
        text = to_text(model.rates[i])
        if isinstance(form, int):
            return None, f"adaptive: the rate of {name} is not linear in the states: {text}"
        if _moves(tape, form):
            return None, f"adaptive: the rate of {name} changes with time: {text}"
        matrix.update({(i, tape.nodes[s][1]): slope for s, slope in form.slopes.items()})
        if tape.value(form.constant) != 0.0:
            constant[i] = form.constant
    for hazard, position in zip(model.hazards, hazards, strict=True):
        if tape.depends[position] & (STATE | TIME):
            which = "the states" if tape.depends[position] & STATE else "time"
            return None, f"adaptive: the hazard of {hazard.name} changes with {which}: {to_text(hazard.rate)}"
    if not model.states:
        return LinearParts(matrix={}, constant={}), "linear: there are no states, and hazards are piecewise constant"
    return LinearParts(matrix=matrix, constant=constant), (
        "linear: every rate is linear in the states, with coefficients that do not change with time")


def _moves(tape: Tape, form: Affine) -> bool:
    """Return whether a coefficient changes with time or states."""
    return any(tape.depends[i] & (TIME | STATE | SEGMENT) for i in (*form.slopes.values(), form.constant))


def tier_of(model: CourseModel) -> tuple[str, str]:
    """Return "linear" or "adaptive", and a sentence that says why."""
    found = system(model)
    return ("adaptive" if found.linear is None else "linear"), found.why
