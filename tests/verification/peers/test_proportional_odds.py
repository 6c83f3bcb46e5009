"""Proportional-odds regression against R's polr, and against logistic regression where there are two categories."""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.comparisons import NO_VARIANCE, OK, SEPARATED, TOO_FEW_PATIENTS
from trialsim.analysis.logistic import logistic_regression
from trialsim.analysis.proportional_odds import proportional_odds

RECORD = json.loads((Path(__file__).parent / "proportional_odds.json").read_text())
DATA = [name for name in RECORD if name != "source"]


@pytest.mark.parametrize("name", DATA)
def test_the_common_odds_ratio_is_that_of_polr(name):
    arm, x, stratum, y = np.array(RECORD[name]["rows"], dtype=float).T
    found = proportional_odds(
        y, arm.astype(int), [0, y.size], x[:, None], stratum.astype(int), int(stratum.max()) + 1, [(1, 0)], 1, 0.025,
        n_arms=int(arm.max()) + 1,
    )  # fmt: skip
    assert found.status[0, 0] == OK
    assert found.estimate[0, 0] == pytest.approx(RECORD[name]["estimate"], rel=2e-5)  # as far as polr's search goes
    assert found.se[0, 0] == pytest.approx(RECORD[name]["se"], rel=2e-5)


def test_two_categories_are_a_logistic_regression_whatever_their_numbers():
    rng = np.random.default_rng(2)
    y, arm, x = (rng.random(150) < 0.35) * 1.0, rng.integers(0, 3, 150), rng.normal(size=(150, 2))
    of = (arm, [0, 150], x, None, 0, [(1, 0), (2, 1)], 1, 0.025)
    plain = logistic_regression("conditional_odds_ratio", y, *of)
    for codes in (y, 3 * y + 1):
        found = proportional_odds(codes, *of)
        assert found.estimate[0] == pytest.approx(plain.estimate[0], rel=1e-8)
        assert found.se[0] == pytest.approx(plain.se[0], rel=1e-8)


def test_what_cannot_be_estimated_has_a_reason():
    arm = np.repeat([0, 1], 20)
    of = (None, None, 0, [(1, 0)], 1, 0.025)
    same = proportional_odds(np.full(40, 2.0), arm, [0, 40], *of)
    apart = proportional_odds(np.where(arm == 1, 3.0, np.arange(40) % 3), arm, [0, 40], *of)
    nobody = proportional_odds(np.arange(40) % 3 * 1.0, np.zeros(40, int), [0, 40], *of)
    assert (same.status[0, 0], apart.status[0, 0], nobody.status[0, 0]) == (NO_VARIANCE, SEPARATED, TOO_FEW_PATIENTS)
