"""Which events of a cohort need no course: hazards of what is the same throughout it, or set in steps by an arm."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from trialsim.cohort.model import Cohort, Event, Law, Steps
from trialsim.cohort.names import units_of
from trialsim.foundation.expression import (
    Binary,
    Call,
    Compare,
    Constant,
    Expr,
    Name,
    Number,
    events_of,
    names_of,
    numeric,
    substitute,
)
from trialsim.foundation.units import ONE, Quantity, Unit, unit

LOG_2 = Number(0.6931471805599453)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedEvent:
    """An event by pure numbers, in the cohort's unit of time.

    From each of `days` since randomisation on, the first 0, the law has the terms and its hazard the factor that stand
    there; the one term of `piecewise` is the rate.
    """

    name: str
    law: Literal["piecewise", "weibull", "gompertz", "log_logistic", "log_normal", "generalised_gamma"]
    days: tuple[float, ...]
    terms: tuple[tuple[Expr, ...], ...]
    factors: tuple[Expr, ...]
    recurrent: bool
    terminal: bool


def has_hazard(event: Event) -> bool:
    """Return whether an event has a hazard that a course can follow."""
    return event.hazard is not None or bool(event.steps)


def followed_hazard(event: Event) -> Expr:
    """Return the hazard of an event, its steps and factors in time, as one expression."""
    hazard = event.hazard if event.hazard is not None else as_one(event.steps)
    return hazard if not event.times else Binary("*", hazard, as_one(event.times))


def as_one(steps: Steps) -> Expr:
    """Return expressions from points in time on as one of the time since randomisation."""
    made = steps[-1][1]
    clock = Call("since", (Name("randomised"),))
    for (day, _), (_, before) in zip(reversed(steps[1:]), reversed(steps[:-1]), strict=True):
        made = Call("if", (Compare(("<",), (clock, Constant(Quantity(day, unit("day"))))), before, made))
    return made


def moving(cohort: Cohort) -> set[str]:
    """Return the parameters and covariates that change within a course."""
    covariates = {covariate.name for covariate in cohort.covariates if covariate.over_time is not None}
    return covariates | {
        parameter.name
        for parameter in cohort.parameters
        if parameter.between_occasions is not None or any(e.covariate in covariates for e in parameter.effects)
    }


def closed_events(cohort: Cohort, asked: Collection[str] = ()) -> tuple[ClosedEvent, ...]:
    """Return the events whose times are found without a course; `asked` are those that rules are asked on.

    A hazard without steps belongs to the course where there is one: it is integrated there at no cost.
    """
    stay = names_that_stay(cohort)
    settled = settled_quantities(cohort, stay)
    found = []
    for event in cohort.events:
        if event.name in asked or not (event.law or has_hazard(event)):
            continue
        is_stepwise = bool(event.law or event.steps or event.times)
        if (is_stepwise or not cohort.states) and is_settled(event, stay | settled.keys()):
            found.append(closed_event(event, cohort, settled))
    return tuple(found)


def settled_quantities(cohort: Cohort, stay: Collection[str]) -> dict[str, Expr]:
    """Return the quantities of parameters, covariates and inputs that stay, each written out in them."""
    found: dict[str, Expr] = {}
    for quantity in cohort.quantities:
        alone = names_of(quantity.value) <= {*stay, *found} and not events_of(quantity.value)
        if quantity.kind == "is" and alone:
            found[quantity.name] = substitute(quantity.value, found)
    return found


def names_that_stay(cohort: Cohort) -> set[str]:
    """Return the parameters and covariates that stay throughout a course, and the inputs."""
    of_patients = {*(p.name for p in cohort.parameters), *(c.name for c in cohort.covariates)}
    return of_patients - moving(cohort) | {each.name for each in cohort.inputs}


def is_settled(event: Event, stay: Collection[str]) -> bool:
    """Return whether an event's hazard sees these names alone, and no time."""
    told = [expr for _, expr in (*event.steps, *event.times)] + ([event.hazard] if event.hazard is not None else [])
    return all(names_of(expr) <= {*stay} and not events_of(expr) for expr in told)


def closed_event(event: Event, cohort: Cohort, settled: Mapping[str, Expr]) -> ClosedEvent:
    units = units_of(cohort)

    def number(expr: Expr, target: Unit | None) -> Expr:
        return numeric(substitute(expr, settled), units, target, cohort.time)

    rates = event.steps if event.hazard is None else ((0.0, event.hazard),)
    days = sorted({0.0, *(day for day, _ in (*rates, *event.times))})
    if event.law is None:
        terms: list[tuple[Expr, ...]] = [(number(held(rates, day), per(cohort.time)),) for day in days]
    else:
        terms = [law_terms(event.law, number, cohort)] * len(days)
    named = None if event.law is None or event.law.kind == "exponential" else event.law.kind
    return ClosedEvent(
        name=event.name,
        law=named or "piecewise",
        days=tuple(days),
        terms=tuple(terms),
        factors=tuple(number(held(event.times, day), None) if event.times else Number(1.0) for day in days),
        recurrent=event.recurrent,
        terminal=event.terminal,
    )


def law_terms(law: Law, number: Callable[[Expr, Unit | None], Expr], cohort: Cohort) -> tuple[Expr, ...]:
    """Return the terms of a law as pure numbers; an exponential one is a constant rate."""
    time = cohort.time
    kinds: dict[str, Unit | None] = {
        "scale": time, "median": time, "initial": per(time), "growth": per(time), "shape": None, "sd_log": None,
        "skew": None,
    }  # fmt: skip
    made = tuple(number(expr, kinds[term]) for term, expr in law.terms)
    return (Binary("/", LOG_2, made[0]),) if law.kind == "exponential" else made


def per(time: Unit, of: Unit = ONE) -> Unit:
    """Return the unit `of` per unit of time."""
    return Unit(f"{of.text or '1'}/{time.text}", of.ratio / time.ratio, of.dimension / time.dimension)


def held(steps: Steps, day: float) -> Expr:
    """Return the expression that holds on a day."""
    return [expr for start, expr in steps if start <= day][-1]
