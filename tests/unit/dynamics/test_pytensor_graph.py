"""The PyTensor graph of a linear course: values as courses() gives them, gradients as finite differences do."""

from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from tests.reference.course_models import built, one_compartment, three_compartments, two_compartments
from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.pytensor_graph import ObservedDoses, linear_outputs

TURNOVER = built("a b", "kin kout base", ("kin - kout * a", "kout * a - base * b"), starts=("2 * base", "0"),
                 outputs="a ratio", quantities={"ratio": "log(1 + a / (1 + b)) + if(t > 3, 1, 0)"},
                 inlets=(("b", None, None),))
CASES = {
    "one": (one_compartment(), [1.2, 5.0, 50.0, 0.8, 0.5]),
    "equal rates": (one_compartment(), [0.1, 5.0, 50.0, 0.8, 0.0]),
    "two": (two_compartments(), [1.2, 5.0, 50.0, 3.0, 80.0]),
    "three": (three_compartments(), [0.3, 0.4, 0.2, 0.1, 0.01]),
    "turnover": (TURNOVER, [3.0, 0.4, 0.7]),
}
# Graphs as they stand: the rewrites are PyTensor's own and take longer than the test.
PLAIN = pytensor.compile.Mode(linker="py", optimizer=None)
OBSERVED = np.array([0.0, 0.25, 1.0, 2.0, 4.0, 8.0, 12.0, 12.5, 24.0, 48.0])


def situation(model, typical):
    """Return doses and parameters of three individuals who differ."""
    n_inlets = len(model.inlets)
    doses = [(i, k % n_inlets, 12.0 * k * (1 + 0.1 * i), 100.0 + i, [0.0, 2.0, 0.0, 20.0][k])
             for i in range(3) for k in range(4)]
    columns = [np.array(c) for c in zip(*doses, strict=True)]
    params = np.array(typical) * np.array([[1.0], [1.3], [0.8]])
    return ObservedDoses(individual=columns[0], inlet=columns[1], time=columns[2], amount=columns[3],
                         duration=columns[4]), params


def outputs_by_kernel(model, params, doses):
    """Return the same outputs from courses(), individual by individual."""
    schedule = Schedule(offsets=np.arange(4) * 4, time=doses.time, inlet=doses.inlet, amount=doses.amount,
                        duration=doses.duration)
    found = courses(model, params, schedule, np.tile(OBSERVED, (3, 1)), np.zeros((3, 0)), [], [], 1e3)
    assert found.status.tolist() == [0, 0, 0]
    return {name: found.outputs[:, :, o].ravel() for o, name in enumerate(model.outputs)}


@pytest.mark.parametrize("case", [pytest.param(c, marks=[pytest.mark.long] * (c == "three")) for c in CASES])
def test_values_and_gradients(case):

    model, typical = CASES[case]
    doses, params = situation(model, typical)
    vectors = {name: pt.vector(name) for name in model.parameters}
    individual = np.repeat(np.arange(3), OBSERVED.size)
    graph = linear_outputs(model, vectors, individual, np.tile(OBSERVED, 3), doses)
    weights = np.cos(np.arange(individual.size))
    total = sum((graph[name] * weights).sum() for name in model.outputs)
    gradients = pt.grad(total, list(vectors.values()))
    function = pytensor.function(list(vectors.values()), [*graph.values(), total, *gradients],
                                 mode=PLAIN)
    *values, at = function(*params.T)[: len(graph) + 1]
    for name, observed in zip(graph, values, strict=True):
        np.testing.assert_allclose(observed, outputs_by_kernel(model, params, doses)[name], rtol=1e-9, atol=1e-12)
    slopes = function(*params.T)[len(graph) + 1:]
    for j in range(len(typical)):
        for i in range(3):
            step = 1e-4 * max(params[i, j], 0.01)
            up, down = params.copy(), params.copy()
            up[i, j] += step
            # A lag cannot be negative: from zero the difference goes one way.
            down[i, j] -= step if params[i, j] > 0 else 0.0
            change = function(*up.T)[len(graph)] - function(*down.T)[len(graph)]
            expected = change / (up[i, j] - down[i, j])
            if params[i, j] > 0:
                assert slopes[j][i] == pytest.approx(expected, rel=1e-6, abs=1e-7 * abs(at))


def test_scalars_are_shared_and_too_long_intervals_are_not_a_number():

    model = built("a", "k", ("-k * a",), inlets=(("a", None, None),))
    doses = ObservedDoses(individual=np.array([0]), inlet=np.array([0]), time=np.array([0.0]),
                          amount=np.array([10.0]), duration=np.array([0.0]))
    k = pt.scalar("k")
    graph = linear_outputs(model, {"k": k}, np.array([0, 0]), np.array([1.0, 2.0]), doses)["a"]
    assert graph.eval({k: 0.5}, mode=PLAIN) == pytest.approx([10 * np.exp(-0.5), 10 * np.exp(-1.0)], rel=1e-12)
    assert graph.eval({k: 1e6}, mode=PLAIN) == pytest.approx([0.0, 0.0])
    swap = built("a b", "k", ("-k * a + b", "k * a - b"), inlets=(("a", None, None),))
    graph = linear_outputs(swap, {"k": k}, np.array([0, 0]), np.array([1.0, 2.0]), doses)["a"]
    assert graph.eval({k: 0.5}, mode=PLAIN)[0] == pytest.approx(10 * (1.0 + 0.5 * np.exp(-1.5)) / 1.5, rel=1e-12)
    assert np.isnan(graph.eval({k: 1e6}, mode=PLAIN)).all()


def test_refuses_what_is_not_linear():
    model = built("a", "k", ("-k * a / (1 + a)",))
    nothing = ObservedDoses(**{name: np.zeros(0) for name in ("individual", "inlet", "time", "amount", "duration")})
    with pytest.raises(ValueError) as caught:
        linear_outputs(model, {}, np.array([0]), np.array([1.0]), nothing)
    assert str(caught.value) == "the rate of a is not linear in the states: -k * a / (1 + a)"
