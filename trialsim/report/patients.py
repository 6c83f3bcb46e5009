"""Who the patients are: a baseline table of kept patients, screening, the model's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trialsim.cohort.model import Cohort, Covariate, Effect, Parameter, RandomEffect, Uncertainty
from trialsim.cohort.spreads import coefficient_of_variation
from trialsim.foundation.units import number_text
from trialsim.report.evidence import Evidence
from trialsim.report.kept import Kept, baselines, shown_key
from trialsim.report.numbers import UNKNOWN, count, plain, share, significant, with_error
from trialsim.report.profiles import quantile
from trialsim.report.words import arm_words, scenario_words, spaced

ALL = "All"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRow:
    label: str
    cells: tuple[str, ...]
    is_level: bool = False  # one category of the row above


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    name: str
    label: str
    typical: str
    uncertainty: str
    between_patients: str
    effects: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The cohort as simulated."""

    title: str
    context: str
    columns: tuple[str, ...]  # arms with their numbers of patients, then all
    baseline: tuple[BaselineRow, ...]
    kept_words: str
    screening: tuple[tuple[str, str], ...]
    parameters: tuple[ParameterRow, ...]
    parameters_words: str


def population(run: Evidence, kept: Kept) -> Population:
    """Return the cohort: what its patients are like in the trials whose patients were kept."""
    patients = kept.patients[run.protocol.scenarios[0].name]
    arms = [arm.name for arm in run.protocol.arms]
    groups = [[row for row in patients if row["arm"] == arm] for arm in arms] + [patients]
    labels = [arm_words(arm) for arm in run.protocol.arms] + [ALL]
    return Population(
        title=run.cohort.title,
        context=run.cohort.context_of_use,
        columns=tuple(f"{label} (n\u00a0=\u00a0{len(group)})" for label, group in zip(labels, groups, strict=True)),
        baseline=tuple(baseline_rows(run, kept, groups)) if patients else (),
        kept_words=kept_words(run, kept, len(patients)),
        screening=tuple(screening(run)),
        parameters=tuple(parameter_row(parameter, run.cohort) for parameter in run.cohort.parameters),
        parameters_words=parameters_words(run.cohort),
    )


def kept_words(run: Evidence, kept: Kept, n: int) -> str:
    if not n:
        return (
            "No patient's data were kept, so there is no baseline table; the protocol's `keep` says how much is stored."
        )
    key = shown_key(run, run.protocol.scenarios[0].name)
    trials = kept.n_trials(key.scenario)
    return (
        f"{count(n, 'patient')} of {count(trials, 'kept trial')} of one cell (scenario "
        f"\u201c{scenario_words(run.scenario(key))}\u201d, {key.parameters} parameters). "
        "Numbers are medians with quartiles, or patients with their share."
    )


def baseline_rows(run: Evidence, kept: Kept, groups: Sequence[Sequence[dict[str, Any]]]) -> list[BaselineRow]:
    """Return the baseline table: covariates, then the measures at their last assessment before treatment."""
    told: list[BaselineRow] = []
    for covariate in run.cohort.covariates:
        told += covariate_rows(covariate, groups)
    for measure, visit in baselines(run):
        by_patient = kept.at_visit(run.protocol.scenarios[0].name, measure.name, visit)
        label = measure.label or spaced(measure.name)
        people = [[(row["trial"], row["patient"]) for row in group] for group in groups]
        cells = quartiles([[by_patient[one] for one in group if one in by_patient] for group in people])
        told.append(BaselineRow(label=f"{label} at {spaced(visit)}, {measure.unit.text}".rstrip(", "), cells=cells))
    return told


def covariate_rows(covariate: Covariate, groups: Sequence[Sequence[dict[str, Any]]]) -> list[BaselineRow]:
    label = covariate.label or spaced(covariate.name)
    if not covariate.categories:
        unit = f", {covariate.unit.text}" if covariate.unit.text else ""
        cells = quartiles([[row[covariate.name] for row in group] for group in groups])
        return [BaselineRow(label=f"{label}{unit}", cells=cells)]
    if len(covariate.categories) == 1:
        return []  # everybody: said by the model, no property that differs
    levels = [
        BaselineRow(
            label=spaced(category),
            cells=tuple(share_of([row[covariate.name] == category for row in group]) for group in groups),
            is_level=True,
        )
        for category in covariate.categories
    ]
    return [BaselineRow(label=label, cells=("",) * len(groups)), *levels]


