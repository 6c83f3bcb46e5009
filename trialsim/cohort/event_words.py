"""What can happen to the patients of a cohort, in words for a terminal."""

from __future__ import annotations

from trialsim.cohort.model import Cohort, Event
from trialsim.cohort.names import with_categories_named
from trialsim.foundation.expression import to_text


def event_words(cohort: Cohort) -> list[tuple[str, str, str]]:
    """Return a line an event: its name, what it is to a patient, its hazard or condition."""
    return [(event.name, kind_of_event(event), cause(event, cohort)) for event in cohort.events]


def kind_of_event(event: Event) -> str:
    if event.terminal:
        return "ends the course"
    return "again and again" if event.recurrent else "once"


def cause(event: Event, cohort: Cohort) -> str:
    expr, word = (event.when, "when") if event.when is not None else (event.hazard, "hazard")
    assert expr is not None
    return f"{word} {to_text(with_categories_named(expr, cohort.covariates))}"
