import pytest

from trialsim.cohort.unit_inference import Equations, Power
from trialsim.foundation.dimensions import DIMENSIONLESS, TIME
from trialsim.foundation.expression import parse
from trialsim.foundation.units import unit

KNOWN = {name: unit(text).dimension for name, text in
         {"ka": "1/h", "CL": "L/h", "V": "L", "EC50": "mg/L", "kin": "mg/dL/h"}.items()}  # fmt: skip
NAMES = {*KNOWN, "depot", "central", "effect", "x"}


def solved(unknown, rates, declared=()):
    equations = Equations(KNOWN, unknown)
    for name, text in rates.items():
        state = equations.dimensions[name]
        equations.equal(equations.power_of(parse(text, names=NAMES)), state.times(Power(TIME), -1))
    for text, unit_text in declared:
        dimension = unit(unit_text).dimension if unit_text else DIMENSIONLESS
        equations.equal(equations.power_of(parse(text, names=NAMES)), Power(dimension))
    return equations.solution()


def test_a_quantity_tells_the_unit_of_a_compartment_and_it_of_the_depot():
    rates = {"depot": "-ka * depot", "central": "ka * depot - CL / V * central"}
    assert solved(["depot", "central"], rates, [("central / V", "mg/L")]) == {
        "depot": unit("mg").dimension, "central": unit("mg").dimension
    }  # fmt: skip


def test_nothing_follows_from_equations_that_scale():
    assert solved(["depot", "central"], {"depot": "-ka * depot", "central": "ka * depot - CL / V * central"}) == {}


def test_an_input_rate_tells_the_unit():
    assert solved(["effect"], {"effect": "kin - ka * effect"}) == {"effect": unit("mg/L").dimension}


@pytest.mark.parametrize(
    ("text", "unit_text"),
    [("exp(x)", ""), ("sqrt(x)", "mg"), ("x ^ 2", "mg"), ("max(x, 1 mg)", "mg"), ("if(x > 2 mg, 1, 0)", ""),
     ("abs(x) / EC50", "L"), ("if(not (x < 2 mg and x > 1 mg), x, x)", "mg"), ("2 ^ x", ""), ("x ^ V", "")],
)  # fmt: skip
def test_functions_pass_on_what_they_know(text, unit_text):
    expected = {"exp(x)": "", "sqrt(x)": "mg^2", "2 ^ x": "", "x ^ V": ""}.get(text, "mg")
    found = solved(["x"], {}, [(text, unit_text)])
    if text == "x ^ 2":
        assert found["x"] ** 2 == unit("mg").dimension
    else:
        assert found == {"x": unit(expected).dimension if expected else DIMENSIONLESS}


def test_a_contradiction_is_left_to_the_dimensional_analysis():
    assert solved(["x"], {}, [("x", "mg"), ("x", "L")]) == {"x": unit("mg").dimension}
