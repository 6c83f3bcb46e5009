"""How much each patient is given: by size, by bands, within limits, as dispensed; against slow sums."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from tests.unit.trial.worlds import dosing, empty_cohort, patients_of
from trialsim.cohort.model import Covariate
from trialsim.foundation.expression import parse
from trialsim.foundation.units import ONE, quantity, unit
from trialsim.protocol.dosing_model import (
    BandedAmount,
    CategoryAmount,
    Dosing,
    FormulaAmount,
    PlainAmount,
    Rounding,
    Strengths,
)
from trialsim.protocol.dosing_strengths import sums_of
from trialsim.trial.amounts import dispensed, line_amounts, line_rates, surfaces

MG = unit("mg")


def covariate(name: str, of: str = "", categories: tuple[str, ...] = ()) -> Covariate:
    return Covariate(name=name, unit=unit(of) if of else ONE, distribution=None, categories=categories)


COHORT = empty_cohort(
    covariates=(
        covariate("weight", "g"), covariate("height", "m"), covariate("bsa", "m2"), covariate("age", "year"),
        covariate("sex", categories=("female", "male")), covariate("gfr", "mL/min"),
    )
)  # fmt: skip
WHO = patients_of(
    {
        "weight": [4000.0, 30_000.0, 70_000.0, 120_000.0], "height": [0.55, 1.35, 1.75, 1.9],
        "bsa": [0.25, 1.0, 1.9, 2.5], "age": [0.5, 12.0, 17.9, 60.0], "sex": [0, 1, 0, 1],
        "gfr": [30.0, 90.0, 120.0, -30.0],
    }
)  # fmt: skip


def plain(value: float, per: str = "patient") -> PlainAmount:
    return PlainAmount(written=quantity(f"{value} mg"), value=value, per=per)  # type: ignore[arg-type]


def amounts_of(line: Dosing) -> list[float]:
    return line_amounts((line,), COHORT, WHO)[0].tolist()  # type: ignore[no-any-return]


def line(**parts: object) -> Dosing:
    return replace(dosing(1.0), **parts)  # type: ignore[arg-type]


def test_an_amount_for_everybody_per_kilogram_and_per_square_metre() -> None:
    assert amounts_of(line(amount=plain(3.0))) == [3.0] * 4
    assert amounts_of(line(amount=plain(0.5, "kg"))) == pytest.approx([2.0, 15.0, 35.0, 60.0])
    assert amounts_of(line(amount=plain(40.0, "m2"), surface="bsa")) == pytest.approx([10.0, 40.0, 76.0, 100.0])


def test_surfaces_are_those_of_their_authors() -> None:
    # Mosteller's own example is a square root: 175 cm and 70 kg are sqrt(175 * 70 / 3600).
    assert surfaces("mosteller", COHORT, WHO)[2] == pytest.approx((175 * 70 / 3600) ** 0.5, rel=1e-15)
    # Du Bois and Du Bois: 0.007184 W^0.425 H^0.725.
    expected = [0.007184 * w**0.425 * h**0.725 for w, h in ((4, 55), (30, 135), (70, 175), (120, 190))]
    np.testing.assert_allclose(surfaces("dubois", COHORT, WHO), expected, rtol=1e-13)
    assert surfaces("dubois", COHORT, WHO)[2] == pytest.approx(1.85, abs=0.01)  # the adult of textbooks


def test_the_first_limit_that_fits_and_at_a_limit_the_next() -> None:
    bands = BandedAmount(
        by="age", below=(quantity("12 year"), quantity("18 year")), limits=(12.0, 18.0),
        amounts=(plain(0.5, "kg"), plain(10.0), plain(20.0)),
    )  # fmt: skip
    assert amounts_of(line(amount=bands)) == [2.0, 10.0, 10.0, 20.0]


def test_an_amount_for_each_category() -> None:
    by_sex = CategoryAmount(by="sex", amounts=(("female", plain(5.0)), ("male", plain(6.0))))
    assert amounts_of(line(amount=by_sex)) == [5.0, 6.0, 5.0, 6.0]


def test_a_formula_and_what_it_cannot_give() -> None:
    calvert = FormulaAmount(text="", value=parse("5 * (gfr + 25)", None, ["gfr"]))
    given = amounts_of(line(amount=calvert))
    assert given[:3] == [275.0, 575.0, 725.0] and np.isnan(given[3])
    limited = line(amount=calvert, at_least=quantity("100 mg"), at_most=quantity("0.6 g"))
    assert amounts_of(limited) == [275.0, 575.0, 600.0, 100.0]
    rounded = line(amount=calvert, strengths=Strengths(available=(quantity("50 mg"),), rounded="up"))
    assert amounts_of(rounded)[:3] == [300.0, 600.0, 750.0] and np.isnan(amounts_of(rounded)[3])


def test_rates_are_by_size_too() -> None:
    lines = (line(), line(rate=plain(5.0)), line(rate=plain(0.5, "kg")))
    assert line_rates(lines, COHORT, WHO).tolist() == [[0.0] * 4, [5.0] * 4, [2.0, 15.0, 35.0, 60.0]]


@pytest.mark.parametrize("rounded", ["nearest", "down", "up"])
@pytest.mark.parametrize(
    ("strengths", "low", "high"),
    [(["50 mg", "75 mg"], None, None), (["6 mg", "10 mg", "15 mg"], None, "64 mg"), (["2.5 mg"], "6 mg", "40 mg"),
     (["0.1 mg", "0.25 mg"], None, None), (["30 mg", "77 mg"], "60 mg", None)],
)  # fmt: skip
def test_a_dose_is_the_sum_of_strengths_found_by_trying_all(
    strengths: list[str], low: str | None, high: str | None, rounded: Rounding
) -> None:
    available = [quantity(text) for text in strengths]
    limits = [None if text is None else quantity(text) for text in (low, high)]
    sums = sums_of(available, MG, *limits)
    assert sums is not None
    parts = [Fraction(text.split()[0]) for text in strengths]
    most = max(parts) * 8
    every = [range(int(most / part) + 2) for part in parts]
    counts = product(*every)
    tried = sorted({sum((n * part for n, part in zip(each, parts, strict=True)), Fraction(0)) for each in counts})
    tried = [each for each in tried if each > 0 and (low is None or each >= Fraction(low.split()[0]))]
    tried = [each for each in tried if high is None or each <= Fraction(high.split()[0])]
    wanted = [Fraction(i, 16) * most for i in range(13)]
    for amount, given in zip(wanted, dispensed(np.array(list(map(float, wanted))), sums, rounded), strict=True):
        below = [each for each in tried if each <= amount] or tried[:1]
        above = [each for each in tried if each >= amount] or tried[-1:]
        nearer = above[0] if above[0] - amount < amount - below[-1] else below[-1]
        if rounded == "nearest" and amount < tried[0]:
            nearer = tried[0]
        expected = {"down": below[-1], "up": above[0], "nearest": nearer}[rounded]
        assert given == pytest.approx(float(expected), rel=1e-12), (amount, given, expected)


def test_what_is_a_sum_but_for_rounding_stays() -> None:
    sums = sums_of([quantity("1 mg")], MG)
    assert sums is not None
    per_kg = np.array([np.nextafter(3.0, 4.0), 7.0, np.nextafter(3.0, 2.0)])
    for rounded in ("up", "down"):
        assert dispensed(per_kg, sums, rounded).tolist() == [3.0, 7.0, 3.0]  # type: ignore[arg-type]
