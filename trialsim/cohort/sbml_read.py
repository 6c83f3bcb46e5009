"""An SBML document as plain objects: what it declares, in its own words; what a cohort has no words for is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import libsbml

from trialsim.cohort.sbml_math import Function, Mathematics, refused
from trialsim.cohort.sbml_units import SbmlUnit, unit_of_definition
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import Expr, Name, substitute
from trialsim.foundation.units import Unit

MOST_NOTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SbmlSymbol:
    """A compartment, a species or a parameter: `value` is its number at the beginning, None if only a formula says it.

    For a species: `compartment` it is in; `value` is an amount if `value_is_amount`; its name in formulas means an
    amount if `means_amount`, else a concentration; reactions change it unless `is_boundary`.
    """

    id: str
    label: str
    value: float | None
    unit: SbmlUnit | None
    is_constant: bool
    compartment: str | None = None
    value_is_amount: bool = False
    means_amount: bool = False
    is_boundary: bool = False
    amount_unit: SbmlUnit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SbmlReaction:
    """What a reaction makes (positive) and uses (negative), per unit of its rate."""

    id: str
    changes: tuple[tuple[str, float], ...]
    rate: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class SbmlModel:
    """What a document says; every formula with its functions written out."""

    id: str
    title: str
    doi: str | None
    cite: str
    symbols: Mapping[str, SbmlSymbol]
    reactions: tuple[SbmlReaction, ...]
    assigned: Mapping[str, Expr]
    rates: Mapping[str, Expr]
    initial: Mapping[str, Expr]
    time_unit: SbmlUnit | None
    time_is_said: bool  # Level 2 has seconds where a model says nothing
    extent_unit: SbmlUnit | None
    inconsistencies: tuple[str, ...]  # of units, in the words of libsbml


def sbml_model(text: str, name: str, with_units: bool) -> SbmlModel:
    """Return the model of an SBML text; TrialsimError if it is not valid, or says what a cohort cannot.

    `with_units`: numbers written in formulas keep the units they are given.
    """
    document = libsbml.readSBMLFromString(text)
    invalid_told(document, name)
    if document.getLevel() == 1:
        document.setLevelAndVersion(2, 4, False)
    model = document.getModel()
    if model is None:
        raise TrialsimError("sbml-invalid", f"'{name}' holds no model", ["SBML has an element <model>"])
    faults = list(not_supported(document, model))
    reader = _Reader(model, faults, with_units)
    found = reader.model(inconsistencies(document))
    if faults:
        shown = [*faults[:MOST_NOTES], *([f"and {len(faults) - MOST_NOTES} more"] if len(faults) > MOST_NOTES else [])]
        raise refused(f"'{name}' says what a cohort cannot", *shown)
    assert found is not None
    return found


def invalid_told(document: Any, name: str) -> None:
    """Raise what is wrong with a document by the rules of SBML itself."""
    if document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) + document.getNumErrors(libsbml.LIBSBML_SEV_FATAL) == 0:
        for category in (libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, libsbml.LIBSBML_CAT_MODELING_PRACTICE,
                         libsbml.LIBSBML_CAT_SBO_CONSISTENCY):  # fmt: skip
            document.setConsistencyChecks(category, False)
        document.checkConsistency()
    errors = [document.getError(i) for i in range(document.getNumErrors())]
    told = [e for e in errors if e.getSeverity() in (libsbml.LIBSBML_SEV_ERROR, libsbml.LIBSBML_SEV_FATAL)]
    if told:
        notes = [f"line {error.getLine()}: {one_line(error.getShortMessage())}" for error in told[:MOST_NOTES]]
        raise TrialsimError("sbml-invalid", f"'{name}' is no valid SBML", notes)


def inconsistencies(document: Any) -> tuple[str, ...]:
    """Return where units do not go through the model's equations, as far as it declares them."""
    document.getErrorLog().clearLog()
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    document.checkConsistency()
    errors = [document.getError(i) for i in range(document.getNumErrors())]
    # 10501 to 10599 are the rules of consistency; 99505 and the like say that units are not declared.
    return tuple(
        f"line {e.getLine()}: {one_line(e.getShortMessage())}" for e in errors if 10500 < e.getErrorId() < 10600
    )


