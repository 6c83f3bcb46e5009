"""Whole trials with a yes-or-no endpoint: every test of shares, without an effect and exactly at its margin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import Any, Literal

import numpy as np
from scipy import stats

from tests.unit.trial.worlds import comparison, endpoint, method, shift_world
from trialsim.analysis.logistic import logistic_regression
from trialsim.protocol.model import Analysis
from trialsim.trial.share_comparisons import compared_shares
from trialsim.trial.world import World

ALPHA = 0.025
TRIALS = 40_000
MEAN, SD, ERROR = 10.0, 1.0, 0.5  # of the score


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTest:
    """A method and its margin, on the method's own scale."""

    name: str
    method: dict[str, str]
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSetting:
    """A control and a treated arm with their sizes and shares, and the tests that all look at the same trials."""

    name: str
    sizes: tuple[int, int]
    shares: tuple[float, float]
    better: Literal["higher", "lower"]
    tests: tuple[ShareTest, ...]

    def data(self) -> dict[str, Any]:
        """Return the setting as plain data, as JSON gives it back."""
        tests = [{"name": each.name, "method": each.method, "margin": each.margin} for each in self.tests]
        return {
            "name": self.name,
            "sizes": [*self.sizes],
            "shares": [*self.shares],
            "better": self.better,
            "tests": tests,
            "trials": TRIALS,
        }

    def world(self, seed: int) -> World:
        """Return the world in which a normal score lies above a threshold as often as the shares say."""
        spread = float(np.hypot(SD, ERROR))
        control, treated = (spread * float(stats.norm.ppf(share)) for share in self.shares)
        analyses = tuple(
            Analysis(
                name=f"test{i}",
                estimand="main",
                method=method(**each.method),
                comparisons=(comparison("dose1", "control", self.better, each.margin),),
                alpha=ALPHA,
                multiplicity="none",
            )
            for i, each in enumerate(self.tests)
        )
        world = shift_world(self.sizes, (treated - control,), SD, ERROR, analyses[0], seed=seed)
        binary = endpoint("final", "y", "above", "end", threshold=(MEAN - control,), is_binary=True)
        return replace(world, protocol=replace(world.protocol, analyses=analyses, endpoints=(binary,)))

    def expected(self, test: ShareTest) -> float:
        """Return the exact probability that a test rejects, over all pairs of numbers of successes."""
        n0, n1 = self.sizes
        y1, y0 = (each.ravel() for each in np.meshgrid(np.arange(n1 + 1), np.arange(n0 + 1), indexing="ij"))
        row = np.arange(n0 + n1)
        arm = np.tile(row < n1, y1.size).astype(np.int64)
        success = np.where(row < n1, row < y1[:, None], row - n1 < y0[:, None]).astype(np.float64).ravel()
        offsets, pairs = np.arange(0, success.size + 1, n0 + n1), np.array([[1, 0]])
        better = np.array([1 if self.better == "higher" else -1], np.int8)
        margin, chosen = np.array([test.margin]), method(**test.method)
        if chosen.kind == "logistic":
            of = (success, arm, offsets, None, None, 0, pairs, better, ALPHA, margin)
            found = logistic_regression(test.method["measure"], *of, has_fallback=chosen.separated == "firth")
        else:
            none = np.zeros_like(arm)
            found = compared_shares(chosen, success, arm, offsets, none, 0, pairs, better, ALPHA, margin)
        chance = stats.binom.pmf(y1, n1, self.shares[1]) * stats.binom.pmf(y0, n0, self.shares[0])
        rejected = (found.status[:, 0] == 0) & (found.p_value[:, 0] <= ALPHA)
        return float(chance[rejected].sum())


def share_test(
    kind: str, test: str | None = None, measure: str | None = None, margin: float = 0.0, **more: str
) -> ShareTest:
    options = {"kind": kind, "measure": measure or kind, **more} | ({"test": test} if test else {})
    return ShareTest(name=" ".join(filter(None, (kind, test, measure))), method=options, margin=margin)


WAYS = ("miettinen_nurminen", "farrington_manning", "wald")
SHARE_SETTINGS = (
    ShareSetting(
        name="no difference",
        sizes=(30, 30),
        shares=(0.3, 0.3),
        better="higher",
        tests=(
            *(share_test(kind, way) for kind in ("risk_difference", "risk_ratio", "odds_ratio") for way in WAYS),
            share_test("cmh", None, "odds_ratio"),
            share_test("logistic", None, "risk_difference", variance="robust", separated="not_estimable"),
            share_test("logistic", None, "odds_ratio", variance="robust", separated="firth"),
        ),
    ),
    ShareSetting(
        name="worse by the margin",
        sizes=(25, 40),
        shares=(0.4, 0.6),
        better="lower",
        tests=tuple(
            share_test(kind, way, None, margin)
            for kind, margin in (
                ("risk_difference", 0.2),
                ("risk_ratio", log(0.6 / 0.4)),
                ("odds_ratio", log(0.6 * 0.6 / (0.4 * 0.4))),
            )
            for way in WAYS
        ),
    ),
)
