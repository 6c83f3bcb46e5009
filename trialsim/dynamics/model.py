"""A model of drug and disease as the kernels see it: numbers only, every unit already resolved."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from trialsim.foundation.expression import Expr, to_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Transit:
    """A chain of transit compartments of any length (Savic et al. 2007, J Pharmacokinet Pharmacodyn 34:711).

    What comes through it enters the inlet's state; or, if it is `called` something, wherever rates say so: they then
    know it by that name, and the sums over its doses of what comes times the log of the time since it arrived (the name
    and " log") and times that time (the name and " since"). No patient takes more than `doses` through it (0: nobody
    knows how many), so that no more than these need be added up.
    """

    number: Expr
    mean_time: Expr
    called: str = ""
    doses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inlet:
    """The door of one drug and route into one state; all its expressions see parameters only.

    `duration` or `rate` makes an administration that says neither an infusion; `transit` lets it come through a chain.
    What enters at once lets other states change by what values of the states, `shifts` (state, value), lose by it.
    """

    drug: str
    route: str
    state: str
    lag: Expr | None = None
    bioavailability: Expr | None = None
    duration: Expr | None = None
    rate: Expr | None = None
    transit: Transit | None = None
    shifts: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """The rate of one event, per unit of time; sees states, quantities, parameters and `t`."""

    name: str
    rate: Expr
    recurrent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """An event of the course itself: it happens when `excess` first reaches zero from below."""

    name: str
    excess: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Functional:
    """What a path amounts to over the last `over` units of time (None: since the course began).

    integral, highest and lowest of a value; share of time with a value of zero or more.
    """

    name: str
    kind: Literal["integral", "highest", "lowest", "share"]
    of: Expr
    over: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a rule sees of the course: a value read with an error whose variances add; below `lloq` half of it.

    With `intervals` it is the least-squares slope of that many readings and one more, which are `spacing` apart.
    """

    name: str
    value: Expr
    additive: float = 0.0
    proportional: float = 0.0
    lloq: float | None = None
    intervals: int = 0
    spacing: float = 1.0


ActionKind = Literal[
    "stop", "hold", "resume", "level_up", "level_down", "level_to", "delay", "amount", "rate", "give", "start", "leave",
    "note",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a rule does: to which dosing lines, or through which inlet, and by how much.

    A rate with `lines` is that of what runs in by these lines: kept for the next that begins, set at once where it
    runs, of no effect where it has ended. A rate is the nearest whole number of `step`, from `least` to `most`. A note
    is told as an event of its own: that of the rule, after the triggers.
    """

    kind: ActionKind
    lines: tuple[int, ...] = ()
    value: Expr | None = None
    inlet: int | None = None
    duration: Expr | None = None
    step: float = 0.0
    least: float = 0.0
    most: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """If `when` holds (None: always), so many times in a row, the actions are done."""

    when: Expr | None
    actions: tuple[Action, ...]
    in_a_row: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Decisions inside a course: conditions see signals, what is remembered, `level`, `t` and parameters."""

    name: str
    branches: tuple[Branch, ...]
    ladder: tuple[Expr, ...] = ()
    start_level: int = 0
    remembers: tuple[tuple[str, float, Expr], ...] = ()
    on_events: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Where rates turn: states jump where `excess` passes zero, by so much (name, size) as it rises and as it falls.

    Sizes are those just before; they may also use what is infused into a state ("into " and its name).
    """

    excess: Expr
    rising: tuple[tuple[str, Expr], ...]
    falling: tuple[tuple[str, Expr], ...]


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
    triggers: tuple[Trigger, ...] = ()
    functionals: tuple[Functional, ...] = ()
    signals: tuple[Signal, ...] = ()
    rules: tuple[Rule, ...] = ()
    switches: tuple[Switch, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a model whose parts do not fit together; a mistake of the caller, not of a user."""
        if not len(self.states) == len(self.starts) == len(self.rates):
            raise ValueError("a course model needs one start and one rate for each state")
        names = [*self.states, *self.parameters, *(name for name, _ in self.quantities), "t"]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"a course model names {twice[0]!r} twice")
        shown = {*names, *(f.name for f in self.functionals)}
        for output in self.outputs:
            if output not in shown:
                raise ValueError(f"output {output!r} is neither a quantity nor a state")
        for inlet in self.inlets:
            if inlet.state not in self.states:
                raise ValueError(f"an inlet opens into {inlet.state!r}, which is no state")

    @property
    def n_notes(self) -> int:
        """Return how many events are those of rules: one a rule where any rule notes anything."""
        kinds = (action.kind for rule in self.rules for branch in rule.branches for action in branch.actions)
        return len(self.rules) if "note" in kinds else 0

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what the model says, in hexadecimal: equal for models that say the same."""
        return _digest(self)


def inlet_terms(inlet: Inlet) -> tuple[tuple[str, Expr | None], ...]:
    """Return what is infused through an inlet or comes through a chain, by name."""
    number, mean_time = (inlet.transit.number, inlet.transit.mean_time) if inlet.transit else (None, None)
    return (("duration", inlet.duration), ("rate", inlet.rate), ("number", number), ("mean time", mean_time))


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
    for inlet in model.inlets:
        lines += [f"inlet is {name} {to_text(e)}" for name, e in inlet_terms(inlet) if e is not None]
        lines += [f"inlet shifts {name} {to_text(e)}" for name, e in inlet.shifts]
        if inlet.transit and (inlet.transit.called or inlet.transit.doses):
            lines.append(f"inlet is called {inlet.transit.called} for {inlet.transit.doses}")
    lines += [f"hazard {hazard.name}{' recurrent' * hazard.recurrent}: {to_text(hazard.rate)}"
              for hazard in model.hazards]
    lines += [f"{trigger.name}: {to_text(trigger.excess)}" for trigger in model.triggers]
    lines += [f"{f.kind} {f.name} over {f.over!r}: {to_text(f.of)}" for f in model.functionals]
    lines += [f"{s.name} {s.additive!r} {s.proportional!r} {s.lloq!r} {s.intervals} {s.spacing!r}: {to_text(s.value)}"
              for s in model.signals]
    lines += [repr(part) for part in (*model.rules, *model.switches)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
