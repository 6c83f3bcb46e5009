"""Endpoints and estimands: which number a patient contributes, and what intercurrent events do to it."""

from __future__ import annotations

from trialsim.foundation.units import DIMENSIONLESS, Quantity, Unit, dimension_name, unit
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.times import days, duration_text, moment_text
from trialsim.protocol.written import WrittenEndpoint

BINARY = ("below", "above", "within", "happened")
TIMES = ("first_of",)
OF_EVENTS = ("first_of", "happened")
FROM_BASELINE = ("change_from_baseline", "percent_change_from_baseline", "log_ratio_to_baseline")
ONE, PERCENT = Unit("", unit("%").ratio * 100, DIMENSIONLESS), unit("%")
N_THRESHOLDS = {"below": 1, "above": 1, "within": 2}


def check_endpoints(draft: Draft) -> None:
    """An endpoint is measured where it says, after randomisation, and what it is compared with exists."""
    for name, endpoint in draft.written.endpoints.items():
        path: Path = ("endpoints", name)
        if endpoint.derive in OF_EVENTS:
            check_events(draft, path, endpoint)
            continue
        check_measured(draft, path, endpoint)
        check_baseline(draft, path, endpoint)
        check_thresholds(draft, path, endpoint)


def check_events(draft: Draft, path: Path, endpoint: WrittenEndpoint) -> None:
    """An endpoint of events names some of the cohort, looked for long enough; a terminal one left out is named."""
    own = {event.name: event for event in draft.cohort.events}
    field = "happened" if endpoint.derive == "happened" else "first_of"
    for i, name in enumerate(endpoint.events):
        where = (*path, field) if field == "happened" else (*path, field, i)
        draft.is_known(where, "cohort event", name, own)
    for i, name in enumerate(endpoint.competing):
        where = (*path, "competing", i)
        is_known = draft.is_known(where, "cohort event", name, own)
        if is_known and (name in endpoint.events or not own[name].terminal):
            why = "is among first_of" if name in endpoint.events else "does not end a patient's course"
            draft.error(where, "competing-event", f"{name} is no competing event: it {why}", "", ["leave it out"])
    forgotten = [
        name
        for name, event in own.items()
        if event.terminal and name not in (*endpoint.events, *endpoint.competing) and field == "first_of"
    ]
    if forgotten:
        message = f"after {forgotten[0]}, {' or '.join(endpoint.events)} cannot happen any more"
        notes = [f"count it: first_of: [{', '.join((*endpoint.events, forgotten[0]))}]"]
        notes += [f"or say that it competes: competing: [{', '.join(forgotten)}]"]
        draft.error((*path, field), "competing-event", message, "", notes)
    check_followed(draft, path, endpoint)


def check_followed(draft: Draft, path: Path, endpoint: WrittenEndpoint) -> None:
    """Events are looked for as long as they count."""
    last = max((visit.at for visit in draft.written.visits.values()), default=0.0)
    until = days(draft.written.follow_up) or last
    if endpoint.by is not None and not 0.0 < endpoint.by <= until:
        message = f"{moment_text(endpoint.by)} is not after day 0 and within the follow-up of {duration_text(until)}"
        draft.error((*path, "by"), "not-followed", message, "", ["write follow_up: how long events are looked for"])
    elif endpoint.derive in TIMES and draft.written.follow_up is None:
        message = f"a time to an event needs follow_up: without it, nobody is followed beyond {moment_text(last)}"
        draft.error((*path, "first_of"), "not-followed", message, "", ["write follow_up: 36 months, in the protocol"])


def check_measured(draft: Draft, path: Path, endpoint: WrittenEndpoint) -> None:
    measures = [measure.name for measure in draft.cohort.measures]
    if not draft.is_known((*path, "measure"), "measure", endpoint.measure, measures):
        return
    if not draft.is_known((*path, "at"), "visit", endpoint.at, draft.written.visits):
        return
    at = draft.written.visits[endpoint.at].at
    after = days(endpoint.after_dose)
    if at + after <= 0:
        message = f"an endpoint at {moment_text(at)} says nothing about treatment"
        draft.error((*path, "at"), "endpoint-before-treatment", message, "", ["choose a visit after day 0"])
    assessment = draft.written.assess.get(endpoint.measure)
    if assessment is None or endpoint.at not in assessment.at:
        where = [f"{endpoint.measure} is assessed at: {', '.join(assessment.at)}"] if assessment else []
        message = f"{endpoint.measure} is not assessed at {endpoint.at}"
        draft.error(
            (*path, "at"),
            "not-assessed",
            message,
            "",
            [*where, f"add {endpoint.at} to assess, or choose another visit"],
        )
        return
    times = [days(time) for time in assessment.after_dose or ()] or [0.0]
    if after not in times:
        taken = ", ".join(duration_text(time) for time in times)
        what = f"{duration_text(after)} after the dose" if after else "at the visit itself"
        message = f"{endpoint.measure} is not taken {what}"
        remedy = "" if endpoint.after_dose else "write after_dose in the endpoint"
        where_to = (*path, "after_dose") if endpoint.after_dose else (*path, "at")
        draft.error(where_to, "not-assessed", message, "", [f"times after the dose: {taken}", *filter(None, [remedy])])


