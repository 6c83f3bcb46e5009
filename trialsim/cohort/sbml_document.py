"""The YAML of a cohort from an SBML file, and the proof that its numbers are those of the file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trialsim.cohort.model import Cohort
from trialsim.cohort.sbml_cohort import Parts, renamed, sorted_parts
from trialsim.cohort.sbml_read import SbmlModel, sbml_model
from trialsim.cohort.sbml_units import SbmlUnit
from trialsim.cohort.schema_units import unit_text
from trialsim.cohort.yaml_layout import yaml_text
from trialsim.foundation.dimensions import TIME
from trialsim.foundation.errors import InvalidDocument, TrialsimError
from trialsim.foundation.expression import Expr, to_text, values
from trialsim.foundation.units import Unit, as_written, quantity_text, unit

MOST_NAMED = 8
HEAD = """# Made by `trialsim import`. A trial needs besides: `measures` with their errors, `receives` where doses
# enter, `between_patients` and `uncertainty` of parameters, and a context of use that somebody answers for.
"""


def cohort_of_sbml(text: str, file: str, without_units: bool, time_unit: str | None) -> str:
    """Return the cohort document of an SBML text; TrialsimError names what a cohort cannot say.

    Units are kept where the model declares all of them and they go through its equations. Otherwise, or
    `without_units`, every number is a plain one, and the document's limits say so. `time_unit` is for models that do
    not say in what time runs.
    """
    model = sbml_model(text, file, with_units=True)
    undeclared = undeclared_units(model)
    with_units = not without_units and not undeclared
    if with_units:
        units_are_sound(model, file)
    else:
        model = sbml_model(text, file, with_units=False)
    time = time_of(model, file, time_unit, with_units)
    document, parts = document_of(model, text, file, with_units, time, undeclared)
    if with_units:
        bare = sbml_model(text, file, with_units=False)
        numbers_agree(document, document_of(bare, text, file, False, time, [])[0], file, parts)
    return HEAD + document


def document_of(
    model: SbmlModel, text: str, file: str, with_units: bool, time: Unit, undeclared: list[str]
) -> tuple[str, Parts]:
    """Return the document of a model and its parts under the cohort's names."""
    parts = renamed(sorted_parts(model, with_units, time), words_of(time))
    told = limits(with_units, undeclared, time)
    return yaml_text(document_data(model, parts, text, file, time, told)), parts


def undeclared_units(model: SbmlModel) -> list[str]:
    """Return what has no unit, or one that measures nothing a cohort knows."""
    found = [symbol.id for symbol in model.symbols.values() if symbol.unit is None
             or (symbol.compartment is not None and symbol.amount_unit is None)]  # fmt: skip
    whole = {"time": model.time_unit, "the extent of reactions": model.extent_unit if model.reactions else ()}
    return [name for name, own in whole.items() if own is None] + found


def units_are_sound(model: SbmlModel, file: str) -> None:
    """Refuse units that contradict each other: converted, they would change the numbers."""
    if model.inconsistencies:
        raise TrialsimError(
            "sbml-units", f"the units of '{file}' do not go through its equations",
            [*model.inconsistencies[:MOST_NAMED], "--without-units takes the numbers as they stand"],
        )  # fmt: skip


def time_of(model: SbmlModel, file: str, given: str | None, with_units: bool) -> Unit:
    """Return the unit of time: the model's own, or the one given for a model that says none."""
    own = model.time_unit
    if own is not None and (own.unit.dimension != TIME or own.factor != 1):
        counts = quantity_text(float(own.factor), own.unit)
        raise TrialsimError("sbml-time", f"time runs in {counts} in '{file}', which is no unit of time",
                            ["change the unit of time in the model"])  # fmt: skip
    if given is None:
        if own is None:
            raise TrialsimError("sbml-time", f"'{file}' does not say in what time runs", ["say it: --time-unit h"],
                                exit_code=2)  # fmt: skip
        return own.unit
    asked = unit(given)
    if asked.dimension != TIME:
        raise TrialsimError("sbml-time", f"{given} is no unit of time", ["it looks like: h"], exit_code=2)
    if own is not None and asked.ratio != own.unit.ratio and (model.time_is_said or with_units):
        raise TrialsimError("sbml-time", f"'{file}' says itself that time runs in {own.unit.text}",
                            ["leave --time-unit out"], exit_code=2)  # fmt: skip
    return asked


def words_of(time: Unit) -> tuple[str, ...]:
    """Return the words that no name may be, for expressions use them as units."""
    return tuple(re.findall(r"[A-Za-z]+", time.text))


