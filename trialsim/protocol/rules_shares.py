"""Methods that compare shares: what they measure, on which scale, and the margins that fit."""

from __future__ import annotations

from decimal import Decimal

from trialsim.foundation.units import DIMENSIONLESS, Quantity
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.written import WrittenMethod

SHARES = ("risk_difference", "risk_ratio", "odds_ratio", "cmh", "logistic")
RATIOS = ("risk_ratio", "odds_ratio")
TEST_UNLESS_WRITTEN = {
    "risk_difference": "wald",
    "risk_ratio": "miettinen_nurminen",
    "odds_ratio": "miettinen_nurminen",
}
MEASURE_UNLESS_WRITTEN = {"cmh": "odds_ratio", "logistic": "risk_difference"}


def measure_of(method: WrittenMethod) -> str | None:
    """Return what a method that compares shares measures, None of another method."""
    if method.kind not in SHARES:
        return None
    return method.measure or MEASURE_UNLESS_WRITTEN.get(method.kind, method.kind)


def test_of(method: WrittenMethod) -> str | None:
    """Return the test of a method that has several."""
    return method.test or TEST_UNLESS_WRITTEN.get(method.kind)


def is_ratio(method: WrittenMethod) -> bool:
    return measure_of(method) in RATIOS


def check_share_margin(draft: Draft, path: Path, margin: Quantity, method: WrittenMethod) -> bool:
    """Gather what is wrong with a margin because of its method; whether anything remains to be checked."""
    if method.kind == "cmh":
        notes = ["leave it out, or use risk_difference, risk_ratio or odds_ratio, which take strata and a margin"]
        draft.error(path, "no-margin", "cmh tests that there is no difference, and has no margin", "", notes)
        return False
    if not is_ratio(method):
        return True
    if margin.dimension != DIMENSIONLESS or not margin.coherent > 0:
        notes = ["write the ratio itself, first arm over second: 1.25 or 80%; 1 is no difference"]
        draft.error(path, "margin-ratio", f"{margin} is no ratio of shares or odds", "", notes)
    return False


def log_of(ratio: float) -> float:
    """Return the natural logarithm, correctly rounded on every machine.

    >>> log_of(1.25)
    0.22314355131420976
    """
    return float(Decimal(ratio).ln())
