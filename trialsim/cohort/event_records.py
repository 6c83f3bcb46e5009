"""Event records as NONMEM's users write them: from a table of text to numbers in the cohort's units.

What an item means is what the NONMEM Users Guide, part VI (PREDPP), chapter V says; docs/guide/event-records.md tells
where ours differs. Every fault of a file is told at once, with its line and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trialsim.cohort.event_rules import conflicts_told, order_told, value_faults_told
from trialsim.cohort.event_table import EventTable
from trialsim.cohort.model import Cohort, Covariate, Inlet
from trialsim.foundation.errors import Place, Problems, UnreadableText
from trialsim.foundation.nearest import nearest
from trialsim.foundation.units import Quantity, Unit, number, number_text

NUMBERS = ("ID", "TIME", "AMT", "RATE", "EVID", "II", "ADDL", "SS", "MDV", "OCC", "REP")
ASKED = {  # by RATE: what the cohort would have to say, and in which field of its way in
    -1.0: ("a rate that the cohort does not say", "rate"),
    -2.0: ("a duration that the cohort does not say", "duration"),
}
Codes = Mapping[str, Mapping[str, str]]  # by covariate: what the file writes for a category


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a file is to be understood; None: the cohort's own units."""

    time_unit: Unit | None = None
    amount_unit: Unit | None = None
    codes: Codes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One record. Times are in the cohort's unit, the amount in that of the state it enters.

    `rate` is per unit of time; -1 and -2 stand for a rate and a duration that the cohort says. `doors` are
    the positions of the ways in that it takes among all of the cohort. `covariates` are in declared units, categories
    as positions, NaN where the file has none. `measure` is what DV reads (-1: not said).
    """

    row: int
    time: float
    evid: int
    amount: float = 0.0
    rate: float = 0.0
    interval: float = 0.0
    additional: int = 0
    steady: int = 0
    doors: tuple[int, ...] = ()
    measure: int = -1
    covariates: tuple[float, ...] = ()
    occasion: float = 0.0  # OCC; NaN where the cell says nothing

    @property
    def is_dose(self) -> bool:
        return self.evid in (1, 4)

    @property
    def resets(self) -> bool:
        return self.evid in (3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Individual:
    """The records of one individual, in their order; `replicate` is 0 unless the file holds several."""

    id: int
    replicate: int
    records: tuple[EventRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecords:
    """A whole file of records, and the covariates it has a column for."""

    table: EventTable
    individuals: tuple[Individual, ...]
    covariates: tuple[str, ...]


def event_records(table: EventTable, cohort: Cohort, how: Reading, problems: Problems) -> EventRecords:
    """Return the records of a table; InvalidDocument with all its faults, a record without EVID is what it looks like.

    A record with a dose item that is not zero is a dose; another with MDV 1 is of other type; the rest observe.
    """
    reader = _Reader(table, cohort, how, problems)
    blocks: list[tuple[tuple[int, int], list[EventRecord]]] = []
    for row in range(len(table.rows)):
        read = reader.record(row)
        if read is None:
            continue
        who, record = read
        if not blocks or blocks[-1][0] != who:
            blocks.append((who, []))
        blocks[-1][1].append(record)
    if not blocks and not problems.any_errors:
        place = Place(table.file, table.header_line, 1, 2)
        problems.error(place, "records-unreadable", "the file has a header and no records below it")
    order_told(table, blocks, problems)
    problems.raise_if_any()
    individuals = tuple(Individual(id=who[1], replicate=who[0], records=tuple(rows)) for who, rows in blocks)
    return EventRecords(table=table, individuals=individuals, covariates=tuple(table.covariates))


class _Reader:
    """Goes through the rows of one table."""

    def __init__(self, table: EventTable, cohort: Cohort, how: Reading, problems: Problems) -> None:
        self.table, self.cohort, self.how, self.problems = table, cohort, how, problems
        self.ways_in = [(state.name, inlet) for state in cohort.states for inlet in state.receives]
        self.units = {state.name: state.unit for state in cohort.states}

    def record(self, row: int) -> tuple[tuple[int, int], EventRecord] | None:
        """Return whose record a row is, and the record; None, with its faults told, if it has any."""
        before = len(self.problems.diagnostics)
        items = {name: self.item(row, name) for name in NUMBERS}
        if len(self.problems.diagnostics) > before:
            return None
        for name in ("ID", "TIME"):
            if items[name] is None:
                self._fault(row, name, "data-empty", f"a record without {name}")
        given = {name: value or 0.0 for name, value in items.items()}
        if "EVID" not in self.table.items:
            given["EVID"] = evid_as_it_looks(given)
        if items["MDV"] is None:
            given["MDV"] = float(given["EVID"] != 0)
        value_faults_told(self.table, row, given, self.problems)
        if len(self.problems.diagnostics) > before:
            return None
        conflicts_told(self.table, row, given, self.problems)
        is_dose = given["EVID"] in (1, 4)
        state, doors = self.compartment(row, is_dose, given)
        measure = self.measure(row)
        covariates = tuple(self.covariate(row, covariate) for covariate in self.cohort.covariates)
        if len(self.problems.diagnostics) > before:
            return None
        occasion = 0.0 if "OCC" not in self.table.items else float("nan") if items["OCC"] is None else items["OCC"]
        record = EventRecord(
            row=row, time=self.time(given["TIME"]), evid=int(given["EVID"]), interval=self.time(given["II"]),
            amount=self.amount(given["AMT"], state), rate=self.rate(given["RATE"], state), doors=doors,
            additional=int(given["ADDL"]), steady=int(given["SS"]), measure=measure, covariates=covariates,
            occasion=occasion,
        )  # fmt: skip
        return (int(given["REP"]), int(given["ID"])), record

    def text(self, row: int, item: str) -> str:
        """What stands under an item; empty where the file has no such column or the cell says nothing."""
        if item not in self.table.items:
            return ""
        cell = self.table.rows[row][1][self.table.items[item]]
        return "" if cell.is_empty else cell.text

    def item(self, row: int, item: str) -> float | None:
        text = self.text(row, item)
        return self.number(row, item, text) if text else None

    def number(self, row: int, column: str, text: str) -> float | None:
        try:
            return number(text)
        except UnreadableText as fault:
            notes = [*fault.notes, "a missing value is a full stop or an empty cell"]
            if ":" in text:
                notes = ["write clock times as numbers"]
            self._fault(row, column, fault.slug, fault.message, notes)
            return None

    def time(self, value: float) -> float:
        return value if self.how.time_unit is None else Quantity(value, self.how.time_unit).to(self.cohort.time)

    def amount(self, value: float, state: str | None) -> float:
        unit = self.how.amount_unit
        return value if unit is None or state is None else Quantity(value, unit).to(self.units[state])

    def rate(self, value: float, state: str | None) -> float:
        """A rate per unit of the file's time, as one per unit of the cohort's; a code stays what it is."""
        if value <= 0.0:
            return value
        amount = self.amount(value, state)
        if self.how.time_unit is None:
            return amount
        return amount / Quantity(1.0, self.how.time_unit).to(self.cohort.time)

    def compartment(self, row: int, is_dose: bool, given: Mapping[str, float]) -> tuple[str | None, tuple[int, ...]]:
        """Return a state that a dose enters and by which doors; none of them where there is no dose."""
        text = self.text(row, "CMT")
        names = [state.name for state in self.cohort.states]
        state: str | None = None
        if text in names:
            state = text
        elif text:
            value = self.number(row, "CMT", text) if text[0] in "+-.0123456789" else None
            near = nearest(text, names)
            notes = [f"states: {', '.join(f'{i} {name}' for i, name in enumerate(names, start=1))}"]
            if value is None:
                told = f"{text!r} is no state of the cohort"
                self._fault(
                    row, "CMT", "records-compartment", told, [*notes, *([f"nearest name: {near}"] * bool(near))]
                )
                return None, ()
            if value < 0:
                self._fault(row, "CMT", "records-not-honoured", "a compartment cannot be turned off",
                           ["this version leaves every state of the cohort on"])  # fmt: skip
                return None, ()
            if value != int(value) or value > len(names):
                self._fault(row, "CMT", "records-compartment", f"there is no compartment {text}", notes)
                return None, ()
            state = names[int(value) - 1] if value > 0 else None
        return self.door(row, state, given) if is_dose else (None, ())

    def door(self, row: int, state: str | None, given: Mapping[str, float]) -> tuple[str | None, tuple[int, ...]]:
        """Return the one way in that a dose can mean, or all the ways in of one dose in parts."""
        drug, route = self.text(row, "DRUG"), self.text(row, "ROUTE")
        fitting = [
            i for i, (into, inlet) in enumerate(self.ways_in)
            if state in (None, into) and drug in ("", inlet.drug) and route in ("", inlet.route)
        ]  # fmt: skip
        able = [i for i in fitting if takes(self.ways_in[i][1], given["RATE"])]
        plain = [i for i in able if self.ways_in[i][1].duration is None and self.ways_in[i][1].rate is None]
        chosen = plain if plain and given["RATE"] >= 0.0 else able
        if len({(self.ways_in[i][1].drug, self.ways_in[i][1].route) for i in chosen}) == 1:
            return self.ways_in[chosen[0]][0], tuple(chosen)
        known = "; ".join(f"{inlet.drug} {inlet.route} into {into}" for into, inlet in self.ways_in)
        column = next((name for name in ("CMT", "DRUG", "ROUTE", "EVID", "AMT") if name in self.table.items), "ID")
        if chosen:
            self._fault(row, column, "records-door", "this dose could go by more than one way in",
                       [f"ways in: {known}", "say which with CMT, DRUG or ROUTE"])  # fmt: skip
        elif fitting:
            into, inlet = self.ways_in[fitting[0]]
            asked, own = ASKED.get(given["RATE"], ("an infusion through a chain of compartments", ""))
            remedy = [f"write {own}: … where {into!r} receives {inlet.drug} {inlet.route}"] if own else []
            self._fault(row, "RATE", "records-door", f"RATE {number_text(given['RATE'])} asks for {asked}", remedy)
        else:
            what = " ".join(word for word in (drug, route) if word) or "a dose"
            self._fault(row, column, "records-door",
                       f"the cohort has no way in for {what}{f' into {state}' if state else ''}",
                       [f"ways in: {known or 'none'}", "a state that takes doses says so with 'receives'"])  # fmt: skip
        return None, ()

    def measure(self, row: int) -> int:
        """Return which measure DV reads: DVID by number or name, or the only one."""
        names = [measure.name for measure in self.cohort.measures]
        text = self.text(row, "DVID")
        if not text or text == "0":
            return 0 if len(names) == 1 else -1
        if text in names:
            return names.index(text)
        if text.isdigit() and int(text) <= len(names):
            return int(text) - 1
        notes = [f"measures: {', '.join(f'{i} {name}' for i, name in enumerate(names, start=1))}"]
        self._fault(row, "DVID", "records-measure", f"{text!r} is no measure of the cohort", notes)
        return -1

    def covariate(self, row: int, covariate: Covariate) -> float:
        """Return a covariate's value, NaN where the file says none."""
        nothing = float("nan")
        if covariate.name not in self.table.covariates:
            return nothing
        cell = self.table.rows[row][1][self.table.covariates[covariate.name]]
        if cell.is_empty:
            return nothing
        if not covariate.categories:
            value = self.number(row, covariate.name, cell.text)
            return nothing if value is None else value
        codes = self.how.codes.get(covariate.name, {})
        label = codes.get(cell.text, cell.text)
        if label in covariate.categories:
            return float(covariate.categories.index(label))
        near = nearest(label, covariate.categories)
        notes = [f"categories: {', '.join(covariate.categories)}", *([f"nearest name: {near}"] if near else [])]
        if cell.text.replace(".", "").isdigit():
            code = f"{covariate.name}:{cell.text}={covariate.categories[0]}"
            notes.append(f"say what a number stands for, such as --code {code}")
        self._fault(row, covariate.name, "unknown-category", f"{cell.text!r} is not a category of {covariate.name!r}",
                   notes)  # fmt: skip
        return nothing

    def _fault(self, row: int, column: str, slug: str, message: str, notes: Iterable[str] = ()) -> None:
        self.problems.error(self.table.place(row, column), slug, message, f"in column {self.named(column)}", notes)

    def named(self, column: str) -> str:
        position = self.table.items[column] if column in self.table.items else self.table.covariates[column]
        return self.table.header[position]


def takes(inlet: Inlet, rate: float) -> bool:
    """Return whether a way in can do what RATE asks for: its own rate (-1) or duration (-2), or an infusion."""
    if rate in (-1.0, -2.0):
        return (inlet.rate if rate == -1.0 else inlet.duration) is not None
    return rate == 0.0 or inlet.transit is None


def evid_as_it_looks(given: Mapping[str, float]) -> float:
    """Return the EVID that NM-TRAN gives a record that has none: 1 with a dose, 2 with MDV alone, else 0."""
    if any(given[item] for item in ("AMT", "RATE", "II", "ADDL", "SS")):
        return 1.0
    return 2.0 if given["MDV"] else 0.0
