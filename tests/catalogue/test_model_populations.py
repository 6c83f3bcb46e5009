"""Populations of published models: many patients give the means, spreads and shares that the sources print."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from tests.catalogue.model_courses import Dose, engine_outputs
from tests.statistics import assert_matches
from trialsim.cohort.read import read_cohort
from trialsim.cohort.sample import sampled_candidates

COHORTS = Path(__file__).parents[2] / "cohorts"
N = 20_000


def population(name: str, doses: list[Dose], outputs: list[str], times: list[float]) -> np.ndarray:
    """Return the outputs [N, times, outputs] of N patients in declared units."""
    cohort, _ = read_cohort(COHORTS / f"{name}.yaml")
    people = sampled_candidates(cohort, N, 1, Path("fits"))
    return engine_outputs(cohort, {**people.parameters, **people.covariates}, N, doses, outputs, times)


@pytest.mark.long
@pytest.mark.parametrize(
    ("drug", "printed"),
    [("ixekizumab_80_q2w", (0.89, 0.72, 0.41)), ("secukinumab_300", (0.82, 0.61, 0.31)), (None, (0.05, 0.01, 0.001))],
)
def test_as_many_reach_pasi_as_in_the_trials(drug: str | None, printed: tuple[float, ...]) -> None:
    doses = [Dose(drug=drug, route="sc", amount="80 mg")] if drug else []
    shares = population("psoriasis-pasi-mbma", doses, ["pasi75", "pasi90", "pasi100"], [12.0])[:, 0].mean(axis=0)
    # Rates of trials, rounded to two digits.
    assert shares == pytest.approx(printed, abs=0.015)


@pytest.mark.long
@pytest.mark.parametrize(("drug", "printed"), [("docetaxel", (0.51, 0.94, 1.31)), ("atezolizumab", (0.63, 0.98, 1.39))])
def test_lesions_change_by_day_83_as_in_the_sources_own_simulation(drug: str, printed: tuple[float, ...]) -> None:
    sizes = population(
        "stein-gsf-oak", [Dose(drug=drug, route="iv", amount="100 mg")], ["lesion"], [0.001, 83 / 365.25]
    )
    luck = np.random.default_rng(1).standard_normal((N, 2))
    read = sizes[:, :, 0] + luck * np.sqrt((0.1245 * sizes[:, :, 0]) ** 2 + 1.085**2)
    ratio = np.quantile(read[:, 1] / read[:, 0], [0.1, 0.5, 0.9])
    # The source does not say whether its ratios are read with an error; both ways lie around the printed ones.
    exact = np.quantile(sizes[:, 1, 0] / sizes[:, 0, 0], [0.1, 0.5, 0.9])
    assert (np.minimum(ratio, exact) - 0.05 <= printed).all() and (printed <= np.maximum(ratio, exact) + 0.05).all()


@pytest.mark.long
@pytest.mark.parametrize(("drug", "median"), [("docetaxel", 9.6), ("atezolizumab", 13.8)])
def test_half_of_oaks_patients_are_alive_at_the_published_median(drug: str, median: float) -> None:
    dose = Dose(drug=drug, route="iv", amount="100 mg")
    alive = population("oak-os-pfs-aft", [dose], ["os_survival"], [median])[:, 0, 0].mean()
    assert alive == pytest.approx(0.5, abs=0.03)  # Kaplan-Meier medians of 9.6 and 13.8 months


@pytest.mark.long
def test_the_change_of_hamd_has_the_printed_spread_and_correlations() -> None:
    dose = Dose(drug="antidepressant", route="oral", amount="20 mg")
    change = population("depression-hamd-goldstein2004", [dose], ["change"], [1.5, 3.0, 5.0, 7.0])[:, :, 0]
    for i, (mean, sd) in enumerate(((-1.82, 5.46), (-4.71, 6.65), (-6.79, 7.02), (-8.34, 7.43))):
        assert_matches(change[:, i].mean(), mean, sd / sqrt(N), detects=0.3)
        assert_matches(change[:, i].std(), sd, sd / sqrt(2 * N), detects=0.3)
    found = np.corrcoef(change.T)[np.triu_indices(4, 1)]
    for one, printed in zip(found, (0.667, 0.610, 0.569, 0.735, 0.669, 0.826), strict=True):
        assert_matches(np.arctanh(one), np.arctanh(printed), 1 / sqrt(N - 3), detects=0.04)


@pytest.mark.long
def test_rates_of_exacerbations_are_overdispersed_as_the_source_says() -> None:
    cohort, _ = read_cohort(COHORTS / "copd-exacerbations-accept.yaml")
    people = sampled_candidates(cohort, N, 1, Path("fits"))
    alike = {name: np.full(N, values[0]) for name, values in people.covariates.items()}
    rates = engine_outputs(cohort, {**people.parameters, **alike}, N, [], ["rate"], [1.0])[:, 0, 0]
    # The log of the rate has the variance 0.9706^2 x 0.6855, which is the overdispersion 0.91 that the source gives.
    spread = np.log(rates).var()
    assert_matches(spread, np.log(1.91), np.log(1.91) * sqrt(2 / N), detects=0.05)


@pytest.mark.long
def test_the_mean_protection_is_the_integral_over_titres() -> None:
    dose = Dose(drug="bnt162b2", route="im", amount="0.03 mg")
    protection = population("vaccine-efficacy-khoury2021", [dose], ["protection"], [1e-6])[:, 0, 0]

    def weighted(z: float) -> float:
        log10_titre = np.log10(2.4) + 0.44 * z
        return stats.norm.pdf(z) / (1 + np.exp(-3 * (log10_titre - np.log10(0.202))))

    expected = integrate.quad(weighted, -8, 8)[0]
    assert_matches(protection.mean(), expected, protection.std() / sqrt(N), detects=0.01)
    assert expected == pytest.approx(0.95, abs=0.03)  # the efficacy that the trial of this vaccine published


def test_dates_of_death_are_those_of_the_fitted_hazard():
    """The cohort of dates has the covariates and parameters of the fitted one."""
    fitted, _ = read_cohort(COHORTS / "oak-os-pfs-aft.yaml")
    dates, _ = read_cohort(COHORTS / "nsclc-second-line-survival.yaml")
    own = {each.name: each for each in fitted.parameters}
    for each in dates.parameters:
        assert (each.typical, each.uncertainty) == (own[each.name].typical, own[each.name].uncertainty)
    assert [covariate.name for covariate in dates.covariates] == [covariate.name for covariate in fitted.covariates]
