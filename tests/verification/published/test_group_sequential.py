"""Group-sequential boundaries, probabilities, p values and estimates against books and other programs.

`group_sequential.json` says where every number comes from: Jennison and Turnbull's (2000) tables, gsDesign, rpact.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from trialsim.analysis.group_sequential import (
    Bounds,
    crossings,
    drift_of_power,
    expected_information,
    futility_bounds,
    haybittle_peto_bounds,
    spending_bounds,
    wang_tsiatis_bounds,
)
from trialsim.analysis.sequential_inference import (
    exceedance,
    repeated_interval,
    repeated_p_value,
    stagewise_estimate,
    stagewise_p_value,
)
from trialsim.analysis.spending import increments, spent

CASES = json.loads((Path(__file__).parent / "group_sequential.json").read_text(encoding="utf-8"))
QUANTILE = NormalDist().inv_cdf


def equal(k):
    return np.arange(1, k + 1) / k


def agrees(case, what, found):
    """Compare with what was published, within its own digits."""
    (expected,) = (e for e in CASES[case]["expected"] if e["what"] == what)
    np.testing.assert_allclose(found, expected["value"], rtol=0.0, atol=expected["within"], err_msg=expected["source"])


def fixed_drift(alpha, power):
    return QUANTILE(1.0 - alpha) + QUANTILE(power)


def sizes(bounds, alpha, power, multiples):
    """Return the greatest and the mean sizes at multiples of the effect, as shares of a trial without looks."""
    drift = drift_of_power(bounds, power)
    inflation = (drift / fixed_drift(alpha, power)) ** 2
    return [inflation, *(inflation * expected_information(bounds, m * drift) for m in multiples)]


def test_constants_of_pocock_and_of_obrien_and_fleming():
    def constants(shape, alpha):
        return [wang_tsiatis_bounds(equal(k), alpha / 2, shape, two_sided=True).upper[-1] for k in (2, 3, 4, 5)]

    agrees("GSD-01", "Pocock constant C_P(K) for K=2..5", constants(0.5, 0.05))
    agrees("GSD-01", "O'Brien-Fleming constant C_B(K) for K=2..5 (bound_k = C_B*sqrt(K/k))", constants(0.0, 0.05))
    both = [constants(0.5, 0.01), constants(0.0, 0.01)]
    agrees("GSD-01", "same constants at two-sided alpha 0.01, K=2..5: Pocock; OBF", both)
    bounds = wang_tsiatis_bounds(equal(4), 0.025, 0.0, two_sided=True)
    agrees("GSD-01", "OBF K=4 bounds", bounds.upper)
    assert (bounds.lower == -bounds.upper).all()


def test_tests_repeated_at_one_level_reject_too_often():
    found = []
    for k in (2, 4, 10, 20):
        bounds = Bounds(information=equal(k), lower=np.full(k, -1.959964), upper=np.full(k, 1.959964))
        at = crossings(bounds, 0.0)
        np.testing.assert_allclose(at.below, at.above, rtol=1e-9)
        found.append(at.above.sum())
    agrees("GSD-02", "P(cross upper bound) (double it for two-sided)", found)


@pytest.mark.parametrize(
    ("what", "shape", "looks", "power", "multiples"),
    [
        ("OBF K=5 power 0.8: max, ASN(0)", 0.0, 5, 0.8, (0.0,)),
        ("OBF K=20 power 0.9: max, ASN(0)", 0.0, 20, 0.9, (0.0,)),
        ("Pocock K=4 power 0.8: max; ASN at 0,0.5,1,1.5 delta", 0.5, 4, 0.8, (0.0, 0.5, 1.0, 1.5)),
        ("Pocock K=15 power 0.9: max; ASN at 0,0.5,1,1.5 delta", 0.5, 15, 0.9, (0.0, 0.5, 1.0, 1.5)),
    ],
)
def test_sizes_of_jennison_and_turnbull(what, shape, looks, power, multiples):
    bounds = wang_tsiatis_bounds(equal(looks), 0.025, shape, two_sided=True)
    agrees("GSD-03", what, [100.0 * share for share in sizes(bounds, 0.025, power, multiples)])


@pytest.mark.parametrize(("name", "shape"), [("Pocock", 0.5), ("OBF", 0.0)])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_inflation_and_mean_sizes(name, shape, power):
    found = [sizes(wang_tsiatis_bounds(equal(k), 0.025, shape, two_sided=True), 0.025, power, (1.0, 0.5, 0.0))
             for k in (2, 3, 4, 5)]  # fmt: skip
    what = f"{name} power {power}: " + ("[IF, ASN(H1), ASN(H01), ASN(H0)] for K=2..5" * (
        (name, power) == ("Pocock", 0.8)) or "same")  # fmt: skip
    agrees("GSD-04", what, found)


@pytest.mark.parametrize(
    ("what", "looks", "rho"),
    [("K=3 rho=1: max; ASN at 0,.5,1,1.5 delta", 3, 1.0), ("K=10 rho=2", 10, 2.0), ("K=2 rho=3", 2, 3.0)],
)
def test_the_power_family_on_both_sides(what, looks, rho):
    bounds = spending_bounds(equal(looks), increments(spent("kim_demets", 0.025, equal(looks), rho)), two_sided=True)
    agrees("GSD-06", what, [100.0 * share for share in sizes(bounds, 0.025, 0.8, (0.0, 0.5, 1.0, 1.5))])


def by_spending(family, fractions, parameter=0.0, alpha=0.025):
    return spending_bounds(fractions, increments(spent(family, alpha, fractions, parameter))).upper


def test_spending_of_lan_and_demets():
    agrees("GSD-08", "LDOF K=5 equal", by_spending("obrien_fleming", equal(5)))
    agrees("GSD-08", "LDOF K=5 cumulative alpha", spent("obrien_fleming", 0.025, equal(5)))
    agrees("GSD-08", "LD-Pocock K=5 equal", by_spending("pocock", equal(5)))
    agrees("GSD-08", "LDOF at t=0.5,0.75,1", by_spending("obrien_fleming", [0.5, 0.75, 1.0]))
    agrees("GSD-08", "LDOF at t=0.33,0.67,1", by_spending("obrien_fleming", [0.33, 0.67, 1.0]))
    rows = next(e["value"] for e in CASES["GSD-08"]["expected"] if e["what"] == "LDOF K=2,3,4 equal")
    for k, row in zip((2, 3, 4), rows, strict=True):
        np.testing.assert_allclose(by_spending("obrien_fleming", equal(k)), row, atol=1e-4)


def test_spending_of_hwang_shih_and_decani():
    for gamma in (-4, -2, 1):
        agrees("GSD-09", f"gamma={gamma} bounds", by_spending("hwang_shih_decani", equal(5), gamma))
    agrees("GSD-09", "gamma=-4 bounds, 2 dp", by_spending("hwang_shih_decani", equal(5), -4))
    agrees("GSD-09", "gamma=-4 cumulative alpha", spent("hwang_shih_decani", 0.025, equal(5), -4))


def futile(looks, *, binding=False):
    alpha = increments(spent("hwang_shih_decani", 0.025, equal(looks), -4))
    beta = increments(spent("hwang_shih_decani", 0.1, equal(looks), -2))
    bounds, drift = futility_bounds(equal(looks), alpha, beta, binding=binding)
    return bounds, drift, (drift / fixed_drift(0.025, 0.9)) ** 2


def test_futility_that_need_not_be_kept():
    bounds, drift, inflation = futile(5)
    for what, found in (
        ("efficacy Z", bounds.upper),
        ("efficacy Z (printed to 2 dp)", bounds.upper),
        ("futility Z", bounds.lower),
        ("futility Z (printed to 2 dp)", bounds.lower),
        ("max N / fixed N", inflation),
        ("N per look, continuous", 800.0 * inflation * equal(5)),
        ("N per look, rounded up", np.ceil(800.0 * inflation * equal(5))),
        ("P(efficacy by look | H1)", crossings(bounds, drift).above),
        ("P(efficacy by look | H0), trial stops at first crossing", crossings(bounds, 0.0).above),
        ("total P(efficacy|H0)", crossings(bounds, 0.0).above.sum()),
        ("P(futility by look | H0)", crossings(bounds, 0.0).below),
        ("P(futility by look | H1)", crossings(bounds, drift).below),
        ("E[N] at H0, H1", [800.0 * inflation * expected_information(bounds, d) for d in (0.0, drift)]),
    ):
        agrees("GSD-10", what, found)
    bounds, drift, inflation = futile(3)
    for what, found in (
        ("efficacy Z", bounds.upper),
        ("futility Z", bounds.lower),
        ("sample-size ratio to fixed design per look", inflation * equal(3)),
        ("P(efficacy at look | H1)", crossings(bounds, drift).above),
        ("total P(efficacy | H0), futility obeyed", crossings(bounds, 0.0).above.sum()),
        ("E[N]/n_fix at H0, H1", [inflation * expected_information(bounds, d) for d in (0.0, drift)]),
    ):
        agrees("GSD-13", what, found)


def test_efficacy_alone():
    bounds = spending_bounds(equal(5), increments(spent("hwang_shih_decani", 0.025, equal(5), -4)))
    drift = drift_of_power(bounds, 0.9)
    inflation = (drift / fixed_drift(0.025, 0.9)) ** 2
    agrees("GSD-12", "sample-size ratio per look", inflation * equal(5))
    agrees("GSD-12", "P(reject by look | H1)", crossings(bounds, drift).above)
    agrees("GSD-12", "E[N]/n_fix H0,H1", [inflation * expected_information(bounds, d) for d in (0.0, drift)])


# rpact 3.3.4, getDesignGroupSequential(kMax, alpha, sided, informationRates, typeOfDesign, ...)$criticalValues.
UNEVEN = [0.2, 0.5, 0.8, 1.0]


def test_other_families_at_uneven_looks():
    """asKD gammaA = 2 (two-sided 0.05), WT deltaWT = 0.25, HP constantBoundsHP = 3 (one-sided 0.025)."""
    found = spending_bounds(UNEVEN, increments(spent("kim_demets", 0.025, UNEVEN, 2.0)), two_sided=True).upper
    np.testing.assert_allclose(found, [3.090232306, 2.539434008, 2.236280195, 2.106027298], atol=1e-6)
    found = wang_tsiatis_bounds(UNEVEN, 0.025, 0.25).upper
    np.testing.assert_allclose(found, [3.157750996, 2.511266936, 2.232867143, 2.111715364], atol=1e-6)
    np.testing.assert_allclose(haybittle_peto_bounds(UNEVEN, 0.025, 3.0).upper, [3, 3, 3, 1.984196423], atol=1e-6)
    with pytest.raises(ValueError, match=r"^the early looks spend more than the level$"):
        haybittle_peto_bounds(UNEVEN, 0.025, 1.9)


def test_futility_that_is_kept():
    """asHSD gammaA = -4, bsHSD gammaB = -2, bindingFutility = TRUE, beta = 0.1."""
    bounds, drift, _ = futile(3, binding=True)
    np.testing.assert_allclose(bounds.upper, [3.010739485, 2.546219207, 1.964336790], atol=1e-6)
    np.testing.assert_allclose(bounds.lower[:2], [-0.2579242781, 0.9139053882], atol=1e-6)
    assert crossings(bounds, 0.0).above.sum() == pytest.approx(0.025, abs=1e-9)
    assert crossings(bounds, drift).above.sum() == pytest.approx(0.9, abs=1e-9)


def test_what_is_concluded_after_the_looks():
    """asOF, two arms of 50 a stage with means 0.2, 0.7, 0.3 against 0 and SD 1; the second look is the last.

    getFinalPValue, getFinalConfidenceInterval, getRepeatedConfidenceIntervals, getRepeatedPValues, with
    normalApproximation = TRUE.
    """
    alpha = increments(spent("obrien_fleming", 0.025, equal(3)))
    bounds = spending_bounds(equal(3), alpha)
    np.testing.assert_allclose(bounds.upper, [3.710302873, 2.511427484, 1.993047483], atol=1e-6)
    z = (1.0, 3.148370583, 3.446795421)
    at_the_end = np.sqrt(2.0 / 150.0)  # the standard error there, of data with SD 1: turns a drift into a difference
    assert stagewise_p_value(bounds, 1, z[1]) == pytest.approx(0.000892213827, abs=1e-9)
    found = stagewise_estimate(bounds, 1, z[1])
    np.testing.assert_allclose(
        at_the_end * np.array([found.lower, found.median, found.upper]), [0.1663164775, 0.444404087, 0.7218964732],
        atol=1e-6,
    )  # fmt: skip
    # Its repeated intervals are in units of the data, whose pooled SD is not quite 1: differences over their Z.
    errors = [difference / each for difference, each in zip((0.2, 0.45, 0.4), z, strict=True)]
    intervals = [errors[k] * np.sqrt(equal(3)[k]) * np.array(repeated_interval(bounds, k, z[k])) for k in range(3)]
    np.testing.assert_allclose(
        intervals, [[-0.5420605761, 0.9420605746], [0.09103896346, 0.80896103654], [0.1687071962, 0.6312928085]],
        atol=1e-6,
    )  # fmt: skip
    repeated = [
        repeated_p_value(lambda a: spending_bounds(equal(3), increments(spent("obrien_fleming", a, equal(3)))), k, z[k])
        for k in range(3)
    ]
    np.testing.assert_allclose(repeated, [0.4157382742977, 0.0063057282963, 0.0002861480503], atol=2e-6)


def test_an_outcome_at_its_bound_is_as_extreme_as_what_was_spent():
    bounds = spending_bounds(equal(3), increments(spent("pocock", 0.025, equal(3))))
    for k, share in enumerate(spent("pocock", 0.025, equal(3))):
        assert exceedance(bounds, k, bounds.upper[k], 0.0) == pytest.approx(share, abs=1e-10)
