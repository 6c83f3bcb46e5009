"""Poisson and negative-binomial regression against R, and a published power by simulation."""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.comparisons import OK, TOO_FEW_EVENTS, TOO_FEW_PATIENTS
from trialsim.analysis.event_rates import rate_ratios

RECORD = json.loads((Path(__file__).parent / "event_rates.json").read_text())
DATA = [name for name in RECORD if name != "source"]


def regression(name, distribution, variance):
    arm, x, stratum, time, y = np.array(RECORD[name]["rows"], dtype=float).T
    n_strata = int(stratum.max()) + 1
    return rate_ratios(
        distribution, y, time, arm.astype(int), [0, y.size], x[:, None], stratum.astype(int),
        n_strata if n_strata > 1 else 0, [(1, 0)], -1, 0.025, n_arms=int(arm.max()) + 1, variance=variance,
    )  # fmt: skip


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("variance", ["model", "robust"])
@pytest.mark.parametrize("distribution", ["poisson", "negative_binomial"])
def test_log_rate_ratios_and_their_errors_are_those_of_r(name, variance, distribution):
    found = regression(name, distribution, variance)
    assert found.comparisons.status[0, 0] == OK
    # Counts that vary less than Poisson's have no dispersion: the fit is Poisson's, where glm.nb stops without one.
    of = "poisson" if name == "under" else distribution
    expected = RECORD[name]["found"][f"{of} {variance}"]
    observed = found.comparisons.estimate[0, 0], found.comparisons.se[0, 0]
    assert observed == pytest.approx(expected, rel=1e-6)
    if of == "negative_binomial":
        assert found.dispersion[0] == pytest.approx(RECORD[name]["found"]["dispersion"], rel=1e-6)
    else:
        assert found.dispersion[0] == 0.0


def test_an_arm_without_events_has_a_reason_and_leaves_the_others():
    rng = np.random.default_rng(3)
    arm = np.repeat([0, 1, 2], 30)
    y = np.where(arm == 2, 0.0, rng.poisson(2.0, 90))
    x = rng.normal(size=(90, 1))
    of = (None, 0, [(1, 0), (2, 0)], -1, 0.025)
    for distribution in ("poisson", "negative_binomial"):
        found = rate_ratios(distribution, y, np.ones(90), arm, [0, 90], x, *of).comparisons
        assert found.status.tolist() == [[OK, TOO_FEW_EVENTS]]
        two = rate_ratios(distribution, y[:60], np.ones(60), arm[:60], [0, 60], x[:60], *of, n_arms=3).comparisons
        assert two.status.tolist() == [[OK, TOO_FEW_PATIENTS]]
        assert found.estimate[0, 0] == pytest.approx(two.estimate[0, 0], rel=1e-9)
        assert found.se[0, 0] == pytest.approx(two.se[0, 0], rel=1e-9)


# Zhu and Lakkis (2014, Statistics in Medicine 33:376), table I by MKpower 1.1: n per arm for 80% power, approach 2
@pytest.mark.parametrize(
    ("rate", "ratio", "dispersion", "time", "per_arm"), [(0.8, 0.85, 0.4, 0.75, 1316), (5.0, 2.0, 0.5, 1.0, 22)]
)
def test_the_power_of_a_published_design_is_its_power(rate, ratio, dispersion, time, per_arm):
    rng = np.random.default_rng(11)
    trials = 1500 if per_arm < 100 else 400
    arm = np.tile(np.repeat([1, 0], per_arm), trials)
    mean = rate * time * np.where(arm == 1, ratio, 1.0)
    y = rng.poisson(mean * rng.gamma(1 / dispersion, dispersion, arm.size)).astype(float)
    offsets = np.arange(0, arm.size + 1, 2 * per_arm)
    better = -1 if ratio < 1 else 1
    found = rate_ratios(
        "negative_binomial", y, np.full(arm.size, time), arm, offsets, None, None, 0, [(1, 0)], better, 0.025
    ).comparisons
    assert (found.status == OK).all()
    power = (found.p_value < 0.025).mean()
    assert power == pytest.approx(0.8, abs=3.9 * np.sqrt(0.16 / trials) + (0.02 if per_arm < 100 else 0.0))


# PASS, as asserted by statsmodels' tests: not to be worse than 1.2 times 2.2 a year, 2.5 years a patient
@pytest.mark.parametrize(("rate", "per_arm", "power"), [(1.8, 29, 0.90056), (2.2, 115, 0.90014)])
def test_non_inferiority_of_rates_has_its_published_power(rate, per_arm, power):
    rng = np.random.default_rng(21)
    trials = 3000
    arm = np.tile(np.repeat([1, 0], per_arm), trials)
    y = rng.poisson(2.5 * np.where(arm == 1, rate, 2.2)).astype(float)
    found = rate_ratios(
        "poisson", y, np.full(arm.size, 2.5), arm, np.arange(0, arm.size + 1, 2 * per_arm), None, None, 0, [(1, 0)],
        -1, 0.025, np.log(1.2),
    ).comparisons  # fmt: skip
    assert (found.status == OK).all()
    assert (found.p_value < 0.025).mean() == pytest.approx(power, abs=3.9 * np.sqrt(0.09 / trials))
