"""A cohort document from an SBML model: constants as parameters, what changes as states, what follows as quantities.

Species that reactions change are states of amounts, so that doses can enter them: where a species' name means a
concentration, the state is called NAME_amount and NAME is the quantity amount over volume.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trialsim.cohort.sbml_math import TIME, refused
from trialsim.cohort.sbml_names import cohort_names
from trialsim.cohort.sbml_read import SbmlModel, SbmlSymbol
from trialsim.cohort.sbml_units import NOTHING, SbmlUnit
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import (
    Binary,
    Call,
    Constant,
    Expr,
    Name,
    Number,
    Unary,
    names_of,
    substitute,
)
from trialsim.foundation.units import Quantity, Unit, unit


@dataclass(frozen=True, slots=True)
class Value:
    """A formula and the unit it comes out in; a parameter has a number instead."""

    value: Expr
    unit: SbmlUnit
    label: str = ""


@dataclass(slots=True)
class Parts:
    """A model sorted into what a cohort consists of, by the names of the SBML document."""

    parameters: dict[str, tuple[float, SbmlUnit, str]] = field(default_factory=dict)
    starts: dict[str, Expr | None] = field(default_factory=dict)
    states: dict[str, Value] = field(default_factory=dict)  # with their rates of change
    quantities: dict[str, Value] = field(default_factory=dict)


def sorted_parts(model: SbmlModel, with_units: bool, time: Unit) -> Parts:
    """Return what of a model is a parameter, a state or a quantity, everything in the model's own meaning.

    Without units every number is a plain one, the clock counts units of time, and rates are per unit of time.
    """
    return _Sorter(model, with_units, time).parts()


class _Sorter:
    """Sorts one model."""

    def __init__(self, model: SbmlModel, with_units: bool, time: Unit) -> None:
        self.model, self.with_units, self.time = model, with_units, time
        self.made = Parts()
        self.once: list[str] = []  # quantities that keep the value they have at the beginning
        self.without_number: list[str] = []
        self.changes: dict[str, list[Expr]] = {}
        for reaction in model.reactions:
            for species, how_many in reaction.changes:
                self.changes.setdefault(species, []).append(times(how_many, Name(reaction.id)))

    def parts(self) -> Parts:
        made = self.made
        for symbol in self.model.symbols.values():
            self.place(symbol)
        for reaction in self.model.reactions:
            made.quantities[reaction.id] = Value(
                reaction.rate, self.per_time(self.model.extent_unit), f"rate of {reaction.id}"
            )
        for name in self.once:
            own = made.quantities[name]
            made.quantities[name] = Value(self.at_the_beginning(own.value, (name,)), own.unit, own.label)
        made.starts = {name: None if start is None else self.at_the_beginning(start, (name,))
                       for name, start in made.starts.items()}  # fmt: skip
        made.quantities = {
            name: Value(self.with_clock(own.value), own.unit, own.label)
            for name, own in in_order(made.quantities).items()
        }
        made.states = {
            name: Value(self.per_unit_of_time(self.with_clock(own.value)), own.unit, own.label)
            for name, own in made.states.items()
        }
        self.check_numbers()
        return made

    def check_numbers(self) -> None:
        """Refuse symbols without a number that a formula uses; what nobody uses needs none."""
        made = self.made
        used = {name for own in (*made.states.values(), *made.quantities.values()) for name in names_of(own.value)}
        used |= {name for start in made.starts.values() if start is not None for name in names_of(start)}
        for name in self.without_number:
            if name in used:
                raise refused(f"{name!r} has no number to begin with", "give it a value, or a rule")

    def unit(self, known: SbmlUnit | None) -> SbmlUnit:
        return known if known is not None and self.with_units else NOTHING

    def per_time(self, of: SbmlUnit | None) -> SbmlUnit:
        if not self.with_units or of is None or self.model.time_unit is None:
            return NOTHING
        text = f"{of.unit.text or '1'}/{self.model.time_unit.unit.text}"
        return SbmlUnit(unit(text), of.factor / self.model.time_unit.factor)

    def with_clock(self, expr: Expr) -> Expr:
        """An expression with the cohort's clock, which counts plain units of time where nothing has units."""
        clock: Expr = Call("since", (Name("randomised"),))
        if not self.with_units:
            clock = Binary("/", clock, Constant(Quantity(1.0, self.time)))
        return substitute(expr, {TIME: clock})

    def per_unit_of_time(self, rate: Expr) -> Expr:
        return rate if self.with_units else Binary("/", rate, Constant(Quantity(1.0, self.time)))

    def place(self, symbol: SbmlSymbol) -> None:
        """Put a symbol where it belongs."""
        own, made = self.unit(symbol.unit), self.made
        if symbol.id in self.model.assigned:
            made.quantities[symbol.id] = Value(self.model.assigned[symbol.id], own, symbol.label)
        elif symbol.id in self.model.rates:
            made.states[symbol.id] = Value(self.model.rates[symbol.id], own, symbol.label)
            made.starts[symbol.id] = self.start(symbol, as_amount=symbol.means_amount)
        elif symbol.compartment is not None and self.is_changed(symbol):
            name = symbol.id if symbol.means_amount else f"{symbol.id}_amount"
            made.states[name] = Value(summed(self.changes[symbol.id]), self.unit(symbol.amount_unit), symbol.label)
            made.starts[name] = self.start(symbol, as_amount=True)
            self.place_concentration(symbol, name)
        elif symbol.id in self.model.initial:
            self.constant_volume(symbol)
            made.quantities[symbol.id] = Value(self.model.initial[symbol.id], own, symbol.label)
            self.once.append(symbol.id)
        elif symbol.value is None:
            self.without_number.append(symbol.id)
        elif symbol.value_is_amount and not symbol.means_amount:
            name = f"{symbol.id}_amount"
            made.parameters[name] = (self.number(symbol), self.unit(symbol.amount_unit), symbol.label)
            self.place_concentration(symbol, name)
        else:
            self.constant_volume(symbol)
            made.parameters[symbol.id] = (self.number(symbol), own, symbol.label)

    def is_changed(self, symbol: SbmlSymbol) -> bool:
        return symbol.id in self.changes and not symbol.is_boundary and not symbol.is_constant

    def place_concentration(self, symbol: SbmlSymbol, amount: str) -> None:
        """Where a species' name means a concentration, it is the amount over the volume."""
        if not symbol.means_amount:
            concentration = Binary("/", Name(amount), Name(str(symbol.compartment)))
            self.made.quantities[symbol.id] = Value(concentration, self.unit(symbol.unit), symbol.label)

    def constant_volume(self, symbol: SbmlSymbol) -> None:
        """Refuse a concentration that nothing changes but its volume."""
        where = symbol.compartment
        if (
            where is not None
            and not symbol.means_amount
            and (where in self.model.assigned or where in self.model.rates)
        ):
            raise refused(f"the concentration {symbol.id!r} is diluted by a volume that changes",
                          "give the species an initial amount")  # fmt: skip

    def start(self, symbol: SbmlSymbol, as_amount: bool) -> Expr | None:
        """The value at the beginning, as an amount or in the symbol's own meaning; None is nothing at all."""
        known = self.model.initial.get(symbol.id)
        is_amount = symbol.means_amount
        if known is None:
            value = self.number(symbol)
            if value == 0.0:
                return None
            own = symbol.unit
            if symbol.compartment is not None:
                is_amount = symbol.value_is_amount or symbol.means_amount
                own = symbol.amount_unit if is_amount else symbol.unit
            self.made.parameters[f"{symbol.id}_0"] = (value, self.unit(own), f"{symbol.id} at the beginning")
            known = Name(f"{symbol.id}_0")
        if symbol.compartment is None or is_amount == as_amount:
            return known
        volume = Name(symbol.compartment)
        return Binary("*", known, volume) if as_amount else Binary("/", known, volume)

    def number(self, symbol: SbmlSymbol) -> float:
        """The symbol's number; of a species that means an amount, the amount."""
        value = symbol.value
        if value is not None and symbol.compartment is not None and symbol.means_amount and not symbol.value_is_amount:
            volume = self.model.symbols[symbol.compartment].value
            value = None if volume is None else value * volume
        if value is None or value - value != 0.0:
            raise refused(f"{symbol.id!r} has no number to begin with", "give it a value, or a rule")
        return value

    def at_the_beginning(self, expr: Expr, asking: tuple[str, ...]) -> Expr:
        """An expression of parameters alone: everything else as it is when the course begins."""
        found: dict[str, Expr] = {}
        for name in names_of(expr):
            if name == TIME:
                found[name] = Constant(Quantity(0.0, self.time)) if self.with_units else Number(0.0)
            elif name in self.made.parameters or name not in self.model.symbols:
                continue
            elif name in asking:
                raise TrialsimError("sbml-invalid", f"the beginning of {name!r} depends on itself", [])
            else:
                own = self.model.assigned.get(name) or self.beginning_of(self.model.symbols[name])
                found[name] = self.at_the_beginning(own, (*asking, name))
        return substitute(expr, found)

    def beginning_of(self, symbol: SbmlSymbol) -> Expr:
        start = self.start(symbol, as_amount=symbol.means_amount)
        if start is not None:
            return start
        own = self.unit(symbol.unit)
        return Constant(Quantity(0.0, own.unit)) if own.unit.text else Number(0.0)


