"""Courses of any system as a PyTensor graph: values by the engine, gradients by forward sensitivities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.course_address import Observed, course_address
from trialsim.dynamics.courses import Tolerance
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.model import CourseModel, inlet_terms
from trialsim.dynamics.pytensor_graph import ObservedDoses, linear_outputs
from trialsim.dynamics.sensitivity import sensitivities_in_parts
from trialsim.dynamics.stiff_system import Solver
from trialsim.dynamics.system import tier_of

# A sampler asks for thousands of courses: the error is far below that of any measurement, and a course that would
# take longer than the budget is no number, which a sampler rejects.
FITTING = Tolerance(relative=1e-6, absolute=1e-8, most_steps=10_000)


def course_outputs(
    model: CourseModel, params: Mapping[str, Any], individual: NDArray[np.int64], times: NDArray[np.float64],
    doses: ObservedDoses, solver: Solver = "explicit",
) -> dict[str, Any]:
    """Return each output as a PyTensor vector over observations, in closed form if there is one.

    `params` holds a vector over individuals (or a scalar shared by all) for every parameter that matters; observation
    m is of `individual[m]` at `times[m]`, counted from the beginning of the course. Raises TrialsimError
    `fit-needs-gradient` for a course whose gradient cannot be followed.
    """
    plain = not model.functionals and all(term is None for inlet in model.inlets for _, term in inlet_terms(inlet))
    if plain and tier_of(model)[0] == "linear":
        return linear_outputs(model, params, individual, times, doses)
    return ode_outputs(model, params, individual, times, doses, solver)


def ode_outputs(
    model: CourseModel, params: Mapping[str, Any], individual: NDArray[np.int64], times: NDArray[np.float64],
    doses: ObservedDoses, solver: Solver = "explicit", tolerance: Tolerance = FITTING,
) -> dict[str, Any]:
    """Return each output as a PyTensor vector over observations, in the model's units, by the engine.

    The outputs of a patient whose course fails are NaN, which a sampler rejects.
    """
    from pytensor.gradient import disconnected_grad

    from trialsim.dynamics.pytensor_op import CourseOp

    individual, times = np.asarray(individual, dtype=np.int64), np.asarray(times, dtype=np.float64)
    n = 1 + int(max(np.max(individual, initial=0), np.max(doses.individual, initial=0)))
    used = [name for name in model.parameters if name in params]
    fixed = np.ones((n, len(model.parameters)))
    for name in used:
        if _is_known(params[name]):
            fixed[:, model.parameters.index(name)] = _each(params[name], n).eval()
    own_times, place = _own_times(individual, times, n)
    observed = Observed(patient=individual, place=place, times=own_times, fixed=fixed)
    estimated = [name for name in used if not _is_known(params[name])]
    total: Any = 0.0
    parts = sensitivities_in_parts(model, estimated, _schedule(doses, n))
    for part in parts:
        others = [name for name in estimated if name not in part.parameters]
        operation = CourseOp(course_address(part, others, observed, solver, tolerance), individual)
        values, _ = operation(*(_columns(params, names, n) for names in (part.parameters, others)))
        # All parts have the same values: the first counts, the others bring the slopes that it has not.
        total = values if part is parts[0] else total + (values - disconnected_grad(values))
    return {name: total[:, o] for o, name in enumerate(model.outputs)}


def _is_known(value: Any) -> bool:
    """Return whether a parameter's value is a number and not part of the graph."""
    from pytensor.graph.basic import Constant, Variable

    return not isinstance(value, Variable) or isinstance(value, Constant)


def _columns(params: Mapping[str, Any], names: Sequence[str], n: int) -> Any:
    """Return some parameters of the first n individuals as a matrix, [n, names]."""
    import pytensor.tensor as pt

    return pt.stack([_each(params[name], n) for name in names], axis=1) if names else pt.zeros((n, 0))


def _each(value: Any, n: int) -> Any:
    """Return a parameter's value in each of the first n individuals."""
    import pytensor.tensor as pt

    tensor = pt.as_tensor(value).astype("float64")
    return tensor[:n] if tensor.ndim else pt.full((n,), tensor)


def _own_times(
    individual: NDArray[np.int64], times: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return everyone's times, each once, ascending and filled with NaN; and where each observation stands."""
    own = [np.unique(times[individual == i]) for i in range(n)]
    filled = np.full((n, max(each.size for each in own)), np.nan)
    for i, each in enumerate(own):
        filled[i, : each.size] = each
    place = [int(np.searchsorted(own[i], t)) for i, t in zip(individual, times, strict=True)]
    return filled, np.array(place, dtype=np.int64)


def _schedule(doses: ObservedDoses, n: int) -> Schedule:
    """Return the administrations as a schedule, each individual's in order."""
    order = np.lexsort((doses.time, doses.individual))
    counts = np.bincount(doses.individual.astype(np.int64), minlength=n)
    return Schedule(
        offsets=np.concatenate([[0], np.cumsum(counts)]), time=doses.time[order], inlet=doses.inlet[order],
        amount=doses.amount[order], duration=doses.duration[order])