def quartiles(groups: Sequence[Sequence[float]]) -> tuple[str, ...]:
    """Return `84 (72\u201396)` a group: median and quartiles; as many decimals as the last group, all, deserves."""
    if not groups[-1]:
        return (UNKNOWN,) * len(groups)
    low, middle, high = (quantile(groups[-1], p) for p in (0.25, 0.5, 0.75))
    width = high - low or abs(middle)
    decimals = 0 if width >= 8 else 1 if width >= 0.8 else 2
    return tuple(quartiles_text(group, decimals) if group else UNKNOWN for group in groups)


def quartiles_text(values: Sequence[float], decimals: int) -> str:
    low, middle, high = (plain(quantile(values, p), decimals) for p in (0.25, 0.5, 0.75))
    return f"{middle} ({low}\u2013{high})"


def share_of(hits: Sequence[bool]) -> str:
    return f"{sum(hits)} ({plain(100 * sum(hits) / len(hits), 0)}%)" if hits else UNKNOWN


def screening(run: Evidence) -> list[tuple[str, str]]:
    """Return what screening came to in the first cell of every design."""
    told = []
    for design in run.protocol.designs:
        key = run.key(run.protocol.scenarios[0].name, run.modes[0], design.name)
        screened, failed = run.of(key, "screened"), run.of(key, "screen_failure")
        if screened.is_known:
            n = design.protocol.patients.randomised
            text = f"{with_error(screened)} candidates are screened for {n} patients randomised"
            told.append((text, with_error(failed.times(100), "%")))
    return told


def parameter_row(parameter: Parameter, cohort: Cohort) -> ParameterRow:
    unit = f" {parameter.unit.text}" if parameter.unit.text else ""
    return ParameterRow(
        name=parameter.name,
        label=parameter.label or "",
        typical=f"{significant(parameter.typical, 4)}{unit}",
        uncertainty=uncertainty_words(parameter.uncertainty, unit),
        between_patients=between_words(parameter.between_patients, unit),
        effects="; ".join(effect_words(effect, cohort) for effect in parameter.effects if effect_words(effect, cohort)),
    )


def uncertainty_words(uncertainty: Uncertainty | None, unit: str) -> str:
    if uncertainty is None:
        return "taken as known"
    if uncertainty.scale == "lognormal":
        return f"RSE {share(coefficient_of_variation(uncertainty.sd))}"
    if uncertainty.scale == "normal":
        return f"SE {significant(uncertainty.sd)}{unit}"
    return f"SE {significant(uncertainty.sd)} on the logit"


def between_words(effect: RandomEffect | None, unit: str) -> str:
    if effect is None:
        return "none"
    if effect.scale == "lognormal":
        words = f"CV {share(coefficient_of_variation(effect.sd))}"
    elif effect.scale == "gamma":
        words = f"gamma, CV {share(effect.sd)}"
    else:
        words = f"SD {significant(effect.sd)}{unit if effect.scale == 'normal' else ' on the logit'}"
    return words + (f" (RSE {share(coefficient_of_variation(effect.uncertainty.sd))})" if effect.uncertainty else "")


def effect_words(effect: Effect, cohort: Cohort) -> str:
    """Return a covariate's effect as a short formula."""
    covariate = next(each for each in cohort.covariates if each.name == effect.covariate)
    unit, name = covariate.unit.text, effect.covariate
    if effect.kind == "factors":
        pairs = zip(covariate.categories, effect.factors, strict=True)
        return ", ".join(
            f"{spaced(name)} {label} \u00d7 {number_text(factor)}" for label, factor in pairs if factor != 1
        )
    if effect.kind == "power":
        reference = f"{number_text(effect.reference)}{f' {unit}' if unit else ''}"
        return f"({name} / {reference})^{number_text(effect.coefficient)}"
    slope, reference = number_text(effect.coefficient), number_text(effect.reference)
    return f"{effect.kind} in {name}: {slope} per {unit or 'unit'} from {reference}"


def parameters_words(cohort: Cohort) -> str:
    if cohort.posterior:
        return (
            f"Typical values and their uncertainty come from the joint posterior draws of the fit "
            f"\u201c{cohort.posterior}\u201d; what the table states are the priors of that fit."
        )
    return (
        "Typical value: of a patient at the reference covariates. RSE: relative standard error of that value. "
        "CV, SD: between patients."
    )