def one_line(text: str) -> str:
    return " ".join(text.split())


def not_supported(document: Any, model: Any) -> Iterator[str]:
    """Yield everything a document says that a cohort has no words for."""
    for i in range(document.getNumPlugins()):
        package = document.getPlugin(i).getPackageName()
        if document.getLevel() < 3 or package == "l3v2extendedmath":  # part of the core since Level 3 Version 2
            continue
        if document.getPackageRequired(package):
            yield f"the package {package!r}"
    for i in range(model.getNumEvents()):
        event = model.getEvent(i)
        yield f"event {event.getId() or event.getName() or i + 1!r}"
    for i in range(model.getNumRules()):
        if model.getRule(i).isAlgebraic():
            yield f"algebraic rule number {i + 1}"
    for i in range(model.getNumReactions()):
        reaction = model.getReaction(i)
        if reaction.isSetFast() and reaction.getFast():
            yield f"fast reaction {reaction.getId()!r}"
        if not reaction.isSetKineticLaw():
            yield f"reaction {reaction.getId()!r} without a kinetic law"
    for i in range(model.getNumSpecies()):
        if model.getSpecies(i).isSetConversionFactor():
            yield f"conversion factor of species {model.getSpecies(i).getId()!r}"
    if model.isSetConversionFactor():
        yield "conversion factor of the model"
    for i in range(model.getNumConstraints()):
        yield f"constraint number {i + 1}"


