"""Whether a comparison that a scenario declares null is null in truth, and whether one that is null was declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trialsim.campaign.figures import Figure
from trialsim.protocol.model import Comparison
from trialsim.store.layout import Key

SOLVER_NOISE = 1e-6  # of the spread of the estimates: what differently placed solver steps can feign, and no test sees


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a run found out about its own scenarios, or about what could not be computed."""

    kind: Literal["null_not_verified", "undeclared_null", "failed_patients"]
    message: str
    address: tuple[str, str] = ("", "")  # analysis and comparison, of what is about one

    @property
    def is_fault(self) -> bool:
        return self.kind != "undeclared_null"


def unverified_null(
    key: Key, analysis: str, comparison: Comparison, truth: Figure, estimate_sd: float
) -> Finding | None:
    """Return why a declared null does not hold: the pooled truth lies beyond the null in the direction of benefit.

    Beyond is 3 paired standard errors of the pooled truth; where every trial has the same truth, 1e-9.
    """
    noise = SOLVER_NOISE * estimate_sd if estimate_sd > 0 else 0.0
    allowed = max(3 * truth.standard_error if truth.standard_error > 0 else 1e-9, noise)
    if not comparison.gain(truth.value) > allowed:
        return None
    return Finding(
        kind="null_not_verified",
        address=(analysis, comparison.name),
        message=(
            f"{key}: {analysis}, {comparison.name} is declared null, but its true effect is {truth.value:.6g} "
            f"(Monte-Carlo standard error {truth.standard_error:.2g}), beyond the null of {comparison.null_words}"
        ),
    )


def undeclared_null(
    key: Key, analysis: str, comparison: Comparison, truths: Sequence[float], truth: Figure
) -> Finding | None:
    """Return that a comparison has nothing to find, and the scenario does not say so.

    Nothing to find: the null is true in every trial, or the pooled truth lies more than 3 paired standard errors on
    its wrong side.
    """
    if not truths:
        return None
    if all(abs(comparison.gain(each)) <= 1e-12 for each in truths):
        found = f"of exactly {comparison.null_words} in every trial, which is the null"
    elif comparison.gain(truth.value) < -max(3 * truth.standard_error, 1e-9):
        error = f"(Monte-Carlo standard error {truth.standard_error:.2g})"
        found = f"of {truth.value:.6g} {error}, on the wrong side of the null of {comparison.null_words}"
    else:
        return None
    return Finding(
        kind="undeclared_null",
        address=(analysis, comparison.name),
        message=(
            f"{key}: {analysis}, {comparison.name} has a true effect {found}, but the scenario does not declare it "
            "null: its power is a type I error"
        ),
    )
