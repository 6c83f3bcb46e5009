"""Ways of a drug into a state: their units, what no dose can do, doses that enter by several doors."""

from __future__ import annotations

from collections.abc import Sequence

from trialsim.cohort.equations import Names, Trees, literal, measures_as, sees_only
from trialsim.cohort.model import Inlet, State, Transit
from trialsim.cohort.reading import Desk
from trialsim.cohort.written import WrittenCohort, WrittenInlet
from trialsim.foundation.dimensions import DIMENSIONLESS, TIME, Dimension
from trialsim.foundation.units import Unit, number_text

Path = tuple[str | int, ...]

KINDS = {"lag": TIME, "bioavailability": DIMENSIONLESS, "duration": TIME, "number": DIMENSIONLESS, "mean_time": TIME}
WORDS = {
    "lag": "a lag", "bioavailability": "a bioavailability", "duration": "a duration", "rate": "the rate of a way in",
    "number": "the number of transit compartments", "mean_time": "the mean transit time",
}  # fmt: skip
SEEN = "parameters, and covariates that do not move on in a line"
MAY_BE_ZERO = ("lag", "bioavailability", "number")


def check_ways_in(desk: Desk, cohort: WrittenCohort, trees: Trees, names: Names) -> None:
    """Tell every fault of the ways into the states."""
    for name, written in cohort.dynamics.items():
        for i, door in enumerate(written.receives):
            for part in door.texts:
                check_term(desk, ("dynamics", name, "receives", i, *part), trees, names, cohort.time)


def check_term(desk: Desk, path: Path, trees: Trees, names: Names, time: Unit) -> None:
    """Tell if a term of a way in sees what it cannot, is in the wrong unit, or is a number that no dose can have."""
    part, state = str(path[-1]), names.states[str(path[1])]
    if part == "rate":
        wanted = None if state is None else state.dimension / TIME
    else:
        wanted = KINDS[part]
    lines = {c.name for c in names.covariates if c.over_time is not None and c.over_time.is_line}
    individual: dict[str, Dimension | None] = {n: u.dimension for n, u in names.individual.items() if n not in lines}
    if not sees_only(desk, trees[path], names, individual, names.everything, WORDS[part], SEEN):
        return
    found = measures_as(desk, trees[path], individual, wanted, WORDS[part], ())
    if found is None or found != wanted:
        return
    value = literal(trees[path][0], None, time)
    if value is not None:
        can_be(desk, part, value, path)


def can_be(desk: Desk, part: str, value: float, path: Path) -> None:
    """Tell a written number that no dose can have; more than the whole dose is only warned of."""
    least = "not negative" if part in MAY_BE_ZERO else "positive"
    if value < 0.0 or (value == 0.0 and part not in MAY_BE_ZERO):
        notes = ["leave it out for a dose that enters at once"] if part in ("duration", "rate") else []
        desk.error(desk.at(*path), "out-of-range", f"{WORDS[part]} is {least}", "", notes)
    elif part == "bioavailability" and value > 1.0:
        message = f"{number_text(100 * value)}% of the dose arrives"
        notes = ["relative to a reference this can be; if it is none, are the units right?"]
        desk.problems.warning(desk.at(*path), "more-than-the-dose", message, "a bioavailability above 1", notes)


def inlet(written: WrittenInlet, trees: Trees, path: Path) -> Inlet:
    """Return a way in with its expressions as trees."""
    terms = {part: trees[*path, *part][0] for part in written.texts}
    transit = None
    if written.transit is not None:
        transit = Transit(number=terms["transit", "number"], mean_time=terms["transit", "mean_time"])
    return Inlet(
        drug=written.drug,
        route=written.route,
        lag=terms.get(("lag",)),
        bioavailability=terms.get(("bioavailability",)),
        duration=terms.get(("duration",)),
        rate=terms.get(("rate",)),
        transit=transit,
    )


def check_doors(desk: Desk, states: Sequence[State]) -> None:
    """Tell if a dose that enters several states would enter them in several units: it has one amount."""
    first: dict[tuple[str, str], tuple[State, int]] = {}
    for state in states:
        for i, door in enumerate(state.receives):
            before, k = first.setdefault((door.drug, door.route), (state, i))
            if state.unit.ratio != before.unit.ratio or state.unit.dimension != before.unit.dimension:
                message = f"{door.drug} by the route {door.route} enters states that hold different units"
                notes = [f"write unit: {before.unit.text or '1'} for {state.name!r}"]
                also = [(desk.at("dynamics", before.name, "receives", k), f"in {before.unit.text or '1'} here")]
                place = desk.at("dynamics", state.name, "receives", i)
                desk.error(place, "units-differ", message, f"in {state.unit.text or '1'} here", notes, also)
