"""Fitting: what is read, what is estimated, what is refused, what is sampled and what is left on disk."""

import hashlib
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from tests.unit.cohort.fitted import SMALL_RECORDS, small
from trialsim.cohort.bayes import fit_cohort
from trialsim.cohort.bayes_data import fit_data
from trialsim.cohort.bayes_diagnostics import failures
from trialsim.cohort.bayes_model import fit_problem, individual_key, pymc_model
from trialsim.cohort.bayes_predictions import check_start, log_likelihoods, predicted, prior_draws
from trialsim.cohort.fits import Diagnosed, read_fit
from trialsim.cohort.model import Correlation
from trialsim.cohort.posterior import posterior_draws
from trialsim.foundation.errors import InvalidDocument, TrialsimError
from trialsim.foundation.expression import Name
from trialsim.foundation.units import unit

ROOT = Path(__file__).resolve().parents[3]


def problem_of(cohort):
    return fit_problem(cohort, cohort.fit, fit_data(cohort, cohort.fit))


def refusal(cohort):
    with pytest.raises(TrialsimError) as caught:
        check_start(problem_of(cohort))
    return caught.value.slug, str(caught.value)


def test_data_are_read_patient_by_patient_in_the_units_of_the_cohort(tmp_path):
    records = "h,who,mg,mg/L,kg,sex\n60,b,,0.1,90,male\n0,a,100,,70,female\n0,b,50,,90,male\n\n30,a,,2.5,,\n"
    minutes = small(tmp_path, records)
    data = fit_data(minutes, replace(minutes.fit, time=replace(minutes.fit.time, unit=unit("min"))))
    assert data.patients == ("b", "a")
    assert (data.covariates["weight"].tolist(), data.covariates["sex"].tolist()) == ([90.0, 70.0], [1.0, 0.0])
    assert (data.dose_patient.tolist(), data.dose_time.tolist()) == ([1, 0], [0.0, 0.0])
    assert data.dose_amount.tolist() == [100.0, 50.0]
    measured = data.measures["probe_conc"]
    assert (measured.patient.tolist(), measured.time.tolist()) == ([0, 1], [1.0, 0.5])
    assert (measured.value.tolist(), measured.is_below_lloq.tolist()) == ([0.1, 2.5], [True, False])


def test_every_faulty_record_is_told_with_its_place(tmp_path):
    records = SMALL_RECORDS.replace("a,70,female,4,,2.6", "a,71,femal,-4,lots,2.6")
    records = records.replace("b,90,male,1,,3.9", "b,90,male,,,3.9")
    with pytest.raises(InvalidDocument) as caught:
        problem_of(small(tmp_path, records))
    assert str(caught.value) == "\n".join([
        "small.csv:4:3: error[data-covariate-changes]: the weight of patient a is 71 kg here and 70 kg before",
        "  = this version fits covariates that stay the same",
        "small.csv:4:6: error[unknown-category]: 'femal' is not a category of 'sex'",
        "  = categories: female, male",
        "  = nearest name: female",
        "small.csv:4:12: error[data-negative]: a course begins at time 0: this is before",
        "small.csv:4:15: error[bad-number]: 'lots' is no number",
        "  = an empty cell is no value",
        "small.csv:8:11: error[data-empty]: a record without a time",
    ])  # fmt: skip


@pytest.mark.parametrize(("records", "message"), [
    (SMALL_RECORDS.replace("who,kg", "who,kilo"),
     "small.csv:1:1: error[data-no-column]: the data file has no column 'kg'\n"
     "  = columns: who, kilo, sex, h, mg, mg/L"),
    ("who,kg,sex,h,mg,mg/L\na,70,female,0,100,\n",
     "small.csv:1:1: error[no-data]: the data file holds no measured value"),
    (SMALL_RECORDS.replace("c,60,female", "c,,female"),
     "small.csv:12:3: error[data-empty]: patient c has no weight"),
    (SMALL_RECORDS + "d,60\n", "small.csv:17:1: error[data-cells]: this record has 2 cells where the header has 6"),
    (SMALL_RECORDS.replace("0,100,", "0,-100,", 1), "small.csv:2:15: error[data-negative]: a negative dose"),
])  # fmt: skip
def test_data_that_cannot_be_fitted_are_refused(tmp_path, records, message):
    with pytest.raises(InvalidDocument) as caught:
        problem_of(small(tmp_path, records))
    assert str(caught.value) == message


