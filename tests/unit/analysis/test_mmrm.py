"""Repeated measures where the answer is known otherwise, where there is none, and how often tests err."""

from typing import get_args

import numpy as np
import pytest
from scipy import optimize

from trialsim.analysis.ancova import ancova
from trialsim.analysis.comparisons import NO_CONVERGENCE, NO_VARIANCE, OK, REASONS, TOO_FEW_PATIENTS
from trialsim.analysis.covariance_structures import STRUCTURES, fill_covariance
from trialsim.analysis.mmrm import RepeatedModel, mmrm
from trialsim.protocol.model import Covariance

CORRELATED = np.linalg.cholesky(4.0 * 0.6 ** np.abs(np.subtract.outer(range(4), range(4))))


def made(seed, n_trials, n, missing=0.12, n_visits=4):
    """Return y, arm, covariates and offsets of trials in which nothing works."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=n_trials * n)
    y = base[:, None] + rng.normal(size=(n_trials * n, n_visits)) @ CORRELATED[:n_visits, :n_visits].T
    y[rng.uniform(size=y.shape) < missing] = np.nan
    return y, rng.integers(0, 3, len(y)), base[:, None], np.arange(n_trials + 1) * n


def compared(y, arm, offsets, covariates=None, at=None, pairs=((1, 0), (2, 0)), **parts):
    at = y.shape[1] - 1 if at is None else at
    by_visit = None if covariates is None else [True] * covariates.shape[1]
    return mmrm(y, arm, offsets, at, covariates, by_visit, None, 0, pairs, 1, 0.025, 0.0, 3, RepeatedModel(**parts))


def test_the_language_names_the_structures_that_there_are():
    assert get_args(Covariance) == STRUCTURES


def test_one_visit_is_the_analysis_of_covariance():
    y, arm, base, offsets = made(1, 3, 50)
    result, fits = compared(y[:, 3:], arm, offsets, base)
    expected = ancova(y[:, 3], arm, offsets, base, None, 0, [(1, 0), (2, 0)], 1, 0.025, 0.0, 3)
    for name in ("estimate", "se", "df", "p_value", "lower", "upper"):
        assert getattr(result, name) == pytest.approx(getattr(expected, name), rel=1e-9), name
    assert (result.n_treated == expected.n_treated).all() and (result.n_control == expected.n_control).all()


def test_complete_balanced_values_are_compared_visit_by_visit():
    y, arm, _, offsets = made(2, 4, 45, missing=0.0)
    result, _ = compared(y, arm, offsets)
    alone = ancova(y[:, 3], arm, offsets, None, None, 0, [(1, 0), (2, 0)], 1, 0.025, 0.0, 3)
    assert result.estimate == pytest.approx(alone.estimate, rel=1e-10)
    assert result.se == pytest.approx(alone.se, rel=1e-10)
    assert result.df == pytest.approx(alone.df, rel=1e-10)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_no_other_covariance_is_likelier(structure):
    y, arm, _, offsets = made(3, 1, 60)
    _, fits = compared(y, arm, offsets, structures=(structure,))

    def plain_deviance(sigma):
        products, cross, total = np.zeros((12, 12)), np.zeros(12), 0.0
        rows = [(a, y[i], ~np.isnan(y[i])) for i, a in enumerate(arm)]
        for a, values, seen in rows:
            x = np.zeros((4, 12))
            x[range(4), 4 * a + np.arange(4)] = 1.0
            inverse = np.linalg.inv(sigma[np.ix_(seen, seen)])
            products += x[seen].T @ inverse @ x[seen]
            cross += x[seen].T @ inverse @ values[seen]
            total += values[seen] @ inverse @ values[seen] - np.linalg.slogdet(inverse)[1]
        return total + np.linalg.slogdet(products)[1] - cross @ np.linalg.solve(products, cross)

    least = plain_deviance(fits.covariance[0])
    assert fits.deviance[0] == pytest.approx(least, rel=1e-12)
    code, position = STRUCTURES.index(structure), np.arange(4)
    start = {"unstructured": [4.0, 2.4, 4.0, 1.5, 2.4, 4.0, 1.0, 1.5, 2.4, 4.0]}.get(structure)
    if start is None:
        n_sd, n_rho = (4 if "heterogeneous" in structure else 1), (3 if "toeplitz" in structure else 1)
        start = [0.7] * n_sd + [0.6, 0.4, 0.2][:n_rho]

    def at(theta):
        sigma = np.zeros((4, 4))
        fill_covariance(code, np.array(theta, dtype=float), position, sigma)
        return plain_deviance(sigma) if np.linalg.eigvalsh(sigma)[0] > 1e-6 else 1e9

    rival = optimize.minimize(at, start, method="BFGS", options={"gtol": 1e-3})
    assert least <= rival.fun + 1e-9
    assert least == pytest.approx(rival.fun, abs=1e-3)


def test_what_cannot_be_estimated_has_a_reason():
    y, arm, _, offsets = made(4, 8, 24)
    for trial, spoil in enumerate((
        lambda v, a: None,
        lambda v, a: v.__setitem__(a == 1, np.nan),
        lambda v, a: v.__setitem__((slice(None), 3), np.nan),
        lambda v, a: v.__setitem__(slice(None), np.nan),
        lambda v, a: v.__setitem__((slice(None), 1), 0.1),
        lambda v, a: v.__setitem__(slice(1, None), np.nan),
        lambda v, a: v.__setitem__((slice(None), 0), v[:, 1]),
        lambda v, a: v.__setitem__((slice(None), 1), np.nan),
    )):  # fmt: skip
        rows = slice(24 * trial, 24 * trial + 24)
        spoil(y[rows], arm[rows])
    result, fits = compared(y, arm, offsets)
    assert [[REASONS[int(code)] for code in row] for row in result.status] == [
        [None, None],
        ["too few patients", None],  # nobody in the first arm
        ["too few patients"] * 2,  # nobody at the visit
        ["too few patients"] * 2,  # nobody at all
        ["no variance"] * 2,  # one visit where all have one value
        ["too few patients"] * 2,  # one patient
        ["no convergence"] * 2,  # two visits with the same values
        [None, None],  # nobody at an earlier visit, which is left out
    ]
    is_ok = result.status == OK
    assert {TOO_FEW_PATIENTS, NO_CONVERGENCE, NO_VARIANCE, OK} == set(result.status.ravel().tolist())
    for name in ("estimate", "se", "df", "p_value", "lower", "upper"):
        assert np.isfinite(getattr(result, name)[is_ok]).all(), name
    assert fits.structure.tolist() == [0, 0, -1, -1, -1, -1, -1, 0]
    assert np.isnan(fits.covariance[7][1]).all() and np.isfinite(fits.covariance[7][0, [0, 2, 3]]).all()


def test_the_first_structure_that_converges_is_used():
    # Nobody is seen at both of the last visits, so that their covariance is unknown.
    y, arm, _, offsets = made(5, 3, 40, missing=0.0)
    y[40:80:2, 3] = np.nan
    y[41:80:2, 2] = np.nan
    plain, none = compared(y, arm, offsets)
    assert none.structure.tolist() == [0, -1, 0]
    assert [REASONS[int(code)] for code in plain.status[:, 0]] == [None, "no convergence", None]
    result, fits = compared(y, arm, offsets, structures=("unstructured", "heterogeneous_toeplitz", "ar1"))
    assert fits.structure.tolist() == [0, 1, 0]
    assert (result.status == OK).all()
    alone, _ = compared(y, arm, offsets, structures=("heterogeneous_toeplitz",))
    assert result.estimate[1].tolist() == alone.estimate[1].tolist()
    assert result.estimate[::2].tolist() == plain.estimate[::2].tolist()


def test_a_trial_alone_is_the_same_bits():
    y, arm, base, offsets = made(6, 4, 30)
    whole, _ = compared(y, arm, offsets, base)
    for t in range(4):
        rows = slice(offsets[t], offsets[t + 1])
        alone, _ = compared(np.ascontiguousarray(y[rows]), arm[rows], [0, 30], np.ascontiguousarray(base[rows]))
        assert alone.estimate[0].tolist() == whole.estimate[t].tolist()
        assert alone.se[0].tolist() == whole.se[t].tolist()


def test_units_and_origin_do_not_matter():
    y, arm, base, offsets = made(7, 3, 40)
    one, _ = compared(y, arm, offsets, base)
    other, _ = compared(1e4 * y + 3e5, arm, offsets, 1e-3 * base - 70.0)
    assert other.estimate == pytest.approx(1e4 * one.estimate, rel=1e-7)
    assert other.se == pytest.approx(1e4 * one.se, rel=1e-7)
    assert other.df == pytest.approx(one.df, rel=1e-6)


def test_type_1_error_and_coverage_with_missing_values():
    y, arm, base, offsets = made(8, 2000, 45, missing=0.15)
    result, fits = compared(y, arm, offsets, base)
    rejected = result.p_value[result.status == OK] < 0.025
    assert (result.status == OK).mean() > 0.999
    assert rejected.mean() == pytest.approx(0.025, abs=4 * np.sqrt(0.025 * 0.975 / 2000))
    inside = (result.lower <= 0.0) & (result.upper >= 0.0)
    assert inside.mean() == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / 2000))


@pytest.mark.parametrize(
    ("y", "arm", "offsets", "at", "covariates", "stratum", "n_strata", "message"),
    [
        (np.zeros((2, 13)), [0, 1], [0, 2], 0, None, None, 0,
         "values of shape (2, 13) are not patients by 1 to 12 visits, or no 0"),
        (np.zeros((2, 3)), [0, 1], [0, 2], 3, None, None, 0,
         "values of shape (2, 3) are not patients by 1 to 12 visits, or no 3"),
        (np.zeros((2, 3)), [0, 1], [0, 2], 2, np.zeros((3, 1)), None, 0,
         "there are 2 patients and covariates of shape (3, 1)"),
        (np.zeros((2, 3)), [0, 1], [0, 2], 2, None, [0], 2, "there are 2 patients and (1,) strata"),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit_are_refused(y, arm, offsets, at, covariates, stratum, n_strata, message):
    with pytest.raises(ValueError) as caught:
        mmrm(y, arm, offsets, at, covariates, None, stratum, n_strata, [(1, 0)], 1, 0.025)
    assert str(caught.value) == message
