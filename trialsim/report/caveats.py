"""What stands against the answer, told before anything else: faults first, then cautions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trialsim.protocol.model import Comparison
from trialsim.report.evidence import Address, Evidence
from trialsim.report.numbers import Estimate, count, listed, percentage, share, significant
from trialsim.report.words import comparison_label, designs_words, scenario_words, spaced

FEW_TRIALS = 200


@dataclass(frozen=True, slots=True)
class Caveat:
    """Something that stands against the answer: a fault (it is wrong somewhere) or a caution."""

    severity: Literal["fault", "caution"]
    text: str


def caveats(run: Evidence) -> list[Caveat]:
    """Return everything that a reader must know before believing the answer, faults first."""
    found = [*unverified_nulls(run), *undeclared_nulls(run), *failures(run), *inflated_errors(run), *imprecision(run)]
    return sorted(found, key=lambda caveat: caveat.severity != "fault")


def unverified_nulls(run: Evidence) -> list[Caveat]:
    """Return every null that was declared and does not hold, once for all the cells in which it does not."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for (key, analysis, comparison, quantity), truth in run.figures.items():
        if quantity == "null_not_verified":
            found.setdefault((key.scenario, analysis or "", comparison or ""), []).append(truth.value)
    told = []
    for (scenario, analysis, comparison), truths in found.items():
        ends = dict.fromkeys((significant(min(truths)), significant(max(truths))))
        label = next(scenario_words(each) for each in run.protocol.scenarios if each.name == scenario)
        words, cells = comparison_label(run.protocol, comparison), count(len(truths), "cell")
        told.append(
            f"Null not verified: \u201c{label}\u201d declares {words} null, but in {spaced(analysis)} its true effect "
            f"is {' to '.join(ends)} ({cells}). No type I error is given for it."
        )
    return [Caveat("fault", text) for text in told]


def undeclared_nulls(run: Evidence) -> list[Caveat]:
    """Return every comparison with nothing to find whose scenarios do not say so, once for all of these."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for key in run.keys:
        for analysis in run.protocol.analyses:
            for comparison in analysis.comparisons:
                what = nothing_to_find(run.of(key, "truth", analysis.name, comparison.name), comparison)
                if what and not run.scenario(key).is_null(analysis.name, comparison.name):
                    scenarios = found.setdefault((comparison.name, what), {})
                    analyses = scenarios.setdefault(f"\u201c{scenario_words(run.scenario(key))}\u201d", [])
                    analyses += [spaced(analysis.name)] if spaced(analysis.name) not in analyses else []
    told = []
    for (comparison_name, what), scenarios in found.items():
        where = listed(list(dict.fromkeys(name for names in scenarios.values() for name in names)))
        do_not = "which does not" if len(scenarios) == 1 else "which do not"
        told.append(
            f"Undeclared null: {comparison_label(run.protocol, comparison_name)} in {where} has {what} in "
            f"{listed(list(scenarios))}, {do_not} declare it null: what is called power there is a type I error."
        )
    return [Caveat("caution", text) for text in told]


def nothing_to_find(truth: Estimate, comparison: Comparison) -> str | None:
    """Return in words that a true effect is none, or on the wrong side of its null by more than 3 of its errors."""
    if not truth.is_known:
        return None
    gain = comparison.gain(truth.value)
    if truth.error == 0 and abs(gain) <= 1e-12:
        return "no true effect"
    return "a true effect on the wrong side of its null" if gain < -max(3 * truth.error, 1e-9) else None


def failures(run: Evidence) -> list[Caveat]:
    found = []
    trials = sum(
        round(rate.value * rate.n) for (*_, what), rate in run.figures.items() if what == "failed_trials" and rate.n
    )
    if trials:
        found.append(
            Caveat("fault", f"{count(trials, 'trial')} could not be simulated and count in no figure; see What failed.")
        )
    worst = max((rate.value for (*_, what), rate in run.figures.items() if what == "failed_patients"), default=0.0)
    if worst > 0:
        text = f"The course of up to {share(worst)} of the randomised patients could not be computed; see What failed."
        found.append(Caveat("fault", text))
    shares = {
        analysis: rate.value
        for (_, analysis, _, what), rate in by_value(run)
        if what == "failed_analyses" and rate.value > 0
    }
    if shares:
        told = listed(
            [f"{spaced(name or '')} (up to {share(value)} of the trials of a cell)" for name, value in shares.items()]
        )
        text = f"Not every analysis could be estimated: {told}. Such trials count as not rejected; see What failed."
        found.append(Caveat("caution", text))
    return found


def by_value(run: Evidence) -> list[tuple[Address, Estimate]]:
    """Return the operating characteristics, smallest first."""
    return sorted(run.figures.items(), key=lambda item: (item[1].value, item[0][0]))


def inflated_errors(run: Evidence) -> list[Caveat]:
    """Return family-wise errors whose 95% interval lies above the nominal rate."""
    found = []
    names = designs_words(run.protocol)
    for (key, analysis, _, quantity), rate in run.figures.items():
        nominal = run.nominal(analysis)
        if quantity == "family_wise_type_1" and rate.lower > nominal:
            where = ", ".join(
                filter(None, (scenario_words(run.scenario(key)), f"{key.parameters} parameters", names[key.design]))
            )
            found.append(
                Caveat(
                    "caution",
                    f"The type I error of {spaced(analysis or '')} is above its nominal {share(nominal)}: "
                    f"{percentage(rate)} ({where}).",
                )
            )
    return found


def imprecision(run: Evidence) -> list[Caveat]:
    """Return that trials are too few, or that the precision asked for was not reached."""
    found = []
    numbers = [rate.n for (*_, what), rate in run.figures.items() if what == "success"]
    if numbers and min(numbers) < FEW_TRIALS:
        few = count(min(numbers), "trial")
        text = f"A quick look: only {few} in the smallest cell. More trials shrink the \u00b1 of every number."
        found.append(Caveat("caution", text))
    until = run.protocol.simulate.until
    if until is not None:
        short = {
            key for (key, _, _, what), rate in run.figures.items()
            if what in ("power", "assurance", "type_1") and rate.error > until.power_standard_error
        }  # fmt: skip
        if short:
            text = (
                f"{count(len(short), 'cell')} of {len(run.keys)} stopped at the largest number of trials before every "
                f"rate reached the standard error asked for ({share(until.power_standard_error)})."
            )
            found.append(Caveat("caution", text))
    return found