def in_order(quantities: Mapping[str, Value]) -> dict[str, Value]:
    """Return quantities so that each sees only those before it; TrialsimError where they go in a circle."""
    done: dict[str, Value] = {}

    def take(name: str, asking: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in asking:
            raise TrialsimError("sbml-invalid", f"the assignment rules of {', '.join(asking)} go in a circle", [])
        for other in sorted(names_of(quantities[name].value) & set(quantities)):
            take(other, (*asking, name))
        done[name] = quantities[name]

    for name in quantities:
        take(name, ())
    return done


def times(how_many: float, what: Expr) -> Expr:
    """Return a multiple, without a factor of one."""
    if abs(how_many) == 1.0:
        return what if how_many > 0 else Unary("-", what)
    return Binary("*", Number(how_many), what)


def summed(parts: list[Expr]) -> Expr:
    """Return a sum that reads as one: what is taken away is subtracted."""
    whole = parts[0]
    for part in parts[1:]:
        if isinstance(part, Unary):
            whole = Binary("-", whole, part.a)
        elif isinstance(part, Binary) and isinstance(part.a, Number) and part.a.value < 0:
            whole = Binary("-", whole, Binary("*", Number(-part.a.value), part.b))
        else:
            whole = Binary("+", whole, part)
    return whole


def renamed(parts: Parts, taken: tuple[str, ...]) -> Parts:
    """Return the parts under names that a cohort can have; a name that had to change stays as the label."""
    names = cohort_names([*parts.parameters, *parts.states, *parts.quantities], taken)
    changed: dict[str, Expr] = {old: Name(new) for old, new in names.items() if old != new}

    def labelled(old: str, label: str) -> str:
        return label or (old if old in changed else "")

    def values(of: Mapping[str, Value]) -> dict[str, Value]:
        return {
            names[old]: Value(substitute(own.value, changed), own.unit, labelled(old, own.label))
            for old, own in of.items()
        }

    return Parts(
        parameters={names[n]: (v, own, labelled(n, label)) for n, (v, own, label) in parts.parameters.items()},
        starts={names[n]: start and substitute(start, changed) for n, start in parts.starts.items()},
        states=values(parts.states),
        quantities=values(parts.quantities),
    )