def test_data_that_changed_since_the_cohort_was_read_are_refused(tmp_path):
    cohort = small(tmp_path)
    Path(cohort.fit.absolute_path).write_text(SMALL_RECORDS + "\n")
    slug, message = refusal(cohort)
    assert slug == "data-changed"
    now = hashlib.sha256((SMALL_RECORDS + "\n").encode()).hexdigest()
    assert message == (
        "the data file 'small.csv' has changed since the cohort 'small' was read\n"
        f"  = SHA-256 then: {cohort.fit.digest}\n  = SHA-256 now: {now}"
    )


def test_what_is_estimated_is_what_the_measures_depend_on_and_the_cohort_calls_uncertain(tmp_path):
    problem = problem_of(small(tmp_path))
    assert [(e.key, e.centre, e.scale, e.sd, e.unit.text) for e in problem.estimated] == [
        ("CL", 3.0, "lognormal", 1.0, "L/h"),
        ("V", 20.0, "lognormal", 0.5, "L"),
        ("CL_between_patients", 0.3, "lognormal", 1.0, ""),
        ("probe_conc_additive", 0.1, "lognormal", 1.0, "mg/L"),
        ("probe_conc_proportional", 0.1, "lognormal", 1.0, ""),
    ]  # no `idle`: nothing measured depends on it
    assert [p.name for p in problem.varying] == ["CL"]


def test_a_cohort_without_a_fit_section_is_refused(tmp_path):
    with pytest.raises(TrialsimError) as caught:
        fit_cohort(small(tmp_path, fit=None), tmp_path / "fit", tmp_path / "cache")
    assert str(caught.value) == (
        "the cohort 'small' has no section `fit`\n"
        "  = `fit` names a data file and what its columns mean: see docs/methods/fitting.md"
    )


def test_a_measure_of_the_path_is_refused_and_what_nobody_measures_is_left_out(tmp_path):
    plain = small(tmp_path)
    (conc,), (measure,) = plain.quantities, plain.measures
    highest = replace(conc, name="most", value=Name("conc"), kind="highest")
    measured = replace(measure, value=Name("most"))
    assert problem_of(small(tmp_path, quantities=(conc, highest))).model.functionals == ()
    with pytest.raises(TrialsimError) as caught:
        pymc_model(problem_of(small(tmp_path, quantities=(conc, highest), measures=(measured,))))
    assert caught.value.slug == "fit-needs-gradient"
    assert str(caught.value) == (
        "a fit cannot follow the slopes of this course\n"
        "  = its outputs depend on rules or on a functional of the path"
    )


def test_data_without_a_covariate_that_matters_are_refused(tmp_path):
    full = small(tmp_path)
    slug, message = refusal(small(tmp_path, fit_changes={"covariates": full.fit.covariates[1:]}))
    assert (slug, message) == (
        "fit-needs-covariate",
        "the parameter 'CL' depends on the covariate 'weight', which the data of the cohort 'small' do not give\n"
        "  = name its column: fit.columns.covariates.weight",
    )


def test_nothing_uncertain_is_nothing_to_fit(tmp_path):
    full = small(tmp_path)
    certain = tuple(replace(p, uncertainty=None, between_patients=None) for p in full.parameters)
    exact = tuple(replace(m, error=replace(m.error, additive=0.0, proportional=0.0)) for m in full.measures)
    assert refusal(small(tmp_path, parameters=certain, measures=exact)) == (
        "nothing-to-fit",
        "the cohort 'small' has nothing to estimate\n  = a typical value is estimated if it has an `uncertainty`",
    )


def test_a_value_that_the_cohort_holds_for_impossible_is_refused_before_sampling(tmp_path):
    full = small(tmp_path)
    measures = tuple(replace(m, lloq=None, error=replace(m.error, additive=0.0)) for m in full.measures)
    cohort = small(tmp_path, SMALL_RECORDS.replace("a,70,female,0,100,", "a,70,female,0,100,0.3"), measures=measures)
    assert refusal(cohort) == (
        "fit-impossible",
        "the probe_conc of patient a at 0 h is impossible under the cohort 'small' as it is stated\n"
        "  = measured: 0.3 mg/L\n  = predicted: 0 mg/L with an error of 0 mg/L\n"
        "  = an additive error makes values near zero possible",
    )


CORRELATED = (Correlation(first="CL", second="V", value=0.6),)
MORE = "".join(f"a,70,female,{hour},,1.5\n" for hour in (2, 3, 5, 6, 7, 9, 10, 11, 12))


