"""Fits of cohorts whose dynamics are not linear: graph and engine agree, and draws come by nutpie."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.cohort.fitted import fit_section, parameter, small, theophylline, with_digest
from trialsim.cohort.bayes import fit_cohort
from trialsim.cohort.bayes_data import fit_data
from trialsim.cohort.bayes_model import fit_problem, individual_key, pymc_model
from trialsim.cohort.bayes_predictions import log_likelihoods, predicted, with_solver
from trialsim.cohort.model import DataColumn, Inlet, Measure, MeasurementError, NamedQuantity, Parameter, State, Transit
from trialsim.cohort.posterior import posterior_draws
from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import same_doses
from trialsim.foundation.expression import parse
from trialsim.foundation.streams import label, normals
from trialsim.foundation.units import unit

NAMES = {
    "D", "share", "k", "n", "mt", "ka", "Vmax", "Km", "V", "kin", "kout", "IC50", "depot", "central", "effect", "conc",
}  # fmt: skip
TRUE = {"ka": 1.2, "Vmax": 20.0, "Km": 2.0, "V": 10.0}
SPREAD = 0.25


def expression(text):
    return parse(text, None, NAMES)


def state(name, rate, start=None, unit_text="mg", receives=()):
    return State(name=name, unit=unit(unit_text), start=start and expression(start), rate=expression(rate),
                 receives=receives)


def saturable(folder, records, fit_changes=None, **changes):
    """Saturable elimination after oral doses; next to nothing is taken for known but the absorption."""
    path = folder / "saturable.csv"
    path.write_text(records)
    section = fit_section(
        path, patient_column="who", time=DataColumn(column="h", unit=unit("h")),
        dose=DataColumn(column="mg", unit=unit("mg")), dose_drug="probe", dose_route="oral",
        measures=(("probe_conc", DataColumn(column="mg/L", unit=unit("mg/L"))),),
        chains=2, tune=100, draws=60, seed=11, least_ess=1.0, largest_r_hat=9.0, most_divergences=60,
    )  # fmt: skip
    parameters = (
        Parameter(name="ka", unit=unit("1/h"), typical=TRUE["ka"]), parameter("Vmax", "mg/h", 15.0, 0.3),
        replace(parameter("Km", "mg/L", 3.0, 0.3), between_patients=None), parameter("V", "L", 12.0, 0.3),
    )  # fmt: skip
    measure = Measure(name="probe_conc", value=expression("conc"), unit=unit("mg/L"),
                      error=MeasurementError(additive=0.01, proportional=0.2))  # fmt: skip
    cohort = theophylline(
        fit=replace(section, **(fit_changes or {})), id="saturable", parameters=parameters,
        states=(state("depot", "-ka * depot", receives=(Inlet(drug="probe", route="oral"),)),
                state("central", "ka * depot - Vmax * conc / (Km + conc)")),
        quantities=(NamedQuantity(name="conc", value=expression("central / V"), unit=unit("mg/L")),),
        measures=(measure,),
    )  # fmt: skip
    return with_digest(replace(cohort, **changes))


def problem_of(cohort):
    return fit_problem(cohort, cohort.fit, fit_data(cohort, cohort.fit))


def simulated_records(folder, n, times, doses):
    """Data of patients of the true parameters: doses of 100 mg, values with a proportional error of a tenth."""
    names, people = list(TRUE), np.arange(n)
    model = problem_of(saturable(folder, "who,h,mg,mg/L\na,1,,2\n")).model
    values = np.column_stack([
        TRUE[name] * np.exp((0.0 if name in ("ka", "Km") else SPREAD) * normals(5, label("test", name), people, 0))
        for name in names])  # fmt: skip
    found = courses(model, values[:, [names.index(p) for p in model.parameters]], same_doses(n, doses, 100.0),
                    np.tile(times, (n, 1)), np.zeros((n, 0)), [], [], max(times))  # fmt: skip
    luck = normals(5, label("test", "error"), people[:, None], np.arange(len(times))[None, :])
    measured = found.outputs[:, :, 0] * (1.0 + 0.1 * luck)
    lines = ["who,h,mg,mg/L"]
    for i in range(n):
        lines += [f"p{i},{t},100," for t in doses]
        lines += [f"p{i},{t},,{v:.6g}" for t, v in zip(times, measured[i], strict=True)]
    return "\n".join(lines) + "\n"


BOTH = "who,h,mg,mg/L,score\na,0,100,,\na,6,,4.2,70\na,12,100,,\na,14,,7,60\nb,0,100,,\nb,2,,6.5,\nb,24,,0.3,95\n"
WITH_RESPONSE = {
    "parameters": (
        parameter("Vmax", "mg/h", 15.0, 0.3), replace(parameter("Km", "mg/L", 3.0, 0.3), between_patients=None),
        Parameter(name="V", unit=unit("L"), typical=12.0), parameter("kin", "1/h", 20.0, 0.2),
        replace(parameter("kout", "1/h", 0.2, 0.2), between_patients=None),
        replace(parameter("IC50", "mg/L", 2.0, 0.2), between_patients=None),
    ),
    "states": (
        state("central", "-Vmax * conc / (Km + conc)", receives=(Inlet(drug="probe", route="oral"),)),
        state("effect", "kin * (1 - conc / (IC50 + conc)) - kout * effect", start="kin / kout", unit_text="1"),
    ),
    "measures": (
        Measure(name="probe_conc", value=expression("conc"), unit=unit("mg/L"), error=MeasurementError(additive=1.0)),
        Measure(name="score", value=expression("effect"), unit=unit("1"), error=MeasurementError(additive=5.0)),
    ),
}  # fmt: skip


def assert_graph_and_engine_agree(problem, n_patients):
    """Log densities of every value, by PyMC's graph and by our own predictions, at one point."""
    import pytensor

    with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE"):
        model = pymc_model(problem)
        keys = [e.key for e in problem.estimated] + [individual_key(p.name) for p in problem.varying]
        point = {name: np.full(at.shape, 0.1 * (k + 1)) for k, (name, at) in enumerate(model.initial_point().items())}
        at_point = [(model.values_to_rvs[v], point[v.name]) for v in model.value_vars]
        found = pytensor.function([], [model[key] for key in keys], givens=at_point)()
        densities = model.compile_fn(model.logp(vars=model.observed_RVs, sum=False), inputs=model.value_vars,
                                     on_unused_input="ignore")(point)  # fmt: skip
    n = len(problem.estimated)
    population = {e.key: np.atleast_1d(v) for e, v in zip(problem.estimated, found[:n], strict=True)}
    individual = {p.name: v[None, :] for p, v in zip(problem.varying, found[n:], strict=True)}
    individual |= {p.name: np.full((1, n_patients), population.get(p.name, p.typical))
                   for p in problem.cohort.parameters if p.name in problem.reached and p.name not in individual}
    own = log_likelihoods(problem, predicted(problem, population, individual))
    for name, density in zip(problem.data.measures, densities, strict=True):
        np.testing.assert_allclose(density, own[name][0], rtol=1e-5)


