"""Graphical procedures against graphicalMCP, gMCPLite and rpact, whose values are recorded beside this file."""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.graph import adjusted_by_graph, gatekeeping_graph, graph
from trialsim.analysis.graph_sequential import Spending, nominal_levels, rejected_at
from trialsim.analysis.multiplicity import hochberg, holm, hommel

RECORDED = json.loads((Path(__file__).parent / "graphs.json").read_text())
# Two primary endpoints and their secondary ones, each with its own looks and spending.
INFORMATION = np.array([[0.4, 0.35, 0.3, 0.5], [0.7, 0.75, 0.6, 0.8], [1.0, 1.0, 1.0, 1.0]])
OBRIEN_FLEMING, POCOCK = Spending(family="obrien_fleming"), Spending(family="pocock")
HWANG = Spending(family="hwang_shih_decani", parameter=-4.0)
SPENDING = (OBRIEN_FLEMING, POCOCK, OBRIEN_FLEMING, HWANG)


@pytest.mark.parametrize("case", RECORDED["graphs"], ids=lambda case: case["name"])
def test_adjusted_p_values(case):
    adjusted = adjusted_by_graph(np.array([case["p"]]), graph(case["weights"], case["transitions"]))
    assert adjusted[0] == pytest.approx(case["adjusted"], rel=1e-12)


@pytest.mark.parametrize(
    ("spending", "level", "hypothesis", "recorded"),
    [
        (OBRIEN_FLEMING, 0.0125, 0, [0.0000784065568395498, 0.0028054481020659550, 0.0116089598727593390]),
        (POCOCK, 0.0125, 1, [0.00588596746718217, 0.00574885584008633, 0.00457945855863273]),
        (HWANG, 0.025, 3, [0.00298007305055292, 0.00960470950396852, 0.02169450993552702]),
    ],
)
def test_nominal_levels(spending, level, hypothesis, recorded):
    # getDesignGroupSequential(...)$stageLevels, rpact 3.3.4.
    assert nominal_levels(spending, level, INFORMATION[:, hypothesis]) == pytest.approx(recorded, rel=1e-6)


def test_looks_at_which_hypotheses_are_rejected():
    case = RECORDED["sequential"]
    first = next(each for each in RECORDED["graphs"] if each["name"] == "successive")
    by, p = graph(first["weights"], first["transitions"]), np.array(case["p"])
    assert rejected_at(by, p, INFORMATION, SPENDING, 0.025).tolist() == case["rejected_at"]
    realised = np.broadcast_to(INFORMATION, p.shape)
    assert rejected_at(by, p, realised, SPENDING, 0.025).tolist() == case["rejected_at"]


def test_truncated_holm_gatekeeping():
    # Mediana 1.0.8, vignette adjusted-pvalues: families (1, 2) and (3, 4), Holm, gamma 0.5 and 1.
    by = gatekeeping_graph([[0, 1], [2, 3]], [0.5])
    adjusted = adjusted_by_graph(np.array([[0.0082, 0.0174, 0.0042, 0.0180]]), by)
    assert adjusted[0] == pytest.approx([0.0164, 0.0232, 0.0232, 0.0232], rel=1e-12)


def test_step_procedures():
    # p.adjust(c(.012, .009, .024, .008), "holm"), then "hochberg" and "hommel", R 4.2.2.
    p = np.array([[0.012, 0.009, 0.024, 0.008]])
    assert holm(p)[0] == pytest.approx([0.032] * 4, rel=1e-12)
    assert hochberg(p)[0] == pytest.approx([0.024] * 4, rel=1e-12)
    assert hommel(p)[0] == pytest.approx([0.024, 0.018, 0.024, 0.018], rel=1e-12)
