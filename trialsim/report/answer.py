"""The answer to the question a protocol asks, in sentences with their Monte-Carlo errors."""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.protocol.model import Scenario
from trialsim.report.caveats import Caveat, caveats
from trialsim.report.evidence import Evidence
from trialsim.report.numbers import Estimate, listed, percentage, share, whole
from trialsim.report.words import comparison_words, designs_words, scenario_words, spaced

TOLD_DESIGNS = 4
AS_ESTIMATED = {
    "typical": "if the model's parameters are exactly as estimated",
    "uncertain": "once the uncertainty of the model's parameters is carried along",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    question: str
    decision: str
    sentences: tuple[str, ...]
    success_words: str
    context: tuple[tuple[str, str], ...]
    caveats: tuple[Caveat, ...]


def answer(run: Evidence) -> Answer:
    """Return the question and its answer."""
    context = run.protocol.context_of_use
    sentences = [*success_sentences(run), *error_sentences(run)]
    return Answer(
        question=context.question,
        decision=context.decision,
        sentences=tuple(sentences),
        success_words=success_words(run),
        context=(
            ("Decision", context.decision),
            ("Influence of the model", context.model_influence),
            ("Consequence of a wrong decision", context.consequence),
        ),
        caveats=tuple(caveats(run)),
    )


def success_words(run: Evidence) -> str:
    """Return when a trial counts as a success."""
    names = [comparison_words(run.protocol, comparison) for comparison in run.deciding.comparisons]
    if len(names) == 1:
        return f"A trial succeeds when {spaced(run.deciding.name)} rejects for {names[0]}."
    quantifier, last = ("at least one of ", "or") if run.protocol.success.quantifier == "any" else ("", "and")
    return f"A trial succeeds when {spaced(run.deciding.name)} rejects for {quantifier}{listed(names, last)}."


def success_sentences(run: Evidence) -> list[str]:
    """Return the share of trials that succeed in the first scenario, one sentence a design."""
    scenario = next((s for s in run.protocol.scenarios if not s.null), run.protocol.scenarios[0])
    names, deciding = designs_words(run.protocol), run.deciding.name
    designs = list(run.protocol.designs)
    first = run.modes[0]
    rates = {
        (design.name, mode): run.of(run.key(scenario.name, mode, design.name), "success", deciding)
        for design in designs
        for mode in run.modes
    }
    if len(designs) > TOLD_DESIGNS:
        designs = sorted(designs, key=lambda design: rates[design.name, first].value)
        designs = [designs[0], designs[-1]]
    sentences = []
    for i, design in enumerate(designs):
        told = [percentage(rates[design.name, mode]) for mode in run.modes]
        clauses = [f"in {told[0]} of trials {AS_ESTIMATED[first]}"]
        clauses += [f"in {text} {AS_ESTIMATED[mode]}" for text, mode in zip(told[1:], run.modes[1:], strict=True)]
        patients = names[design.name] or f"{whole(design.protocol.patients.randomised)} patients"
        if i == 0:
            sentences.append(f"With {patients} the trial succeeds {' and '.join(clauses)}.")
        else:
            sentences.append(f"With {patients} it succeeds in {listed(told)}.")
    if len(run.protocol.designs) > TOLD_DESIGNS:
        sentences.append(f"These are the least and the most successful of {len(run.protocol.designs)} designs.")
    return sentences


def error_sentences(run: Evidence) -> list[str]:
    """Return the deciding analysis's type I error in every scenario that declares nulls, the largest of its cells."""
    analysis, sentences = run.deciding, []
    for scenario in run.protocol.scenarios:
        found = error_rates(run, scenario)
        if not found:
            continue
        low, high = min(found, key=lambda rate: rate.value), max(found, key=lambda rate: rate.value)
        said = percentage(high) if low.value == high.value else f"between {percentage(low)} and {percentage(high)}"
        nulls = [each for each in analysis.comparisons if scenario.is_null(analysis.name, each.name)]
        if len(nulls) == len(analysis.comparisons):
            where = f"If there is nothing to find ({scenario_words(scenario)}), the share of trials that reject a null"
        else:
            names = listed([comparison_words(run.protocol, each) for each in nulls])
            where = f"The share of trials that reject {names} where there is no difference ({scenario_words(scenario)})"
        sentences.append(f"{where} is {said}; nominally it is {share(analysis.alpha)}.")
    return sentences


def error_rates(run: Evidence, scenario: Scenario) -> list[Estimate]:
    """Return the rates at which the deciding analysis rejects any true null, over modes and designs."""
    keys = [run.key(scenario.name, mode, design.name) for mode in run.modes for design in run.protocol.designs]
    rates = [run.of(key, "family_wise_type_1", run.deciding.name) for key in keys]
    return [rate for rate in rates if rate.is_known]