@pytest.mark.long
def test_two_measures_of_a_non_linear_course_are_predicted_and_judged_as_the_engine_does(tmp_path):
    """Saturable elimination and the response it drives."""
    score = ("score", DataColumn(column="score", unit=unit("1")))
    changes = {"measures": (*saturable(tmp_path, BOTH).fit.measures, score)}
    problem = problem_of(saturable(tmp_path, BOTH, changes, **WITH_RESPONSE))
    assert list(problem.data.measures) == ["probe_conc", "score"]
    assert_graph_and_engine_agree(problem, 2)


def test_doses_that_enter_in_parts_over_an_estimated_time_are_judged_as_the_engine_does(tmp_path):
    """A share enters over D, the rest is absorbed afterwards (Holford et al. 1992, sequential absorption)."""
    by_mouth = {"drug": "probe", "route": "oral"}
    problem = problem_of(saturable(
        tmp_path, BOTH,
        parameters=(parameter("ka", "1/h", 1.0, 0.2), replace(parameter("D", "h", 2.5, 0.2), between_patients=None),
                    parameter("share", "1", 0.4, 0.1), parameter("k", "1/h", 0.3, 0.3),
                    Parameter(name="V", unit=unit("L"), typical=12.0)),
        states=(state("depot", "-ka * depot",
                      receives=(Inlet(**by_mouth, lag=expression("D"), bioavailability=expression("1 - share")),)),
                state("central", "ka * depot - k * central",
                      receives=(Inlet(**by_mouth, duration=expression("D"), bioavailability=expression("share")),))),
    ))  # fmt: skip
    assert problem.inlets == [0, 1]
    assert {e.key for e in problem.estimated} >= {"ka", "D", "share", "k"}
    assert_graph_and_engine_agree(problem, 2)


@pytest.mark.long
def test_doses_through_a_chain_of_estimated_length_are_judged_as_the_engine_does(tmp_path):
    chain = Transit(number=expression("n"), mean_time=expression("mt"))
    problem = problem_of(saturable(
        tmp_path, BOTH,
        parameters=(replace(parameter("n", "1", 2.5, 0.2), between_patients=None), parameter("mt", "h", 1.5, 0.3),
                    parameter("k", "1/h", 0.3, 0.3), Parameter(name="V", unit=unit("L"), typical=12.0)),
        states=(state("central", "-k * central", receives=(Inlet(drug="probe", route="oral", transit=chain),)),),
    ))  # fmt: skip
    assert_graph_and_engine_agree(problem, 2)


