"""What a rule sees and when it is asked: measures at visits, its own sensors, visits, moments, events."""

from __future__ import annotations

from collections.abc import Mapping

from trialsim.foundation.expression import names_of as names_in
from trialsim.protocol.decision_model import LEVEL
from trialsim.protocol.decision_written import WrittenRule, WrittenWatch
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.times import days as in_days
from trialsim.protocol.times import duration_text, moment_text

MOST_INTERVALS = 24  # of a slope: so many readings are kept, and some of them may not be known yet


def check_asked(draft: Draft, name: str, rule: WrittenRule) -> None:
    """A rule asked again and again has an end; start and until mean nothing to others."""
    path: Path = ("rules", name)
    for i, at in enumerate(rule.asked_at):
        where: Path = (*path, "at", i) if isinstance(rule.at, tuple) else (*path, "at")
        if at in rule.asked_at[:i]:
            draft.error(where, "said-twice", f"{at if isinstance(at, str) else moment_text(at)} is given twice")
        elif isinstance(at, str):
            draft.is_known(where, "visit", at, draft.written.visits)
    check_events(draft, name, rule)
    if rule.every is None:
        for field, value in (("start", rule.start), ("until", rule.until)):
            if value is not None:
                message = f"'{field}' has no meaning without 'every'"
                draft.error((*path, field), "rule-times", message, "", ["write every: 7 days, or leave it out"])
    elif rule.until is None:
        message = f"the rule is asked every {rule.every} and nothing ends that"
        draft.error((*path, "every"), "rule-times", message, "", ["write until: week 12"])
    elif rule.until <= (rule.start or 0.0):
        begins = moment_text(rule.start or 0.0)
        message = f"the rule is never asked: it begins at {begins} and ends at {moment_text(rule.until)}"
        draft.error((*path, "until"), "rule-times", message)


def check_events(draft: Draft, name: str, rule: WrittenRule) -> None:
    """Events at which a rule is asked are the cohort's or conduct's, and leave something to decide about."""
    conduct = draft.written.conduct
    own = {event.name: event for event in draft.cohort.events}
    known = [*(conduct.intercurrent_events if conduct else ()), *own]
    for i, event in enumerate(rule.events):
        where: Path = ("rules", name, "on", i) if isinstance(rule.on, tuple) else ("rules", name, "on")
        if event in rule.events[:i]:
            draft.error(where, "said-twice", f"{event} is given twice")
        elif not draft.is_known(where, "event", event, known) or event not in own:
            continue
        elif own[event].terminal:
            message = f"the event '{event}' ends a patient's course, and nothing is decided after that"
            draft.error(where, "rule-times", message)
        elif own[event].law is not None:
            message = f"a rule asked on '{event}', which follows a law of time, is not supported by this version"
            draft.error(where, "not-yet", message, "", ["write its hazard: …, which is followed through the course"])


def check_watched(draft: Draft, name: str, rule: WrittenRule) -> None:
    """What is watched are measures that are assessed or sensed, by names that mean nothing else."""
    cohort = draft.cohort
    measures = {measure.name: measure for measure in cohort.measures}
    taken = {LEVEL, *(covariate.name for covariate in cohort.covariates)}
    for own, watched in rule.watched.items():
        measure = watched.measure
        where: Path = ("rules", name, "watch", own) if isinstance(rule.watch, Mapping) else ("rules", name, "watch")
        if own in taken:
            message = f"'{own}' means something else in a rule's conditions"
            draft.error(where, "name-taken", message, "", [f"write watch: {{other_name: {measure}}}"])
        if not draft.is_known(where, "measure", measure, measures):
            continue
        if watched.kind == "visits" and measure not in draft.written.assess:
            message = f"the rule watches {measure}, which is not assessed"
            notes = [f"write assess: {{{measure}: {{at: [{next(iter(draft.written.visits), 'VISIT')}, …]}}}}"]
            if rule.every is not None:
                notes.append(f"or read it whenever the rule is asked: watch: {{{own}: sensor({measure})}}")
            draft.error(where, "rule-watch", message, "", notes)
        elif measures[measure].spread is not None:
            message = f"watching {measure}, which is a summary assumption, is not supported by this version"
            draft.error(where, "not-yet", message, "", ["watch a measure that says what it reads: is"])
        elif names_in(measures[measure].value) & cohort.path_quantities:
            message = f"watching {measure}, which depends on the path so far, is not supported by this version"
            draft.error(where, "not-yet", message, "", ["watch a measure of what holds at an instant"])
        elif watched.kind != "visits":
            check_sensor(draft, where, rule, watched)


def check_sensor(draft: Draft, where: Path, rule: WrittenRule, watched: WrittenWatch) -> None:
    """A sensor is read whenever its rule is asked, every so often; a slope is over a few of its readings."""
    if rule.every is None:
        message = f"a sensor of {watched.measure} is read whenever its rule is asked, and this one has no 'every'"
        notes = [f"write every: 5 min, or watch {watched.measure} as it is assessed at visits"]
        draft.error(where, "rule-watch", message, "", notes)
        return
    if watched.over is None:
        return
    each, over = in_days(rule.every), in_days(watched.over)
    intervals = round(over / each)
    if intervals < 1 or abs(intervals * each - over) > 1e-9 * over:
        message = f"a slope over {watched.over} of readings every {rule.every}: that is no whole number of intervals"
        draft.error(where, "rule-watch", message, "", [f"write slope({watched.measure}, {duration_text(3 * each)})"])
    elif intervals > MOST_INTERVALS:
        longest = duration_text(MOST_INTERVALS * each)
        message = f"a slope over {intervals} readings is not supported by this version"
        draft.error(where, "not-yet", message, "", [f"write slope({watched.measure}, {longest}) at most"])
