"""Analyses: methods that fit their endpoints, comparisons that exist, error rates that hold."""

from __future__ import annotations

import re

from trialsim.foundation.units import Quantity, dimension_name, number_text
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.hypotheses import families_of
from trialsim.protocol.rules_arms import check_factors
from trialsim.protocol.rules_endpoints import BINARY, ONE, PERCENT, TIMES, endpoint_unit, measure_unit
from trialsim.protocol.rules_equivalence import check_direction, check_equivalence_family, check_within
from trialsim.protocol.rules_missing import check_missing, endpoint_of
from trialsim.protocol.rules_repeated import check_repeated
from trialsim.protocol.rules_shares import SHARES, check_share_margin, is_ratio
from trialsim.protocol.rules_times import TIME_METHODS, check_time_margin, check_time_method, time_method
from trialsim.protocol.written import WrittenAnalysis, WrittenComparison, WrittenEndpoint, WrittenMethod

VERSUS = re.compile(r"(\S+)\s+vs\s+(\S+)")
ERROR_RATE = re.compile(r"([0-9.eE+-]+%?)\s+(one|two)-sided")
AT_VISIT = re.compile(r"(\S+)\s+at\s+(\S+)")
SUCCESS = re.compile(r"(any|all)\s+of\s+(\S+)")
MEANS = ("t_test", "welch", "ancova", "wilcoxon", "mmrm")
WITH_ONE_MODEL = ("ancova", "cox")
ALPHA = "0.025 one-sided"  # of an analysis that neither writes one nor is in a family
WAYS = "bonferroni, holm, hochberg, hommel, fixed_sequence, co_primary, dunnett, step_down_dunnett, none"

NEEDS = {
    "dunnett": "one control and one direction",
    "step_down_dunnett": "one control and one direction",
    "hochberg": "positively dependent tests: one control and one direction",
    "hommel": "positively dependent tests: one control and one direction",
}


def check_analyses(draft: Draft) -> None:
    """Every analysis is of an estimand, by a method for its endpoint, of comparisons with their error rate."""
    in_families = families_of(draft)
    for name, analysis in draft.written.analyses.items():
        path: Path = ("analyses", name)
        draft.is_known((*path, "estimand"), "estimand", analysis.estimand, draft.written.estimands)
        check_method(draft, path, analysis)
        check_missing(draft, path, analysis)
        check_comparisons(draft, path, analysis)
        check_error_rate(draft, (*path, "alpha"), analysis.alpha or ALPHA)
        if name not in in_families and "families" not in draft.written.unreadable:
            check_multiplicity(draft, path, analysis)


def check_method(draft: Draft, path: Path, analysis: WrittenAnalysis) -> None:
    endpoint, kind = endpoint_of(draft, analysis), analysis.method.kind
    where = (*path, "method")
    if endpoint is not None:
        what, methods = endpoint_kind(endpoint)
        if kind not in methods:
            name = draft.written.estimands[analysis.estimand].endpoint
            use = f"use {', '.join(methods[:-1])} or {methods[-1]}"
            draft.error(where, "method-endpoint", f"{kind} cannot compare {name}, which {what}", "", [use])
        elif kind in TIME_METHODS:
            check_time_method(draft, path, analysis, endpoint)
    options = (*where, kind)
    check_factors(draft, (*options, "strata"), analysis.method.strata)
    for i, covariate in enumerate(analysis.method.covariates):
        check_covariate(draft, (*options, "covariates", i), covariate)
    if kind == "mmrm" and endpoint is not None and endpoint.derive not in (*BINARY, *TIMES):
        check_repeated(draft, options, analysis.method, endpoint)
    if kind == "ancova" and analysis.method.slopes == "by_arm" and analysis.method.variance is not None:
        notes = ["leave 'variance' out, or write slopes: common"]
        message = "slopes by arm come with a robust variance of their own"
        draft.error((*options, "variance"), "one-of", message, "", notes)


def endpoint_kind(endpoint: WrittenEndpoint) -> tuple[str, tuple[str, ...]]:
    """Return what an endpoint is, in words, and the methods that compare such ones."""
    if endpoint.derive in BINARY:
        return "is yes or no", SHARES
    if endpoint.derive in TIMES:
        return "is a time that may not be known to its end", TIME_METHODS
    return "is a number", MEANS


