"""From a draft without faults to the protocol with nothing implied."""

from __future__ import annotations

from trialsim.cohort.model import Cohort
from trialsim.foundation.expression import to_text
from trialsim.foundation.units import Unit, number_text, quantity_text
from trialsim.protocol.decisions import resolved_rules
from trialsim.protocol.dosing import resolved_dosing
from trialsim.protocol.draft import Draft
from trialsim.protocol.hypotheses import families_of, one_spaced
from trialsim.protocol.missing_model import MissingValues
from trialsim.protocol.model import (
    Analysis,
    Arm,
    Assessment,
    Comparison,
    Conduct,
    ContextOfUse,
    Endpoint,
    Estimand,
    Keep,
    Lookout,
    Method,
    ParameterMode,
    Patients,
    Protocol,
    Randomisation,
    Scenario,
    Simulate,
    Solver,
    Success,
    Until,
    Variation,
    Visit,
)
from trialsim.protocol.resolve_conduct import resolved_conduct
from trialsim.protocol.resolve_families import resolved_families
from trialsim.protocol.resolve_milestones import resolved_milestones, resolved_spend
from trialsim.protocol.rules_analyses import (
    ALPHA,
    SUCCESS,
    VERSUS,
    covariate_parts,
    one_sided,
)
from trialsim.protocol.rules_arms import ratio_of
from trialsim.protocol.rules_campaign import is_uncertain, kept_trials, scenario_overrides
from trialsim.protocol.rules_endpoints import (
    BINARY,
    FROM_BASELINE,
    OF_EVENTS,
    ONE,
    TIMES,
    baseline_of,
    endpoint_unit,
    measure_unit,
    thresholds_of,
)
from trialsim.protocol.rules_missing import IMPUTATIONS, endpoint_of, visits_of
from trialsim.protocol.rules_repeated import covariances_of
from trialsim.protocol.rules_shares import is_ratio, log_of, measure_of, test_of
from trialsim.protocol.rules_times import time_method
from trialsim.protocol.rules_visits import screening_visit
from trialsim.protocol.settings import settings
from trialsim.protocol.times import days, moment_text
from trialsim.protocol.written import Written, WrittenAnalysis, WrittenComparison, WrittenEndpoint, WrittenImputation

VARIANCE_UNLESS_WRITTEN = {"logistic": "robust", "ancova": "model"}
BLOCKS_OF_RATIO = 2  # a block holds the ratio twice unless written
MODES: dict[str, tuple[ParameterMode, ...]] = {
    "typical": ("typical",),
    "uncertain": ("uncertain",),
    "both": ("typical", "uncertain"),
}
SOLVERS: dict[str, Solver | None] = {"by pilot": None, "explicit": "explicit", "stiff": "stiff"}
DERIVED_WORDS = {
    "value": "",
    "change_from_baseline": ", change from baseline",
    "percent_change_from_baseline": ", percent change from baseline",
    "log_ratio_to_baseline": ", log of the ratio to baseline",
}


def resolved(draft: Draft) -> Protocol:
    """Return the protocol of a draft that no rule found fault with; its digest and designs are not yet known."""
    written, conduct = draft.written, resolved_conduct(draft)
    assert conduct is not None and written.context_of_use is not None and written.simulate is not None
    context = written.context_of_use
    return Protocol(
        id=written.id,
        title=written.title,
        phase=written.phase,
        context_of_use=ContextOfUse(
            question=context.question,
            decision=context.decision,
            model_influence=context.model_influence,
            consequence=context.consequence,
        ),
        patients=patients(draft),
        arms=arms(draft),
        randomise=randomisation(draft),
        visits=visits(written),
        assess=assessments(written, draft.cohort),
        screening=screening_visit(draft),
        conduct=conduct,
        cut_delay=days(written.cut_delay),
        endpoints=tuple(endpoint(draft, name) for name in written.endpoints),
        estimands=tuple(estimand(draft, name, conduct) for name in written.estimands),
        analyses=tuple(analysis(draft, name, item) for name, item in written.analyses.items()),
        families=resolved_families(draft),
        success=success(written),
        scenarios=tuple(scenario(draft, name, conduct) for name in written.scenarios),
        vary=tuple(Variation(path=tuple(key.split(".")), values=values) for key, values in written.vary.items()),
        simulate=simulation(draft),
        keep=kept(written),
        digest="",
        rules=resolved_rules(draft),
        lookouts=lookouts(written),
        follow_up=days(written.follow_up),
        milestones=resolved_milestones(draft),
    )


def patients(draft: Draft) -> Patients:
    written = draft.written.patients
    assert written is not None
    conditions = [draft.formulas[formula] for formula in written.eligible]
    return Patients(
        cohort=written.cohort,
        eligible=tuple(conditions),
        eligible_text=tuple(to_text(condition) for condition in conditions),
        randomised=written.randomised,
    )


