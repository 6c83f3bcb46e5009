"""Forward sensitivities: a course model whose further states are the slopes of its states by its parameters.

For y' = f(y, t, p) the slopes S = dy/dp obey S' = (df/dy) S + df/dp, S(0) = dy(0)/dp (Hairer, Nørsett & Wanner 1993,
Solving Ordinary Differential Equations I, section I.14). The augmented model is run by the same engine, so that the
slopes stand under the same error control as the states. What doses do to slopes: see `sensitivity_doses`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.model import CourseModel, Inlet, Transit, inlet_terms
from trialsim.dynamics.sensitivity_doses import Door, Doors, Entry, doors_of, no_gradient, sensitive_schedule
from trialsim.dynamics.system import chain_of, system
from trialsim.dynamics.tape import LEAVES, Node, Tape
from trialsim.dynamics.tape_derivative import derivative, jacobian
from trialsim.dynamics.tape_expressions import tree, trees
from trialsim.dynamics.unrolled import LARGEST
from trialsim.foundation.expression import names_of

Slopes = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensitive:
    """A model with slopes, and what its patients take.

    The outputs of `model` are those of the model it was made from, then the slopes of the first output by each of
    `parameters`, those of the second, and so on. States and inlets that no output depends on are left out.
    """

    model: CourseModel
    schedule: Schedule
    parameters: tuple[str, ...]


def sensitivities(model: CourseModel, parameters: Sequence[str], schedule: Schedule) -> Sensitive:
    """Return the model whose outputs have slopes by the parameters, and the doses that its patients take.

    Events and rules are no part of it: hazards and triggers are left out. Raises TrialsimError `fit-needs-gradient`
    for a course whose slopes it cannot follow.
    """
    if model.functionals or model.rules:
        raise no_gradient("its outputs depend on rules or on a functional of the path")
    made = _Course(model, tuple(parameters))
    doors = doors_of(made.tape, [made.entry(k, inlet) for k, inlet in enumerate(model.inlets)], schedule)
    return Sensitive(model=made.augmented(doors), schedule=sensitive_schedule(schedule, doors.copies),
                     parameters=made.parameters)


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
        # What comes through chains enters by doors of its own, in the augmented model too.
        self.found = system(replace(model, inlets=tuple(replace(inlet, transit=None) for inlet in model.inlets)))
        self.tape = copy.deepcopy(self.found.tape)
        self.leaves = [self.tape.node("parameter", model.parameters.index(name)) for name in parameters]
        self.kept = self._kept()
        self.rates = [self.found.rates[i] for i in self.kept]
        self._check_conditions()
        states = [self.tape.node("state", i) for i in self.kept]
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
            fresh = {node[1] for node in _nodes(self.tape, waiting) if node[0] == "state"} - found
            found |= fresh
            waiting = [self.found.rates[i] for i in fresh]
        return sorted(found)

    def _check_conditions(self) -> None:
        """Refuse a rate that may jump where a state or an estimated parameter turns a condition."""
        turning = {("state", i): name for i, name in enumerate(self.original.states)}
        turning |= {self.tape.nodes[leaf]: name for leaf, name in zip(self.leaves, self.parameters, strict=True)}
        for i, rate in zip(self.kept, self.rates, strict=True):
            for node in _nodes(self.tape, [rate]):
                asked = _nodes(self.tape, [node[1]]) if node[0] == "if" else ()
                for name in sorted(turning[leaf] for leaf in asked if leaf in turning):
                    raise no_gradient(f"the rate of {self.original.states[i]} has an if() that turns on {name}: "
                                      "write min(), max() or a smooth function")

    def entry(self, k: int, inlet: Inlet) -> Entry | None:
        """Return where an inlet enters, or None if nothing depends on that."""
        state = self.original.states.index(inlet.state)
        if state not in self.kept:
            return None
        for name, term in inlet_terms(inlet):
            if name == "rate" and term is not None and names_of(term) & {*self.parameters}:
                raise no_gradient(f"the {name} of {inlet.drug} {inlet.route} is estimated")
        place, (lag, share, duration) = self.kept.index(state), self.found.inlets[k][:3]
        chain = None if inlet.transit is None else chain_of(self.tape, inlet.transit, self._by_name())
        zero = self.tape.number(0.0)
        return Entry(
            inlet=inlet, state=place, lag=lag, share=share,
            lag_slopes=tuple(derivative(self.tape, lag, leaf) for leaf in self.leaves),
            share_slopes=tuple(derivative(self.tape, share, leaf) for leaf in self.leaves),
            duration=None if inlet.duration is None else duration,
            duration_slopes=tuple(derivative(self.tape, duration, leaf) for leaf in self.leaves), chain=chain,
            chain_slopes=tuple((derivative(self.tape, chain[0], leaf), derivative(self.tape, chain[1], leaf))
                               if chain else (zero, zero) for leaf in self.leaves),
            column={n: answer for (n, j), answer in self.rates_by_state.items() if j == place})

    def _by_name(self) -> dict[str, int]:
        """Return where the parameters stand on the tape."""
        return {name: self.tape.node("parameter", j) for j, name in enumerate(self.original.parameters)}

    def augmented(self, doors: Doors) -> CourseModel:
        """Return the model with slopes."""
        slopes = self._moving(door.into for door in doors.doors if not isinstance(door.into, int))
        names = [self.original.states[i] for i in self.kept]
        by = [*(f"d({name})" for name in self.parameters), *(f"chain {r}" for r in range(len(doors.responses)))]
        names += [f"d({names[n]})/{by[k]}" for n, k in slopes]
        place: dict[int | tuple[int, int], int] = {n: n for n in range(len(self.kept))}
        place |= {slope: len(self.kept) + m for m, slope in enumerate(slopes)}
        own = {slope: self.tape.node("state", len(self.original.states) + m) for m, slope in enumerate(slopes)}
        rates = self.rates + [self._slope(n, k, own, self.rates_by_state, self.rate_slopes) for n, k in slopes]
        whole = {(n, k): self._whole(n, k, own, doors) for n in range(len(self.kept))
                 for k in range(len(self.parameters))}
        outputs = [*self.found.outputs, *(
            self._slope(o, k, whole, self.outputs_by_state, self.output_slopes)
            for o in range(len(self.found.outputs)) for k in range(len(self.parameters)))]
        leaf_names = [*self.original.states, *names[len(self.kept):]]
        quantities, found = trees(self.tape, rates + outputs, leaf_names, self.original.parameters)
        named = [f"output {o}" for o in range(len(outputs))]
        starts = [*(self.found.starts[i] for i in self.kept),
                  *(self.start_slopes.get(slope, self.tape.number(0.0)) for slope in slopes)]
        return CourseModel(
            states=tuple(names), parameters=self.original.parameters, rates=tuple(found[:len(rates)]),
            starts=tuple(tree(self.tape, start, (), self.original.parameters) for start in starts),
            quantities=(*quantities, *zip(named, found[len(rates):], strict=True)), outputs=tuple(named),
            inlets=tuple(self._inlet(door, names[place[door.into]]) for door in doors.doors))

    def _moving(self, jumping: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the slopes (state, parameter) that are not always zero, parameter by parameter."""
        moving = {*self.rate_slopes, *self.start_slopes, *jumping}
        while more := {(n, k) for n, j in self.rates_by_state for i, k in moving if i == j} - moving:
            moving |= more
        return sorted(moving, key=lambda slope: (slope[1], slope[0]))

    def _whole(self, n: int, k: int, own: Slopes, doors: Doors) -> int:
        """Return the slope of state n by parameter k: what is followed as such, and its share of every response."""
        total = own.get((n, k), self.tape.number(0.0))
        for r, response in enumerate(doors.responses):
            at = (n, len(self.parameters) + r)
            if k in response and at in own:
                total = self.tape.binary("+", total, self.tape.binary("*", response[k], own[at]))
        return total

    def _slope(self, n: int, k: int, own: Slopes, by_state: Slopes, partial: Slopes) -> int:
        """Return the total derivative of value n by parameter k."""
        tape, total = self.tape, self.tape.number(0.0)
        for j in range(len(self.kept)):
            if (n, j) in by_state and (j, k) in own:
                total = tape.binary("+", total, tape.binary("*", by_state[n, j], own[j, k]))
        return tape.binary("+", total, partial[n, k]) if (n, k) in partial else total

    def _inlet(self, door: Door, state: str) -> Inlet:
        """Return a door as an inlet."""
        lag, share = (tree(self.tape, i, (), self.original.parameters) for i in (door.lag, door.share))
        own = door.inlet
        if door.chain is not None:
            number, pace = door.chain
            mean_time = self.tape.binary("/", self.tape.binary("+", number, self.tape.number(1.0)), pace)
            terms = [tree(self.tape, i, (), self.original.parameters) for i in (number, mean_time)]
            return Inlet(drug=own.drug, route=own.route, state=state, lag=lag, bioavailability=share,
                         transit=Transit(number=terms[0], mean_time=terms[1]))
        if not door.takes_time:
            return Inlet(drug=own.drug, route=own.route, state=state, lag=lag, bioavailability=share)
        return Inlet(drug=own.drug, route=own.route, state=state, lag=lag, bioavailability=share,
                     duration=own.duration, rate=own.rate, transit=own.transit)


def _nodes(tape: Tape, roots: Sequence[int]) -> set[Node]:
    """Return the nodes that values are made of, conditions with them."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        i = waiting.pop()
        if i not in found:
            found.add(i)
            waiting += tape.nodes[i][1:] if tape.nodes[i][0] not in LEAVES else ()
    return {tape.nodes[i] for i in found}
