"""Success, power, assurance and type I error over the grid of scenarios and designs."""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.units import quantity
from trialsim.protocol.model import Analysis, Scenario
from trialsim.report.evidence import Evidence
from trialsim.report.forest import Forest, Group, Line, Mark, error_top, mark
from trialsim.report.looks_words import spending_words
from trialsim.report.numbers import Estimate, count, share
from trialsim.report.words import (
    METHODS,
    TESTS,
    changes_words,
    comparison_words,
    designs_words,
    endpoint_words,
    error_rate_words,
    first_upper,
    missing_words,
    path_words,
    scenario_words,
    short_arm_words,
    spaced,
    time_method_words,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRates:
    """What one analysis rejects: where there is an effect, and where there is none."""

    name: str
    heading: str
    words: str
    power: Forest | None
    errors: Forest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    x: float
    rate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Power of one comparison in one scenario along what varies."""

    scenario: str
    comparison: str
    arm: str  # the treated one
    short: str  # label beside its line
    mode: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """The curves of the deciding analysis, where the designs differ in one number alone."""

    x_label: str
    analysis: str
    curves: tuple[Curve, ...]

    @property
    def scenarios(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(curve.scenario for curve in self.curves))


def success_forest(run: Evidence) -> Forest:
    """Return how often the trial succeeds, by scenario and design."""
    names, deciding = designs_words(run.protocol), run.deciding.name
    groups = tuple(
        Group(
            label=scenario_words(scenario),
            note=changes_words(scenario),
            lines=tuple(
                Line(
                    label=names[design.name] or whole_trial(run),
                    marks=tuple(
                        mark(mode, run.of(run.key(scenario.name, mode, design.name), "success", deciding))
                        for mode in run.modes
                    ),
                )
                for design in run.protocol.designs
            ),
        )
        for scenario in run.protocol.scenarios
    )
    success = run.protocol.success
    return Forest(
        caption=f"Share of simulated trials that succeed ({success.quantifier} of {spaced(success.analysis)}).",
        column="Design",
        modes=run.modes,
        groups=groups,
        top=1.0,
    )


def analyses_rates(run: Evidence) -> tuple[AnalysisRates, ...]:
    """Return the rates of every analysis, the deciding one first."""
    ordered = sorted(run.protocol.analyses, key=lambda analysis: analysis.name != run.protocol.success.analysis)
    return tuple(analysis_rates(run, analysis) for analysis in ordered)


def analysis_rates(run: Evidence, analysis: Analysis) -> AnalysisRates:
    power = tuple(filter(None, (rejections(run, analysis, scenario, False) for scenario in run.protocol.scenarios)))
    errors = tuple(filter(None, (rejections(run, analysis, scenario, True) for scenario in run.protocol.scenarios)))
    column = "Design" if run.protocol.vary else "Comparison"
    return AnalysisRates(
        name=analysis.name,
        heading=first_upper(spaced(analysis.name)),
        words=analysis_words(run, analysis),
        power=Forest(
            caption=f"{first_upper(spaced(analysis.name))}: share of trials that show the effect.",
            column=column, modes=run.modes, groups=power, top=1.0,
        ) if power else None,
        errors=Forest(
            caption=f"{first_upper(spaced(analysis.name))}: share of trials that reject a null that is true.",
            column=column, modes=run.modes, groups=errors, top=error_top(errors, analysis.alpha),
            reference=analysis.alpha, reference_text=f"nominal {share(analysis.alpha)}",
        ) if errors else None,
    )  # fmt: skip


def analysis_words(run: Evidence, analysis: Analysis) -> str:
    """Return an analysis as a sentence."""
    endpoint = run.protocol.endpoint(run.protocol.estimand(analysis.estimand).endpoint)
    method, adjusted = (
        analysis.method,
        [f"{name} at {visit}" if visit else name for name, visit in analysis.method.covariates],
    )
    words = f"{first_upper(METHODS[method.kind])} of {endpoint_words(endpoint)}"
    if adjusted:
        words += f", adjusted for {', '.join(map(spaced, adjusted))}"
    if method.strata:
        words += f", stratified by {', '.join(map(spaced, method.strata))}"
    if method.kind in ("cmh", "logistic"):
        words += f", with the {METHODS[str(method.measure)]}"
    if method.kind == "logistic":
        words += f" of all patients and its {method.variance} variance"
    if method.kind == "ancova" and method.slopes == "by_arm":
        words += ", slopes by arm"
    if method.kind == "ancova" and method.variance in ("hc0", "hc3"):
        words += f", robust variance ({method.variance.upper()})"
    if method.test is not None:
        words += f", {TESTS[method.test]}"
    if method.times is not None:
        words += time_method_words(method.kind, method.times)
    missing = missing_words(run.protocol, method) if method.times is None else "censored when last seen free of it"
    for comparison in analysis.comparisons:
        if comparison.within is not None:
            arms = comparison_words(run.protocol, comparison)
            words += f", equivalence of {arms} within {' to '.join(comparison.within_text)}"
    if method.kind == "mmrm":
        words += f", at {', '.join(map(spaced, method.visits))}"
        missing = f"values as seen; covariance {', else '.join(map(spaced, method.covariances))}"
    spent = f", {spending_words(analysis.spend)}" if analysis.spend else ""
    level = f"one-sided alpha {share(analysis.alpha)}{spent}, {error_rate_words(run.protocol, analysis)}"
    return f"{words}; {missing}; {level}."


def rejections(run: Evidence, analysis: Analysis, scenario: Scenario, null: bool) -> Group | None:
    """Return one scenario's rejection rates of the comparisons that are null in it, or of those that are not."""
    names = designs_words(run.protocol)
    chosen = [each for each in analysis.comparisons if scenario.is_null(analysis.name, each.name) == null]
    lines = []
    for comparison in chosen:
        for design in run.protocol.designs:
            keys = [run.key(scenario.name, mode, design.name) for mode in run.modes]
            found = [run.rejection(key, analysis.name, comparison.name) for key in keys]
            marks = [
                mark(mode, rate if quantity != "null_not_verified" else Estimate(float("nan")))
                for mode, (quantity, rate) in zip(run.modes, found, strict=True)
            ]
            lines.append(line(run, comparison_words(run.protocol, comparison), names[design.name], marks))
    if null and len(chosen) > 1:
        lines += family_lines(run, analysis.name, scenario, "any of these")
    for family in run.protocol.families if null and chosen else ():
        if any(part[0] == analysis.name for hypothesis in family.hypotheses for part in hypothesis.parts):
            lines += family_lines(run, family.name, scenario, f"any of the family {spaced(family.name)}")
    if not lines:
        return None
    return Group(label=scenario_words(scenario), note=changes_words(scenario), lines=tuple(lines))


def line(run: Evidence, comparison: str, design: str, marks: list[Mark]) -> Line:
    """Return a row: its comparison is a heading where designs differ."""
    if run.protocol.vary:
        return Line(heading=comparison, label=design, marks=tuple(marks))
    return Line(label=comparison, marks=tuple(marks))


def whole_trial(run: Evidence) -> str:
    return count(run.protocol.patients.randomised, "patient")


def family_lines(run: Evidence, name: str, scenario: Scenario, words: str) -> list[Line]:
    """Return the family-wise rates of an analysis or a family: at least one true null is rejected."""
    names, lines = designs_words(run.protocol), []
    for design in run.protocol.designs:
        keys = [run.key(scenario.name, mode, design.name) for mode in run.modes]
        marks = [mark(key.parameters, run.of(key, "family_wise_type_1", name)) for key in keys]
        lines.append(line(run, words, names[design.name], marks))
    return lines


def power_curves(run: Evidence) -> Curves | None:
    """Return the deciding analysis's power along the one number that varies; None where designs differ otherwise."""
    if len(run.protocol.vary) != 1 or len(run.protocol.designs) < 2:
        return None
    try:
        numbers = [quantity(text) for text in run.protocol.vary[0].values]
    except UnreadableText:
        return None
    path, analysis = run.protocol.vary[0].path, run.deciding
    label = "patients randomised" if path == ("patients", "randomised") else path_words(run.protocol, path)
    if unit := numbers[0].unit.text:
        label += f" ({unit})"
    curves = tuple(
        Curve(
            scenario=scenario_words(scenario),
            comparison=comparison_words(run.protocol, comparison),
            arm=comparison.treated,
            short=short_arm_words(next(arm for arm in run.protocol.arms if arm.name == comparison.treated)),
            mode=mode,
            points=tuple(
                CurvePoint(
                    x=number.to(numbers[0].unit),
                    rate=run.rejection(run.key(scenario.name, mode, design.name), analysis.name, comparison.name)[1],
                )
                for number, design in zip(numbers, run.protocol.designs, strict=True)
            ),
        )
        for scenario in run.protocol.scenarios
        for comparison in analysis.comparisons
        if not scenario.is_null(analysis.name, comparison.name)
        for mode in run.modes
    )
    return Curves(x_label=label, analysis=spaced(analysis.name), curves=curves) if curves else None
