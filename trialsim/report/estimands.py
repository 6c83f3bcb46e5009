"""What is estimated: each estimand in words, and how well its analyses hit the truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from trialsim.protocol.model import Analysis, Estimand, Protocol
from trialsim.report.evidence import Evidence
from trialsim.report.numbers import Estimate, percentage, with_error
from trialsim.report.words import (
    STRATEGIES,
    comparison_words,
    designs_words,
    endpoint_words,
    first_upper,
    scenario_words,
    spaced,
    unit_words,
)
from trialsim.store.layout import Key

FAR = 3.0  # Monte-Carlo standard errors beyond which a bias is marked
IN_WORDS = {
    "treatment_policy": "counted as observed, whatever is taken afterwards",
    "hypothetical": (
        "as if it did not happen: the value of a patient it happens to is missing, "
        "and the truth is simulated without it"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimandWords:
    name: str
    endpoint: str
    events: tuple[tuple[str, str, str], ...]  # event, strategy, what that means


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyRow:
    """How one comparison was estimated in one cell."""

    comparison: str
    design: str
    mode: str
    truth: str
    estimate: str
    bias: str
    is_biased: bool
    spread: str  # SD of the estimates
    mean_error: str  # mean of the standard errors the method gives
    square_error: str  # mean of (estimate - truth)^2
    coverage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """One analysis: its rows by scenario."""

    analysis: str
    estimand: str
    unit: str
    level: str
    scenarios: tuple[tuple[str, tuple[AccuracyRow, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimands:
    words: tuple[EstimandWords, ...]
    accuracy: tuple[Accuracy, ...]
    has_bias_mark: bool


def estimands(run: Evidence) -> Estimands:
    """Return the estimands and the accuracy of every analysis, the deciding one first."""
    ordered = sorted(run.protocol.analyses, key=lambda analysis: analysis.name != run.protocol.success.analysis)
    accuracy = tuple(accuracy_of(run, analysis) for analysis in ordered)
    return Estimands(
        words=tuple(estimand_words(run.protocol, estimand) for estimand in run.protocol.estimands),
        accuracy=accuracy,
        has_bias_mark=any(row.is_biased for each in accuracy for _, rows in each.scenarios for row in rows),
    )


def estimand_words(protocol: Protocol, estimand: Estimand) -> EstimandWords:
    return EstimandWords(
        name=first_upper(spaced(estimand.name)),
        endpoint=endpoint_words(protocol.endpoint(estimand.endpoint)),
        events=tuple(
            (spaced(event), STRATEGIES[strategy], IN_WORDS[strategy]) for event, strategy in estimand.strategies
        ),
    )


def accuracy_of(run: Evidence, analysis: Analysis) -> Accuracy:
    first = run.keys[0]
    unit = run.unit(first, "truth", analysis.name, analysis.comparisons[0].name)
    return Accuracy(
        analysis=first_upper(spaced(analysis.name)),
        estimand=first_upper(spaced(analysis.estimand)),
        unit=unit_words(unit),
        level=f"{100 * (1 - 2 * analysis.alpha):g}%",
        scenarios=tuple(
            (scenario_words(scenario), accuracy_rows(run, analysis, scenario.name))
            for scenario in run.protocol.scenarios
        ),
    )


def accuracy_rows(run: Evidence, analysis: Analysis, scenario: str) -> tuple[AccuracyRow, ...]:
    names, told = designs_words(run.protocol), []
    for comparison in analysis.comparisons:
        for design in run.protocol.designs:
            for mode in run.modes:
                key = run.key(scenario, mode, design.name)
                of = partial(quantity_of, run, key, analysis.name, comparison.name)
                factor = 1.0 if run.unit(key, "truth", analysis.name, comparison.name) else 100.0

                bias = of("bias")
                told.append(
                    AccuracyRow(
                        comparison=comparison_words(run.protocol, comparison),
                        design=names[design.name],
                        mode=mode,
                        truth=with_error(of("truth").times(factor)),
                        estimate=with_error(of("mean_estimate").times(factor)),
                        bias=with_error(bias.times(factor)),
                        is_biased=bias.error > 0 and abs(bias.value) > FAR * bias.error,
                        spread=with_error(of("empirical_se").times(factor)),
                        mean_error=with_error(of("mean_se").times(factor)),
                        square_error=with_error(of("mse").times(factor * factor)),
                        coverage=percentage(of("coverage")),
                    )
                )
    return tuple(told)


def quantity_of(run: Evidence, key: Key, analysis: str, comparison: str, quantity: str) -> Estimate:
    return run.of(key, quantity, analysis, comparison)