def arms(draft: Draft) -> tuple[Arm, ...]:
    return tuple(
        Arm(
            name=name,
            label=arm.label or name,
            dosing=tuple(resolved_dosing(draft, line) for line in arm.dosing),
            rules=arm.rules,
            sets=settings(draft, arm),
        )
        for name, arm in draft.written.arms.items()
    )


def randomisation(draft: Draft) -> Randomisation:
    written, ratio = draft.written.randomise, tuple(ratio_of(draft).values())
    blocks = written.blocks if written else None
    return Randomisation(
        ratio=ratio, block=blocks or BLOCKS_OF_RATIO * sum(ratio), strata=written.strata if written else ()
    )


def visits(written: Written) -> tuple[Visit, ...]:
    found = [Visit(name=name, at=visit.at, window=days(visit.window)) for name, visit in written.visits.items()]
    return tuple(sorted(found, key=lambda visit: visit.at))


def assessments(written: Written, cohort: Cohort) -> tuple[Assessment, ...]:
    delays = {measure.name: measure.known_after for measure in cohort.measures}
    return tuple(
        Assessment(
            measure=name,
            visits=tuple(sorted(item.at, key=lambda visit: written.visits[visit].at)),
            after_dose=tuple(sorted(days(time) for time in item.after_dose)) if item.after_dose else (0.0,),
            known_after=delays[name] if item.known_after is None else days(item.known_after),
        )
        for name, item in written.assess.items()
        if item.every is None
    )


def lookouts(written: Written) -> tuple[Lookout, ...]:
    return tuple(
        Lookout(event=name, every=days(item.every), known_after=days(item.known_after))
        for name, item in written.assess.items()
        if item.every is not None
    )


def endpoint(draft: Draft, name: str) -> Endpoint:
    written = draft.written.endpoints[name]
    if written.derive in OF_EVENTS:
        return endpoint_of_events(name, written)
    unit = measure_unit(draft, written.measure)
    assert unit is not None
    values = tuple(value.to(unit) for value in thresholds_of(written))
    texts = tuple(quantity_text(value, unit) for value in values)
    target = endpoint_unit(written.derive, unit)
    assert target is not None
    own_baseline = written.baseline or baseline_of(draft, written.measure)
    measure = next(measure for measure in draft.cohort.measures if measure.name == written.measure)
    words = DERIVED_WORDS.get(written.derive, f" {written.derive} {' to '.join(texts)}")
    return Endpoint(
        name=name,
        measure=written.measure,
        derive=written.derive,  # type: ignore[arg-type]
        at=written.at,
        after_dose=days(written.after_dose),
        baseline=own_baseline if written.derive in FROM_BASELINE else None,
        threshold=values,
        threshold_text=texts,
        is_binary=written.derive in BINARY,
        unit=target.text,
        label=written.label or f"{measure.label or measure.name}{words} at {written.at}",
    )


def endpoint_of_events(name: str, written: WrittenEndpoint) -> Endpoint:
    is_time = written.derive in TIMES
    said = " or ".join(written.events)
    return Endpoint(
        name=name,
        measure="",
        derive=written.derive,  # type: ignore[arg-type]
        at="",
        after_dose=0.0,
        baseline=None,
        threshold=(),
        is_binary=not is_time,
        unit="day" if is_time else "",
        label=written.label or (f"time to {said}" if is_time else f"{said} by {moment_text(written.by or 0.0)}"),
        events=written.events,
        competing=written.competing,
        by=written.by or 0.0,
    )


def estimand(draft: Draft, name: str, conduct: Conduct) -> Estimand:
    written = draft.written.estimands[name]
    strategies = tuple((event.name, written.events[event.name]) for event in conduct.intercurrent_events)
    return Estimand(name=name, endpoint=written.endpoint, strategies=strategies)  # type: ignore[arg-type]


def analysis(draft: Draft, name: str, written: WrittenAnalysis) -> Analysis:
    families = families_of(draft).get(name, ())
    alpha = one_sided(draft.written.families[families[0]].alpha if families else written.alpha or ALPHA)
    assert alpha is not None
    return Analysis(
        name=name,
        estimand=written.estimand,
        method=method(draft, written),
        comparisons=tuple(comparison(draft, written, text, item) for text, item in written.compare.items()),
        alpha=alpha,
        multiplicity="family" if families else written.multiplicity or "none",  # type: ignore[arg-type]
        spend=resolved_spend(written),
    )