@pytest.mark.parametrize("centred", [False, True])
def test_the_graph_predicts_and_judges_as_the_engine_does(tmp_path, centred):
    """Both parametrisations, correlated effects, a value below the limit: log densities of PyMC and of our own."""
    import pytensor

    clearance, volume, _ = small(tmp_path).parameters
    volume = replace(volume, between_patients=clearance.between_patients)
    changes = {"parameters": (clearance, volume), "random_effect_correlation": CORRELATED}
    problem = problem_of(small(tmp_path, SMALL_RECORDS + (MORE if centred else ""), **changes))
    assert problem.is_centred is centred
    with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE"):
        model = pymc_model(problem)
        keys = [e.key for e in problem.estimated] + [individual_key(p.name) for p in problem.varying]
        point = {name: np.full(at.shape, 0.1 * (k + 1)) for k, (name, at) in enumerate(model.initial_point().items())}
        at_point = [(model.values_to_rvs[v], point[v.name]) for v in model.value_vars]
        found = pytensor.function([], [model[key] for key in keys], givens=at_point)()
        densities = model.logp(vars=model.observed_RVs, sum=False)
        (density,) = model.compile_fn(densities, inputs=model.value_vars, on_unused_input="ignore")(point)
    n = len(problem.estimated)
    population = {e.key: np.atleast_1d(v) for e, v in zip(problem.estimated, found[:n], strict=True)}
    individual = {p.name: v[None, :] for p, v in zip(problem.varying, found[n:], strict=True)}
    prediction = predicted(problem, population, individual)
    own = log_likelihoods(problem, prediction)["probe_conc"][0]
    np.testing.assert_allclose(density, own, rtol=1e-7)
    measured = problem.data.measures["probe_conc"]
    mean, sd = prediction["probe_conc"].mean[0], prediction["probe_conc"].sd[0]
    assert measured.is_below_lloq.sum() == 1
    by_hand = np.where(measured.is_below_lloq, norm.logcdf(0.2, mean, sd), norm.logpdf(measured.value, mean, sd))
    np.testing.assert_allclose(own, by_hand, rtol=1e-12)


def test_centred_effects_have_the_distribution_that_the_cohort_states(tmp_path):
    """The density of the patients' values, worked out by hand: a bivariate normal of the logs."""
    clearance, volume, _ = (replace(p, uncertainty=None) for p in small(tmp_path).parameters)
    volume = replace(volume, between_patients=replace(clearance.between_patients, sd=0.2))
    changes = {"parameters": (clearance, volume), "random_effect_correlation": CORRELATED}
    problem = problem_of(small(tmp_path, SMALL_RECORDS + MORE, **changes))
    assert problem.is_centred
    model = pymc_model(problem)
    free = {rv.name: rv for rv in model.free_RVs}
    variables = [free["CL (patients)"], free["V (patients)"]]
    values = {v.name: np.zeros(model.initial_point()[v.name].shape) for v in model.value_vars}
    shifts = np.array([[0.5, -1.0, 0.2], [0.1, 0.7, -0.4]])  # in units of the stated spread
    values |= {"CL (patients)": shifts[0], "V (patients)": shifts[1]}
    found = sum(model.compile_logp(vars=variables, sum=False)(values)).sum()
    covariance = np.array([[1.0, 0.6], [0.6, 1.0]])
    assert found == pytest.approx(multivariate_normal([0.0, 0.0], covariance).logpdf(shifts.T).sum(), rel=1e-10)


def test_prior_draws_are_those_of_the_published_uncertainty(tmp_path):
    problem = problem_of(small(tmp_path))
    population, individual = prior_draws(problem, 4000)
    for each in problem.estimated:
        logs = np.log(population[each.key] / each.centre)
        assert abs(logs.mean()) < 4 * each.sd / math.sqrt(4000)
        assert logs.std() == pytest.approx(each.sd, rel=0.05)
    factors = np.array([1.0, (90 / 70) ** 0.75 * 1.2, (60 / 70) ** 0.75])
    effect = np.log(individual["CL"] / population["CL"][:, None] / factors)
    assert (effect / population["CL_between_patients"][:, None]).std() == pytest.approx(1.0, rel=0.03)


@pytest.fixture(scope="module")
def small_fit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    heard = []
    fit = fit_cohort(small(folder), folder / "fits" / "small", folder / "cache", lambda *said: heard.append(said))
    return folder, fit, heard


