"""Crossover trials of highly variable drugs: the EMA's two data sets, its published results, and R's lm."""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.crossover import crossover, within_patients
from trialsim.analysis.scaled_bioequivalence import expanded_limit, expanding_limits, reference_scaled

SETS = json.loads(Path(__file__).with_name("bioequivalence.json").read_text(encoding="utf-8"))["sets"]


def rows(name):
    data = SETS[name]
    exposure = np.array(data["exposure"], dtype=float)
    treatments = [[int(letter == "T") for letter in sequence] for sequence in data["sequences"]]
    return np.log(exposure), data["sequence"], [0, len(exposure)], treatments


@pytest.mark.parametrize("name", ["I", "II"])
def test_the_published_results_of_method_a(name):
    found, published = expanding_limits(*rows(name)), SETS[name]["published"]
    percent = [100.0 * np.exp(each[0]) for each in (found.estimate, found.lower, found.upper)]
    cv = 100.0 * np.sqrt(np.expm1(found.reference_sd[0] ** 2))
    assert [round(each, 2) for each in percent] == [published["ratio"], published["lower"], published["upper"]]
    assert round(cv, 2) == published["reference_cv"]
    assert found.passes[0]
    assert found.is_scaled[0] == (name == "I")
    limits = [round(100.0 * np.exp(sign * found.limit[0]), 2) for sign in (-1, 1)]
    assert limits == ([71.23, 140.40] if name == "I" else [80.0, 125.0])


@pytest.mark.parametrize("name", ["I", "II"])
def test_every_number_is_that_of_lm(name):
    y, sequence, offsets, treatments = rows(name)
    peer = SETS[name]["lm"]
    result, within = crossover(y, sequence, offsets, treatments, [(1, 0)], 1, 0.05)
    found = [each[0, 0] for each in (result.estimate, result.se, result.df, result.lower, result.upper)]
    expected = [peer[each] for each in ("estimate", "se", "df", "lower", "upper")]
    assert found == pytest.approx(expected, rel=1e-10)
    assert (within.variance[0], within.df[0]) == pytest.approx((peer["variance"], peer["df"]), rel=1e-10)
    own = within_patients(y, sequence, offsets, treatments, 0)
    assert (own.variance[0], own.df[0]) == pytest.approx((peer["reference_variance"], peer["reference_df"]), rel=1e-10)
    scaled = reference_scaled(y, sequence, offsets, treatments)
    assert scaled.criterion[0] == pytest.approx(peer["criterion"], rel=1e-9)
    assert scaled.reference_sd[0] == pytest.approx(np.sqrt(peer["contrast_variance"]), rel=1e-10)
    assert scaled.is_scaled[0] == (name == "I")
    if name == "I":
        assert scaled.estimate[0] == pytest.approx(peer["contrast"], rel=1e-10)
        assert scaled.passes[0] == (peer["criterion"] <= 0)


def test_limits_widen_between_30_and_50_percent():
    # EMA 2010, table in 4.1.10: coefficient of variation and lower, upper limits in percent.
    table = {30: (80.00, 125.00), 35: (77.23, 129.48), 40: (74.62, 134.02), 45: (72.15, 138.59), 50: (69.84, 143.19)}
    for percent, limits in table.items():
        sd = np.sqrt(np.log1p((percent / 100.0) ** 2))
        found = [100.0 * np.exp(sign * expanded_limit(sd)) for sign in (-1, 1)]
        assert [round(each, 2) for each in found] == pytest.approx(limits, abs=1e-9)
    assert expanded_limit(1.5) == expanded_limit(0.4723807270863603)
    assert np.isnan(expanded_limit(np.nan))
