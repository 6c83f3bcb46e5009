import pytest

from tests.unit.cohort.populations import AGE, EVERYTHING, SEX
from trialsim.cohort.names import units_of, with_categories_coded, with_categories_named
from trialsim.cohort.schema_units import per_unit, unit_of, unit_text
from trialsim.foundation.errors import InvalidDocument
from trialsim.foundation.expression import parse, to_text
from trialsim.foundation.units import ONE, unit


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        ("if(sex == male, 1, 2)", "if(sex == 1, 1, 2)"),
        ("if(other != sex and age > 50 year, 1, 2)", "if(2 != sex and age > 50 years, 1, 2)"),
        ("if(not (sex == female), age / (1 year), 2)", "if(not sex == 0, age / 1 year, 2)"),
        ("max(age, 2 year)", "max(age, 2 years)"),
    ],
)
def test_categories_are_coded_by_their_position_and_named_again(text, coded):
    tree = parse(text, names={"sex", "age"})
    made = with_categories_coded(tree, [SEX, AGE])
    assert to_text(made) == to_text(parse(coded, names={"sex", "age"}))
    assert with_categories_named(made, [SEX, AGE]) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("if(sex == 1, 1, 2)", "this is not a category of 'sex'"),
        ("if(sex == sex, 1, 2)", "'sex' is not a category of 'sex'"),
        ("if(female == sex == male, 1, 2)", "the categories of 'sex' have no order"),
        ("exp(sex)", "'sex' has categories and is no number"),
    ],
)
def test_anything_else_is_refused(text, message):
    with pytest.raises(InvalidDocument) as fault:
        with_categories_coded(parse(text, names={"sex"}), [SEX])
    assert fault.value.message == message


def test_every_name_has_its_declared_unit():
    units = units_of(EVERYTHING)
    assert {name: str(u) for name, u in units.items()} == {
        "weight": "kg", "age": "year", "height": "cm", "sex": "", "CL": "L/h", "EMAX": "mmHg", "F": "%",
        "KOUT": "1/day", "sbp": "mmHg",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "inverse"), [("kg", "1/kg"), ("mL/min", "min/mL"), ("mL/min/1.73m2", "min*1.73m2/mL"), ("1/day", "day")]
)
def test_a_slope_over_a_unit(text, inverse):
    slope = per_unit(unit(text))
    assert slope.text == inverse
    assert unit(inverse) == slope


def test_plain_numbers_have_the_unit_one():
    assert unit_of("1") == ONE and unit_text(ONE) == "1" and per_unit(ONE) == ONE
    assert unit_of(" mg/L ") == unit("mg/L") and unit_text(unit("mg/L")) == "mg/L"
