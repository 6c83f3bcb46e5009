"""Units and quantities: sizes, readings, refusals in full."""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialsim.foundation.dimensions import AREA, DIMENSIONLESS, MASS, TIME, VOLUME, coherent_unit_text, dimension_name
from trialsim.foundation.errors import TrialsimError, UnreadableText
from trialsim.foundation.unit_names import LOOKALIKES, UNITS, unit_word
from trialsim.foundation.units import Quantity, Unit, duration, moment, number, quantity, quantity_text, unit


@pytest.mark.parametrize(
    ("text", "factor", "name"),
    [
        ("mg/L", 1.0, "concentration (mass/volume)"),
        ("1/h", 1.0, "1/time"),
        ("L/h", 1.0, "flow or clearance (volume/time)"),
        ("mg*h/L", 1.0, "exposure (concentration times time)"),
        ("mg/kg", 1e-6, "a plain number"),
        ("kg/m^2", 1e4, "mass/area"),
        ("kg/m2", 1e4, "mass/area"),
        ("per month", 1 / 730.5, "1/time"),
        ("mmol/L", 1e6, "concentration (substance/volume)"),
        ("nM", 1.0, "concentration (substance/volume)"),
        ("nmol/L", 1.0, "concentration (substance/volume)"),
        ("ug/mL", 1.0, "concentration (mass/volume)"),
        ("µg/mL", 1.0, "concentration (mass/volume)"),
        ("mg/dL", 10.0, "concentration (mass/volume)"),
        ("%", 0.01, "a plain number"),
        ("bpm", 60.0, "1/time"),
        ("mIU/L", 1e-3, "concentration (activity/volume)"),
        ("kcal", 4.184, "energy"),
        ("mg per day", 1 / 24, "mass/time"),
        ("h^-1", 1.0, "1/time"),
        ("mL/min/1.73m2", 1e-3 * 60 / 173, "length/time"),
        ("year", 8766.0, "time"),
        ("month", 730.5, "time"),
        ("m3", 1000.0, "volume"),
        ("mmHg", 1.0, "pressure"),
    ],
)
def test_units(text: str, factor: float, name: str) -> None:
    found = unit(text)
    assert found.factor == pytest.approx(factor, rel=1e-15)
    assert dimension_name(found.dimension) == name
    assert unit(found.text) == found


def test_a_kilopascal_is_seven_and_a_half_millimetres_of_mercury() -> None:
    assert quantity("16 kPa").to("mmHg") == pytest.approx(16_000 / (13.5951 * 9.80665), rel=1e-15)


def test_one_litre_is_a_cubic_decimetre() -> None:
    assert unit("L") == Unit("L", Fraction(1), VOLUME)
    assert quantity("1 L").to("dm^3") == 1.0 == quantity("1000 cm3").to("L")


@pytest.mark.parametrize(
    ("text", "target", "value"),
    [
        ("12 weeks", "day", 84.0),
        ("3 months", "day", 91.3125),
        ("1 year", "month", 12.0),
        ("0.1 mg", "ug", 100.0),
        ("0.3 g", "mg", 300.0),
        ("28%", "", 0.28),
        ("7 ng/mL", "ug/L", 7.0),
        ("0.7 mmol/L", "umol/L", 700.0),
        ("90 min", "h", 1.5),
    ],
)
def test_conversions_are_exact_where_a_float_can_hold_them(text: str, target: str, value: float) -> None:
    wanted = unit(target) if target else Unit("", Fraction(1), DIMENSIONLESS)
    assert quantity(text).to(wanted) == value


@pytest.mark.parametrize(
    "text",
    ["5 mg/kg", "28%", "0.001", "-0.5 mmol/L", "20 per month", "12 weeks", "1 week", "0.02 1/year", "5 mL/min/1.73m2"],
)
def test_quantities_are_written_as_they_are_read(text: str) -> None:
    assert str(quantity(text)) == text


@pytest.mark.parametrize(("text", "value"), [("1e-3", 0.001), ("5.", 5.0), (".5", 0.5), ("+2", 2.0), (" 7 ", 7.0)])
def test_numbers(text: str, value: float) -> None:
    assert number(text) == value
    assert quantity(text) == Quantity(value)


@pytest.mark.parametrize(
    ("text", "days"),
    [("week 12", 84.0), ("day 0", 0.0), ("day -14", -14.0), ("month 6", 182.625), ("hour 24", 1.0), ("week -2", -14.0)],
)
def test_points_in_time_are_days_from_randomisation(text: str, days: float) -> None:
    assert moment(text) == days


