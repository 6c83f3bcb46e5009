"""Visits and assessments: when patients come, what is measured then, who may enter."""

from __future__ import annotations

from trialsim.cohort.names import with_categories_coded
from trialsim.foundation.errors import InvalidDocument
from trialsim.foundation.expression import check_condition, names_of
from trialsim.foundation.nearest import nearest
from trialsim.foundation.sections import FormulaText
from trialsim.protocol.dosing_schedule import dose_times
from trialsim.protocol.dosing_times import is_planned_at
from trialsim.protocol.draft import Draft, Path, near
from trialsim.protocol.times import days, duration_text, moment_text
from trialsim.protocol.written import WrittenAssessment

FIRST_DAY, LAST_DAY = -728.0, 10_592.25  # of scores on a path, which goes from 2^20 minutes before day 0 on for 2^24


def check_visits(draft: Draft) -> None:
    """Visits come one after the other, and none can slip over randomisation."""
    visits = draft.written.visits
    ordered = sorted(visits, key=lambda name: visits[name].at)
    for name in ordered:
        at, window = visits[name].at, days(visits[name].window)
        if at <= 0 < at + window:
            message = f"with a window of {duration_text(window)} the visit {name} could be after randomisation"
            notes = [f"its window is at most {duration_text(-at)}"]
            draft.error(("visits", name, "window"), "window-over-randomisation", message, "", notes)
    for before, after in zip(ordered, ordered[1:], strict=False):
        gap = visits[after].at - visits[before].at
        windows = days(visits[before].window) + days(visits[after].window)
        if gap == 0 or windows > gap:
            what = "are at one moment" if gap == 0 else "have windows that overlap"
            notes = (
                []
                if gap == 0
                else [f"they are {duration_text(gap)} apart, their windows add up to {duration_text(windows)}"]
            )
            notes += ["one visit may hold several assessments"] if gap == 0 else []
            draft.error(
                draft.key("visits", after), "visits-overlap", f"the visits {before} and {after} {what}", "", notes
            )


def screening_visit(draft: Draft) -> str | None:
    """Return the first visit before day 0, where eligibility is judged."""
    visits = draft.written.visits
    return min((name for name in visits if visits[name].at < 0), key=lambda name: visits[name].at, default=None)


def check_assessments(draft: Draft) -> None:
    """What is assessed are measures of the cohort, at visits of the protocol."""
    measures = [measure.name for measure in draft.cohort.measures]
    events = [event.name for event in draft.cohort.events]
    others = _not_measures(draft)
    for name, assessment in draft.written.assess.items():
        where = draft.key("assess", name)
        if name in events or assessment.every is not None:
            check_lookout(draft, name, assessment, events)
            continue
        if not assessment.at:
            draft.error(where, "missing-field", "a measure is assessed at visits", "", ["write at: [baseline, w12]"])
        if name in others:
            notes = [f"measures: {', '.join(measures)}"]
            draft.error(
                where, "not-a-measure", f"'{name}' is {others[name]}, and only measures can be assessed", "", notes
            )
        else:
            draft.is_known(where, "measure", name, measures)
        for i, visit in enumerate(assessment.at):
            path: Path = ("assess", name, "at", i)
            if visit in assessment.at[:i]:
                draft.error(path, "said-twice", f"'{visit}' is given twice")
            else:
                draft.is_known(path, "visit", visit, draft.written.visits)
        check_after_dose(draft, name, assessment)
        check_times_of_summary(draft, name, assessment)


def check_times_of_summary(draft: Draft, name: str, assessment: WrittenAssessment) -> None:
    """A measure whose correlations stand in a table is assessed at the times of the table."""
    spread = next((measure.spread for measure in draft.cohort.measures if measure.name == name), None)
    if spread is None or spread.correlation.kind not in ("table", "ar1"):
        return
    known = [day for day, _ in spread.correlation.table]
    for i, visit in enumerate(assessment.at):
        if visit not in draft.written.visits:
            continue
        for after in (days(time) for time in assessment.after_dose or ()) if assessment.after_dose else (0.0,):
            day = draft.written.visits[visit].at + after
            path: Path = ("assess", name, "at", i)
            if known and day not in known:
                message = f"the cohort says no correlation of '{name}' at {moment_text(day)}"
                draft.error(path, "not-in-table", message, "", [f"its table has: {', '.join(map(moment_text, known))}"])
            elif not known and not FIRST_DAY <= day <= LAST_DAY:
                message = f"'{name}' at {moment_text(day)} is beyond what summary assumptions reach"
                notes = [f"they reach from {moment_text(FIRST_DAY)} to {moment_text(LAST_DAY)}"]
                draft.error(path, "not-in-table", message, "", notes)


