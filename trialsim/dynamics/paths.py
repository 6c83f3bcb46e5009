"""Functionals of a path on the tape: the values followed, and the roots on which steps must land for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.tape import Tape
from trialsim.dynamics.tape_derivative import derivative
from trialsim.dynamics.transcription import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A value of the path whose rise through zero a step must land on, for the sake of a functional."""

    value: int
    functional: int
    rises: bool  # whether the followed value itself rises there (a share begins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """What is followed: values, their slopes, and roots, positions on the tape."""

    values: tuple[int, ...]
    slopes: tuple[int, ...]  # of what shares of time follow; the number 0 for others
    roots: tuple[Root, ...]


def paths(tape: Tape, model: CourseModel, names: Mapping[str, int], n_states: int) -> Paths:
    """Return what must be followed for a model's functionals.

    A highest value lies where the slope falls through zero, a lowest where it rises; the slope of a value is the sum
    of its derivatives times the slopes of the states (inflows included), plus its own change with time.
    """
    values = tuple(read(tape, functional.of, names) for functional in model.functionals)
    roots: list[Root] = []
    for f, (functional, value) in enumerate(zip(model.functionals, values, strict=True)):
        if functional.kind == "share":
            roots += [Root(value=value, functional=f, rises=True),
                      Root(value=tape.negative(value), functional=f, rises=False)]
        elif functional.kind in ("highest", "lowest"):
            slope = _slope(tape, value, n_states)
            towards = tape.negative(slope) if functional.kind == "highest" else slope
            roots.append(Root(value=towards, functional=f, rises=False))
    slopes = tuple(_slope(tape, value, n_states) if f.kind == "share" else tape.number(0.0)
                   for f, value in zip(model.functionals, values, strict=True))
    return Paths(values=values, slopes=slopes, roots=tuple(roots))


def _slope(tape: Tape, value: int, n_states: int) -> int:
    total = derivative(tape, value, tape.node("t"))
    for i in range(n_states):
        part = derivative(tape, value, tape.node("state", i))
        total = tape.binary("+", total, tape.binary("*", part, tape.node("slope", i)))
    return total
