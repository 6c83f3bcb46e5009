"""The designs that a search chooses from: `patients.randomised: 100..800 by 2`, whole numbers in ascending order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from trialsim.campaign.targets import Target
from trialsim.cohort.model import Cohort
from trialsim.foundation.errors import InvalidDocument, TrialsimError
from trialsim.foundation.nearest import nearest
from trialsim.protocol.designs import put
from trialsim.protocol.model import Protocol
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import Data, lines_of, protocol_data

PATIENTS = ("patients", "randomised")
MOST_CANDIDATES = 400
MOST_KEPT = 20  # trials of each size whose patients are stored
SEEDS = 10**15  # numbers of fifteen digits, which a document can say
RANGE = re.compile(r"(?P<first>\d+)\s*\.\.\s*(?P<last>\d+)(?:\s+by\s+(?P<step>\d+))?")
LIST = re.compile(r"\d+(?:\s*,\s*\d+)+")
FORMS = "written like: patients.randomised: 100..800, or 100..800 by 10, or 100, 150, 200"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Sizes in ascending order: what the field at `path` of the protocol may be."""

    path: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def field(self) -> str:
        return ".".join(self.path)

    @property
    def noun(self) -> str:
        """What a size counts: `patients`, or the field's own name."""
        return "patients" if self.path == PATIENTS else self.path[-1].replace("_", " ")

    def at_or_above(self, size: float) -> int:
        """Return the smallest candidate that is not below a size; the largest if all are."""
        return next((each for each in self.sizes if each >= size), self.sizes[-1])

    def nearest(self, size: float) -> int:
        return min(self.sizes, key=lambda each: (abs(each - size), each))

    def below(self, size: int) -> int | None:
        """Return the next smaller candidate, None of the smallest."""
        position = self.sizes.index(size)
        return self.sizes[position - 1] if position else None


def candidates(text: str, protocol: Protocol) -> Candidates:
    """Return the candidates that a text asks for; TrialsimError where it cannot be meant.

    Without `by`, patients go in steps that keep the arms in their ratio, the fewest such that 400 steps are enough.
    """
    name, colon, values = (part.strip() for part in text.partition(":"))
    if not colon:
        raise bad_range(f"'{text}' names no field and its values", FORMS)
    path = tuple(name.split("."))
    check_field(path, protocol)
    if match := RANGE.fullmatch(values):
        first, last = int(match["first"]), int(match["last"])
        step = int(match["step"]) if match["step"] else fitting_step(path, first, last, protocol)
        if step < 1 or last <= first:
            raise bad_range(f"'{values}' is no ascending range", FORMS)
        sizes = tuple(range(first, last + 1, step))
    elif LIST.fullmatch(values):
        sizes = tuple(sorted({int(value) for value in values.split(",")}))
    else:
        raise bad_range(f"'{values}' is no range of whole numbers", FORMS)
    if len(sizes) < 2:
        raise bad_range(f"'{values}' leaves one design, {sizes[0]}", "trialsim run simulates one design")
    if len(sizes) > MOST_CANDIDATES:
        by = f"by {-(-(sizes[-1] - sizes[0]) // (MOST_CANDIDATES - 1))}"
        raise bad_range(f"{len(sizes)} designs are more than the {MOST_CANDIDATES} of one search", f"step {by}")
    return Candidates(path=path, sizes=sizes)


def bad_range(message: str, note: str) -> TrialsimError:
    return TrialsimError("bad-range", message, [note], exit_code=2)


def fitting_step(path: tuple[str, ...], first: int, last: int, protocol: Protocol) -> int:
    """Return the step of a range that names none."""
    unit = sum(protocol.randomise.ratio) if path == PATIENTS else 1
    return unit * max(1, -(-(last - first) // (unit * (MOST_CANDIDATES - 1))))


def check_field(path: tuple[str, ...], protocol: Protocol) -> None:
    """The path leads to one whole number of the resolved document."""
    here: Data = protocol_data(protocol)
    for i, part in enumerate(path):
        fields = list(here) if isinstance(here, dict) else [str(k) for k in range(len(here))]
        if isinstance(here, str) or part not in fields:
            whole = ".".join(path[:i])
            notes = [f"'{whole}' is one value"] if isinstance(here, str) else [f"fields: {', '.join(fields)}"]
            near = None if isinstance(here, str) else nearest(part, fields)
            notes += [f"nearest name: {'.'.join((*path[:i], near))}"] if near else []
            notes += ["the number of patients is patients.randomised"]
            message = f"the protocol has no field '{'.'.join(path)}'"
            raise TrialsimError("bad-range", message, notes, exit_code=2)
        here = here[part] if isinstance(here, dict) else here[int(part)]
    if not isinstance(here, str) or not here.isdigit():
        shown = f"'{here}'" if isinstance(here, str) else "several values"
        notes = ["a search goes over whole numbers; other fields are varied with vary and trialsim run"]
        raise TrialsimError("bad-range", f"'{'.'.join(path)}' is {shown}, no whole number", notes, exit_code=2)


def candidate_protocol(
    protocol: Protocol,
    cohort: Cohort,
    over: Candidates,
    asked: Sequence[Target],
    sizes: Sequence[int],
    seed: int,
    trials: int,
) -> Protocol:
    """Return the protocol with these sizes as its designs and the targets' scenarios, for a seed and so many trials.

    It is the resolved document with other texts in it, read from the start, as designs are.
    """
    data = protocol_data(protocol)
    simulation, scenarios = data["simulate"], data["scenarios"]
    assert isinstance(simulation, dict) and isinstance(scenarios, dict)
    # Trials that share draws are not independent, as the tests of a verification take them to be.
    simulation = {name: value for name, value in simulation.items() if name != "trials_per_draw"}
    modes = {target.mode for target in asked}
    parameters = "both" if len(modes) == 2 else next(iter(modes))
    data["simulate"] = simulation | {"seed": str(seed), "trials": str(trials), "parameters": parameters}
    wanted = {target.scenario.name for target in asked}
    data["scenarios"] = {name: scenario for name, scenario in scenarios.items() if name in wanted}
    kept = min(protocol.keep.patients_of, MOST_KEPT)
    data["keep"] = {"patients_of": f"first {kept} trials" if kept else "none"}
    data["vary"] = {over.field: [str(size) for size in sizes]}
    put(data, over.path, str(sizes[0]))
    try:
        return protocol_from("\n".join(lines_of(data, "")) + "\n", cohort)
    except InvalidDocument as fault:
        first = fault.diagnostics[0]
        raise TrialsimError("bad-range", first.message, [*first.notes, "choose another range"], exit_code=2) from fault


def derived_seed(seed: int, *words: str) -> int:
    """Return the seed of one part of a search: a hash of the protocol's seed and what the part is for.

    Other words give luck that has nothing to do with this one's.

    >>> derived_seed(1, "search", "100") == derived_seed(1, "search", "102")
    False
    """
    text = "/".join((str(seed), *words))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % SEEDS
