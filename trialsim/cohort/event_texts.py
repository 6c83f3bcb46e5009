"""The expressions of events as written; rates from points in time on become one expression."""

from __future__ import annotations

from collections.abc import Mapping

from trialsim.cohort.reading import Desk
from trialsim.cohort.written import WrittenEvent
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.sections import FormulaText
from trialsim.foundation.units import Quantity, moment, quantity_text, unit


def event_texts(desk: Desk, events: Mapping[str, WrittenEvent]) -> dict[tuple[str | int, ...], FormulaText]:
    """Return the hazard or condition of every event by its path; steps with a fault are told and left out."""
    texts: dict[tuple[str | int, ...], FormulaText] = {}
    for name, written in events.items():
        if written.when is not None:
            texts["events", name, "when"] = written.when
        elif isinstance(written.hazard, FormulaText):
            texts["events", name, "hazard"] = written.hazard
        elif written.hazard is not None:
            place = desk.key("events", name, "hazard")
            texts["events", name, "hazard"] = FormulaText(stepwise(desk, name, written.hazard), place)
    return texts


def stepwise(desk: Desk, name: str, steps: Mapping[str, Quantity]) -> str:
    """Return rates from points in time on as one expression of the time since randomisation."""
    ends: list[float] = []
    for i, text in enumerate(steps):
        place = desk.key("events", name, "hazard", text)
        try:
            day = moment(text)
        except UnreadableText as fault:
            desk.error(place, fault.slug, fault.message, "", fault.notes)
            continue
        if i == 0 and day != 0.0:
            message = "the first rate of a hazard holds from day 0"
            desk.error(place, "hazard-steps", message, "", ["day 0 is randomisation; before it nothing happens"])
        elif i > 0 and ends and day <= ends[-1]:
            desk.error(place, "hazard-steps", "the points of a hazard come one after the other")
        ends.append(day)
    rates = [str(rate) for rate in steps.values()]
    made = rates[-1]
    for day, rate in reversed(list(zip(ends[1:], rates[:-1], strict=False))):
        made = f"if(since(randomised) < {quantity_text(day, unit('day'))}, {rate}, {made})"
    return made
