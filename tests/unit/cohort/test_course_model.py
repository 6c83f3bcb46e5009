from dataclasses import replace

import numpy as np
import pytest

from tests.unit.cohort.populations import EVERYTHING
from trialsim.cohort.course_model import course_model, parameter_matrix
from trialsim.cohort.model import Inlet, Measure, MeasurementError, NamedQuantity, Parameter, State, Transit
from trialsim.cohort.patients import Candidates
from trialsim.foundation.expression import parse, to_text, values
from trialsim.foundation.units import unit

NAMES = {"depot", "central", "ka", "CL", "V", "F1", "TLAG", "conc", "weight", "h0"}


def tree(text):
    return parse(text, names=NAMES)


def state(name, rate, unit_text="mg", **others):
    return State(name=name, unit=unit(unit_text), start=None, rate=tree(rate), **others)


ORAL = Inlet(drug="x", route="oral", lag=tree("TLAG"), bioavailability=tree("F1"))
PARAMETERS = [("ka", 1.0, "1/h"), ("CL", 50.0, "mL/min"), ("V", 30.0, "L"), ("F1", 70.0, "%"), ("TLAG", 15.0, "min"),
              ("h0", 0.1, "1/year")]  # fmt: skip
ONE_COMPARTMENT = replace(
    EVERYTHING,
    covariates=EVERYTHING.covariates[:1],
    parameters=tuple(Parameter(name=name, unit=unit(text), typical=value) for name, value, text in PARAMETERS),
    states=(state("depot", "-ka * depot", receives=(ORAL,)), state("central", "ka * depot - CL / V * central")),
    quantities=(NamedQuantity(name="conc", value=tree("central / V"), unit=unit("ug/L")),),
    measures=(Measure(name="x_conc", value=tree("conc"), unit=unit("mg/L"), error=MeasurementError()),),
)


def test_units_become_factors_where_scales_meet():
    model = course_model(ONE_COMPARTMENT, [("death", tree("h0 * exp(0.5 L/mg * conc)"))], ["x_conc"], 0.0)
    assert model.states == ("depot", "central")
    assert model.parameters == ("ka", "CL", "V", "F1", "TLAG", "h0", "weight")
    assert [to_text(e) for e in model.starts] == ["0", "0"]
    assert [to_text(e) for e in model.rates] == ["-ka * depot", "ka * depot - 0.06 * (CL / V * central)"]
    assert [(name, to_text(e)) for name, e in model.quantities] == [
        ("conc", "1000 * (central / V)"), ("x_conc", "0.001 * conc")
    ]  # fmt: skip
    (inlet,) = model.inlets
    assert (inlet.drug, inlet.route, inlet.state) == ("x", "oral", "depot")
    assert to_text(inlet.lag) == "0.016666666666666666 * TLAG"
    assert to_text(inlet.bioavailability) == "0.01 * F1"
    (death,) = model.hazards
    assert to_text(death.rate) == "0.00011407711613050422 * (h0 * exp(0.0005 * conc))"


def test_every_term_of_a_way_in_becomes_a_number_in_the_models_units():
    doors = (
        Inlet(drug="x", route="depot", duration=tree("TLAG")),
        Inlet(drug="x", route="pump", rate=tree("CL * 2 mg/L")),
        Inlet(drug="x", route="chain", transit=Transit(number=tree("F1 * 4"), mean_time=tree("TLAG + 1 h"))),
    )
    states = tuple(replace(s, receives=doors if s.name == "depot" else ()) for s in ONE_COMPARTMENT.states)
    depot, pump, chain = course_model(replace(ONE_COMPARTMENT, states=states), [], [], 0.0).inlets
    assert (to_text(depot.duration), depot.rate, depot.transit) == ("0.016666666666666666 * TLAG", None, None)
    numbers = {"CL": 50.0, "F1": 70.0, "TLAG": 15.0}
    assert values(pump.rate, numbers) == pytest.approx(6.0)  # 50 mL/min are 3 L/h
    assert values(chain.transit.number, numbers) == pytest.approx(2.8)
    assert values(chain.transit.mean_time, numbers) == pytest.approx(1.25)


def test_the_clock_runs_from_randomisation_and_hazards_wait_for_it():
    hazard = tree("if(since(randomised) > 2 days, h0, 2 * h0)")
    model = course_model(ONE_COMPARTMENT, [("death", hazard)], ["conc"], 14.0)
    assert model.outputs == ("conc",)
    assert [name for name, _ in model.quantities] == ["conc"]
    assert to_text(model.hazards[0].rate) == ("if(t >= 336, 0.00011407711613050422 * if(t - 336 > 48, h0, 2 * h0), 0)")
    unshifted = course_model(ONE_COMPARTMENT, [("death", hazard)], ["conc"], 0.0)
    assert to_text(unshifted.hazards[0].rate) == "0.00011407711613050422 * if(t > 48, h0, 2 * h0)"


def test_other_clocks_are_a_programming_mistake():
    with pytest.raises(ValueError, match="asks about an event, which the reader should have refused"):
        course_model(ONE_COMPARTMENT, [("death", tree("h0 * (since(first_dose) / 1 day)"))], [], 0.0)


def test_the_matrix_has_a_column_a_parameter_then_covariates():
    names = ("ka", "CL", "V", "F1", "TLAG", "h0")
    people = Candidates(
        covariates={"weight": np.array([60.0, 80.0])},
        parameters={name: np.array([i + 0.25, i + 0.5]) for i, name in enumerate(names)},
    )
    matrix = parameter_matrix(course_model(ONE_COMPARTMENT, [], ["conc"], 0.0), people)
    assert matrix.tolist() == [[0.25, 1.25, 2.25, 3.25, 4.25, 5.25, 60.0], [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 80.0]]
    assert matrix.flags.c_contiguous


def test_rates_and_starts_are_in_the_states_unit():
    ldl = State(name="ldl", unit=unit("mg/dL"), start=tree("V / V * 1.2 g/L"), rate=tree("h0 * 1 mg/L - h0 * ldl"))
    population = replace(ONE_COMPARTMENT, states=(ldl,), time=unit("day"), quantities=(), measures=())
    model = course_model(population, [], [], 0.0)
    numbers = {"V": 3.0, "h0": 0.1, "ldl": 80.0}
    assert values(model.starts[0], numbers) == pytest.approx(120.0)
    # 1 mg/L is 0.1 mg/dL; h0 is in 1/year and the cohort's time is the day
    assert values(model.rates[0], numbers) == pytest.approx(0.1 / 365.25 * (0.1 - 80.0))