REFUSALS: list[tuple[Callable[[str], object], str, str]] = [
    (unit, "mcg", "'mcg' is not a unit here\n  = write ug"),
    (unit, "ml/min", "'ml' is not a unit here\n  = write mL"),
    (unit, "L/hr", "'hr' is not a unit here\n  = write h"),
    (
        unit,
        "K",
        "'K' is not a unit here\n  = write degC, for temperatures and for differences of temperature",
    ),
    (
        unit,
        "cells/uL",
        "'cells' is not a known unit\n"
        "  = things counted (cells, tablets, copies) are no units: write 1/mL for copies per mL",
    ),
    (unit, "mgl", "'mgl' is not a known unit\n  = nearest unit: mL"),
    (unit, "mg//L", "'mg//L' is no unit\n  = units look like: mg/L, 1/h, mL/min/1.73m2"),
    (unit, "mg^99", "'mg^99' is no unit\n  = powers of units go from 1 to 12"),
    (unit, "0m", "'0m' is no unit\n  = a unit cannot be a multiple of 0"),
    (unit, "5", "'5' is no unit\n  = 5 stands where a unit is wanted"),
    (unit, "", "a unit is missing"),
    (unit, "m" * 300, "a unit this long cannot be meant"),
    (number, "1,000", "'1,000' is no number\n  = write numbers without separators: 1000"),
    (number, "nan", "'nan' is no number"),
    (number, "1e999", "'1e999' is too large for a number"),
    (quantity, "some mg", "'some mg' is no quantity\n  = a quantity is a number and a unit, like 5 mg/kg or 28%"),
    (
        quantity,
        "week 12",
        "'week 12' is a point in time where a length of time is wanted\n  = write 12 weeks",
    ),
    (quantity, "dose 5", "'dose 5' is no quantity\n  = the number comes first, like 5 mg/kg"),
    (moment, "12 weeks", "'12 weeks' is a length of time where a point in time is wanted\n  = write week 12"),
    (moment, "36 h", "'36 h' is a length of time where a point in time is wanted\n  = write day 1.5"),
    (moment, "weeks 12", "'weeks 12' is no point in time\n  = write week 12"),
    (moment, "soon", "'soon' is no point in time\n  = a point in time looks like: week 12, day -14, hour 24"),
    (duration, "week 1", "'week 1' is a point in time where a length of time is wanted\n  = write 1 week"),
    (duration, "5 mg", "'5 mg' is no length of time\n  = a length of time looks like: 12 weeks, 24 h"),
    (duration, "-1 day", "'-1 day' is a negative length of time"),
    (
        lambda text: quantity(text).to("mg"),
        "5 mg/L",
        "5 mg/L cannot be given in mg\n  = it is: concentration (mass/volume)\n  = wanted: mass",
    ),
]


@pytest.mark.parametrize(("reader", "text", "message"), REFUSALS)
def test_refusals_say_what_to_write(reader: Callable[[str], object], text: str, message: str) -> None:
    with pytest.raises(UnreadableText) as caught:
        reader(text)
    assert str(caught.value) == message


def test_an_unknown_unit_is_pointed_at_within_its_quantity() -> None:
    with pytest.raises(UnreadableText) as caught:
        quantity("5 mg/ml")
    assert "5 mg/ml"[caught.value.start : caught.value.end] == "ml"


def test_no_lookalike_is_a_unit_and_every_remedy_is_one() -> None:
    for lookalike, remedy in LOOKALIKES.items():
        assert unit_word(lookalike) is None
        assert unit_word(remedy.split(",")[0]) is not None


def test_dimensions_multiply_divide_and_take_roots() -> None:
    assert MASS * VOLUME / VOLUME == MASS
    assert (AREA**0.5) ** 3 == VOLUME
    assert (TIME**0.1) ** 10 == TIME
    assert coherent_unit_text(MASS**0.5) == "mg^(1/2)"
    assert coherent_unit_text(DIMENSIONLESS) == "1"
    assert dimension_name(MASS**0.5 / AREA) == "mass^(1/2)/length^2"


units_of_all_kinds = st.lists(st.sampled_from(sorted(UNITS)), min_size=1, max_size=4).map("/".join)


@given(st.floats(allow_nan=False, allow_infinity=False), units_of_all_kinds)
def test_every_quantity_reads_back_from_its_text(value: float, text: str) -> None:
    written = quantity_text(value, unit(text))
    again = quantity(written)
    assert again == Quantity(value, unit(text))
    assert math.copysign(1.0, again.value) == math.copysign(1.0, value)


@given(st.floats(min_value=1e-6, max_value=1e6), st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_a_conversion_there_and_back_is_the_same_number(value: float, a: str, b: str) -> None:
    start = Quantity(value, unit(a))
    if unit(b).dimension == start.dimension:
        assert Quantity(start.to(b), unit(b)).to(a) == pytest.approx(value, rel=4e-16)


@given(st.text(max_size=40) | st.text(alphabet="mgL/h*^1.73%-e per", max_size=30))
def test_hostile_texts_are_refused_and_nothing_worse(text: str) -> None:
    for reader in (unit, quantity, moment, duration, number):
        try:
            reader(text)
        except TrialsimError as fault:
            assert fault.exit_code == 3


def test_the_reference_lists_every_unit_and_no_other() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/units.md").read_text(encoding="utf-8")
    table = page[page.index("| measures") : page.index("A month is")]
    assert set(re.findall(r"`([^`]+)`", table)) == set(UNITS)
    refused = page[page.index("## Refused") : page.index("## Points")]
    pairs = re.findall(r"((?:`\w+`(?: and )?)+) \(`(\w+)`\)", refused)
    assert len(pairs) > 10
    for lookalikes, remedy in pairs:
        assert all(LOOKALIKES[each].split(",")[0] == remedy for each in re.findall(r"`(\w+)`", lookalikes))
