"""What event records may say: the values of each item, what goes together, the order of an individual's records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from trialsim.cohort.event_table import EventTable
from trialsim.foundation.errors import Problems
from trialsim.foundation.units import number_text

if TYPE_CHECKING:
    from trialsim.cohort.event_records import EventRecord

DOSE_ITEMS = ("AMT", "RATE", "II", "ADDL", "SS")
LARGEST_NUMBER = 2**31 - 1  # of an individual, an occasion, a replicate: they key random numbers


Told = Callable[..., None]  # of an item, a slug, a message and its notes


def value_faults_told(table: EventTable, row: int, given: Mapping[str, float], problems: Problems) -> None:
    """Tell every item whose value is none of those it can have."""
    _tell = _teller(table, row, problems)
    for item in ("ID", "OCC", "REP"):
        value = given[item]
        if value != int(value) or not 0 <= value <= LARGEST_NUMBER:
            _tell(item, "records-value", f"{item} {number_text(value)} is no whole number from 0 to {LARGEST_NUMBER}")
    if given["EVID"] not in (0, 1, 2, 3, 4):
        _tell("EVID", "records-not-honoured", f"EVID {number_text(given['EVID'])} is none of 0 1 2 3 4",
             "0 observes, 1 doses, 2 is of other type, 3 resets, 4 resets and doses")  # fmt: skip
    if given["MDV"] not in (0, 1):
        _tell("MDV", "records-not-honoured", f"MDV {number_text(given['MDV'])} is neither 0 nor 1")
    if given["SS"] == 3:
        _tell("SS", "records-not-honoured", "SS 3 hands an estimate to the search for a steady state",
             "write 1: no estimate is needed")  # fmt: skip
    elif given["SS"] not in (0, 1, 2):
        _tell("SS", "records-value", f"SS {number_text(given['SS'])} is none of 0 1 2",
             "1 replaces what is there by a steady state, 2 adds one")  # fmt: skip
    if given["AMT"] < 0:
        _tell("AMT", "records-value", "a negative amount")
    if given["RATE"] < 0 and given["RATE"] not in (-1, -2):
        _tell("RATE", "records-value", f"RATE {number_text(given['RATE'])} is neither a rate nor -1 nor -2",
             "-1 is a rate and -2 a duration that the cohort says")  # fmt: skip
    if given["II"] < 0:
        _tell("II", "records-value", "a negative interval")
    if given["ADDL"] < 0:
        _tell("ADDL", "records-not-honoured", "a negative ADDL asks for doses until nothing changes",
             "use SS 1, or write a number of doses")  # fmt: skip
    elif given["ADDL"] != int(given["ADDL"]):
        _tell("ADDL", "records-value", f"ADDL {number_text(given['ADDL'])} is no whole number")


def conflicts_told(table: EventTable, row: int, given: Mapping[str, float], problems: Problems) -> None:
    """Tell items of one record that cannot go together."""
    _tell = _teller(table, row, problems)
    evid = int(given["EVID"])
    if evid != 0 and not given["MDV"]:
        _tell("MDV", "records-conflict", f"a record with EVID {evid} has MDV 0", "only a record with EVID 0 observes")
    if evid in (1, 4):
        dose_conflicts_told(given, _tell)
        return
    for item in DOSE_ITEMS:
        if given[item]:
            _tell(item, "records-conflict", f"a record with EVID {evid} has {item} {number_text(given[item])}",
                 "what doses has EVID 1, or 4 to reset first")  # fmt: skip


def dose_conflicts_told(given: Mapping[str, float], _tell: Told) -> None:
    """Tell what is wrong with the items of a dose: the first thing, for the others follow from it."""
    amount, rate, interval = given["AMT"], given["RATE"], given["II"]
    if amount == 0 and given["SS"] and not interval and rate:
        _tell("RATE", "records-not-honoured", "a constant infusion that has led to a steady state ends at its record",
             "this version knows none that ends there: write infusions with AMT, and SS with II")  # fmt: skip
    elif amount == 0 and given["SS"] and not interval:
        _tell("SS", "records-not-honoured", "the steady state without any dose", "let the states start there")
    elif amount == 0:
        _tell("AMT", "records-conflict", "a dose of nothing", "a record that gives nothing has EVID 2")
    elif given["SS"] and not interval:
        _tell("II", "records-conflict", "a steady state of doses needs II, the interval between them")
    elif given["ADDL"] and not interval:
        _tell("II", "records-conflict", "additional doses need II, the interval between them")


def _teller(table: EventTable, row: int, problems: Problems) -> Told:
    """Return what tells a fault of a row at its item, or at the nearest item that the file has."""

    def _tell(item: str, slug: str, message: str, *notes: str) -> None:
        column = next(name for name in (item, "EVID", "AMT", "ID") if name in table.items)
        problems.error(table.place(row, column), slug, message, f"in column {table.header[table.items[column]]}", notes)

    return _tell


def order_told(
    table: EventTable, blocks: Sequence[tuple[tuple[int, int], Sequence[EventRecord]]], problems: Problems
) -> None:
    """Tell records of one individual that do not stand together, and times that go back without a reset."""
    seen: dict[tuple[int, int], int] = {}
    for who, records in blocks:
        if who in seen:
            line = table.rows[seen[who]][0]
            problems.error(
                table.place(records[0].row, "ID"), "records-apart",
                f"the records of individual {who[1]} do not stand together", "",
                ["sort the file, or give another individual another ID"],
                [(table.place(seen[who], "ID"), f"the others end in line {line}")],
            )  # fmt: skip
        seen[who] = records[-1].row
        for before, after in zip(records, records[1:], strict=False):
            if after.time < before.time and not after.resets:
                problems.error(
                    table.place(after.row, "TIME"), "records-order", "time goes back", "",
                    ["only a record that resets (EVID 3 or 4) may start another time"],
                    [(table.place(before.row, "TIME"), "the record before")],
                )  # fmt: skip