class _Reader:
    """Goes through one model and gathers what a cohort cannot say."""

    def __init__(self, model: Any, faults: list[str], with_units: bool) -> None:
        self.source, self.faults = model, faults
        self.units = written_units(model) if with_units else None
        self.mathematics = Mathematics(self.functions(), self.units)

    def functions(self) -> dict[str, Function]:
        """The function definitions in order: each may call those before it."""
        known: dict[str, Function] = {}
        for i in range(self.source.getNumFunctionDefinitions()):
            definition = self.source.getFunctionDefinition(i)
            names = tuple(definition.getArgument(k).getName() for k in range(definition.getNumArguments()))
            value = self.formula(
                definition.getBody(), f"function {definition.getId()!r}", Mathematics(known, self.units)
            )
            if value is not None:
                known[definition.getId()] = Function(names, value)
        return known

    def formula(self, node: Any, where: str, mathematics: Mathematics | None = None) -> Expr | None:
        """A formula as an expression; None, with the fault noted, if it says what ours cannot."""
        if node is None:
            self.faults.append(f"{where} without a formula")
            return None
        try:
            return (mathematics or self.mathematics).tree(node, where)
        except TrialsimError as fault:
            self.faults.append("; ".join([fault.message, *fault.notes]))
            return None

    def model(self, inconsistent: tuple[str, ...]) -> SbmlModel | None:
        """The whole model; None if anything was refused."""
        source = self.source
        symbols = {each.id: each for each in (*self.compartments(), *self.species(), *self.parameters())}
        rules = [source.getRule(i) for i in range(source.getNumRules())]
        assigned = self.formulas(rules, lambda rule: rule.isAssignment(), "the assignment rule of")
        rates = self.formulas(rules, lambda rule: rule.isRate(), "the rate rule of")
        starts = [source.getInitialAssignment(i) for i in range(source.getNumInitialAssignments())]
        initial = {}
        for start in starts:
            value = self.formula(start.getMath(), f"the initial assignment of {start.getSymbol()!r}")
            if value is not None:
                initial[start.getSymbol()] = value
        reactions = [self.reaction(source.getReaction(i)) for i in range(source.getNumReactions())]
        for target in (*assigned, *rates, *initial):
            if target not in symbols:
                self.faults.append(f"a stoichiometry that a formula says: {target!r}")
        if self.faults:
            return None
        doi, paper = described_by(source)
        return SbmlModel(
            id=source.getId(), title=one_line(source.getName() or source.getId()), doi=doi, cite=paper,
            symbols=symbols, reactions=tuple(each for each in reactions if each is not None), assigned=assigned,
            rates=rates, initial=initial, time_unit=self.time_unit(),
            time_is_said=source.getLevel() > 2 or source.getUnitDefinition("time") is not None,
            extent_unit=self.extent_unit(), inconsistencies=inconsistent,
        )  # fmt: skip

    def formulas(self, rules: list[Any], chosen: Callable[[Any], bool], words: str) -> dict[str, Expr]:
        found = {}
        for rule in (rule for rule in rules if chosen(rule)):
            value = self.formula(rule.getMath(), f"{words} {rule.getVariable()!r}")
            if value is not None:
                found[rule.getVariable()] = value
        return found

    def time_unit(self) -> SbmlUnit | None:
        """The unit of time: Level 3 may leave it open, Level 2 has the second unless it says otherwise."""
        source = self.source
        if source.getLevel() == 2:
            own = source.getUnitDefinition("time")
            return unit_of_definition(own) if own is not None else unit_of_definition(base_unit("second"))
        name = source.getTimeUnits()
        own = source.getUnitDefinition(name)
        return unit_of_definition(own if own is not None else base_unit(name)) if name else None

    def extent_unit(self) -> SbmlUnit | None:
        """The unit in which reactions count what they turn over."""
        source = self.source
        name = source.getExtentUnits() if source.getLevel() > 2 else "substance"
        if not name:
            return None
        own = source.getUnitDefinition(name)
        return unit_of_definition(own if own is not None else base_unit("mole" if name == "substance" else name))

    def compartments(self) -> Iterator[SbmlSymbol]:
        for i in range(self.source.getNumCompartments()):
            own = self.source.getCompartment(i)
            yield SbmlSymbol(
                id=own.getId(), label=own.getName(), value=own.getSize() if own.isSetSize() else None,
                unit=unit_of_definition(own.getDerivedUnitDefinition()), is_constant=own.getConstant(),
            )  # fmt: skip

    def species(self) -> Iterator[SbmlSymbol]:
        for i in range(self.source.getNumSpecies()):
            own = self.source.getSpecies(i)
            value = own.getInitialAmount() if own.isSetInitialAmount() else None
            if value is None and own.isSetInitialConcentration():
                value = own.getInitialConcentration()
            compartment = self.source.getCompartment(own.getCompartment())
            means_amount = own.getHasOnlySubstanceUnits() or compartment.getSpatialDimensions() == 0
            yield SbmlSymbol(
                id=own.getId(), label=own.getName(), value=value, is_constant=own.getConstant(),
                unit=unit_of_definition(own.getDerivedUnitDefinition()), compartment=own.getCompartment(),
                value_is_amount=own.isSetInitialAmount(), means_amount=means_amount,
                is_boundary=own.getBoundaryCondition(), amount_unit=self.substance_unit(own),
            )  # fmt: skip

    def substance_unit(self, own: Any) -> SbmlUnit | None:
        """The unit of a species' amount."""
        name = own.getSubstanceUnits() or (self.source.getSubstanceUnits() if self.source.getLevel() > 2 else "")
        if not name:
            if self.source.getLevel() > 2:
                return None
            name = "substance"
        found = self.source.getUnitDefinition(name)
        return unit_of_definition(found if found is not None else base_unit("mole" if name == "substance" else name))

    def parameters(self) -> Iterator[SbmlSymbol]:
        """Parameters of the model, then those of kinetic laws as `REACTION_NAME`."""
        for i in range(self.source.getNumParameters()):
            own = self.source.getParameter(i)
            yield parameter(own, own.getId(), own.getConstant())
        for i in range(self.source.getNumReactions()):
            reaction = self.source.getReaction(i)
            law = reaction.getKineticLaw()
            for k in range(law.getNumParameters() if law is not None else 0):
                own = law.getParameter(k)
                yield parameter(own, local_name(reaction, own), True)

    def reaction(self, own: Any) -> SbmlReaction | None:
        law = own.getKineticLaw()
        if law is None:
            return None
        rate = self.formula(law.getMath(), f"the kinetic law of {own.getId()!r}")
        local = {law.getParameter(k).getId(): Name(local_name(own, law.getParameter(k)))
                 for k in range(law.getNumParameters())}  # fmt: skip
        changes: dict[str, float] = {}
        for sign, count, get in ((-1.0, own.getNumReactants(), own.getReactant), (1.0, own.getNumProducts(),
                                 own.getProduct)):  # fmt: skip
            for k in range(count):
                reference = get(k)
                if reference.isSetStoichiometryMath():
                    self.faults.append(f"a stoichiometry that a formula says, in reaction {own.getId()!r}")
                how_many = reference.getStoichiometry() / reference.getDenominator()
                if how_many != how_many:
                    self.faults.append(f"a stoichiometry without a number, in reaction {own.getId()!r}")
                changes[reference.getSpecies()] = changes.get(reference.getSpecies(), 0.0) + sign * how_many
        if rate is None:
            return None
        return SbmlReaction(id=own.getId(), changes=tuple(changes.items()), rate=substitute(rate, local))


