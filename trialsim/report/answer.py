"""The answer to the question the protocol asks, in sentences with their Monte-Carlo errors, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trialsim.protocol.model import Scenario
from trialsim.report.evidence import Evidence
from trialsim.report.numbers import Estimate, count, listed, percentage, share, whole
from trialsim.report.words import comparison_words, designs_words, scenario_words, spaced

FEW_TRIALS = 200
TOLD_DESIGNS = 4
AS_ESTIMATED = {
    "typical": "if the model's parameters are exactly as estimated",
    "uncertain": "once the uncertainty of the model's parameters is carried along",
}


@dataclass(frozen=True, slots=True)
class Warning_:
    """Something that stands against the answer: a fault (it is wrong somewhere) or a caution."""

    severity: Literal["fault", "caution"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    question: str
    decision: str
    sentences: tuple[str, ...]
    success_words: str
    context: tuple[tuple[str, str], ...]
    warnings: tuple[Warning_, ...]


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
        warnings=tuple(warnings(run)),
    )


def success_words(run: Evidence) -> str:
    """Return when a trial counts as a success."""
    names = [comparison_words(run.protocol, comparison) for comparison in run.deciding.comparisons]
    if len(names) == 1:
        return f"A trial succeeds when {spaced(run.deciding.name)} rejects for {names[0]}."
    quantifier, last = (("at least one of ", "or") if run.protocol.success.quantifier == "any" else ("", "and"))
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
        sentences.append(
            f"If there is nothing to find ({scenario_words(scenario)}), it rejects a true null in {said} of trials, "
            f"against a nominal {share(analysis.alpha)}."
        )
    return sentences


def error_rates(run: Evidence, scenario: Scenario) -> list[Estimate]:
    """Return the rates at which the deciding analysis rejects any true null, over modes and designs."""
    keys = [run.key(scenario.name, mode, design.name) for mode in run.modes for design in run.protocol.designs]
    rates = [run.of(key, "family_wise_type_1", run.deciding.name) for key in keys]
    return [rate for rate in rates if rate.is_known]


def warnings(run: Evidence) -> list[Warning_]:
    """Return everything that a reader must know before believing the answer, faults first."""
    found = [*unverified_nulls(run), *undeclared_nulls(run), *failures(run), *inflated_errors(run), *imprecision(run)]
    return sorted(found, key=lambda warning: warning.severity != "fault")


def unverified_nulls(run: Evidence) -> list[Warning_]:
    found = []
    for (key, analysis, comparison, quantity), truth in run.figures.items():
        if quantity == "null_not_verified":
            found.append(
                Warning_(
                    "fault",
                    f"Null not verified: the scenario \u201c{scenario_words(run.scenario(key))}\u201d declares {comparison} null, "
                    f"but in {analysis} its true effect is not ({key.parameters} parameters, {key.design}: "
                    f"{truth.value:.4g}). No type I error is given for it.",
                )
            )
    return found


def undeclared_nulls(run: Evidence) -> list[Warning_]:
    found = []
    for key in run.keys:
        for analysis in run.protocol.analyses:
            for comparison in analysis.comparisons:
                truth = run.of(key, "truth", analysis.name, comparison.name)
                is_null = truth.is_known and truth.error == 0 and abs(truth.value - comparison.margin) <= 1e-12
                if is_null and comparison.name not in run.scenario(key).null:
                    words = f"{comparison_words(run.protocol, comparison)} in {analysis.name}"
                    found.append(
                        f"Undeclared null: {words} has no true effect in \u201c{scenario_words(run.scenario(key))}\u201d, which does "
                        "not declare it null: what is called power there is a type I error."
                    )
    return [Warning_("caution", text) for text in dict.fromkeys(found)]


def failures(run: Evidence) -> list[Warning_]:
    found = []
    trials = sum(round(rate.value * rate.n) for (*_, what), rate in run.figures.items() if what == "failed_trials" and rate.n)
    if trials:
        found.append(Warning_("fault", f"{count(trials, 'trial')} could not be simulated and count in no figure; see What failed."))
    worst = max((rate.value for (*_, what), rate in run.figures.items() if what == "failed_patients"), default=0.0)
    if worst > 0:
        text = f"The course of some patients could not be computed: up to {share(worst)} of the randomised; see What failed."
        found.append(Warning_("fault", text))
    worst = max((rate.value for (*_, what), rate in run.figures.items() if what == "failed_analyses"), default=0.0)
    if worst > 0:
        text = f"Some analyses could not be estimated, up to {share(worst)} of trials in a cell; they count as not rejected; see What failed."
        found.append(Warning_("caution", text))
    return found


def inflated_errors(run: Evidence) -> list[Warning_]:
    """Return family-wise errors whose 95% interval lies above the nominal rate."""
    found = []
    names = designs_words(run.protocol)
    for (key, analysis, _, quantity), rate in run.figures.items():
        nominal = next((each.alpha for each in run.protocol.analyses if each.name == analysis), 1.0)
        if quantity == "family_wise_type_1" and rate.lower > nominal:
            where = ", ".join(filter(None, (scenario_words(run.scenario(key)), f"{key.parameters} parameters", names[key.design])))
            found.append(
                Warning_("caution", f"The type I error of {analysis} is above its nominal {share(nominal)}: {percentage(rate)} ({where}).")
            )
    return found


def imprecision(run: Evidence) -> list[Warning_]:
    """Return that trials are too few, or that the precision asked for was not reached."""
    found = []
    numbers = [rate.n for (*_, what), rate in run.figures.items() if what == "success"]
    if numbers and min(numbers) < FEW_TRIALS:
        text = f"A quick look: only {count(min(numbers), 'trial')} in the smallest cell. More trials shrink the \u00b1 of every number."
        found.append(Warning_("caution", text))
    until = run.protocol.simulate.until
    if until is not None:
        short = {
            key for (key, _, _, what), rate in run.figures.items()
            if what in ("power", "assurance", "type_1") and rate.error > until.power_standard_error
        }  # fmt: skip
        if short:
            text = (
                f"{count(len(short), 'cell')} of {len(run.keys)} stopped at the largest number of trials before every rate "
                f"reached the standard error asked for ({share(until.power_standard_error)})."
            )
            found.append(Warning_("caution", text))
    return found