def method(draft: Draft, written: WrittenAnalysis) -> Method:
    """Return the method; a missing binary value is a failure unless an event is hypothetical."""
    endpoint = endpoint_of(draft, written)
    strategies = draft.written.estimands[written.estimand].events.values()
    assert endpoint is not None
    is_logistic = written.method.kind == "logistic"
    default = "failure" if endpoint.derive in BINARY and "hypothetical" not in strategies else "complete_cases"
    how = written.missing
    imputation = missing_values(draft, how, endpoint) if isinstance(how, WrittenImputation) else None
    continuity = written.method.kind == "wilcoxon" if written.method.continuity is None else written.method.continuity
    return Method(
        kind=written.method.kind,  # type: ignore[arg-type]
        covariates=tuple(covariate_parts(text) for text in written.method.covariates),
        strata=written.method.strata,
        measure=measure_of(written.method),  # type: ignore[arg-type]
        times=time_method(written.method),
        test=test_of(written.method),  # type: ignore[arg-type]
        variance=written.method.variance or VARIANCE_UNLESS_WRITTEN.get(written.method.kind),  # type: ignore[arg-type]
        slopes=written.method.slopes or ("common" if written.method.kind == "ancova" else None),  # type: ignore[arg-type]
        continuity=continuity if written.method.kind == "wilcoxon" else None,
        separated=written.method.separated or ("not_estimable" if is_logistic else None),  # type: ignore[arg-type]
        missing="imputed" if imputation else written.missing or default,  # type: ignore[arg-type]
        imputation=imputation,
        visits=tuple(sorted(written.method.visits, key=lambda visit: draft.written.visits[visit].at)),
        covariances=covariances_of(written.method),  # type: ignore[arg-type]
        df=written.method.df,  # type: ignore[arg-type]
    )


def missing_values(draft: Draft, how: WrittenImputation, endpoint: WrittenEndpoint) -> MissingValues:
    target = endpoint_unit(endpoint.derive, measure_unit(draft, endpoint.measure))
    assert target is not None
    deltas = tuple((arm, delta.to(target)) for arm, delta in how.delta.items())
    return MissingValues(
        strategy=how.strategy,  # type: ignore[arg-type]
        reference=how.reference,
        after=how.after or (),
        variance=how.variance,  # type: ignore[arg-type]
        imputations=1 if how.variance == "jackknife" else how.imputations or IMPUTATIONS,
        visits=visits_of(draft, how, endpoint),
        delta=deltas,
        delta_text=tuple((arm, quantity_text(delta, target)) for arm, delta in deltas),
    )


def comparison(draft: Draft, analysis: WrittenAnalysis, name: str, written: WrittenComparison) -> Comparison:
    parts = VERSUS.fullmatch(name.strip())
    endpoint = endpoint_of(draft, analysis)
    assert parts is not None and endpoint is not None
    times = time_method(analysis.method)
    of_shares = times is not None and times.measure in ("survival_difference", "incidence_difference")
    target = ONE if of_shares else endpoint_unit(endpoint.derive, measure_unit(draft, endpoint.measure))
    assert target is not None
    ratios = is_ratio(analysis.method) or (times is not None and times.is_ratio)
    within, within_text = ends_of(written, target, ratios or endpoint.derive == "log_ratio_to_baseline")
    if ratios:
        ratio = 1.0 if written.margin is None else written.margin.to(ONE)
        margin, text = log_of(ratio), number_text(ratio)
    else:
        margin = 0.0 if written.margin is None else written.margin.to(target)
        text = quantity_text(margin, target)
    return Comparison(
        treated=parts[1],
        control=parts[2],
        better=written.better or "higher",  # type: ignore[arg-type]
        margin=margin,
        margin_text=text,
        within=within,
        within_text=within_text,
        within_key=written.within_key,
        falls=times is not None and times.falls_with_time,
    )


def ends_of(
    written: WrittenComparison, target: Unit, are_ratios: bool
) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """Return both ends of equivalence on the scale of the estimate, and as they are written."""
    if written.within is None:
        return None, ()
    ends = [end.to(ONE if are_ratios else target) for end in written.within]
    texts = tuple(number_text(end) if are_ratios else quantity_text(end, target) for end in ends)
    low, high = (log_of(end) for end in ends) if are_ratios else ends
    return (low, high), texts


def success(written: Written) -> Success:
    match = SUCCESS.fullmatch(written.success.strip())
    assert match is not None
    return Success(quantifier=match[1], analysis=match[2])  # type: ignore[arg-type]


def scenario(draft: Draft, name: str, conduct: Conduct) -> Scenario:
    written = draft.written.scenarios[name]
    overrides = scenario_overrides(draft, name, conduct)
    return Scenario(
        name=name, label=written.label or name, overrides=overrides, null=tuple(map(one_spaced, written.null))
    )


def simulation(draft: Draft) -> Simulate:
    written = draft.written.simulate
    assert written is not None
    mode = written.parameters or ("both" if is_uncertain(draft.cohort) else "typical")
    precision = written.trials.standard_error
    return Simulate(
        seed=written.seed,
        parameters=MODES[mode],
        at_least=written.trials.at_least,
        at_most=written.trials.at_most,
        until=None if precision is None else Until(power_standard_error=precision),
        trials_per_draw=written.trials_per_draw,
        solver=SOLVERS[written.solver],
    )


def kept(written: Written) -> Keep:
    assert written.simulate is not None
    text = written.keep.patients_of if written.keep else "first 1 trials"
    return Keep(patients_of=kept_trials(text, written.simulate.trials.at_most) or 0)