def written_units(model: Any) -> dict[str, tuple[Unit, float]]:
    """Return the units that numbers in formulas may name: those of the model, and base units."""
    definitions = [model.getUnitDefinition(i) for i in range(model.getNumUnitDefinitions())]
    found = {own.getId(): unit_of_definition(own) for own in definitions}
    for word in ("second", "metre", "litre", "mole", "gram", "kilogram", "dimensionless", "item"):
        found.setdefault(word, unit_of_definition(base_unit(word)))
    return {name: (own.unit, float(own.factor)) for name, own in found.items() if own is not None}


def parameter(own: Any, name: str, is_constant: bool) -> SbmlSymbol:
    return SbmlSymbol(
        id=name, label=own.getName(), value=own.getValue() if own.isSetValue() else None, is_constant=is_constant,
        unit=unit_of_definition(own.getDerivedUnitDefinition()),
    )  # fmt: skip


def local_name(reaction: Any, own: Any) -> str:
    return f"{reaction.getId()}_{own.getId()}"


def base_unit(name: str) -> Any:
    """Return a definition of one base unit, such as `second`; an empty one for a word that is none."""
    definition = libsbml.UnitDefinition(3, 1)
    kind = libsbml.UnitKind_forName(name)
    if kind != libsbml.UNIT_KIND_INVALID:
        made = definition.createUnit()
        made.setKind(kind)
        made.setExponent(1)
        made.setScale(0)
        made.setMultiplier(1)
    return definition


def described_by(model: Any) -> tuple[str | None, str]:
    """Return the DOI and the paper that a model says it is described by."""
    doi, paper = None, ""
    for i in range(model.getNumCVTerms()):
        term = model.getCVTerm(i)
        if (
            term.getQualifierType() != libsbml.MODEL_QUALIFIER
            or term.getModelQualifierType() != libsbml.BQM_IS_DESCRIBED_BY
        ):
            continue
        for k in range(term.getNumResources()):
            where = term.getResourceURI(k)
            if "doi" in where and "10." in where:
                doi = where[where.index("10.") :]
            elif "pubmed" in where:
                paper = f"PubMed {where.replace(':', '/').rsplit('/', 1)[-1]}"
    return doi, paper
