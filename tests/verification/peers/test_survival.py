"""Analyses of times to an event against R: survival, cmprsk, etm and mvtnorm.

`survival.json` holds six data sets (ties, strata, unequal arms, competing causes), what R gave, its versions and calls.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.competing_risks import cumulative_incidences
from trialsim.analysis.cox import cox
from trialsim.analysis.gray import gray
from trialsim.analysis.kaplan_meier import survival_quantiles, survival_shares
from trialsim.analysis.log_rank import PLAIN, fleming_harrington, log_rank, log_rank_scores, modestly_weighted
from trialsim.analysis.max_combo import max_combo
from trialsim.analysis.survival_difference import rmst_difference, rmst_ratio

RECORDED = json.loads((Path(__file__).parent / "survival.json").read_text(encoding="utf-8"))
DATA = {
    name: {column: np.array(v, float) for column, v in columns.items() if column != "what"}
    for name, columns in RECORDED["data"].items()
}
COMBINED = (PLAIN, fleming_harrington(0.0, 1.0), fleming_harrington(0.5, 0.0), fleming_harrington(1.0, 1.0))


def recorded(method):
    return [v for v in RECORDED["values"] if v["method"] == method]


def named(value):
    return "-".join(str(value[k]) for k in value if k not in ("method", "call", "value"))


def rows(name):
    """Times, events, arms and offsets of one trial."""
    data = DATA[name]
    return data["time"], data["event"].astype(np.int8), data["arm"].astype(np.int64), [0, data["time"].size]


def strata(value):
    if not value["stratified"]:
        return None, 0
    stratum = DATA[value["data"]]["stratum"].astype(np.int64)
    return stratum, int(stratum.max()) + 1


@pytest.mark.parametrize("value", recorded("log_rank"), ids=named)
def test_log_rank(value):
    pairs = np.array([value["pair"]])
    weight = modestly_weighted(value["delay"]) if "delay" in value else fleming_harrington(value["rho"], value["gamma"])
    scores = log_rank_scores(*rows(value["data"]), pairs, (weight,), *strata(value))
    assert scores.score[0, 0, 0] == pytest.approx(value["value"]["score"], rel=1e-10, abs=1e-12)
    assert scores.variance[0, 0, 0, 0] == pytest.approx(value["value"]["variance"], rel=1e-10)
    result = log_rank(*rows(value["data"]), *strata(value), pairs, -1, 0.025, weight)
    chisq = value["value"]["score"] ** 2 / value["value"]["variance"]
    assert result.statistic[0, 0] ** 2 == pytest.approx(value["value"].get("chisq", chisq), rel=1e-9)


@pytest.mark.parametrize("value", recorded("max_combo"), ids=named)
def test_max_combo(value):
    k = value["weights"]
    result = max_combo(*rows(value["data"]), *strata(value), [value["pair"]], -1, 0.025, COMBINED[:k])
    assert result.statistic[0, 0] == pytest.approx(value["value"]["z"], rel=1e-9)
    # R's own error is up to 3e-6 for four weights.
    within = 3e-6 if k == 4 else 1e-8
    assert result.comparisons.p_value[0, 0] == pytest.approx(value["value"]["p"], abs=within)


@pytest.mark.parametrize("value", recorded("cox"), ids=named)
def test_cox(value):
    data = DATA[value["data"]]
    columns = value["covariates"]
    covariates = np.column_stack([data[c] for c in columns]) if columns else None
    expected = value["value"]
    pairs = [(a + 1, 0) for a in range(len(expected["estimate"]))]
    efron = value["ties"] == "efron"
    result = cox(
        *rows(value["data"]), covariates, *strata(value), pairs, -1, 0.025, efron=efron, cause=value["cause"]
    )
    assert (result.status == 0).all()
    assert result.estimate[0] == pytest.approx(expected["estimate"], abs=1e-8)
    assert result.se[0] == pytest.approx(expected["se"], rel=1e-8)
    if len(pairs) > 1:
        assert result.covariance[0, 0, 1] == pytest.approx(expected["covariance"], rel=1e-8)


@pytest.mark.parametrize("value", recorded("kaplan_meier"), ids=named)
def test_kaplan_meier(value):
    expected = value["value"]
    n_arms = max(expected["arm"]) + 1
    shares = survival_shares(*rows(value["data"]), n_arms, value["at"], value["level"])
    for i, (arm, at) in enumerate(zip(expected["arm"], expected["at"], strict=True)):
        here = 0, arm, value["at"].index(at)
        observed = shares.survival[here], shares.se[here], shares.lower[here], shares.upper[here]
        assert observed == pytest.approx([expected[k][i] for k in ("survival", "se", "lower", "upper")], rel=1e-9)
        assert shares.n_at_risk[here] == expected["n_at_risk"][i]
    found = survival_quantiles(*rows(value["data"]), n_arms, value["p"], value["level"])
    for name, times in (("quantile", found.value), ("quantile_lower", found.lower), ("quantile_upper", found.upper)):
        wanted = [np.inf if v is None else v for v in expected[name]]
        assert times[0] == pytest.approx(wanted)


@pytest.mark.parametrize("value", recorded("rmst"), ids=named)
def test_restricted_mean(value):
    mean, se = value["value"]["mean"], value["value"]["se"]
    pairs = [(a, 0) for a in range(1, len(mean))]
    difference = rmst_difference(*rows(value["data"]), pairs, 1, 0.025, 0.0, value["horizon"])
    ratio = rmst_ratio(*rows(value["data"]), pairs, 1, 0.025, 0.0, value["horizon"])
    for c, (a, b) in enumerate(pairs):
        assert difference.estimate[0, c] == pytest.approx(mean[a] - mean[b], rel=1e-9)
        assert difference.se[0, c] == pytest.approx(np.hypot(se[a], se[b]), rel=1e-9)
        assert ratio.estimate[0, c] == pytest.approx(np.log(mean[a] / mean[b]), rel=1e-9)
        assert ratio.se[0, c] == pytest.approx(np.hypot(se[a] / mean[a], se[b] / mean[b]), rel=1e-9)


@pytest.mark.parametrize("value", recorded("gray"), ids=named)
def test_gray(value):
    result = gray(*rows(value["data"]), *strata(value), [value["pair"]], -1, 0.025, value["cause"])
    assert result.statistic[0, 0] ** 2 == pytest.approx(value["value"]["chisq"], rel=1e-9)


@pytest.mark.parametrize("value", recorded("incidence"), ids=named)
def test_cumulative_incidence(value):
    found = cumulative_incidences(*rows(value["data"]), 3, value["at"], value["cause"])
    assert found.share[0, value["arm"]] == pytest.approx(value["value"]["share"], rel=1e-9)
    assert found.se[0, value["arm"]] ** 2 == pytest.approx(value["value"]["variance"], rel=1e-9)
