"""Courses of non-linear systems in a PyTensor graph: values as courses() gives them, gradients as differences do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from tests.reference.course_models import built, one_compartment
from trialsim.dynamics import pytensor_ode, sensitivity
from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.model import Functional
from trialsim.dynamics.pytensor_graph import ObservedDoses
from trialsim.dynamics.pytensor_ode import FITTING, course_outputs, ode_outputs
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import Name

MODEL = built("depot cent", "ka vm km v", ("-ka * depot", "ka * depot - vm * cent / (km * v + cent)"),
              outputs="conc cent", quantities={"conc": "cent / v"},
              inlets=(("depot", None, None), ("cent", None, None)))
TYPICAL = np.array([1.2, 20.0, 2.0, 10.0])
# Observations and doses as a file may hold them: in no order, one patient with two values at one time, one with none.
INDIVIDUAL = np.array([1, 0, 0, 1, 1, 0, 3, 3, 0])
TIMES = np.array([9.0, 2.0, 30.0, 3.0, 26.0, 2.0, 1.0, 12.0, 24.0])
DOSES = ObservedDoses(
    individual=np.array([3, 0, 1, 0, 1]), inlet=np.array([1, 0, 0, 0, 1]), time=np.array([0.0, 24.0, 0.0, 0.0, 8.0]),
    amount=np.array([80.0, 60.0, 100.0, 90.0, 40.0]), duration=np.array([0.0, 0.0, 0.0, 0.0, 3.0]))
# Graphs as they stand: the rewrites are PyTensor's own and take longer than the test.
PLAIN = pytensor.compile.Mode(linker="py", optimizer=None)


def parameters():
    """Return parameters of four patients who differ; `vm` is shared by all, `ka` known."""
    patients = TYPICAL * np.array([[1.0], [1.3], [0.8], [1.1]])
    patients[:, 0], patients[:, 1] = TYPICAL[0], TYPICAL[1]
    return patients


def graph(outputs=ode_outputs):
    """Return the inputs of a graph, its outputs, their weighted sum and the gradient of that."""
    inputs = [pt.scalar("vm"), pt.vector("km"), pt.vector("v")]
    known = {"ka": np.float64(TYPICAL[0])}
    found = outputs(MODEL, known | {x.name: x for x in inputs}, INDIVIDUAL, TIMES, DOSES)
    weights = np.cos(np.arange(TIMES.size))
    total = (found["conc"] * weights).sum() + (found["cent"] * weights**2).sum()
    return inputs, [found["conc"], found["cent"], total, *pt.grad(total, inputs)]


def by_courses(params):
    """Return the same outputs, [observations, outputs], from courses()."""
    order = np.lexsort((DOSES.time, DOSES.individual))
    schedule = Schedule(offsets=np.array([0, 2, 4, 4, 5]), **{
        name: getattr(DOSES, name)[order] for name in ("time", "inlet", "amount", "duration")})
    times = np.tile(np.unique(TIMES), (4, 1))
    found = courses(MODEL, params, schedule, times, np.zeros((4, 0)), [], [], 50.0)
    assert found.status.tolist() == [0, 0, 0, 0]
    return found.outputs[INDIVIDUAL, np.searchsorted(times[0], TIMES)]


def test_values_are_those_of_courses_and_gradients_those_of_differences():
    inputs, outputs = graph()
    function = pytensor.function(inputs, outputs, mode=PLAIN)
    params = parameters()
    given = [params[0, 1], params[:, 2], params[:, 3]]
    conc, cent, total, *slopes = function(*given)
    np.testing.assert_allclose(np.column_stack([conc, cent]), by_courses(params), rtol=1e-5, atol=1e-9)
    for k, value in enumerate(given):
        for i in np.ndindex(np.shape(value)):
            step = np.zeros_like(value)
            step[i] = 1e-3 * value[i] if i else 1e-3 * value
            up, down = ([*given[:k], value + sign * step, *given[k + 1:]] for sign in (1.0, -1.0))
            expected = (function(*up)[2] - function(*down)[2]) / (2.0 * step[i])
            assert slopes[k][i] == pytest.approx(expected, rel=1e-4, abs=1e-5 * abs(total))
    assert slopes[1][2] == 0.0  # the third patient has neither doses nor observations


def test_numba_calls_the_engine_by_its_address_and_finds_the_same():
    inputs, outputs = graph()
    params = parameters()
    given = [params[0, 1], params[:, 2], params[:, 3]]
    plain = pytensor.function(inputs, outputs, mode=PLAIN)(*given)
    compiled = pytensor.function(inputs, outputs, mode="NUMBA")
    del inputs, outputs
    for found, expected in zip(compiled(*given), plain, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_a_course_that_fails_is_no_number_and_harms_nobody_else():
    inputs, outputs = graph()
    function = pytensor.function(inputs, outputs[:2], mode=PLAIN)
    params = parameters()
    fine, _ = function(params[0, 1], params[:, 2], params[:, 3])
    volume = params[:, 3].copy()
    volume[1] = np.nan
    conc, _ = function(params[0, 1], params[:, 2], volume)
    assert np.isnan(conc[INDIVIDUAL == 1]).all()
    np.testing.assert_array_equal(conc[INDIVIDUAL != 1], fine[INDIVIDUAL != 1])


def test_a_course_beyond_the_step_budget_is_no_number():
    def hurried(*arguments):
        return ode_outputs(*arguments, tolerance=replace(FITTING, most_steps=40))

    inputs, outputs = graph(hurried)
    params = parameters()
    conc = pytensor.function(inputs, outputs[0], mode=PLAIN)(params[0, 1], params[:, 2], params[:, 3])
    assert np.isnan(conc).tolist() == (INDIVIDUAL != 3).tolist()


@pytest.mark.long
def test_parameters_divided_among_models_have_the_same_gradient(monkeypatch):
    """One state and three parameters, in one model of four states and in two of three and two."""
    model = built("cent", "vm km v", ("-vm * cent / (km * v + cent)",), inlets=(("cent", None, None),))
    doses = replace(DOSES, inlet=np.zeros(5, dtype=np.int64))
    vectors = [pt.vector(name) for name in model.parameters]
    found = []
    for largest in (24, 3):
        monkeypatch.setattr(sensitivity, "LARGEST", largest)
        named = dict(zip(model.parameters, vectors, strict=True))
        value = ode_outputs(model, named, INDIVIDUAL, TIMES, doses)["cent"]
        function = pytensor.function(vectors, [value, *pt.grad((value**2).sum(), vectors)], mode=PLAIN)
        found.append(function(*parameters()[:, 1:].T))
    for whole, divided in zip(*found, strict=True):
        np.testing.assert_allclose(divided, whole, rtol=1e-5, atol=1e-9)


def test_what_has_a_closed_form_is_given_in_it(monkeypatch):
    def refused(*_):
        raise AssertionError

    monkeypatch.setattr(pytensor_ode, "ode_outputs", refused)
    linear = one_compartment()
    vectors = {name: pt.vector(name) for name in linear.parameters}
    assert set(course_outputs(linear, vectors, INDIVIDUAL, TIMES, DOSES)) == {"conc"}
    with pytest.raises(AssertionError):
        course_outputs(MODEL, vectors, INDIVIDUAL, TIMES, DOSES)


def test_a_functional_is_refused_in_a_linear_course_too():
    linear = one_compartment()
    exposed = replace(linear, functionals=(Functional(name="auc", kind="integral", of=Name("cent")),))
    vectors = {name: pt.vector(name) for name in linear.parameters}
    with pytest.raises(TrialsimError) as caught:
        course_outputs(exposed, vectors, INDIVIDUAL, TIMES, DOSES)
    assert caught.value.slug == "fit-needs-gradient"
