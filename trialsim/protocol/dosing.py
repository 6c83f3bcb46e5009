"""Doses: whether a line of a dosing plan can be given to this cohort, and what it comes to."""

from __future__ import annotations

from trialsim.cohort.model import Inlet
from trialsim.foundation.nearest import nearest
from trialsim.foundation.units import Quantity
from trialsim.protocol.dosing_amounts import (
    check_amount,
    resolved_amount,
    resolved_rate,
    resolved_strengths,
    resolved_surface,
)
from trialsim.protocol.dosing_model import DRAWN, Dosing
from trialsim.protocol.dosing_schedule import check_steady, check_steady_first, check_times, dose_times
from trialsim.protocol.dosing_written import WrittenDosing
from trialsim.protocol.draft import Draft, Path, near
from trialsim.protocol.times import days

MODELLED = "modelled"


def check_dosing(draft: Draft) -> None:
    """Every dosing line names a way into the body, an amount that fits and times that can be."""
    for arm, written in draft.written.arms.items():
        for i, line in enumerate(written.dosing):
            path: Path = ("arms", arm, "dosing", i)
            check_route(draft, path, line)
            check_times(draft, path, line)
        check_steady_first(draft, arm)
    check_day_0(draft)


def check_route(draft: Draft, path: Path, line: WrittenDosing) -> None:
    inlets = [inlet for state in draft.cohort.states for inlet in state.receives]
    drugs = list(dict.fromkeys(inlet.drug for inlet in inlets))
    routes = list(dict.fromkeys(inlet.route for inlet in inlets if inlet.drug == line.drug))
    if line.drug not in drugs:
        notes = [f"drugs of {draft.cohort.id}: {', '.join(drugs) or 'none'}", *near(nearest(line.drug, drugs))]
        draft.error((*path, "drug"), "no-such-route", f"no state of the cohort receives '{line.drug}'", "", notes)
    elif line.route not in routes:
        notes = [f"routes of {line.drug}: {', '.join(routes)}", *near(nearest(line.route, routes))]
        message = f"no state of the cohort receives {line.drug} by the route '{line.route}'"
        draft.error((*path, "route"), "no-such-route", message, "", notes)
    else:
        check_amount(draft, path, line, draft.cohort.amount_unit(line.drug, line.route))
        check_running_time(draft, path, line)
        check_steady(draft, path, line)


def inlets_of(draft: Draft, line: WrittenDosing) -> list[Inlet]:
    """Return the doors of the cohort through which a line's doses go."""
    inlets = (inlet for state in draft.cohort.states for inlet in state.receives)
    return [inlet for inlet in inlets if (inlet.drug, inlet.route) == (line.drug, line.route)]


def is_modelled(draft: Draft, line: WrittenDosing) -> bool:
    """Return whether the cohort's model says how long such a dose takes."""
    return any(inlet.duration is not None or inlet.rate is not None for inlet in inlets_of(draft, line))


def check_running_time(draft: Draft, path: Path, line: WrittenDosing) -> None:
    """A dose that runs in as the model says needs a model that says so; there, nothing is given at once."""
    where = (*path, "over")
    if line.over == MODELLED:
        if not is_modelled(draft, line):
            message = f"the cohort's model does not say how long {line.drug} by the route {line.route} takes"
            draft.error(where, "not-modelled", message, "", ["write a length such as over: 1 h"])
    elif isinstance(line.over, Quantity) and days(line.over) == 0 and is_modelled(draft, line):
        message = f"the cohort's model says how long {line.drug} by the route {line.route} takes: never at once"
        draft.error(where, "not-modelled", message, "", ["write over: modelled, or a length such as over: 1 h"])


def check_day_0(draft: Draft) -> None:
    """A patient's day 0 is one day of the week, whichever line asks."""
    said = [
        (("arms", arm, "dosing", i), line.day_0 or DRAWN)
        for arm, written in draft.written.arms.items()
        for i, line in enumerate(written.dosing)
        if line.days is not None
    ]
    for path, day in said:
        if day != said[0][1]:
            here, there = ("each patient's own" if each == DRAWN else each for each in (day, said[0][1]))
            message = f"the day of the week of day 0 is {here} here and {there} in another line"
            also = [((*said[0][0], "day_0"), "")]
            draft.error((*path, "day_0"), "two-days-0", message, "", ["write the same day_0 in both"], also)
            return


def resolved_dosing(draft: Draft, line: WrittenDosing) -> Dosing:
    """Return a valid line with its amounts in the unit of the state it enters."""
    received = draft.cohort.amount_unit(line.drug, line.route)
    modelled = line.over == MODELLED or (line.over is None and line.rate is None and is_modelled(draft, line))
    return Dosing(
        drug=line.drug,
        route=line.route,
        unit=received,
        amount=resolved_amount(draft, line, received),
        when=dose_times(line),
        surface=resolved_surface(line),
        at_least=line.at_least,
        at_most=line.at_most,
        strengths=resolved_strengths(line, received),
        infusion=days(line.over) if isinstance(line.over, Quantity) else 0.0,
        rate=None if line.rate is None else resolved_rate(line.rate, received),
        is_modelled=modelled,
        is_steady=line.steady_state,
    )
