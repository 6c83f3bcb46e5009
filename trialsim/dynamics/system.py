"""A course model on one tape: where every rate, start, output and inlet term stands, and what kind of system it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from trialsim.dynamics.affine import Affine, affine
from trialsim.dynamics.model import CourseModel, Functional, Inlet, Switch, Transit
from trialsim.dynamics.paths import Paths, paths
from trialsim.dynamics.tape import SEGMENT, STATE, TIME, Tape
from trialsim.dynamics.transcription import read
from trialsim.foundation.expression import Expr, names_of, to_text

PULSES = 8  # doses that may be under way at once in a transit chain


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearParts:
    """dy/dt = matrix y + constant: positions of the entries that are not zero."""

    matrix: dict[tuple[int, int], int]
    constant: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """A switch: its excess, and by how much each state jumps as it rises and as it falls."""

    excess: int
    rising: Mapping[int, int]
    falling: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Positions on the tape of all that a kernel computes; `linear` is None for a system that is not.

    States are the model's, then one for each integral, which has no start: it begins at zero once. `seen` names what
    rules and triggers may ask about.
    """

    tape: Tape
    states: tuple[str, ...]
    starts: tuple[int, ...]
    rates: tuple[int, ...]
    outputs: tuple[int, ...]
    hazards: tuple[int, ...]
    triggers: tuple[int, ...]
    inlets: tuple[tuple[int, ...], ...]  # lag, bioavailability, duration, rate, chain number and rate constant
    breakpoints: tuple[int, ...]
    paths: Paths
    switches: tuple[Turns, ...]
    shifts: tuple[Mapping[int, int], ...]  # of the inlets, by state
    seen: Mapping[str, int]
    linear: LinearParts | None
    why: str

    @property
    def lags(self) -> tuple[int, ...]:
        """Return the lags of the inlets."""
        return tuple(terms[0] for terms in self.inlets)

    @property
    def shares(self) -> tuple[int, ...]:
        """Return the bioavailabilities of the inlets."""
        return tuple(terms[1] for terms in self.inlets)


@lru_cache(maxsize=64)
def system(model: CourseModel) -> System:
    """Return the model on a tape."""
    tape = Tape()
    parameters = {name: tape.node("parameter", j) for j, name in enumerate(model.parameters)}
    integrals = [f for f in model.functionals if f.kind == "integral"]
    state_names = (*model.states, *(f"integral {f.name}" for f in integrals))
    states = {name: tape.node("state", i) for i, name in enumerate(state_names)}
    chains = _chains(tape, model)
    base = {**parameters, **states, "t": tape.node("t")}
    base |= {name: position for chain in chains for name, position in chain.names.items()}
    base |= {f"into {name}": tape.node("inflow", i) for i, name in enumerate(model.states) if model.switches}
    running = _with_quantities(tape, model, base | _running(tape, model, states))
    shown = _with_quantities(tape, model, base | _shown(tape, model))
    rates = [read(tape, rate, running) for rate in model.rates]
    for chain in chains:
        if chain.state is not None:
            rates[chain.state] = tape.binary("+", rates[chain.state], chain.flow)
    rates += [read(tape, f.of, running) for f in integrals]
    hazards = tuple(read(tape, hazard.rate, running) for hazard in model.hazards)
    triggers = tuple(read(tape, trigger.excess, running) for trigger in model.triggers)
    followed = paths(tape, model, running, len(state_names))
    switches = tuple(_turns(tape, model, switch, running) for switch in model.switches)
    linear, why = _linear_parts(tape, model, state_names, tuple(rates), hazards)
    return System(
        tape=tape, states=state_names, rates=tuple(rates), hazards=hazards, triggers=triggers, paths=followed,
        switches=switches, shifts=tuple(
            {model.states.index(state): read(tape, of, running) for state, of in inlet.shifts}
            for inlet in model.inlets),
        linear=linear, why=why, seen=running,
        starts=tuple(read(tape, start, parameters) for start in model.starts),
        outputs=tuple(shown[output] for output in model.outputs),
        inlets=tuple(_inlet_terms(tape, inlet, parameters) for inlet in model.inlets),
        breakpoints=tuple(tape.breakpoints),
    )


def _turns(tape: Tape, model: CourseModel, switch: Switch, names: Mapping[str, int]) -> Turns:
    """Return a switch on a tape."""
    rising, falling = ({model.states.index(state): read(tape, size, names) for state, size in jumps}
                       for jumps in (switch.rising, switch.falling))
    return Turns(excess=read(tape, switch.excess, names), rising=rising, falling=falling)


def own_system(model: CourseModel) -> System:
    """Return a model's system on a tape that may be written on: the source does not depend on who asked before."""
    found = system(model)
    return replace(found, tape=found.tape.copied())


def _with_quantities(tape: Tape, model: CourseModel, names: dict[str, int]) -> dict[str, int]:
    """Return the names with the quantities, as far as what they are made of is to be seen."""
    for name, value in model.quantities:
        if names_of(value) <= names.keys():
            names[name] = read(tape, value, names)
    return names


def _running(tape: Tape, model: CourseModel, states: Mapping[str, int]) -> dict[str, int]:
    """Return what functionals since the beginning amount to at any moment; windows end at samples only."""
    found = {}
    for f, functional in enumerate(model.functionals):
        if functional.over is None and functional.kind == "integral":
            found[functional.name] = states[f"integral {functional.name}"]
        elif functional.over is None and functional.kind != "share":
            found[functional.name] = tape.node("memory", f)
    return found


def _shown(tape: Tape, model: CourseModel) -> dict[str, int]:
    """Return what functionals amount to at a sample."""
    n = len(model.functionals)
    return {f.name: tape.node("memory", n + k) for k, f in enumerate(model.functionals)}


