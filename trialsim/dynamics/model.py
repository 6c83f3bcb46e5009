"""A model of drug and disease as the kernels see it: numbers only, every unit already resolved."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from trialsim.foundation.expression import Expr, to_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Inlet:
    """The door of one drug and route into one state; lag and bioavailability see parameters only."""

    drug: str
    route: str
    state: str
    lag: Expr | None = None
    bioavailability: Expr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """The rate of one event, per unit of time; sees states, quantities, parameters and `t`."""

    name: str
    rate: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseModel:
    """The course of one patient: states, how they start, how they change, and what is read off them.

    `parameters` names the columns of the parameter array. `quantities` are in order: each may use states,
    parameters, `t` and the quantities before it. `outputs` names the quantities or states wanted at samples.
    """

    states: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    starts: tuple[Expr, ...] = ()
    rates: tuple[Expr, ...] = ()
    quantities: tuple[tuple[str, Expr], ...] = ()
    outputs: tuple[str, ...] = ()
    inlets: tuple[Inlet, ...] = ()
    hazards: tuple[Hazard, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a model whose parts do not fit together; a mistake of the caller, not of a user."""
        if not len(self.states) == len(self.starts) == len(self.rates):
            raise ValueError("a course model needs one start and one rate for each state")
        names = [*self.states, *self.parameters, *(name for name, _ in self.quantities), "t"]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"a course model names {twice[0]!r} twice")
        for output in self.outputs:
            if output not in names:
                raise ValueError(f"output {output!r} is neither a quantity nor a state")
        for inlet in self.inlets:
            if inlet.state not in self.states:
                raise ValueError(f"an inlet opens into {inlet.state!r}, which is no state")

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what the model says, in hexadecimal: equal for models that say the same."""
        return _digest(self)


@lru_cache(maxsize=256)
def _digest(model: CourseModel) -> str:
    lines = [f"state {s}: {to_text(a)} | {to_text(r)}" for s, a, r in zip(
        model.states, model.starts, model.rates, strict=True)]
    lines += [f"parameter {name}" for name in model.parameters]
    lines += [f"quantity {name}: {to_text(value)}" for name, value in model.quantities]
    lines += [f"output {name}" for name in model.outputs]
    for inlet in model.inlets:
        lag, share = (None if e is None else to_text(e) for e in (inlet.lag, inlet.bioavailability))
        lines.append(f"inlet {inlet.drug} {inlet.route} {inlet.state} {lag} {share}")
    lines += [f"hazard {hazard.name}: {to_text(hazard.rate)}" for hazard in model.hazards]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