def check_covariate(draft: Draft, path: Path, text: str) -> None:
    """A linear model adjusts for a continuous covariate, or a measure taken before treatment."""
    visits = draft.written.visits
    covariates = {covariate.name: covariate for covariate in draft.cohort.covariates}
    measures = [measure.name for measure in draft.cohort.measures]
    name, visit = covariate_parts(text)
    if visit is None:
        if name in measures:
            remedy = [f"write {name} at {next((v for v in visits if visits[v].at == 0), 'baseline')}"]
            draft.error(path, "covariate-visit", f"the measure {name} is taken at several visits", "", remedy)
        elif name in covariates and covariates[name].categories:
            notes = [f"write strata: [{name}]"]
            draft.error(path, "covariate-categorical", f"'{name}' has categories and is no number", "", notes)
        elif name not in covariates:
            draft.is_known(path, "covariate", name, [*covariates, *(f"{m} at VISIT" for m in measures)])
        return
    if not draft.is_known(path, "measure", name, measures) or not draft.is_known(path, "visit", visit, visits):
        return
    assessment = draft.written.assess.get(name)
    if assessment is None or visit not in assessment.at:
        notes = [f"{name} is assessed at: {', '.join(assessment.at) if assessment else 'no visit'}"]
        draft.error(path, "not-assessed", f"{name} is not assessed at {visit}", "", notes)
    elif visits[visit].at > 0:
        message = f"adjusting for {text} removes part of the effect: it is measured under treatment"
        draft.error(
            path, "covariate-after-randomisation", message, "", ["adjust for what was known at day 0 or before"]
        )


def covariate_parts(text: str) -> tuple[str, str | None]:
    """Return (covariate, None), or (measure, visit) of `sbp at baseline`."""
    match = AT_VISIT.fullmatch(text.strip())
    return (match[1], match[2]) if match else (text.strip(), None)


def check_comparisons(draft: Draft, path: Path, analysis: WrittenAnalysis) -> None:
    arms = draft.written.arms
    endpoint = endpoint_of(draft, analysis)
    if not analysis.compare:
        draft.error(
            (*path, "compare"), "no-comparison", "an analysis compares something", "", ["write high vs placebo"]
        )
    for name, comparison in analysis.compare.items() if len(arms) > 1 else ():
        where = draft.key(*path, "compare", name)
        parts = VERSUS.fullmatch(name.strip())
        if parts is None:
            notes = ["a comparison looks like: high vs placebo"]
            draft.error(where, "bad-comparison", f"'{name}' does not say which arms are compared", "", notes)
        elif parts[1] == parts[2]:
            draft.error(where, "bad-comparison", f"'{parts[1]}' is compared with itself")
        else:
            for arm in (parts[1], parts[2]):
                draft.is_known(where, "arm", arm, arms)
        check_direction(draft, (*path, "compare", name), comparison)
        if comparison.within is not None and endpoint is not None:
            check_ends(draft, (*path, "compare", name), analysis, comparison, endpoint)
        elif comparison.margin is not None and endpoint is not None:
            check_margin(draft, (*path, "compare", name, "margin"), comparison.margin, endpoint, analysis.method)


def check_ends(
    draft: Draft, path: Path, analysis: WrittenAnalysis, comparison: WrittenComparison, endpoint: WrittenEndpoint
) -> None:
    """Both ends of equivalence are ratios, or differences of the endpoint."""
    times = time_method(analysis.method) if analysis.method.kind in TIME_METHODS else None
    are_ratios = is_ratio(analysis.method) or (times is not None and times.is_ratio)
    if check_within(draft, path, analysis, comparison, endpoint, are_ratios):
        for i, end in enumerate(comparison.within or ()):
            check_margin(draft, (*path, comparison.within_key, i), end, endpoint, analysis.method)


def check_margin(draft: Draft, path: Path, margin: Quantity, endpoint: WrittenEndpoint, method: WrittenMethod) -> None:
    if not (check_share_margin(draft, path, margin, method) and check_time_margin(draft, path, margin, method)):
        return
    target = endpoint_unit(endpoint.derive, measure_unit(draft, endpoint.measure))
    if target is None:
        return
    if margin.dimension != target.dimension or (target == PERCENT) != (margin.unit.text == "%") and target != ONE:
        unit_name = target.text or "a plain number or %"
        notes = [f"the endpoint is in: {unit_name}", f"{margin}: {dimension_name(margin.dimension)}"]
        draft.error(path, "margin-unit", f"{margin} is no difference of this endpoint", "", notes)
    elif endpoint.derive in BINARY and not -1 < margin.coherent < 1:
        draft.error(path, "margin-unit", f"two shares cannot differ by {margin}", "", ["between -100% and 100%"])


