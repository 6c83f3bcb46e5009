"""From a cohort to what the kernels run: expressions as pure numbers, parameters as columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from trialsim.cohort.closed_events import followed_hazard, has_hazard, per
from trialsim.cohort.excess import EXTREMES, excess, extreme_name, extremes_named
from trialsim.cohort.model import Cohort, Event, State
from trialsim.cohort.model import Inlet as Door
from trialsim.cohort.names import units_of
from trialsim.dynamics.model import CourseModel, Functional, Hazard, Inlet, Transit, Trigger
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import (
    Binary,
    Call,
    Compare,
    Expr,
    Name,
    Number,
    events_of,
    names_of,
    numeric,
    substitute,
    to_text,
)
from trialsim.foundation.units import Quantity, Unit, unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trialsim.cohort.patients import Candidates

INSTANT = "it sees what holds at an instant: integral, highest, lowest and share_of_time are for measures"
TIME = "t"  # the clock of a course model, in the cohort's unit of time


def course_model(
    cohort: Cohort,
    hazards: Sequence[tuple[str, Expr]],
    outputs: Sequence[str],
    shift_days: float,
    events: bool | None = None,
    outside: Collection[str] = (),
) -> CourseModel:
    """Return the cohort's course as numbers in its declared units and its unit of time.

    `outputs` names measures, quantities and states; a measure's output is what an errorless instrument would read, in
    the measure's unit. The course's time zero lies `shift_days` before randomisation; hazards act from randomisation
    on. Columns of its parameters: the cohort's parameters, its covariates, its inputs.

    `events` says whether the cohort's own events are in it: hazards after those given, then triggers. Who does not say
    so cannot have a cohort with events (TrialsimError): they would be forgotten. Events `outside` are left out, for
    their times are found without a course; so are all that follow a law of time, which no course knows.
    """
    if events is None and cohort.events:
        notes = [f"events: {', '.join(event.name for event in cohort.events)}"]
        raise TrialsimError("events-not-run", "the events of a cohort are not supported by this version here", notes)
    for name, rate in hazards:
        for unseen in sorted(names_of(rate) & cohort.path_quantities):
            raise TrialsimError("not-visible", f"the hazard of {name!r} cannot see {unseen!r}", [INSTANT])
    units = units_of(cohort)
    units |= {extreme_name(word, name): of for name, of in units.items() for word in EXTREMES}
    shift = Quantity(shift_days, unit("day")).to(cohort.time)
    per_time = per(cohort.time)

    lines = lines_of(cohort)

    def numbers(expr: Expr, target: Unit | None) -> Expr:
        return substitute(with_clock(numeric(expr, units, target, cohort.time), shift), lines)

    quantities = [(q.name, numbers(q.value, q.unit)) for q in cohort.quantities if q.kind == "is"]
    own = followed_events(cohort, outside) if events else ()
    quantities += [(m.name, numbers(m.value, m.unit)) for m in cohort.measures if m.name in outputs]
    inlets = tuple(inlet_of(inlet, state, numbers, cohort.time) for state in cohort.states for inlet in state.receives)
    return CourseModel(
        states=tuple(s.name for s in cohort.states),
        parameters=parameter_columns(cohort) + columns_in_time(cohort),
        starts=tuple(
            Number(0.0) if s.start is None else numeric(s.start, units, s.unit, cohort.time) for s in cohort.states
        ),
        rates=tuple(numbers(s.rate, per(cohort.time, s.unit)) for s in cohort.states),
        quantities=tuple(quantities),
        outputs=tuple(outputs),
        inlets=inlets,
        hazards=tuple(Hazard(name=name, rate=after(shift, numbers(rate, per_time))) for name, rate in hazards)
        + tuple(
            Hazard(
                name=event.name, rate=after(shift, numbers(followed_hazard(event), per_time)), recurrent=event.recurrent
            )
            for event in own
            if has_hazard(event)
        ),
        triggers=tuple(
            Trigger(name=event.name, excess=since_randomised(shift, numbers(margin_of(event.when), None)))
            for event in own
            if event.when is not None
        ),
        functionals=functionals_of(cohort, own, numbers),
    )


def margin_of(when: Expr) -> Expr:
    """Return what is zero where a condition first holds; extremes so far are names of functionals."""
    return excess(extremes_named(when)[0])


def since_randomised(shift: float, margin: Expr) -> Expr:
    """Return the margin of a condition and of being randomised: no event of a path happens before."""
    if shift == 0.0:
        return margin
    return Call("min", (margin, Binary("-", Name(TIME), Number(shift))))


def functionals_of(
    cohort: Cohort, events: Sequence[Event], numbers: Callable[[Expr, Unit | None], Expr]
) -> tuple[Functional, ...]:
    """Return what is kept of paths: the quantities that say so, then the extremes that events ask for."""
    made: list[Functional] = []
    for q in cohort.quantities:
        if q.kind == "share_of_time":
            made.append(Functional(name=q.name, kind="share", of=numbers(excess(q.value), None), over=q.over))
        elif q.kind != "is":
            target = per(cohort.time, q.unit) if q.kind == "integral" else q.unit
            made.append(Functional(name=q.name, kind=q.kind, of=numbers(q.value, target), over=q.over))
    asked = [extremes_named(event.when)[1] for event in events if event.when is not None]
    for name, (of, _) in {name: found for each in asked for name, found in each.items()}.items():
        kind: Literal["lowest", "highest"] = "lowest" if name.startswith("lowest") else "highest"
        made.append(Functional(name=name, kind=kind, of=numbers(Name(of), units_of(cohort)[of])))
    return tuple(made)


def followed_events(cohort: Cohort, outside: Collection[str] = ()) -> tuple[Event, ...]:
    """Return the events of a cohort in the order of a course model: hazards, then triggers."""
    inside = [event for event in cohort.events if event.name not in outside]
    hazards = [event for event in inside if has_hazard(event)]
    return (*hazards, *(event for event in inside if event.when is not None))


def inlet_of(inlet: Door, state: State, numbers: Callable[[Expr, Unit | None], Expr], time: Unit) -> Inlet:
    """Return a way into a state as pure numbers."""

    def made(expr: Expr | None, target: Unit | None) -> Expr | None:
        return None if expr is None else numbers(expr, target)

    chain = inlet.transit
    return Inlet(
        drug=inlet.drug,
        route=inlet.route,
        state=state.name,
        lag=made(inlet.lag, time),
        bioavailability=made(inlet.bioavailability, None),
        duration=made(inlet.duration, time),
        rate=made(inlet.rate, per(time, state.unit)),
        transit=None
        if chain is None
        else Transit(number=numbers(chain.number, None), mean_time=numbers(chain.mean_time, time)),
    )


def after(shift: float, rate: Expr) -> Expr:
    """Return a hazard that is zero before randomisation."""
    if shift == 0.0:
        return rate
    return Call("if", (Compare((">=",), (Name(TIME), Number(shift))), rate, Number(0.0)))


def with_clock(expr: Expr, shift: float) -> Expr:
    """Return the expression with `since(randomised)` as the course's time less the shift."""
    clock = Name(TIME) if shift == 0.0 else Binary("-", Name(TIME), Number(shift))
    told = substitute(expr, {"since(randomised)": clock})
    if events_of(told):
        raise ValueError(f"{to_text(told)} asks about an event, which the reader should have refused")
    return told