def test_a_fit_leaves_everything_in_its_group(small_fit):
    import xarray

    folder, fit, heard = small_fit
    path = fit.folder / "posterior.nc"
    groups = {}
    for name in ("posterior", "sample_stats", "prior", "prior_predictive", "posterior_predictive", "log_likelihood",
                 "observed_data", "constant_data"):  # fmt: skip
        with xarray.open_dataset(path, group=name, engine="h5netcdf") as dataset:
            groups[name] = {str(key): dict(zip(v.dims, v.shape, strict=True)) for key, v in dataset.data_vars.items()}
            assert all(np.isfinite(v.values).all() for v in dataset.data_vars.values())
    draws = {"chain": 2, "draw": 200}
    population = ["CL", "V", "CL_between_patients", "probe_conc_additive", "probe_conc_proportional"]
    assert groups["posterior"] == dict.fromkeys(population, draws) | {"CL_individual": draws | {"patient": 3}}
    assert groups["prior"] == {name: {"chain": 1, "draw": 500} for name in population} | {
        "CL_individual": {"chain": 1, "draw": 500, "patient": 3}}  # fmt: skip
    assert groups["posterior_predictive"] == {"probe_conc": draws | {"probe_conc_record": 12}}
    assert groups["log_likelihood"] == groups["posterior_predictive"]
    assert groups["prior_predictive"] == {"probe_conc": {"chain": 1, "draw": 500, "probe_conc_record": 12}}
    assert groups["observed_data"] == {"probe_conc": {"probe_conc_record": 12}}
    assert set(groups["sample_stats"]) == {
        "diverging", "tree_depth", "n_steps", "energy", "lp", "step_size", "acceptance_rate"}  # fmt: skip
    assert groups["constant_data"]["weight"] == {"patient": 3}
    assert heard[0] == (0, 1000, "compiling the model") and heard[-1] == (1000, 1000, "sampling")


def test_a_fit_read_back_is_the_fit_that_was_made(small_fit):
    _, fit, _ = small_fit
    assert not fit.cached
    assert read_fit(fit.folder) == replace(fit, cached=True)
    assert posterior_draws(fit.folder / "posterior.nc").digest == fit.digest
    assert sorted(path.name for path in fit.folder.iterdir()) == ["fit.json", "posterior.nc"]
    record = json.loads((fit.folder / "fit.json").read_text())
    assert record["data"]["below_lloq"] == {"probe_conc": 1}
    assert [row.parameter for row in fit.diagnostics] == [e.key for e in problem_of(small(fit.folder.parent)).estimated]


def test_a_second_fit_of_the_same_samples_nothing(small_fit):
    folder, fit, _ = small_fit
    heard = []
    again = fit_cohort(small(folder), folder / "fits" / "again", folder / "cache", lambda *said: heard.append(said))
    assert again.cached and heard == []
    assert (again.digest, again.diagnostics, again.seconds) == (fit.digest, fit.diagnostics, fit.seconds)


def test_without_a_compiler_and_in_another_process_the_draws_are_the_same(small_fit, tmp_path):
    folder, fit, _ = small_fit
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.unit.cohort.fitted import small\n"
        "from trialsim.cohort.bayes import fit_cohort\n"
        "folder = Path(sys.argv[1])\n"
        "fit = fit_cohort(small(folder), folder / 'fit', folder / 'cache')\n"
        "import pytensor\n"
        "print(repr(pytensor.config.cxx), fit.cached, fit.digest)\n"
    )
    environment = {**os.environ, "PYTENSOR_FLAGS": "cxx="}
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, env=environment, check=True,
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout.split() == ["''", "False", fit.digest]


def test_thresholds_that_are_not_met_are_told(tmp_path):
    row = Diagnosed(parameter="CL", unit="L/h", median=1.0, sd=0.1, low=0.9, high=1.1,
                    r_hat=1.0312, ess_bulk=350.0, ess_tail=211.4)  # fmt: skip
    fit = small(tmp_path, fit_changes={"largest_r_hat": 1.01, "least_ess": 400.0, "most_divergences": 0}).fit
    fine = replace(row, r_hat=1.0, ess_bulk=900.0, ess_tail=900.0)
    assert failures(fit, (fine, row), 3) == (
        "R-hat of CL is 1.0312 (at most 1.01)",
        "effective sample size of CL is 211 in the tails (at least 400)",
        "3 divergent transitions (at most 0)",
    )
    assert failures(fit, (fine,), 0) == ()
    assert failures(fit, (replace(fine, r_hat=math.nan),), 1) == (
        "R-hat of CL is nan (at most 1.01)", "1 divergent transition (at most 0)")  # fmt: skip
