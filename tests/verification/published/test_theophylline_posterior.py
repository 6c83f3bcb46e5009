"""The posterior of theophylline against the maximum-likelihood fit of the same twelve subjects.

The reference was computed once with exact marginal likelihood (adaptive Gauss-Hermite quadrature, nine points in each
of three dimensions, -2 log L = 360.70), one compartment with first-order absorption and lognormal effects.

What should agree: with next to flat priors, posterior medians of the typical values and of the residual SD lie near
the estimates. What should not: marginal posterior SDs are wider than the standard errors, because the spreads between
twelve subjects are not known, and the posteriors of those spreads are skewed to the right with medians above the
maximum of the likelihood.
"""

import math

import numpy as np
import pytest
import xarray

from tests.unit.cohort.fitted import fit_places, fitted  # noqa: F401 (fixtures)
from trialsim.cohort.fits import posterior_of

# Parameter: estimate, standard error of its log.
ESTIMATES = {"CL": (2.75, 0.084), "V": (31.6, 0.046), "ka": (1.58, 0.193), "theophylline_conc_additive": (0.70, 0.07)}
SPREADS = {"CL": 0.265, "V": 0.136, "ka": 0.636}


@pytest.fixture(scope="module")
def posterior(fitted, fit_places):  # noqa: F811
    cohort, _ = fitted
    return posterior_of(cohort, fit_places[0])


def test_the_sampler_converged(fitted):  # noqa: F811
    _, fit = fitted
    assert fit.converged, fit.failures
    assert fit.divergences == 0 and fit.n_draws == 4000
    assert max(row.r_hat for row in fit.diagnostics) <= 1.01
    assert min(min(row.ess_bulk, row.ess_tail) for row in fit.diagnostics) >= 400.0


@pytest.mark.parametrize("name", ESTIMATES)
def test_medians_are_the_published_estimates(posterior, name):
    """Two standard errors are asked for; half a one is what separates the estimates from the centres of the priors."""
    estimate, error = ESTIMATES[name]
    assert abs(math.log(np.median(posterior.draws[name]) / estimate)) < 0.5 * error


@pytest.mark.parametrize("name", ESTIMATES)
def test_the_data_are_not_counted_twice(posterior, name):
    """A prior made of the published estimates of the same data would shrink the SD to three quarters of an error."""
    _, error = ESTIMATES[name]
    assert 0.95 * error < np.std(np.log(posterior.draws[name])) < 1.5 * error


@pytest.mark.parametrize("name", SPREADS)
def test_spreads_between_patients_agree_and_are_skewed_to_the_right(posterior, name):
    draws = posterior.draws[f"{name}_between_patients"]
    assert np.quantile(draws, 0.1) < SPREADS[name] < np.median(draws) < np.mean(draws)
    assert np.median(draws) < 1.25 * SPREADS[name]


def test_measured_values_lie_where_the_posterior_predicts_them(fitted):  # noqa: F811
    """Of 132 values, 90% intervals hold some 119; fewer than 108 or more than 129 would be a wrong error model."""
    _, fit = fitted
    with xarray.open_dataset(fit.folder / "posterior.nc", group="posterior_predictive", engine="h5netcdf") as dataset:
        simulated = dataset["theophylline_conc"].values.reshape(-1, 132)
    with xarray.open_dataset(fit.folder / "posterior.nc", group="observed_data", engine="h5netcdf") as dataset:
        observed = dataset["theophylline_conc"].values
    low, high = np.quantile(simulated, [0.05, 0.95], axis=0)
    assert 108 <= int(((low < observed) & (observed < high)).sum()) <= 129