def check_error_rate(draft: Draft, where: Path, text: str) -> None:
    form = ["write 0.025 one-sided, or 0.05 two-sided"]
    value = one_sided(text)
    if value is None:
        message = f"'{text}' does not say how large the error rate is and on how many sides"
        draft.error(where, "bad-alpha", message, "", form)
    elif not 0 < value < 0.5:
        message = f"an error rate of {number_text(value)} on one side is not between 0 and 0.5"
        draft.error(where, "bad-alpha", message, "", form)


def one_sided(text: str) -> float | None:
    """Return the one-sided error rate of a text such as `0.05 two-sided` (halved), None if it says none."""
    match = ERROR_RATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        value = float(match[1].removesuffix("%")) / (100 if match[1].endswith("%") else 1)
    except ValueError:
        return None
    return value / 2 if match[2] == "two" else value


def check_multiplicity(draft: Draft, path: Path, analysis: WrittenAnalysis) -> None:
    """Several comparisons need a rule that holds the error rate of the family, and one that is valid for them."""
    n, rule = len(analysis.compare), analysis.multiplicity
    if n > 1 and rule is None:
        alpha = one_sided(analysis.alpha or ALPHA) or 0.025
        notes = [f"without one, the chance of a false claim is up to {n * alpha:.3g} instead of {alpha:.3g}"]
        notes += [f"write multiplicity: one of {WAYS}"]
        message = f"{n} comparisons in one analysis need a multiplicity rule"
        draft.error(draft.key(*path, "compare"), "multiplicity-missing", message, "", notes)
    if rule not in NEEDS or check_equivalence_family(draft, path, analysis):
        return
    where = (*path, "multiplicity")
    pairs = [parts for name in analysis.compare if (parts := VERSUS.fullmatch(name.strip()))]
    controls = {parts[2] for parts in pairs if parts[1] != parts[2]}
    directions = {comparison.better for comparison in analysis.compare.values()}
    needs = NEEDS[rule]
    if len(controls) > 1:
        message = f"{rule} needs {needs}, and these have {len(controls)} controls: {', '.join(sorted(controls))}"
        draft.error(where, "multiplicity-family", message, "", ["use holm, or an analysis for each control"])
    elif len(directions) > 1:
        message = f"{rule} needs {needs}, and these look for higher and lower"
        draft.error(where, "multiplicity-family", message, "", ["use holm, or an analysis for each direction"])
    if rule in ("dunnett", "step_down_dunnett") and analysis.method.is_robust:
        message = f"{rule} needs one residual variance of all arms, which a robust variance is not"
        notes = ["write variance: model and slopes: common, or use holm"]
        draft.error(where, "multiplicity-family", message, "", notes)
    if rule in ("dunnett", "step_down_dunnett") and analysis.method.kind not in WITH_ONE_MODEL:
        message = f"{rule} needs one model of all arms, which {analysis.method.kind} is not"
        if analysis.method.kind == "mmrm":
            message = f"{rule} needs one residual variance of all arms and visits, which mmrm does not have"
        notes = ["use holm"]
        if analysis.method.kind not in (*SHARES, "mmrm"):
            model = "cox" if analysis.method.kind in TIME_METHODS else "ancova"
            notes = [f"use {model} (it may be without covariates), or holm"]
        draft.error(where, "multiplicity-family", message, "", notes)


def check_success(draft: Draft) -> None:
    """Success is judged by one analysis."""
    text = draft.written.success
    match = SUCCESS.fullmatch(text.strip())
    if match is None:
        message = f"'{text}' does not say when the trial succeeds"
        first = next(iter(draft.written.analyses), "primary")
        draft.error(("success",), "bad-success", message, "", [f"write any of {first}, or all of {first}"])
    else:
        draft.is_known(("success",), "analysis", match[2], draft.written.analyses)
