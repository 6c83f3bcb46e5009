"""Linear courses as a PyTensor graph, for fitting: values and exact gradients, with no solver inside."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.pytensor_exponential import Matrix, Vector, exponential_action, inflow_integral
from trialsim.dynamics.system import LinearParts, System, system
from trialsim.dynamics.tape import LEAVES, Tape

# Rates up to so many per shortest interval of the data are followed; faster ones cannot be told from them.
FASTEST = 20.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObservedDoses:
    """The administrations of all individuals, in any order; `duration` 0 is a bolus."""

    individual: NDArray[np.int64]
    inlet: NDArray[np.int64]
    time: NDArray[np.float64]
    amount: NDArray[np.float64]
    duration: NDArray[np.float64]


def linear_outputs(
    model: CourseModel, params: Mapping[str, Any], individual: NDArray[np.int64], times: NDArray[np.float64],
    doses: ObservedDoses,
) -> dict[str, Any]:
    """Return each output as a PyTensor vector over observations, in the model's units.

    `params` holds a vector over individuals (or a scalar shared by all) for every parameter; observation m is of
    `individual[m]` at `times[m]`, counted from the beginning of the course. By superposition: every pair of an
    observation and an earlier dose is one row, and a row is one matrix exponential. A row whose interval is more than
    the scaling can serve (see docs/methods/dynamics.md) is NaN, which a sampler rejects. Raises ValueError for a
    system that is not linear: see `pytensor_ode`.
    """
    found = system(model)
    if found.linear is None:
        raise ValueError(found.why.removeprefix("adaptive: "))
    individual, times = np.asarray(individual, dtype=np.int64), np.asarray(times, dtype=float)
    rows = _Rows(model, found, found.linear, params, individual, times, doses)
    states = rows.states()
    leaves = {name: _taken(value, individual) for name, value in params.items()}
    values = graph_values(found.tape, model, leaves, states, times)
    return {name: values(i) + np.zeros(times.size) for name, i in zip(model.outputs, found.outputs, strict=True)}


def graph_values(
    tape: Tape, model: CourseModel, parameters: Mapping[str, Any], states: list[Any], t: Any
) -> Any:
    """Return a function from positions on the tape to PyTensor values."""
    import pytensor.tensor as pt

    operations = {
        "+": pt.add, "-": pt.sub, "*": pt.mul, "/": pt.true_div, "neg": pt.neg, "power": pt.pow, "exp": pt.exp,
        "log": pt.log, "sqrt": pt.sqrt, "abs": pt.abs, "min": pt.minimum, "max": pt.maximum, "logistic": pt.sigmoid,
        "logit": lambda p: pt.log(p / (1.0 - p)), "if": pt.switch, "<": pt.lt, "<=": pt.le, ">": pt.gt, ">=": pt.ge,
        "==": pt.eq, "!=": pt.neq, "and": pt.and_, "or": pt.or_, "not": pt.invert}
    known: dict[int, Any] = {}

    def leaf(node: tuple[Any, ...]) -> Any:
        if node[0] == "number":
            return node[1]
        if node[0] == "parameter":
            return parameters[model.parameters[node[1]]]
        return states[node[1]] if node[0] == "state" else t

    def value(i: int) -> Any:
        if i not in known:
            node = tape.nodes[i]
            known[i] = leaf(node) if node[0] in LEAVES else operations[node[0]](*(value(j) for j in node[1:]))
        return known[i]

    return value


def _taken(value: Any, index: NDArray[np.int64]) -> Any:
    """Return a value per individual as a value per row; what all share stays as it is."""
    return value[index] if getattr(value, "ndim", 0) == 1 else value


class _Rows:
    """The rows of the superposition: pulses (doses, starts, ended infusions) and inflows (infusions, constants)."""

    def __init__(
        self, model: CourseModel, found: System, linear: LinearParts, params: Mapping[str, Any],
        individual: NDArray[np.int64], times: NDArray[np.float64], doses: ObservedDoses,
    ) -> None:
        self.model, self.found, self.linear = model, found, linear
        self.individual, self.times, self.doses = individual, times, doses
        self.n = len(model.states)
        self.value = graph_values(found.tape, model, params, [], None)
        self.inlet_states = np.array([model.states.index(inlet.state) for inlet in model.inlets], dtype=np.int64)
        self.pulse_rows: list[tuple[NDArray[np.int64], Any, Vector]] = []

    def states(self) -> list[Any]:
        """Return every state as a vector over observations."""
        import pytensor.tensor as pt

        observation, dose = self._pairs()
        boluses = self.doses.duration[dose] == 0.0
        if boluses.any():
            self._add_boluses(observation[boluses], dose[boluses])
        if not boluses.all():
            self._add_infusions(observation[~boluses], dose[~boluses])
        self._add_starts()
        totals = [pt.zeros(self.times.size) for _ in range(self.n)]
        if self.pulse_rows:
            every = np.concatenate([where for where, _, _ in self.pulse_rows])
            tau = pt.concatenate([tau for _, tau, _ in self.pulse_rows])
            pulse = [self._joined([v[i] for _, _, v in self.pulse_rows]) for i in range(self.n)]
            reached = exponential_action(self._matrix(every), pulse, tau, self._squarings())
            totals = [total if y is None else pt.inc_subtensor(total[every], y)
                      for total, y in zip(totals, reached, strict=True)]
        constant = self._constant_inflow()
        return totals if constant is None else [
            total if g is None else total + g for total, g in zip(totals, constant, strict=True)]

    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return every observation with every dose its individual had taken before it."""
        earlier = (self.doses.individual[None, :] == self.individual[:, None]) & (
            self.doses.time[None, :] < self.times[:, None])
        observation, dose = np.nonzero(earlier)
        return observation.astype(np.int64), dose.astype(np.int64)

    def _squarings(self) -> int:
        """Return how often to halve every interval, the same for all: what follows the fastest rate worth following."""
        ends = self.doses.time + self.doses.duration
        instants = np.unique(np.concatenate([[0.0], self.times, self.doses.time, ends]))
        steps = np.diff(instants)
        longest, shortest = np.ptp(instants), np.min(steps[steps > 1e-9 * np.ptp(instants)], initial=np.inf)
        return int(np.clip(math.ceil(math.log2(4.0 * FASTEST * max(longest / shortest, 1.0))), 6, 20))

    def _matrix(self, observation: NDArray[np.int64]) -> Matrix:
        """Return the system's matrix for each row."""
        people = self.individual[observation]
        return [[_taken(self.value(self.linear.matrix[i, j]), people) if (i, j) in self.linear.matrix else None
                 for j in range(self.n)] for i in range(self.n)]

    def _arriving(self, observation: NDArray[np.int64], dose: NDArray[np.int64]) -> tuple[Any, Any]:
        """Return the time since each dose arrived (0 if it has not yet) and the share of it that does."""
        import pytensor.tensor as pt

        people, since = self.individual[observation], self.times[observation] - self.doses.time[dose]
        tau, share = pt.as_tensor(since), pt.as_tensor(np.ones(dose.size))
        for k in range(self.inlet_states.size):
            mine = np.flatnonzero(self.doses.inlet[dose] == k)
            if not mine.size:
                continue
            lag, fraction = self.found.lags[k], self.found.shares[k]
            if self.found.tape.value(lag) != 0.0:
                late = since[mine] - _taken(self.value(lag), people[mine])
                tau = pt.set_subtensor(tau[mine], pt.maximum(late, 0.0))
                share = pt.set_subtensor(share[mine], pt.switch(late > 0.0, 1.0, 0.0))
            if self.found.tape.value(fraction) != 1.0:
                share = pt.set_subtensor(share[mine], share[mine] * _taken(self.value(fraction), people[mine]))
        return tau, share

    def _into_states(self, dose: NDArray[np.int64], size: Any) -> Vector:
        """Return a size per row as an entry of the state that the dose enters."""
        state = self.inlet_states[self.doses.inlet[dose]]
        return [size * (state == i).astype(float) if np.any(state == i) else None for i in range(self.n)]

    def _add_boluses(self, observation: NDArray[np.int64], dose: NDArray[np.int64]) -> None:
        tau, share = self._arriving(observation, dose)
        self.pulse_rows.append((observation, tau, self._into_states(dose, share * self.doses.amount[dose])))

    def _add_infusions(self, observation: NDArray[np.int64], dose: NDArray[np.int64]) -> None:
        """Add what infusions brought in while they ran as a pulse at their end."""
        import pytensor.tensor as pt

        tau, share = self._arriving(observation, dose)
        duration = self.doses.duration[dose]
        inflow = self._into_states(dose, share * (self.doses.amount[dose] / duration))
        filled = inflow_integral(self._matrix(observation), inflow, pt.minimum(tau, duration), self._squarings())
        self.pulse_rows.append((observation, pt.maximum(tau - duration, 0.0), filled))

    def _add_starts(self) -> None:
        """Add what was in the states at the beginning."""
        import pytensor.tensor as pt

        if all(self.found.tape.value(start) == 0.0 for start in self.found.starts):
            return
        everyone = np.arange(self.times.size)
        amounts: Vector = []
        for start in self.found.starts:
            taken = _taken(self.value(start), self.individual)
            amounts.append(None if self.found.tape.value(start) == 0.0 else taken + np.zeros(everyone.size))
        self.pulse_rows.append((everyone, pt.as_tensor(self.times), amounts))

    def _constant_inflow(self) -> Vector | None:
        """Return what a constant inflow has brought by each observation."""
        import pytensor.tensor as pt

        if not self.linear.constant:
            return None
        everyone = np.arange(self.times.size)
        inflow = [_taken(self.value(self.linear.constant[i]), self.individual) if i in self.linear.constant else None
                  for i in range(self.n)]
        return inflow_integral(self._matrix(everyone), inflow, pt.as_tensor(self.times), self._squarings())

    def _joined(self, parts: list[Any]) -> Any:
        """Return the rows of one state, those without an entry as zeros, or None if none has one."""
        import pytensor.tensor as pt

        if all(part is None for part in parts):
            return None
        sizes = [where.size for where, _, _ in self.pulse_rows]
        return pt.concatenate([pt.zeros(size) if part is None else part + np.zeros(size)
                               for part, size in zip(parts, sizes, strict=True)])