@pytest.mark.long
def test_a_lag_before_a_chain_and_an_elimination_that_changes_are_judged_as_the_engine_does(tmp_path):
    """Elimination that is slower above an estimated limit: a rate that jumps there."""
    chain = Transit(number=expression("n"), mean_time=expression("mt"))
    problem = problem_of(saturable(
        tmp_path, BOTH,
        parameters=(replace(parameter("n", "1", 2.5, 0.2), between_patients=None), parameter("mt", "h", 1.5, 0.3),
                    parameter("D", "h", 0.4, 0.3), parameter("k", "1/h", 0.3, 0.3), parameter("Km", "mg/L", 3.0, 0.2),
                    Parameter(name="V", unit=unit("L"), typical=12.0)),
        states=(state("central", "-if(conc > Km, 0.5, 1) * k * central",
                      receives=(Inlet(drug="probe", route="oral", transit=chain, lag=expression("D")),)),),
    ))  # fmt: skip
    assert_graph_and_engine_agree(problem, 2)


@pytest.mark.long
def test_doses_at_an_estimated_rate_are_judged_as_the_engine_does(tmp_path):
    """In parts, as by a slow and a fast form: the first at a rate, the second after it."""
    by_mouth = {"drug": "probe", "route": "oral"}
    problem = problem_of(saturable(
        tmp_path, BOTH,
        parameters=(parameter("ka", "1/h", 1.0, 0.2), parameter("Vmax", "mg/h", 30.0, 0.2),
                    parameter("share", "1", 0.4, 0.1), parameter("k", "1/h", 0.3, 0.3),
                    Parameter(name="V", unit=unit("L"), typical=12.0)),
        states=(state("depot", "-ka * depot", receives=(Inlet(**by_mouth, bioavailability=expression("1 - share")),)),
                state("central", "ka * depot - k * central",
                      receives=(Inlet(**by_mouth, rate=expression("Vmax"), bioavailability=expression("share")),))),
    ))  # fmt: skip
    assert {e.key for e in problem.estimated} >= {"ka", "Vmax", "share", "k"}
    assert_graph_and_engine_agree(problem, 2)


@pytest.mark.long
def test_a_stiff_course_is_fitted_by_the_stiff_solver(tmp_path):
    """An effect that follows within a hundredth of a second: the explicit solver would need a million steps a day."""
    score = ("score", DataColumn(column="score", unit=unit("1")))
    changes = {"measures": (*saturable(tmp_path, BOTH).fit.measures, score)}
    fast = {**WITH_RESPONSE, "parameters": tuple(
        replace(p, typical=p.typical * 4e5) if p.name in ("kin", "kout") else p for p in WITH_RESPONSE["parameters"])}
    problem = with_solver(problem_of(saturable(tmp_path, BOTH, changes, **fast)))
    assert problem.solver == "stiff"
    assert with_solver(problem_of(saturable(tmp_path, BOTH, changes, **WITH_RESPONSE))).solver == "explicit"
    assert_graph_and_engine_agree(problem, 2)


@pytest.mark.long
def test_a_fit_of_saturable_elimination_is_sampled_by_nutpie(tmp_path):
    """Few draws: that they are of the posterior is what the long test shows."""
    quick = {"chains": 1, "tune": 60, "draws": 30, "most_divergences": 30, "least_ess": 1.0, "largest_r_hat": 9.0}
    cohort = small(tmp_path, rate="-CL * conc / (1 + conc / (4 mg/L))", fit_changes=quick)
    fit = fit_cohort(cohort, tmp_path / "fit", tmp_path / "cache")
    record = json.loads((fit.folder / "fit.json").read_text())
    assert (record["data"]["values"], fit.n_draws) == ({"probe_conc": 12}, 30)
    draws = posterior_draws(fit.folder / "posterior.nc").draws
    assert all(np.isfinite(values).all() and np.ptp(values) > 0.0 for values in draws.values())
    assert 1.0 < np.median(draws["CL"]) < 12.0


@pytest.mark.long
def test_a_fit_of_saturable_elimination_finds_what_the_data_were_made_with(tmp_path):
    """24 patients, seven doses, ten values each, by the default sampler and its thresholds."""
    times = [1.0, 4.0, 12.0, 24.0, 49.0, 72.0, 98.0, 120.0, 146.0, 168.0]
    records = simulated_records(tmp_path, 24, times, [24.0 * k for k in range(7)])
    usual = {"chains": 4, "tune": 800, "draws": 600, "most_divergences": 5, "least_ess": 200.0, "largest_r_hat": 1.03}
    fit = fit_cohort(saturable(tmp_path, records, usual), tmp_path / "fit", tmp_path / "cache")
    assert fit.converged, fit.failures
    draws = posterior_draws(fit.folder / "posterior.nc").draws
    # An interval of 99.9 percent misses what is true once in a thousand fits, and there is one.
    expected = {**TRUE, "Vmax_between_patients": SPREAD, "V_between_patients": SPREAD, "probe_conc_proportional": 0.1}
    for name, value in expected.items():
        if name in draws:
            low, high = np.quantile(draws[name], [0.0005, 0.9995])
            assert low < value < high, name
            assert high / low < 6.0, name
    assert {"Vmax", "Km", "V", "probe_conc_proportional"} < set(draws)