def limits(with_units: bool, undeclared: list[str], time: Unit) -> list[str]:
    """Return what has to be known of the import, for every report to repeat."""
    if with_units:
        return []
    why = "They were left out on request."
    if undeclared:
        more = f" and {len(undeclared) - MOST_NAMED} more" if len(undeclared) > MOST_NAMED else ""
        why = f"The source gives none for {', '.join(undeclared[:MOST_NAMED])}{more}."
    return [f"Units are not checked: every number is taken as it stands, and time counts {time.text}. {why}"]


def document_data(model: SbmlModel, parts: Parts, text: str, file: str, time: Unit, told: list[str]) -> dict[str, Any]:
    """Return the document as plain data."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", model.id or Path(file).stem).strip("-._") or "model"
    digest = hashlib.sha256(text.encode()).hexdigest()
    cite = ". ".join(word for word in (f"SBML model {model.id or name}: {model.title or name}", model.cite) if word)
    reference = {"cite": cite, "for": "structure and numbers", "where": f"{Path(file).name}, SHA-256 {digest}"}
    if model.doi:
        reference["doi"] = model.doi
    return {
        "language": "cohort 1",
        "id": name[:64],
        "title": model.title or name,
        "context_of_use": "None yet: the mathematics of an SBML model as it was found.",
        "references": [reference],
        **({"limits": told} if told else {}),
        "time": unit_text(time),
        **section("parameters", {n: parameter_data(*own) for n, own in parts.parameters.items()}),
        **section("dynamics", {n: state_data(parts, n) for n in parts.states}),
        **section("quantities", {n: quantity_data(own.value, own.unit, own.label)
                                 for n, own in parts.quantities.items()}),
    }  # fmt: skip


def section(name: str, entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entries} if entries else {}


def labelled(data: dict[str, str], label: str) -> dict[str, str]:
    return {**data, "label": label} if label else data


def parameter_data(value: float, own: SbmlUnit, label: str) -> dict[str, str]:
    return labelled({"typical": quantity_text(in_unit(value, own), own.unit)}, label)


def in_unit(value: float, own: SbmlUnit) -> float:
    """Return a number of the document in our unit, rounded once."""
    return float(as_written(value) * own.factor)


def state_data(parts: Parts, name: str) -> dict[str, str]:
    own, start = parts.states[name], parts.starts[name]
    data = {} if start is None else {"start": to_text(start)}
    return {**data, "rate": to_text(own.value), "unit": unit_text(own.unit.unit)}


def quantity_data(value: Expr, own: SbmlUnit, label: str) -> dict[str, str]:
    return labelled({"is": to_text(value), "unit": unit_text(own.unit)}, label)


def numbers_agree(document: str, plain: str, file: str, parts: Parts) -> None:
    """Refuse units that, gone through the equations, give other rates than the bare numbers of the file do.

    SBML converts nothing: a model that divides by 60 where its units do not would come out wrong. The rates of both
    documents, with units and without, are compared at the beginning and at a state away from it.
    """
    from trialsim.cohort.read import cohort_of_text

    remedy = "--without-units takes the numbers as they stand"
    try:
        cohort, _ = cohort_of_text(document, file, Path())
    except InvalidDocument as fault:
        notes = [diagnostic.message for diagnostic in fault.diagnostics[:MOST_NAMED]]
        message = f"the units of '{file}' do not go through its equations"
        raise TrialsimError("sbml-units", message, [*notes, remedy]) from None
    bare, _ = cohort_of_text(plain, file, Path())
    factors = {name: float(own.unit.factor) for name, own in parts.states.items()}
    for how_far in (0.0, 1.0):
        wanted = rates_at(bare, how_far, {})
        for name, found in rates_at(cohort, how_far, factors).items():
            expected = wanted[name] * factors[name]
            if abs(found - expected) > 1e-9 * max(abs(found), abs(expected)):
                told = f"the rate of {name} is {found:.6g} by its units and {expected:.6g} by its bare numbers"
                message = f"the numbers of '{file}' do not agree with its units"
                raise TrialsimError("sbml-units", message, [told, remedy])


def rates_at(cohort: Cohort, how_far: float, factors: Mapping[str, float]) -> dict[str, float]:
    """Return the rates of a cohort's states at the typical parameters: at its beginning, or so far from it.

    `factors` say how many of its units the numbers of the file are, so that both are asked at the same state.
    """
    from trialsim.cohort.course_model import course_model

    model = course_model(cohort, (), tuple(state.name for state in cohort.states), 0.0)
    known: dict[str, float] = {parameter.name: parameter.typical for parameter in cohort.parameters}
    known["t"] = how_far
    starts = {n: float(values(start, known)) for n, start in zip(model.states, model.starts, strict=True)}
    for name, start in starts.items():
        known[name] = start * (1.0 + 0.3 * how_far) + 0.7 * how_far * factors.get(name, 1.0)
    for name, value in model.quantities:
        known[name] = float(values(value, known))
    return {name: float(values(rate, known)) for name, rate in zip(model.states, model.rates, strict=True)}
