"""Repeated measures: visits at which the endpoint's measure is taken, up to the one that is compared."""

from __future__ import annotations

from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.rules_endpoints import baseline_of
from trialsim.protocol.times import moment_text
from trialsim.protocol.written import WrittenEndpoint, WrittenMethod

FEWEST_VISITS, MOST_VISITS = 2, 12
DIFFERENCES = ("value", "change_from_baseline")  # whose difference of arms is that of the values themselves


def covariances_of(method: WrittenMethod) -> tuple[str, ...]:
    """Return the covariances of repeated measures in the order in which they are tried."""
    return () if method.covariance is None else (method.covariance, *method.fallback)


def check_repeated(draft: Draft, path: Path, method: WrittenMethod, endpoint: WrittenEndpoint) -> None:
    """A mixed model has visits that are measured, the endpoint's last, and covariances each named once."""
    visits = draft.written.visits
    known = [
        name
        for i, name in enumerate(method.visits)
        if draft.is_known((*path, "visits", i), "visit", name, visits)
        and not is_said_twice(draft, (*path, "visits", i), name, method.visits[:i])
        and is_measured(draft, (*path, "visits", i), name, endpoint)
    ]
    for i, name in enumerate(method.fallback):
        is_said_twice(draft, (*path, "fallback", i), name, (str(method.covariance), *method.fallback[:i]))
    if len(known) < len(method.visits) or endpoint.at not in visits:
        return
    check_number_of_visits(draft, path, method, endpoint)
    check_baseline_among_visits(draft, path, method, endpoint)


def is_said_twice(draft: Draft, path: Path, name: str, before: tuple[str, ...]) -> bool:
    """Return whether a name stands there before, and gather that."""
    if name in before:
        draft.error(path, "said-twice", f"'{name}' is given twice")
    return name in before


def is_measured(draft: Draft, path: Path, visit: str, endpoint: WrittenEndpoint) -> bool:
    """Return whether the endpoint's measure is taken at a visit, and gather if not."""
    assessment = draft.written.assess.get(endpoint.measure)
    if assessment is None or visit in assessment.at:
        return assessment is not None
    notes = [f"{endpoint.measure} is assessed at: {', '.join(assessment.at)}"]
    draft.error(path, "not-assessed", f"{endpoint.measure} is not assessed at {visit}", "", notes)
    return False


def check_number_of_visits(draft: Draft, path: Path, method: WrittenMethod, endpoint: WrittenEndpoint) -> None:
    visits, where = draft.written.visits, (*path, "visits")
    later = [name for name in method.visits if visits[name].at > visits[endpoint.at].at]
    if endpoint.at not in method.visits:
        message = f"the visit that is compared, {endpoint.at}, is not among the visits"
        draft.error(where, "repeated-visits", message, "", [f"add {endpoint.at}"])
    elif later:
        message = f"{later[0]} comes after {endpoint.at}, the visit that is compared"
        notes = ["the data are cut when that visit is known", "leave it out, or compare at the last visit"]
        draft.error((*where, method.visits.index(later[0])), "repeated-visits", message, "", notes)
    elif not FEWEST_VISITS <= len(method.visits) <= MOST_VISITS:
        message = f"a mixed model for repeated measures has {FEWEST_VISITS} to {MOST_VISITS} visits"
        notes = ["use ancova for one visit" if len(method.visits) < FEWEST_VISITS else "leave visits out"]
        draft.error(where, "repeated-visits", message, "", notes)


def check_baseline_among_visits(draft: Draft, path: Path, method: WrittenMethod, endpoint: WrittenEndpoint) -> None:
    """A visit up to day 0 is the baseline, of an endpoint whose effect is a difference of values, and no covariate."""
    visits = draft.written.visits
    early = [name for name in method.visits if visits[name].at <= 0]
    if not early:
        return
    baseline = endpoint.baseline or baseline_of(draft, endpoint.measure)
    where = (*path, "visits", method.visits.index(early[0]))
    covariates = [f"{endpoint.measure} at {name}" for name, visit in visits.items() if visit.at <= 0]
    twice = [text for text in method.covariates if " ".join(text.split()) in covariates]
    if early != [baseline]:
        other = next(name for name in early if name != baseline)
        where = (*path, "visits", method.visits.index(other))
        message = f"{other} at {moment_text(visits[other].at)} is not the baseline, which is {baseline}"
        draft.error(where, "repeated-baseline", message, "", ["one visit up to day 0: the endpoint's baseline"])
    elif endpoint.derive not in DIFFERENCES:
        message = f"a {endpoint.derive} has no value at its own baseline"
        notes = ["leave the baseline out of the visits", "or derive: change_from_baseline"]
        draft.error(where, "repeated-baseline", message, "", notes)
    elif twice:
        message = f"{twice[0]} is a covariate, and the baseline among the visits an outcome"
        notes = ["leave it out of the covariates, or the baseline out of the visits"]
        draft.error((*path, "covariates", method.covariates.index(twice[0])), "repeated-baseline", message, "", notes)
