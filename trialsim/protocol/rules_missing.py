"""Missing values: failures where failing is possible, imputed where the normal model and the estimand allow it."""

from __future__ import annotations

from trialsim.foundation.units import dimension_name
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.rules_endpoints import BINARY, endpoint_unit, measure_unit
from trialsim.protocol.written import WrittenAnalysis, WrittenEndpoint, WrittenImputation

IMPUTATIONS = 50


def endpoint_of(draft: Draft, analysis: WrittenAnalysis) -> WrittenEndpoint | None:
    estimand = draft.written.estimands.get(analysis.estimand)
    return draft.written.endpoints.get(estimand.endpoint) if estimand else None


def check_missing(draft: Draft, path: Path, analysis: WrittenAnalysis) -> None:
    """A missing value counts as failure only where failing is possible and missing means it."""
    endpoint, estimand = endpoint_of(draft, analysis), draft.written.estimands.get(analysis.estimand)
    if analysis.missing is None or endpoint is None or estimand is None:
        return
    hypothetical = [event for event, strategy in estimand.events.items() if strategy == "hypothetical"]
    if isinstance(analysis.missing, WrittenImputation):
        check_imputation(draft, (*path, "missing", analysis.missing.strategy), analysis, endpoint, hypothetical)
    elif analysis.missing == "failure" and endpoint.derive not in BINARY:
        message = "a missing number cannot count as failure"
        draft.error((*path, "missing"), "missing-failure", message, "", ["write missing: complete_cases"])
    elif analysis.missing == "failure" and hypothetical:
        message = f"values after '{hypothetical[0]}' are set aside as hypothetical and would all count as failures"
        notes = ["write missing: complete_cases", f"or say that {hypothetical[0]} is treatment_policy"]
        draft.error((*path, "missing"), "missing-failure", message, "", notes)


def check_imputation(
    draft: Draft, path: Path, analysis: WrittenAnalysis, endpoint: WrittenEndpoint, hypothetical: list[str]
) -> None:
    how = analysis.missing
    assert isinstance(how, WrittenImputation)
    if endpoint.derive in BINARY:
        name = draft.written.estimands[analysis.estimand].endpoint
        message = f"{name} is yes or no, which is not imputed by a normal model"
        draft.error(draft.key(*path), "imputation-model", message, "", ["write missing: failure"])
    elif analysis.method.kind != "ancova":
        message = f"imputed values are analysed by ancova, not by {analysis.method.kind}"
        notes = ["write method: ancova (it may be without covariates)"]
        draft.error(draft.key(*path), "imputation-model", message, "", notes)
    elif analysis.method.is_robust:
        message = "imputed values are analysed with one residual variance and common slopes"
        notes = ["leave 'variance' and 'slopes' out of the method, or take complete cases"]
        draft.error(draft.key(*path), "imputation-model", message, "", notes)
    if analysis.multiplicity in ("dunnett", "step_down_dunnett"):
        message = f"{analysis.multiplicity} needs one model of all arms, and imputation makes many data sets"
        draft.error((*path[:-2], "multiplicity"), "multiplicity-family", message, "", ["use holm"])
    if how.reference is not None:
        draft.is_known((*path, "reference"), "arm", how.reference, draft.written.arms)
        if hypothetical:
            message = (
                f"{how.strategy} says what happens after treatment ends, and '{hypothetical[0]}' is hypothetical: "
                "the question is about a world without it"
            )
            notes = ["write missing_at_random", f"or say that {hypothetical[0]} is treatment_policy"]
            draft.error(draft.key(*path), "imputation-estimand", message, "", notes)
    if how.variance == "jackknife" and how.imputations is not None:
        message = "the jackknife draws nothing: there is one imputed data set"
        notes = ["leave imputations out, or write variance: rubin"]
        draft.error((*path, "imputations"), "needless-field", message, "", notes)
    conduct = draft.written.conduct
    for i, event in enumerate(how.after or ()):
        draft.is_known((*path, "after", i), "intercurrent event", event, conduct.intercurrent_events if conduct else ())
    check_visits(draft, path, how, endpoint)
    check_delta(draft, path, how, endpoint)


def check_visits(draft: Draft, path: Path, how: WrittenImputation, endpoint: WrittenEndpoint) -> None:
    """Values come from visits under treatment, at which the measure is taken, up to the endpoint's."""
    visits, assessment = draft.written.visits, draft.written.assess.get(endpoint.measure)
    for i, name in enumerate(how.visits or ()):
        where = (*path, "visits", i)
        if not draft.is_known(where, "visit", name, visits):
            continue
        if how.visits is not None and name in how.visits[:i]:
            draft.error(where, "said-twice", f"'{name}' is given twice")
        elif assessment is None or name not in assessment.at:
            notes = [f"{endpoint.measure} is assessed at: {', '.join(assessment.at) if assessment else 'no visit'}"]
            draft.error(where, "not-assessed", f"{endpoint.measure} is not assessed at {name}", "", notes)
        elif endpoint.at in visits and not 0 < visits[name].at <= visits[endpoint.at].at:
            message = f"{name} is not between randomisation and {endpoint.at}, where the endpoint is"
            notes = ["values before treatment are covariates; later ones are not in this analysis"]
            draft.error(where, "imputation-visits", message, "", notes)


def visits_of(draft: Draft, how: WrittenImputation, endpoint: WrittenEndpoint) -> tuple[str, ...]:
    """Return the visits whose values are in the imputation model, ascending, the endpoint's the last."""
    visits = draft.written.visits
    wanted = how.visits or tuple(draft.written.assess[endpoint.measure].at)
    chosen = {name for name in wanted if 0 < visits[name].at <= visits[endpoint.at].at} | {endpoint.at}
    return tuple(sorted(chosen, key=lambda name: visits[name].at))


def check_delta(draft: Draft, path: Path, how: WrittenImputation, endpoint: WrittenEndpoint) -> None:
    """Deltas are differences of the endpoint, for arms there are."""
    target = endpoint_unit(endpoint.derive, measure_unit(draft, endpoint.measure))
    for arm, delta in how.delta.items():
        draft.is_known(draft.key(*path, "delta", arm), "arm", arm, draft.written.arms)
        if target is not None and (
            delta.dimension != target.dimension or (target.text == "%") != (delta.unit.text == "%")
        ):
            notes = [f"the endpoint is in: {target.text or 'plain numbers'}"]
            notes += [f"{delta}: {dimension_name(delta.dimension)}"]
            message = f"{delta} is no difference of this endpoint"
            draft.error((*path, "delta", arm), "margin-unit", message, "", notes)