def check_lookout(draft: Draft, name: str, assessment: WrittenAssessment, events: list[str]) -> None:
    """An event is looked for again and again, at no visit."""
    if not draft.is_known(draft.key("assess", name), "cohort event", name, events):
        return
    if assessment.every is None or assessment.at or assessment.after_dose:
        notes = [f"write {name}: {{every: 8 weeks}}, or leave it out: it is then seen when it happens"]
        draft.error(draft.key("assess", name), "missing-field", "an event is assessed every so often", "", notes)


def _not_measures(draft: Draft) -> dict[str, str]:
    """The names of the cohort that are no measures, and what they are."""
    cohort = draft.cohort
    named = {state.name: "a state" for state in cohort.states}
    named |= {quantity.name: "a quantity" for quantity in cohort.quantities}
    named |= {each.name: "an input" for each in cohort.inputs}
    named |= {parameter.name: "a parameter" for parameter in cohort.parameters}
    return named | {covariate.name: "a covariate" for covariate in cohort.covariates}


def check_after_dose(draft: Draft, name: str, assessment: WrittenAssessment) -> None:
    """A sample after a dose needs a dose at that visit, at a moment that is certain."""
    times = [days(time) for time in assessment.after_dose or ()]
    path: Path = ("assess", name, "after_dose")
    for i, time in enumerate(times):
        if time in times[:i]:
            draft.error((*path, i), "said-twice", f"{duration_text(time)} is given twice")
    if not any(times):
        return
    for visit in assessment.at:
        if visit not in draft.written.visits:
            continue
        at, window = draft.written.visits[visit].at, days(draft.written.visits[visit].window)
        if not any(is_planned_at(dose_times(line), at) for arm in draft.written.arms.values() for line in arm.dosing):
            message = f"{name} is wanted after the dose of visit {visit}, and no arm has a dose at {moment_text(at)}"
            by_weekday = any(line.days for arm in draft.written.arms.values() for line in arm.dosing)
            notes = ["doses on days of the week are there for some patients only"] if by_weekday else []
            notes += ["a dose at 'until' itself is not given", f"assess {visit} without after_dose, or move the doses"]
            draft.error(path, "no-dose-at-visit", message, "", notes)
        elif window:
            message = f"a sample timed from the dose of visit {visit} cannot have a window of {duration_text(window)}"
            draft.error(path, "window-after-dose", message, "", [f"leave out the window of {visit}"])


def check_eligibility(draft: Draft) -> None:
    """Eligibility is judged on covariates and on what screening measured."""
    patients = draft.written.patients
    for i, formula in enumerate(patients.eligible if patients else ()):
        check_condition_of_entry(draft, ("patients", "eligible", i), formula)


def check_condition_of_entry(draft: Draft, path: Path, formula: FormulaText) -> None:
    cohort = draft.cohort
    covariates = {covariate.name: covariate.unit.dimension for covariate in cohort.covariates}
    measures = {measure.name: measure.unit.dimension for measure in cohort.measures}
    labels = {label for covariate in cohort.covariates for label in covariate.categories}
    expr = draft.parsed(formula, {*covariates, *measures, *labels})
    if expr is None:
        return
    screening = screening_visit(draft)
    for name in sorted(names_of(expr) & measures.keys()):
        assessment = draft.written.assess.get(name)
        if screening is None:
            message = f"eligibility looks at {name}, and no visit is before day 0"
            draft.error(path, "not-screened", message, "", ["give the trial a visit such as screening: week -2"])
        elif assessment is None or screening not in assessment.at:
            message = f"eligibility looks at {name}, which is not assessed at {screening}"
            draft.error(path, "not-screened", message, "", [f"write assess: {{{name}: {{at: [{screening}, …]}}}}"])
    hidden = {name for name, kind in _not_measures(draft).items() if kind != "a covariate"}
    unseen = sorted(names_of(expr) & hidden)
    for name in unseen:
        notes = [f"what can be seen: {', '.join([*covariates, *measures])}"]
        notes += [f"{measure.name} measures it" for measure in cohort.measures if name in names_of(measure.value)]
        notes += near(nearest(name, [*covariates, *measures]))
        draft.error(path, "unseen", f"nobody can see '{name}' at screening", "", notes)
    if unseen:
        return
    try:
        coded = with_categories_coded(expr, cohort.covariates, formula.place)
    except InvalidDocument as fault:
        draft.problems.add(*fault.diagnostics)
        return
    check_condition(coded, {**covariates, **measures}, draft.problems, formula.place, ())
