"""Scenarios: which changes to truth and conduct they make, and the conduct that results."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from trialsim.foundation.errors import TrialsimError, UnreadableText
from trialsim.foundation.expression import Binary, Number
from trialsim.foundation.units import Unit, number, number_text, quantity, quantity_text, unit
from trialsim.protocol.adherence_fields import (
    MOST_HOLIDAYS,
    adherence_fields,
    adherence_value,
    with_adherence_value,
)
from trialsim.protocol.dosing_model import Adherence
from trialsim.protocol.model import (
    Accrual,
    Conduct,
    IntercurrentEvent,
    LossReason,
    Override,
    Protocol,
    Scenario,
)

FACTOR = re.compile(r"x\s+(\S+)")
PER_DAY, DAY = unit("per day"), unit("day")
HAZARD = "hazard"

Happening = TypeVar("Happening", IntercurrentEvent, LossReason)


def factor_of(text: str) -> float | None:
    """Return the factor of `x 0.6` (or of `x 60%`), None if the text is no factor."""
    match = FACTOR.fullmatch(text.strip())
    return None if match is None else plain(match[1])


def plain(text: str) -> float:
    """Return a bare number or a percentage as a number."""
    return quantity(text).coherent if text.strip().endswith("%") else number(text)


def value_in(text: str, wanted: Unit) -> float:
    """Return the number a text states, in the unit wanted."""
    given = quantity(text)
    if given.dimension != wanted.dimension or (not wanted.text and given.unit.text not in ("", "%")):
        found = (
            f"'{text.strip()}' cannot stand for a number in {wanted.text}"
            if wanted.text
            else (f"'{text.strip()}' has a unit where a plain number is wanted")
        )
        raise UnreadableText("wrong-unit", found)
    return given.to(wanted)


def override_text(factor: float | None, value: float | None, wanted: Unit | None) -> str:
    """Return a change as a document says it."""
    if factor is not None:
        return f"x {number_text(factor)}"
    assert value is not None
    return quantity_text(value, wanted) if wanted is not None else number_text(value)


def conduct_fields(conduct: Conduct) -> dict[tuple[str, ...], Unit | str | None]:
    """Return every field of conduct a scenario may change: its path, and the unit of its values (or `hazard`)."""
    fields: dict[tuple[str, ...], Unit | str | None] = {
        ("accrual", "rate"): PER_DAY,
        ("accrual", "sites"): None,
        ("accrual", "ramp_up"): DAY,
        ("adherence", "takes"): None,
        ("adherence", "between_patients", "logit_normal"): None,
        **{("adherence", *path): wanted for path, wanted in adherence_fields(conduct.adherence).items()},
        ("missed_visits",): None,
    }
    fields |= {("intercurrent_events", event.name, HAZARD): HAZARD for event in conduct.intercurrent_events}
    fields |= {("lost_to_follow_up", loss.name, HAZARD): HAZARD for loss in conduct.lost_to_follow_up}
    return fields


def with_conduct(protocol: Protocol, scenario: Scenario) -> Protocol:
    """Return the protocol with the conduct of a scenario."""
    conduct = protocol.conduct
    for override in scenario.overrides:
        if override.path[0] == "conduct":
            conduct = changed(conduct, override)
    return replace(protocol, conduct=conduct)


def changed(conduct: Conduct, override: Override) -> Conduct:
    """Return conduct with one change; TrialsimError where the result cannot be."""
    match override.path[1:]:
        case ("accrual", name):
            return replace(conduct, accrual=changed_accrual(conduct.accrual, name, override))
        case ("adherence", *path):
            return replace(conduct, adherence=changed_adherence(conduct.adherence, tuple(path), override))
        case ("missed_visits",):
            share = new_value(conduct.missed_visits, override)
            check(0 <= share < 1, override, share, "the share of missed visits is at least 0 and below 1")
            return replace(conduct, missed_visits=share)
        case ("intercurrent_events", name, _):
            events = (
                changed_hazard(event, override) if event.name == name else event
                for event in conduct.intercurrent_events
            )
            return replace(conduct, intercurrent_events=tuple(events))
        case ("lost_to_follow_up", name, _):
            losses = (
                changed_hazard(loss, override) if loss.name == name else loss for loss in conduct.lost_to_follow_up
            )
            return replace(conduct, lost_to_follow_up=tuple(losses))
    raise TrialsimError("unknown-path", f"conduct has no field '{'.'.join(override.path[1:])}'")


def new_value(old: float, override: Override) -> float:
    if override.factor is not None:
        return old * override.factor
    assert override.value is not None
    return override.value


def check(is_possible: bool, override: Override, value: float, note: str) -> None:
    if not is_possible:
        path = ".".join(override.path[1:])
        raise TrialsimError("impossible-value", f"'{path}' cannot become {number_text(value)}", [note])


def changed_accrual(accrual: Accrual, name: str, override: Override) -> Accrual:
    old = {"rate": accrual.rate, "sites": float(accrual.sites), "ramp_up": accrual.ramp_up}[name]
    value = new_value(old, override)
    if name == "sites":
        check(value.is_integer() and value >= 1, override, value, "sites are counted: 1, 2, 3, …")
        return replace(accrual, sites=int(value))
    if name == "rate":
        check(value > 0, override, value, "patients come at a rate above 0")
        return replace(accrual, rate=value)
    check(value >= 0, override, value, "a ramp-up is not negative")
    return replace(accrual, ramp_up=value)


def changed_adherence(adherence: Adherence, path: tuple[str, ...], override: Override) -> Adherence:
    old = adherence_value(adherence, path)
    value = new_value(old, override)
    match path:
        case ("takes",):
            least = 0 if adherence.between_patients_sd == 0 else 5e-324
            is_possible = least <= value <= 1 and not (adherence.between_patients_sd > 0 and value == 1)
            check(is_possible, override, value, "the share of doses taken lies between 0% and 100%")
        case ("between_patients", _):
            note = "a spread is not negative, and none is possible around 0% and 100%"
            check(value >= 0 and (value == 0 or 0 < adherence.takes < 1), override, value, note)
        case ("doubles",):
            check(0 <= value <= 1, override, value, "a share lies between 0% and 100%")
        case ("holidays", "rate"):
            check(0 <= value <= MOST_HOLIDAYS, override, value, "at most one holiday a day begins")
        case (*_, "median") | ("holidays", "length"):
            check(value > 0, override, value, "a length of time is above 0")
        case _:
            check(value >= 0, override, value, "a spread is not negative")
    return with_adherence_value(adherence, path, value)


def changed_hazard(event: Happening, override: Override) -> Happening:
    """Return an event or a loss with its hazard multiplied or replaced."""
    if override.factor is None:
        assert override.hazard is not None
        return replace(event, hazard=override.hazard, hazard_text=override.text)
    check(override.factor >= 0, override, override.factor, "a hazard is not negative")
    hazard = Binary("*", Number(override.factor), event.hazard)
    return replace(event, hazard=hazard, hazard_text=f"{number_text(override.factor)} * ({event.hazard_text})")