def parameter_columns(cohort: Cohort) -> tuple[str, ...]:
    """Return the names of a course model's parameter columns: parameters, covariates, inputs."""
    of_patients = (*(p.name for p in cohort.parameters), *(c.name for c in cohort.covariates))
    return of_patients + tuple(each.name for each in cohort.inputs)


def input_columns(cohort: Cohort, n: int) -> dict[str, NDArray[np.float64]]:
    """Return the inputs of n patients where no arm sets them, in declared units."""
    import numpy as np

    return {each.name: np.full(n, each.default) for each in cohort.inputs}


def rates_change_with_time(model: CourseModel) -> bool:
    """Return whether a rate of the model names the clock, itself or through quantities: then nothing stays steady."""
    clocked = {TIME}
    for name, value in model.quantities:
        if names_of(value) & clocked:
            clocked.add(name)
    return any(names_of(rate) & clocked for rate in model.rates)


CHANGE = "_change"  # which of a patient's rows of parameters holds; no name of a document begins so


def columns_in_time(cohort: Cohort) -> tuple[str, ...]:
    """Return the further columns of a model whose parameters change within a course."""
    if not cohort.changes_in_time:
        return ()
    moving = [c.name for c in cohort.covariates if c.over_time is not None and c.over_time.is_line]
    return (CHANGE, *(f"{prefix}{name}" for name in moving for prefix in ("_slope_", "_since_")))


def lines_of(cohort: Cohort) -> dict[str, Expr]:
    """Return what stands for a covariate that moves in lines: its value at a time, and its slope since then."""
    moving = [c.name for c in cohort.covariates if c.over_time is not None and c.over_time.is_line]
    return {
        name: Binary("+", Name(name), Binary(
            "*", Name(f"_slope_{name}"), Binary("-", Name(TIME), Name(f"_since_{name}"))))
        for name in moving
    }  # fmt: skip


def parameter_matrix(
    model: CourseModel, candidates: Candidates, inputs: Mapping[str, NDArray[np.float64]] | None = None
) -> NDArray[np.float64]:
    """Return the candidates' parameters, covariates and inputs as the columns of the model, [n, P] in declared units.
    """
    import numpy as np

    columns: Mapping[str, NDArray[np.float64]] = {**candidates.parameters, **candidates.covariates, **(inputs or {})}
    if CHANGE in model.parameters:
        raise ValueError("parameters that change within a course are rows of several moments: ask parameter_rows")
    if not model.parameters:
        return np.empty((len(next(iter(columns.values()), np.empty(0))), 0))
    return np.ascontiguousarray(np.column_stack([columns[name] for name in model.parameters]))
