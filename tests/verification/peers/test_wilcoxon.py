"""Wilcoxon's rank-sum test, its estimate and interval, against R's wilcox.test."""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.wilcoxon import wilcoxon

PEER = json.loads(Path(__file__).with_name("wilcoxon.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("test", PEER["tests"], ids=lambda test: f"{test['data']}-{test['mu']}-{test['correct']}")
def test_it_is_that_of_r(test):
    x, y = (np.array(PEER["sets"][test["data"]][name], dtype=float) for name in ("x", "y"))
    values, arm = np.concatenate([x, y]), np.repeat([1, 0], [len(x), len(y)])
    pairs, better, margin = [(1, 0), (1, 0)], [1, -1], test["mu"]
    result = wilcoxon(values, arm, [0, len(arm)], pairs, better, 0.05, margin, test["correct"])
    assert result.p_value[0] == pytest.approx([test["greater"], test["less"]], rel=1e-11)
    # R looks for the roots of a function with steps: it finds the step within its tolerance, and of a level stretch
    # between two of them (an even number of differences) any place.
    assert result.lower[0] == pytest.approx([test["lower"]] * 2, abs=1e-7)
    assert result.upper[0] == pytest.approx([test["upper"]] * 2, abs=1e-7)
    differences = np.sort((x[:, None] - y).ravel())
    assert result.estimate[0].tolist() == [np.median(differences)] * 2
    middle = differences[[(len(differences) - 1) // 2, len(differences) // 2]]
    assert middle[0] - 1e-7 <= test["estimate"] <= middle[1] + 1e-7


def test_there_are_ties_and_unequal_arms_in_the_sets():
    sets = PEER["sets"].values()
    assert sum(len(set(each["x"]) & set(each["y"])) > 0 for each in sets) >= 2
    assert all(len(each["x"]) != len(each["y"]) for each in sets)
