"""Equivalence: both ends of what a difference or a ratio may be, tested from both sides."""

from __future__ import annotations

from typing import Any

from trialsim.foundation.units import DIMENSIONLESS, Quantity
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.written import WrittenAnalysis, WrittenComparison, WrittenEndpoint

DIFFERENCE, RATIO = "difference within", "ratio within"
NO_EQUIVALENCE = ("cmh", "log_rank", "max_combo", "gray")  # tests of no difference at all
NOT_FOR_EQUIVALENCE = ("dunnett", "step_down_dunnett", "hochberg", "hommel")


def written_comparison(**values: Any) -> WrittenComparison:
    """Return a comparison; of the two ways to write equivalence it takes the one that is written."""
    difference, ratio = values.pop(DIFFERENCE), values.pop(RATIO)
    within = difference if difference is not None else ratio
    key = "" if within is None else DIFFERENCE if difference is not None else RATIO
    return WrittenComparison(**values, within=within, within_key=key)


def check_direction(draft: Draft, path: Path, comparison: WrittenComparison) -> None:
    """A comparison looks in one direction, or from both sides at a difference or ratio between two ends."""
    if comparison.within is None:
        if comparison.better is None:
            notes = ["write better: higher, or better: lower", f"for equivalence write {RATIO}: [80%, 125%]"]
            message = "a comparison needs the field 'better', or says what is equivalent"
            draft.error(draft.key(*path), "missing-field", message, "", notes)
        return
    for name, value in (("better", comparison.better), ("margin", comparison.margin)):
        if value is not None:
            message = f"equivalence is tested from both sides and has no '{name}'"
            draft.error((*path, name), "one-of", message, "", [f"leave it out, or leave out '{comparison.within_key}'"])


def check_within(
    draft: Draft, path: Path, analysis: WrittenAnalysis, comparison: WrittenComparison, endpoint: WrittenEndpoint,
    is_ratio: bool,
) -> bool:  # fmt: skip
    """Gather what is wrong with both ends of equivalence; whether their units remain to be checked."""
    assert comparison.within is not None
    where, ends, kind = (*path, comparison.within_key), comparison.within, analysis.method.kind
    if kind in NO_EQUIVALENCE:
        notes = ["use a method that estimates a difference or a ratio with an interval"]
        message = f"{kind} tests that there is no difference, and cannot show equivalence"
        draft.error(where, "equivalence", message, "", notes)
        return False
    if len(ends) != 2:
        message = "equivalence has two ends"
        draft.error(where, "equivalence", message, "", [f"write {comparison.within_key}: [LOWER, UPPER]"])
        return False
    wants_ratio = is_ratio or endpoint.derive == "log_ratio_to_baseline"
    if wants_ratio != (comparison.within_key == RATIO):
        what = "a ratio" if wants_ratio else "a difference"
        other = RATIO if wants_ratio else DIFFERENCE
        notes = [f"write {other}"]
        if not wants_ratio:
            notes.append("or an endpoint with derive: log_ratio_to_baseline")
        draft.error(where, "equivalence", f"what is compared here is {what}", "", notes)
        return False
    if wants_ratio and not all(is_a_ratio(end) for end in ends):
        wrong = next(end for end in ends if not is_a_ratio(end))
        draft.error(where, "equivalence", f"{wrong} is no ratio", "", ["a ratio is a plain number above 0, or a share"])
        return False
    if ends[0].dimension == ends[1].dimension and not ends[0].coherent < ends[1].coherent:
        message = f"nothing lies between {ends[0]} and {ends[1]}"
        draft.error(where, "equivalence", message, "", ["the lower end first"])
        return False
    return not wants_ratio


def is_a_ratio(end: Quantity) -> bool:
    return end.dimension == DIMENSIONLESS and end.coherent > 0


def check_equivalence_family(draft: Draft, path: Path, analysis: WrittenAnalysis) -> bool:
    """Gather a rule for several comparisons that does not hold for equivalence; whether there is one."""
    rule = analysis.multiplicity
    wrong = rule in NOT_FOR_EQUIVALENCE and any(each.within is not None for each in analysis.compare.values())
    if wrong:
        message = f"{rule} is for tests in one direction, and equivalence is tested from both sides"
        draft.error((*path, "multiplicity"), "multiplicity-family", message, "", ["use holm or fixed_sequence"])
    return wrong