def _inlet_terms(tape: Tape, inlet: Inlet, parameters: Mapping[str, int]) -> tuple[int, ...]:
    def term(expr: Expr | None, otherwise: float) -> int:
        return tape.number(otherwise) if expr is None else read(tape, expr, parameters)

    nothing = tape.number(0.0)
    number, pace = (nothing, nothing) if inlet.transit is None else chain_of(tape, inlet.transit, parameters)
    return (term(inlet.lag, 0.0), term(inlet.bioavailability, 1.0), term(inlet.duration, 0.0), term(inlet.rate, 0.0),
            number, pace)


def chain_of(tape: Tape, transit: Transit, parameters: Mapping[str, int]) -> tuple[int, int]:
    """Return the number of compartments of a chain and the rate constant between them, (n + 1) / mean time."""
    number = read(tape, transit.number, parameters)
    mean_time = read(tape, transit.mean_time, parameters)
    return number, tape.binary("/", tape.binary("+", number, tape.number(1.0)), mean_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """What comes through a chain: into a state, or by the names that rates know it by."""

    state: int | None
    flow: int
    names: Mapping[str, int]


def _chains(tape: Tape, model: CourseModel) -> list[_Chain]:
    """Return what comes through each chain, the sum over the doses in it.

    A place holds the start, the time of arrival, the number and the rate constant of a dose, which keeps them whatever
    becomes of the parameters; without a dose the start is minus infinity, whose exponential adds nothing.
    """
    found = []
    first = 2 * len(model.functionals)
    for inlet in model.inlets:
        if inlet.transit is None:
            continue
        total = by_log = by_time = tape.number(0.0)
        # A dose takes the first place that is free.
        for k in range(min(inlet.transit.doses or PULSES, PULSES)):
            start, arrived, number, pace = (tape.node("memory", first + 4 * k + j) for j in range(4))
            # Never quite nought, for which a chain of no compartments would have no logarithm.
            since = tape.node("max", tape.binary("-", tape.node("t"), arrived), tape.number(1e-300))
            log_since = tape.node("log", since)
            grows = tape.binary("+", start, tape.binary("*", number, log_since))
            pulse = tape.node("exp", tape.binary("-", grows, tape.binary("*", pace, since)))
            total = tape.binary("+", total, pulse)
            if inlet.transit.called:
                by_log = tape.binary("+", by_log, tape.binary("*", pulse, log_since))
                by_time = tape.binary("+", by_time, tape.binary("*", pulse, since))
        first += 4 * PULSES
        name = inlet.transit.called
        found.append(_Chain(
            state=None if name else model.states.index(inlet.state), flow=total,
            names={name: total, f"{name} log": by_log, f"{name} since": by_time} if name else {}))
    return found


def _linear_parts(
    tape: Tape, model: CourseModel, names: tuple[str, ...], rates: tuple[int, ...], hazards: tuple[int, ...]
) -> tuple[LinearParts | None, str]:
    """Return the parts of a linear system, or None; and a sentence that says why."""
    matrix: dict[tuple[int, int], int] = {}
    constant: dict[int, int] = {}
    texts = [to_text(rate) for rate in model.rates]
    texts += [to_text(f.of) for f in model.functionals if f.kind == "integral"]
    for inlet in model.inlets:
        if inlet.transit is not None:
            return None, f"adaptive: {inlet.drug} enters {inlet.state} through a chain, at a changing rate"
    if model.switches or any(inlet.shifts for inlet in model.inlets):
        return None, "adaptive: states jump where a condition turns"
    if (followed := _followed(model)) is not None:
        return None, f"adaptive: the path is followed for the {followed}"
    for i, (name, rate, text) in enumerate(zip(names, rates, texts, strict=True)):
        form = affine(tape, rate, lambda node: node[0] == "state")
        if isinstance(form, int):
            return None, f"adaptive: the rate of {name} is not linear in the states: {text}"
        if _moves(tape, form):
            return None, f"adaptive: the rate of {name} changes with time: {text}"
        matrix.update({(i, tape.nodes[s][1]): slope for s, slope in form.slopes.items()})
        if tape.value(form.constant) != 0.0:
            constant[i] = form.constant
    for hazard, position in zip(model.hazards, hazards, strict=True):
        if tape.depends[position] & (STATE | TIME):
            which = "the states" if tape.depends[position] & STATE else "time"
            return None, f"adaptive: the hazard of {hazard.name} changes with {which}: {to_text(hazard.rate)}"
    if not model.states:
        return LinearParts(matrix={}, constant={}), "linear: there are no states, and hazards are piecewise constant"
    return LinearParts(matrix=matrix, constant=constant), (
        "linear: every rate is linear in the states, with coefficients that do not change with time")


def _followed(model: CourseModel) -> str | None:
    """Return what needs the path between samples, if anything does."""
    for f in model.functionals:
        if f.kind != "integral":
            return f"{_in_words(f)} {f.name}"
    return f"event {model.triggers[0].name}" if model.triggers else None


def _in_words(functional: Functional) -> str:
    return {"highest": "highest value", "lowest": "lowest value", "share": "share of time"}[functional.kind]


def _moves(tape: Tape, form: Affine) -> bool:
    """Return whether a coefficient changes with time or states."""
    return any(tape.depends[i] & (TIME | STATE | SEGMENT) for i in (*form.slopes.values(), form.constant))


def tier_of(model: CourseModel) -> tuple[str, str]:
    """Return "linear" or "adaptive", and a sentence that says why."""
    found = system(model)
    return ("adaptive" if found.linear is None else "linear"), found.why
