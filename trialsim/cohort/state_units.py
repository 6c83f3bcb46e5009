"""The unit of every state: given, that of the one name it starts at, or what the equations say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from trialsim.cohort.equations import Trees
from trialsim.cohort.unit_inference import Equations, Power
from trialsim.cohort.written import WrittenCohort
from trialsim.foundation.dimensions import ACTIVITY, MASS, SUBSTANCE, TIME, Dimension, coherent_unit_text
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.expression import Name
from trialsim.foundation.units import ONE, Unit, unit

AMOUNTS = (MASS, SUBSTANCE, ACTIVITY)


def state_units(
    cohort: WrittenCohort, trees: Trees, individual: Mapping[str, Unit], quantities: Mapping[str, Unit]
) -> dict[str, Unit | None]:
    """Return the unit of every state, None where it follows from nothing."""
    units = {name: state_unit_as_written(cohort, trees, individual, quantities, name) for name in cohort.dynamics}
    unknown = [name for name, found in units.items() if found is None]
    if not unknown:
        return units
    known = {name: u.dimension for name, u in {**individual, **quantities, **units}.items() if u is not None}
    of_parameters = [u for name, u in individual.items() if name in cohort.parameters]
    spelled = [*quantities.values(), *(m.unit for m in cohort.measures.values() if m.unit), *of_parameters]
    amount = SUBSTANCE if any("mol" in u.text for u in spelled) else MASS
    solved = solution(cohort, trees, known, unknown, quantities)
    while doubtful := [n for n in unknown if cohort.dynamics[n].receives and solved.get(n, amount) not in AMOUNTS]:
        # What receives a drug holds an amount: the mistake is in an equation, and is told there.
        known |= dict.fromkeys(doubtful, amount)
        rest = [name for name in unknown if name not in known]
        solved = {n: known[n] for n in unknown if n in known} | solution(cohort, trees, known, rest, quantities)
    return units | {name: unit_spelled(solved[name], spelled) for name in unknown if name in solved}


def solution(
    cohort: WrittenCohort,
    trees: Trees,
    known: Mapping[str, Dimension],
    unknown: Iterable[str],
    quantities: Mapping[str, Unit],
) -> dict[str, Dimension]:
    """Return the dimensions of unknown states that the document's equations determine."""
    equations = Equations(known, unknown)
    # Where equations contradict each other the first is believed: what has a written unit, then what keeps its kind,
    # last a quantity without a unit: it is a plain number, or its unit was forgotten.
    order = {"rate": 1, "start": 2}
    bare = {name for name, written in cohort.quantities.items() if written.unit is None}

    def rank(path: tuple[str | int, ...]) -> int:
        return 3 if path[0] == "quantities" and path[1] in bare else order.get(str(path[-1]), 0)

    for path, (tree, _) in sorted(trees.items(), key=lambda item: rank(item[0])):
        section, name = str(path[0]), str(path[1])
        power = equations.power_of(tree)
        if path[-1] == "rate":
            equations.equal(power, equations.dimensions[name].times(Power(TIME), -1))
        elif path[-1] == "start":
            equations.equal(power, equations.dimensions[name])
        elif section == "quantities" and path[-1] != "share_of_time":
            over_time = Power(TIME) if path[-1] == "integral" else Power()
            equations.equal(power, Power(quantities[name].dimension).times(over_time, -1))
        elif section == "measures" and (wanted := cohort.measures[name].unit) is not None:
            equations.equal(power, Power(wanted.dimension))
    return equations.solution()


def state_unit_as_written(
    cohort: WrittenCohort, trees: Trees, individual: Mapping[str, Unit], quantities: Mapping[str, Unit], name: str
) -> Unit | None:
    """Return the unit a state is given, or that of the one name it starts at."""
    given = cohort.dynamics[name].unit
    if given is not None or ("dynamics", name, "start") not in trees:
        return given
    start = trees["dynamics", name, "start"][0]
    return {**quantities, **individual}.get(start.name) if isinstance(start, Name) else None


def unit_spelled(dimension: Dimension, spelled: Iterable[Unit]) -> Unit | None:
    """Return the document's own unit of a dimension, or a part of one (ug of ug/L), or the usual one."""
    if dimension.is_dimensionless:
        return ONE
    whole = list(spelled)
    words = [word for each in whole for word in re.split(r"[*/]", each.text) if word and not word[0].isdigit()]
    parts = [unit(word) for word in words if not word.startswith("per ")]
    found = next((u for u in (*whole, *parts) if u.dimension == dimension), None)
    if found is not None:
        return found
    try:
        return unit(coherent_unit_text(dimension))
    except UnreadableText:
        return None
