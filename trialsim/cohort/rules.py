"""Rules across the fields of a cohort: one namespace, correlations that can be, one door a drug and route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trialsim.cohort.correlations import (
    MOST_SEARCHED,
    cholesky,
    correlation_matrix,
    impossible_set,
    possible_range,
)
from trialsim.cohort.model import Correlation
from trialsim.cohort.names import RESERVED_ENDINGS
from trialsim.cohort.reading import Desk
from trialsim.cohort.written import WrittenCohort

COUNTS = {2: "two", 5: "five", 9: "nine"}  # other pairs of three, four and five names
SECTIONS = ("covariates", "inputs", "parameters", "dynamics", "quantities", "events", "measures")


def names_are_unique(desk: Desk, cohort: WrittenCohort) -> None:
    """Covariates, inputs, parameters, states, quantities and measures share one namespace."""
    first: dict[str, str] = {}
    for section in SECTIONS:
        for name in getattr(cohort, section):
            before = first.setdefault(name, section)
            if before != section:
                also = [(desk.key(before, name), f"declared here in {before}")]
                notes = ["a measure is what is read, a state is what is: they never share a name"]
                extra = notes if {before, section} == {"dynamics", "measures"} else []
                message = f"the name {name!r} is declared twice"
                desk.error(desk.key(section, name), "name-twice", message, f"declared again in {section}", extra, also)


def endings_are_free(desk: Desk, cohort: WrittenCohort) -> None:
    """Names a fit gives to spreads and errors are not names of anything else."""
    for section in SECTIONS:
        for name in getattr(cohort, section):
            ending = next((e for e in RESERVED_ENDINGS if name.endswith(e)), None)
            if ending is not None:
                message = f"a name does not end in {ending!r}: a fit names what it estimates so"
                desk.error(desk.key(section, name), "reserved-name", message, "", ["choose another name"])


def occasions_are_told(desk: Desk, cohort: WrittenCohort) -> None:
    """What varies between occasions needs occasions, and the other way round."""
    varying = [name for name, parameter in cohort.parameters.items() if parameter.between_occasions is not None]
    if varying and cohort.occasions is None:
        message = f"{varying[0]!r} varies between occasions, and nothing says what an occasion is"
        place = desk.key("parameters", varying[0], "between_occasions")
        desk.error(place, "occasions-missing", message, "", ["write occasions: {every: 7 days}"])
    if cohort.occasions is not None and not varying:
        message = "nothing varies between occasions"
        desk.error(desk.key("occasions"), "occasions-unused", message, "", ["leave 'occasions' out"])


def drugs_have_one_door(desk: Desk, cohort: WrittenCohort) -> None:
    """Each drug and route enters one state, or every way in says which share of the dose enters by it."""
    first: dict[tuple[str, str], tuple[str, int]] = {}
    for name, state in cohort.dynamics.items():
        for i, inlet in enumerate(state.receives):
            before = first.setdefault((inlet.drug, inlet.route), (name, i))
            doors = (inlet, cohort.dynamics[before[0]].receives[before[1]])
            if before != (name, i) and any(door.bioavailability is None for door in doors):
                also = [(desk.at("dynamics", before[0], "receives", before[1]), f"it enters {before[0]!r} here")]
                message = f"{inlet.drug} by the route {inlet.route} enters by two ways"
                notes = [
                    "give the second way in a route of its own",
                    "or, for one dose in two parts, say at both which share enters: bioavailability",
                ]
                place = desk.at("dynamics", name, "receives", i)
                desk.error(place, "two-doors", message, f"it enters {name!r} here", notes, also)


def correlations(
    desk: Desk, section: str, written: Mapping[str, float], names: Sequence[str], what: str
) -> tuple[Correlation, ...]:
    """Return the correlations of one section; faults are told, and a matrix that cannot be is one of them."""
    made: list[Correlation] = []
    for key, value in written.items():
        first, sign, second = (part.strip() for part in key.partition("~"))
        place = desk.key(section, key)
        unknown = [name for name in (first, second) if name not in names]
        if not sign or not first or not second:
            desk.error(place, "bad-pair", f"{key!r} is no pair of names", "", ["write a pair as: weight ~ age"])
        elif first == second:
            desk.error(place, "bad-pair", f"{first!r} is correlated with itself")
        elif unknown:
            desk.unknown(place, what, unknown[0], names, "cannot be correlated")
        elif any({c.first, c.second} == {first, second} for c in made):
            desk.error(place, "bad-pair", f"the correlation of {first} and {second} is given twice")
        else:
            made.append(Correlation(first=first, second=second, value=value))
    if len(made) == len(written):
        correlations_are_possible(desk, section, written, names, made)
    return tuple(made)


def correlations_are_possible(
    desk: Desk, section: str, written: Mapping[str, float], names: Sequence[str], made: Sequence[Correlation]
) -> None:
    """There is a joint distribution with all these correlations."""
    matrix = correlation_matrix(names, made)
    if cholesky(matrix) is not None:
        return
    rows = impossible_set(matrix)
    block = [[matrix[r][c] for c in rows] for r in rows]
    inside = [names[r] for r in rows]
    of_block = [(key, c) for key, c in zip(written, made, strict=True) if c.first in inside and c.second in inside]
    for key, c in reversed(of_block) if len(rows) <= MOST_SEARCHED else ():
        possible = possible_range(block, inside.index(c.first), inside.index(c.second))
        if possible is not None and not possible[0] < c.value < possible[1]:
            others = len(inside) * (len(inside) - 1) // 2 - 1
            given = f"the other {COUNTS.get(others, str(others))} correlations"
            bound = f"between {possible[0]:.3f} and {possible[1]:.3f}, given {given} of {', '.join(inside)}"
            also = [(desk.at(section, k), f"{other.value:g}") for k, other in of_block if k != key]
            message = f"no patients can have this correlation of {c.first} and {c.second}"
            desk.error(desk.at(section, key), "impossible-correlation", message, f"{c.value:g}",
                       [f"possible: {bound}", "pairs that are not given have correlation 0"], also)  # fmt: skip
            return
    message = f"no patients can have these correlations of {', '.join(inside)}"
    notes = ["pairs that are not given have correlation 0"]
    desk.error(desk.key(section), "impossible-correlation", message, "", notes)
