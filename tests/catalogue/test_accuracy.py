"""Courses are as accurate as they are asked to be: every model, both solvers, against scipy at 1e-13."""

from __future__ import annotations

import re

import pytest

from tests.catalogue.accuracy import ASKED, FLOOR, MODELS, MOST, SOLVERS, TIGHT, error, models, tier


@pytest.mark.long
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", models("adaptive"))
def test_the_error_reached_is_near_the_tolerance_asked(name: str, solver: str) -> None:
    found = [error(name, asked, solver) for asked in ASKED]
    assert all(each <= max(MOST * asked, FLOOR) for each, asked in zip(found, ASKED, strict=True)), found
    # Asked for more, it reaches more: three orders at least for the six between the loosest and the tightest.
    assert found[-1] <= max(1e-3 * found[0], FLOOR), found


@pytest.mark.long
@pytest.mark.parametrize("name", models("adaptive"))
def test_the_reference_is_reached(name: str) -> None:
    """The explicit solver and the reference share no code: asked for the same, they lie on each other."""
    assert error(name, TIGHT, "explicit") <= FLOOR


@pytest.mark.long
@pytest.mark.parametrize("name", models("linear"))
def test_the_linear_tier_is_exact(name: str) -> None:
    assert error(name, 1e-4, "explicit") <= FLOOR


def test_the_page_tells_every_model() -> None:
    rows = re.findall(r"^\| ([a-z0-9-]+) \| \d+ \| (explicit|stiff) \|", page_text(), re.MULTILINE)
    assert sorted(rows) == sorted((name, solver) for name in models("adaptive") for solver in SOLVERS)
    told = re.search(r"^\| (\d+) models of the linear tier", page_text(), re.MULTILINE)
    assert told and int(told[1]) == len(models("linear"))
    assert {tier(name) for name in models("linear")} == {"linear"}


def page_text() -> str:
    return (MODELS / "accuracy.md").read_text(encoding="utf-8")