def check_baseline(draft: Draft, path: Path, endpoint: WrittenEndpoint) -> None:
    """A baseline is a visit at or before randomisation where the measure is assessed."""
    visits, assessment = draft.written.visits, draft.written.assess.get(endpoint.measure)
    if endpoint.derive not in FROM_BASELINE:
        if endpoint.baseline is not None:
            message = f"'{endpoint.derive}' has no baseline"
            draft.error((*path, "baseline"), "needless-field", message, "", ["leave it out, or derive a change"])
        return
    if assessment is None or endpoint.at not in visits:
        return
    if endpoint.baseline is None:
        if baseline_of(draft, endpoint.measure) is None:
            message = f"{endpoint.measure} has no baseline: it is not assessed at or before day 0"
            draft.error((*path, "derive"), "no-baseline", message, "", ["assess it at a visit at day 0 or before"])
        return
    where = (*path, "baseline")
    if not draft.is_known(where, "visit", endpoint.baseline, visits):
        return
    baseline, at = visits[endpoint.baseline].at, visits[endpoint.at].at
    if baseline >= at or baseline > 0:
        later = f"its own measurement at {moment_text(at)}" if baseline >= at else "randomisation"
        message = f"the baseline at {moment_text(baseline)} is not before {later}"
        draft.error(where, "baseline-late", message, "", ["a baseline is measured at day 0 or before"])
    elif endpoint.baseline not in assessment.at:
        message = f"{endpoint.measure} is not assessed at {endpoint.baseline}"
        draft.error(
            where, "not-assessed", message, "", [f"{endpoint.measure} is assessed at: {', '.join(assessment.at)}"]
        )


def baseline_of(draft: Draft, measure: str) -> str | None:
    """Return the last visit at or before day 0 at which a measure is assessed."""
    visits, assessment = draft.written.visits, draft.written.assess.get(measure)
    known = [name for name in (assessment.at if assessment else ()) if name in visits and visits[name].at <= 0]
    return max(known, key=lambda name: visits[name].at, default=None)


def check_thresholds(draft: Draft, path: Path, endpoint: WrittenEndpoint) -> None:
    """`below` and `above` have one threshold, `within` two, in the measure's unit; nothing else has any."""
    wanted = N_THRESHOLDS.get(endpoint.derive, 0)
    values = thresholds_of(endpoint)
    where = (*path, "value") if values else (*path, "derive")
    if len(values) != wanted:
        form = {0: "no 'value'", 1: "one 'value', like value: 140 mmHg", 2: "two, like value: [5 mg/L, 15 mg/L]"}[
            wanted
        ]
        draft.error(where, "thresholds", f"'{endpoint.derive}' has {form}")
        return
    unit = measure_unit(draft, endpoint.measure)
    if unit is None:
        return
    for i, value in enumerate(values):
        if value.dimension != unit.dimension:
            at = (*where, i) if wanted == 2 else where
            notes = [f"{endpoint.measure} is in {unit.text}: {dimension_name(unit.dimension)}"]
            notes.append(f"{value}: {dimension_name(value.dimension)}")
            draft.error(at, "threshold-unit", f"{endpoint.measure} cannot be compared with {value}", "", notes)
            return
    if wanted == 2 and values[0].coherent >= values[1].coherent:
        draft.error(
            where, "thresholds", f"nothing lies between {values[0]} and {values[1]}", "", ["the lower bound first"]
        )


def thresholds_of(endpoint: WrittenEndpoint) -> tuple[Quantity, ...]:
    if endpoint.value is None:
        return ()
    return endpoint.value if isinstance(endpoint.value, tuple) else (endpoint.value,)


def measure_unit(draft: Draft, name: str) -> Unit | None:
    return next((measure.unit for measure in draft.cohort.measures if measure.name == name), None)


def check_estimands(draft: Draft) -> None:
    """An estimand says of every intercurrent event what becomes of it."""
    conduct = draft.written.conduct
    events = list(conduct.intercurrent_events) if conduct else []
    for name, estimand in draft.written.estimands.items():
        path: Path = ("estimands", name)
        draft.is_known((*path, "endpoint"), "endpoint", estimand.endpoint, draft.written.endpoints)
        for event in estimand.events:
            draft.is_known(draft.key(*path, "events", event), "intercurrent event", event, events)
        missing = [event for event in events if event not in estimand.events]
        if missing:
            said = " and ".join(f"'{event}'" for event in missing)
            notes = [f"write events: {{{missing[0]}: treatment_policy}} to count what was measured all the same"]
            notes.append(f"or events: {{{missing[0]}: hypothetical}} for a world in which it does not happen")
            where = draft.key(*path, "events")
            draft.error(
                where, "event-without-strategy", f"estimand {name} does not say what becomes of {said}", "", notes
            )


def endpoint_unit(derive: str, measured: Unit | None) -> Unit | None:
    """Return the unit of an endpoint's values; shares and log ratios are plain numbers."""
    if derive in BINARY or derive == "log_ratio_to_baseline":
        return ONE
    if derive in TIMES:
        return unit("day")
    return PERCENT if derive == "percent_change_from_baseline" else measured
