"""What can happen to the patients of a cohort, in words for a terminal."""

from __future__ import annotations

from trialsim.cohort.model import Cohort, Event, Steps
from trialsim.cohort.names import with_categories_named
from trialsim.foundation.expression import Expr, to_text
from trialsim.foundation.units import number_text


def event_words(cohort: Cohort) -> list[tuple[str, str, str]]:
    """Return a line an event: its name, what it is to a patient, its hazard, law or condition."""
    return [(event.name, kind_of_event(event), cause(event, cohort)) for event in cohort.events]


def kind_of_event(event: Event) -> str:
    if event.terminal:
        return "ends the course"
    return "again and again" if event.recurrent else "once"


def cause(event: Event, cohort: Cohort) -> str:
    def words(expr: Expr) -> str:
        return to_text(with_categories_named(expr, cohort.covariates))

    def in_steps(steps: Steps) -> str:
        told = [f"{words(expr)} from day {number_text(day)}" for day, expr in steps]
        return ", ".join(told) if len(told) > 1 else words(steps[0][1])

    times = f", times {in_steps(event.times)}" if event.times else ""
    if event.when is not None:
        return f"when {words(event.when)}"
    if event.law is not None:
        terms = ", ".join(f"{term} {words(expr)}" for term, expr in event.law.terms)
        return f"{event.law.kind.replace('_', '-')} with {terms}{times}"
    return f"hazard {words(event.hazard) if event.hazard is not None else in_steps(event.steps)}{times}"
