"""Forward sensitivities: a course model whose further states are the slopes of its states by its parameters.

For y' = f(y, t, p) the slopes S = dy/dp obey S' = (df/dy) S + df/dp, S(0) = dy(0)/dp (Hairer, Nørsett & Wanner 1993,
Solving Ordinary Differential Equations I, section I.14). The augmented model is run by the same engine, so that the
slopes stand under the same error control as the states. What doses do to slopes: see `sensitivity_doses`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.model import CourseModel, Inlet, Switch, Transit
from trialsim.dynamics.sensitivity_chains import Chain, entering, entering_slope, shift
from trialsim.dynamics.sensitivity_doses import Door, Doors, Entry, doors_of, no_gradient, sensitive_schedule
from trialsim.dynamics.sensitivity_switches import Slopes, Surface, jumps, nodes_of, surfaces
from trialsim.dynamics.system import chain_of, system
from trialsim.dynamics.tape_derivative import derivative, jacobian
from trialsim.dynamics.tape_expressions import tree, trees
from trialsim.dynamics.unrolled import LARGEST
from trialsim.foundation.expression import Expr


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensitive:
    """A model with slopes, and what its patients take.

    The outputs of `model` are those of the model it was made from, then the slopes of the first output by each of
    `parameters`, those of the second, and so on. States and inlets that no output depends on are left out. After the
    parameters of the original the model has those that the schedule says: `known` [patients, more].
    """

    model: CourseModel
    schedule: Schedule
    parameters: tuple[str, ...]
    known: NDArray[np.float64]


def sensitivities(model: CourseModel, parameters: Sequence[str], schedule: Schedule) -> Sensitive:
    """Return the model whose outputs have slopes by the parameters, and the doses that its patients take.

    Events and rules are no part of it: hazards and triggers are left out. Raises TrialsimError `fit-needs-gradient`
    for a course whose slopes it cannot follow.
    """
    if model.functionals or model.rules:
        raise no_gradient("its outputs depend on rules or on a functional of the path")
    made = _Course(model, tuple(parameters))
    entries = [made.entry(k, inlet) for k, inlet in enumerate(model.inlets)]
    doors = doors_of(made.tape, entries, schedule, len(model.parameters))
    augmented = made.augmented(doors)
    if augmented.switches and schedule.has_steady_states:
        raise no_gradient("an if() turns where a state or the time passes a limit, and a dose starts at steady state")
    known = np.array(list(doors.known.values())).reshape(len(doors.known), schedule.n_patients).T
    return Sensitive(model=augmented, schedule=sensitive_schedule(schedule, doors),
                     parameters=made.parameters, known=known)


def sensitivities_in_parts(model: CourseModel, parameters: Sequence[str], schedule: Schedule) -> list[Sensitive]:
    """Return the same, the parameters divided among models that are small enough to step in lanes."""
    whole = sensitivities(model, parameters, schedule)
    n_states = len(whole.model.states)
    if n_states <= LARGEST:
        return [whole]
    n_slopes = {name: sum(state.endswith(f")/d({name})") for state in whole.model.states) for name in parameters}
    room = LARGEST - (n_states - sum(n_slopes.values()))
    parts: list[list[str]] = [[]]
    for name in parameters:
        if parts[-1] and sum(n_slopes[other] for other in (*parts[-1], name)) > room:
            parts.append([])
        parts[-1].append(name)
    return [sensitivities(model, part, schedule) for part in parts]


class _Course:
    """A model on a tape of its own, with the slopes of all its values."""

    def __init__(self, model: CourseModel, parameters: tuple[str, ...]) -> None:
        self.original, self.parameters = model, parameters
        # What comes through chains is added to rates here, and with its slopes to those of the augmented model.
        self.found = system(replace(model, inlets=tuple(replace(inlet, transit=None) for inlet in model.inlets)))
        self.tape = copy.deepcopy(self.found.tape)
        self.leaves = [self.tape.node("parameter", model.parameters.index(name)) for name in parameters]
        self.kept = self._kept()
        self.rates = [self.found.rates[i] for i in self.kept]
        self.states = states = [self.tape.node("state", i) for i in self.kept]
        starts = [self.found.starts[i] for i in self.kept]
        self.rates_by_state: Slopes = jacobian(self.tape, self.rates, states)
        self.rate_slopes: Slopes = jacobian(self.tape, self.rates, self.leaves)
        self.start_slopes: Slopes = jacobian(self.tape, starts, self.leaves)
        self.outputs_by_state: Slopes = jacobian(self.tape, self.found.outputs, states)
        self.output_slopes: Slopes = jacobian(self.tape, self.found.outputs, self.leaves)

    def _kept(self) -> list[int]:
        """Return the states that the outputs depend on."""
        found: set[int] = set()
        waiting = list(self.found.outputs)
        while waiting:
            nodes = (self.tape.nodes[i] for i in nodes_of(self.tape, waiting))
            fresh = {node[1] for node in nodes if node[0] == "state"} - found
            found |= fresh
            waiting = [self.found.rates[i] for i in fresh]
        return sorted(found)

    def entry(self, k: int, inlet: Inlet) -> Entry | None:
        """Return where an inlet enters, or None if nothing depends on that."""
        state = self.original.states.index(inlet.state)
        if state not in self.kept:
            return None
        place, (lag, share, duration, rate) = self.kept.index(state), self.found.inlets[k][:4]

        def slopes(i: int) -> tuple[int, ...]:
            return tuple(derivative(self.tape, i, leaf) for leaf in self.leaves)

        return Entry(
            inlet=inlet, state=place, lag=lag, share=share, lag_slopes=slopes(lag), share_slopes=slopes(share),
            duration=None if inlet.duration is None else duration, duration_slopes=slopes(duration),
            rate=None if inlet.rate is None else rate, rate_slopes=slopes(rate),
            chain=None if inlet.transit is None else self._chain(k, inlet.transit, place, lag, share),
            column={n: answer for (n, j), answer in self.rates_by_state.items() if j == place},
            answering={n: rate for n, rate in enumerate(self.rates)
                       if self.states[place] in nodes_of(self.tape, [rate])})

    def _chain(self, k: int, transit: Transit, place: int, lag: int, share: int) -> Chain:
        """Return what comes through the chain of inlet k; its sums stand on the tape as if they were states."""
        number, pace = chain_of(self.tape, transit, self._by_name())
        sums = [self.tape.node("state", len(self.original.states) + 3 * k + j) for j in range(3)]
        return Chain(called=f"through {k}", state=place, lag=lag, share=share, number=number, pace=pace, flow=sums[0],
                     flow_log=sums[1], flow_since=sums[2])

    def _by_name(self) -> dict[str, int]:
        """Return where the parameters stand on the tape."""
        return {name: self.tape.node("parameter", j) for j, name in enumerate(self.original.parameters)}

    def augmented(self, doors: Doors) -> CourseModel:
        """Return the model with slopes."""
        shifts = self._let_in([door.chain for door in doors.doors if door.chain is not None])
        turning = surfaces(self.tape, self.rates, self.states, self.leaves)
        jumping = {door.into for door in doors.doors if not isinstance(door.into, int)}
        slopes = self._moving(jumping.union(*(door.shifts for door in doors.doors)), shifts, turning)
        kept = [self.original.states[i] for i in self.kept]
        names = [*kept, *(f"d({kept[n]})/d({self.parameters[k]})" for n, k in slopes)]
        place: dict[int | tuple[int, int], int] = {n: n for n in range(len(kept))}
        place |= {slope: len(kept) + m for m, slope in enumerate(slopes)}
        leaf_names = [*self.original.states, *(f"through {k}{which}" for k in range(len(self.original.inlets))
                                               for which in ("", " log", " since")),
                      *(f"into {name}" for name in kept), *names[len(kept):]]
        first = len(leaf_names) - len(slopes)
        whole: dict[tuple[int, int], int] = {
            slope: self.tape.node("state", first + m) for m, slope in enumerate(slopes)}
        for slope, by in shifts.items():
            whole[slope] = self.tape.binary("-", whole.get(slope, self.tape.number(0.0)), by)
        inflows = [self.tape.node("state", first - len(kept) + n) for n in range(len(kept))]
        sizes = [jumps(self.tape, surface, whole, surface.turns({*slopes, *shifts}), inflows, rises)
                 for surface in turning for rises in (True, False)]
        rates = self.rates + [self._slope(n, k, whole, self.rates_by_state, self.rate_slopes) for n, k in slopes]
        outputs = [*self.found.outputs, *(
            self._slope(o, k, whole, self.outputs_by_state, self.output_slopes)
            for o in range(len(self.found.outputs)) for k in range(len(self.parameters)))]
        parameters = (*self.original.parameters, *doors.known)
        excesses = [surface.excess for surface in turning]
        lost = [value for door in doors.doors for value in door.shifts.values()]
        roots = [*rates, *outputs, *excesses, *lost, *(size for each in sizes for size in each.values())]
        quantities, found = trees(self.tape, roots, leaf_names, parameters)
        of = dict(zip(roots, found, strict=True))
        named = [f"output {o}" for o in range(len(outputs))]
        starts = [*(self.found.starts[i] for i in self.kept),
                  *(self.start_slopes.get(slope, self.tape.number(0.0)) for slope in slopes)]
        return CourseModel(
            states=tuple(names), parameters=parameters, rates=tuple(found[:len(rates)]),
            starts=tuple(tree(self.tape, start, (), parameters) for start in starts),
            quantities=(*quantities, *zip(named, (of[i] for i in outputs), strict=True)), outputs=tuple(named),
            switches=tuple(
                Switch(excess=of[excess], **{how: tuple((names[place[slope]], of[size]) for slope, size in each.items())
                                             for how, each in zip(("rising", "falling"), pair, strict=True)})
                for excess, pair in zip(excesses, zip(sizes[::2], sizes[1::2], strict=True), strict=True)),
            inlets=tuple(replace(
                self._inlet(door, names[place[door.into]], parameters),
                shifts=tuple((names[place[slope]], of[value]) for slope, value in door.shifts.items()))
                for door in doors.doors))

    def _let_in(self, chains: Iterable[Chain]) -> dict[tuple[int, int], int]:
        """Add what comes through chains to rates and to their slopes; return by how much slopes stand apart from it."""
        shifts: dict[tuple[int, int], int] = {}
        for chain in chains:
            rate = self.tape.binary("+", self.rates[chain.state], entering(self.tape, chain))
            self.rates[chain.state] = rate
            for k, leaf in enumerate(self.leaves):
                at = (chain.state, k)
                for terms, more in ((self.rate_slopes, entering_slope), (shifts, shift)):
                    term = more(self.tape, chain, leaf)
                    if self.tape.value(term) != 0.0:
                        terms[at] = self.tape.binary("+", terms.get(at, self.tape.number(0.0)), term)
        return shifts

    def _moving(
        self, jumping: Iterable[tuple[int, int]], shifted: Iterable[tuple[int, int]], turning: Sequence[Surface]
    ) -> list[tuple[int, int]]:
        """Return the slopes (state, parameter) that are not always zero, parameter by parameter."""
        moving, apart, before = {*self.rate_slopes, *self.start_slopes, *jumping}, {*shifted}, -1
        while len(moving) > before:
            before = len(moving)
            moving |= {(n, k) for n, j in self.rates_by_state for i, k in moving | apart if i == j}
            for surface in turning:
                moving |= surface.turns(moving | apart)
        return sorted(moving, key=lambda slope: (slope[1], slope[0]))

    def _slope(self, n: int, k: int, own: Slopes, by_state: Slopes, partial: Slopes) -> int:
        """Return the total derivative of value n by parameter k."""
        tape, total = self.tape, self.tape.number(0.0)
        for j in range(len(self.kept)):
            if (n, j) in by_state and (j, k) in own:
                total = tape.binary("+", total, tape.binary("*", by_state[n, j], own[j, k]))
        return tape.binary("+", total, partial[n, k]) if (n, k) in partial else total

    def _inlet(self, door: Door, state: str, parameters: Sequence[str]) -> Inlet:
        """Return a door as an inlet."""
        def text(i: int) -> Expr:
            return tree(self.tape, i, (), parameters)

        own, chain = door.inlet, door.chain
        made = Inlet(drug=own.drug, route=own.route, state=state, lag=text(door.lag), bioavailability=text(door.share))
        if chain is not None:
            more = self.tape.binary("+", chain.number, self.tape.number(1.0))
            mean_time = text(self.tape.binary("/", more, chain.pace))
            return replace(made, transit=Transit(number=text(chain.number), mean_time=mean_time, called=chain.called,
                                                 doses=door.doses))
        if door.duration is not None:
            return replace(made, duration=text(door.duration))
        return replace(made, duration=own.duration, rate=own.rate) if door.takes_time else made
