"""Doses: whether a line of a dosing plan can be given to this cohort, and what it comes to."""

from __future__ import annotations

from fractions import Fraction

from trialsim.cohort.model import Cohort
from trialsim.foundation.nearest import nearest
from trialsim.foundation.units import MASS, TIME, Quantity, Unit, dimension_name, unit
from trialsim.protocol.draft import Draft, Path, near
from trialsim.protocol.model import Dosing
from trialsim.protocol.times import days, moment_text
from trialsim.protocol.written import WrittenDosing

MOST_DOSES = 100_000
PER_KG = "/kg"


def check_dosing(draft: Draft) -> None:
    """Every dosing line names a way into the body, an amount that fits and times that can be."""
    for arm, written in draft.written.arms.items():
        for i, line in enumerate(written.dosing):
            path: Path = ("arms", arm, "dosing", i)
            check_route(draft, path, line)
            check_times(draft, path, line)


def check_route(draft: Draft, path: Path, line: WrittenDosing) -> None:
    inlets = [(inlet.drug, inlet.route) for state in draft.cohort.states for inlet in state.receives]
    drugs = list(dict.fromkeys(drug for drug, _ in inlets))
    routes = [route for drug, route in inlets if drug == line.drug]
    if line.drug not in drugs:
        notes = [f"drugs of {draft.cohort.id}: {', '.join(drugs) or 'none'}", *near(nearest(line.drug, drugs))]
        draft.error((*path, "drug"), "no-such-route", f"no state of the cohort receives '{line.drug}'", "", notes)
    elif line.route not in routes:
        notes = [f"routes of {line.drug}: {', '.join(routes)}", *near(nearest(line.route, routes))]
        message = f"no state of the cohort receives {line.drug} by the route '{line.route}'"
        draft.error((*path, "route"), "no-such-route", message, "", notes)
    else:
        check_amount(draft, path, line, draft.cohort.amount_unit(line.drug, line.route))


def check_amount(draft: Draft, path: Path, line: WrittenDosing, wanted: Unit) -> None:
    """The amount fits the state it enters; per kilogram needs to know the patient's weight."""
    amount = per_patient(line.amount)
    where = (*path, "amount")
    if amount.value <= 0:
        draft.error(where, "bad-amount", f"an amount of {line.amount} is no dose", "", ["amounts are above 0"])
    elif amount.dimension != wanted.dimension:
        fits = f"{line.drug} by the route {line.route} enters a state in {wanted.text}"
        notes = [
            f"{line.amount}: {dimension_name(line.amount.dimension)}",
            f"{fits}: {dimension_name(wanted.dimension)}",
        ]
        if "/m" in line.amount.unit.text:
            notes.append("doses per body surface are not supported by this version: write an amount or one per kg")
        draft.error(where, "amount-unit", f"{line.amount} cannot be given where {wanted.text} is received", "", notes)
    elif is_per_weight(line.amount):
        weight = next((covariate for covariate in draft.cohort.covariates if covariate.name == "weight"), None)
        if weight is None or weight.unit.dimension != MASS:
            message = (
                f"{line.amount} needs each patient's weight, and cohort {draft.cohort.id} has no covariate 'weight'"
            )
            draft.error(where, "weight-missing", message, "", ["write a fixed amount, or give the cohort a weight"])
    if line.rate is not None and amount.dimension == wanted.dimension:
        rate = per_patient(line.rate, "/kg/h", "/kg/min", "/kg/day")
        if rate.dimension * TIME != wanted.dimension or is_per_weight(line.amount) != (rate is not line.rate):
            message = f"{line.rate} is no rate for an amount of {line.amount}"
            draft.error((*path, "rate"), "amount-unit", message, "", [f"a rate looks like: {line.amount.unit.text}/h"])
        elif rate.value <= 0:
            draft.error((*path, "rate"), "bad-amount", f"nothing is given at {line.rate}", "", ["rates are above 0"])


def check_times(draft: Draft, path: Path, line: WrittenDosing) -> None:
    start = first_dose(line)
    if start < 0:
        where = (*path, "at" if line.at is not None else "start")
        message = f"a dose at {moment_text(start)} is before randomisation, when nobody has an arm"
        draft.error(where, "dose-before-randomisation", message, "", ["doses of an arm start at day 0 or later"])
    if line.at is not None:
        for name, value in (("start", line.start), ("until", line.until), ("for", line.length)):
            if value is not None:
                message = f"'{name}' has no meaning beside 'at', which is one dose"
                draft.error((*path, name), "dosing-times", message, "", ["to repeat a dose write every and until"])
        return
    end = end_of(line)
    if line.every is None:
        return
    if line.every.value <= 0:
        draft.error(
            (*path, "every"), "dosing-times", "doses cannot be 0 time apart", "", ["for one dose write at: day 0"]
        )
    elif end is None:
        draft.error(path, "dosing-times", "repeated doses need an end", "", ["write until: week 12, or for: 12 weeks"])
    elif end <= start:
        where = (*path, "until" if line.until is not None else "for")
        message = f"no dose is given: they end at {moment_text(end)} and start at {moment_text(start)}"
        draft.error(where, "until-before-start", message, "", ["a dose at 'until' itself is not given"])
    elif (end - start) / days(line.every) > MOST_DOSES:
        message = f"this is more than {MOST_DOSES} doses"
        draft.error((*path, "every"), "too-many-doses", message, "", ["write a continuous infusion with over"])


def first_dose(line: WrittenDosing) -> float:
    """Return the day of the first dose."""
    return line.at if line.at is not None else line.start or 0.0


def end_of(line: WrittenDosing) -> float | None:
    """Return the day before which repeated doses end, None if nothing says so."""
    if line.until is not None:
        return line.until
    return None if line.length is None else first_dose(line) + days(line.length)


def is_per_weight(amount: Quantity) -> bool:
    return amount.unit.text.endswith(PER_KG)


def per_patient(amount: Quantity, *timed: str) -> Quantity:
    """Return the amount (or rate) for one kilogram of an amount per kilogram; other amounts as they are.

    `mg/kg` is mass over mass: taken at its word it would be a plain number, so the text tells the two apart.
    """
    text = amount.unit.text
    for ending in timed or (PER_KG,):
        if text.endswith(ending):
            return Quantity(amount.value, unit(text.removesuffix(ending) + ending.removeprefix(PER_KG)))
    return amount


def resolved_dosing(line: WrittenDosing, cohort: Cohort) -> Dosing:
    """Return a valid line with its amount in the unit of the state it enters."""
    received = cohort.amount_unit(line.drug, line.route)
    amount = per_patient(line.amount)
    return Dosing(
        drug=line.drug,
        route=line.route,
        amount=line.amount,
        amount_value=amount.to(received),
        per_weight=is_per_weight(line.amount),
        start=first_dose(line),
        every=None if line.every is None else days(line.every),
        until=None if line.every is None else end_of(line),
        infusion=infusion_days(line, amount),
    )


def infusion_days(line: WrittenDosing, amount: Quantity) -> float:
    """Return how long a dose runs in: what is written, or amount over rate; 0 for a bolus."""
    if line.rate is None:
        return days(line.over)
    rate = per_patient(line.rate, "/kg/h", "/kg/min", "/kg/day")
    exact = Fraction(amount.value) * amount.unit.ratio / (Fraction(rate.value) * rate.unit.ratio)
    return float(exact / unit("day").ratio)
