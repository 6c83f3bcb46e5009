"""Designs compared on the same patients, the worst of several nulls, and where trials stop: against plain pandas."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import trialsim
from tests.whole_runs import simulated
from trialsim.campaign.contrasts import difference, paired_rate, worst_errors
from trialsim.campaign.figures import error_ratio, rate
from trialsim.campaign.rows import Row
from trialsim.protocol.family_model import Family
from trialsim.report.evidence import evidence
from trialsim.report.write import write_report

SIZES = ("randomised-120", "randomised-172")


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> trialsim.Run:
    return trialsim.Run(simulated("two-sizes", tmp_path_factory.mktemp("sizes") / "run", trials=200))


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> trialsim.Run:
    return trialsim.Run(simulated("two-looks", tmp_path_factory.mktemp("looks") / "run", trials=300))


def contrast(run, quantity, scenario="expected"):
    table = run.table("contrasts")
    (row,) = table[(table.quantity == quantity) & (table.scenario == scenario) & table.against.notna()].itertuples()
    return row


def of_designs(run, table, column, scenario="expected"):
    frame = run.table(table)
    frame = frame[frame.scenario == scenario]
    return [frame[frame.design == design].set_index("trial")[column].astype(float) for design in SIZES]


@pytest.mark.parametrize(
    ("quantity", "table", "column"), [("duration", "trials", "duration"), ("estimate", "looks", "estimate")]
)
def test_a_difference_of_means_is_paired_by_trial(sizes, quantity, table, column):
    small, large = of_designs(sizes, table, column)
    found = contrast(sizes, quantity)
    assert (found.against, found.design, found.n) == (*SIZES, 200)
    assert found.value == pytest.approx((large - small).mean(), rel=1e-12)
    assert found.standard_error == pytest.approx((large - small).std(ddof=1) / sqrt(200), rel=1e-12)
    apart = sqrt((large.var(ddof=1) + small.var(ddof=1)) / 200)
    assert found.independent_standard_error == pytest.approx(apart, rel=1e-12)
    # 120 of the 172 patients are the same.
    assert found.standard_error < 0.75 * found.independent_standard_error


def test_a_difference_of_shares_counts_the_trials_that_change(sizes):
    small, large = of_designs(sizes, "trials", "success")
    gained, lost = ((large > small).sum(), (large < small).sum())
    assert gained > lost > 0
    found = contrast(sizes, "success")
    assert found.value == pytest.approx((gained - lost) / 200)
    variance = (gained + 0.5 + lost + 0.5 - (gained - lost) ** 2 / 202) / 202**2
    assert found.standard_error == pytest.approx(sqrt(variance), rel=1e-12)
    middle = (gained - lost) / 202
    assert found.lower == pytest.approx(middle - stats.norm.isf(0.025) * found.standard_error)
    assert found.standard_error < 0.75 * found.independent_standard_error
    assert contrast(sizes, "rejection").value == found.value


def test_paired_errors_are_right_over_many_sets():
    """The spread of the difference over 3000 sets of 150 trials, against the error that each set states."""
    generator = np.random.default_rng(5)
    luck = generator.random((3000, 150))
    found = [paired_rate((one < 0.6).tolist(), (one < 0.7).tolist()) for one in luck]
    values = np.array([figure.value for figure in found])
    stated = np.mean([figure.standard_error for figure in found])
    assert values.mean() == pytest.approx(0.1, abs=4 * values.std() / sqrt(3000))
    assert stated == pytest.approx(values.std(), rel=0.06)
    covers = np.mean([figure.lower <= 0.1 <= figure.upper for figure in found])
    assert 0.93 < covers < 0.97


def test_only_trials_that_both_have_count():
    one = {"trial": np.array([0, 1, 2, 5]), "value": np.array([1.0, 2.0, 3.0, 9.0])}
    other = {"trial": np.array([1, 2, 3, 0]), "value": np.array([4.0, 5.0, 9.0, 1.5])}
    figure, _ = difference(one, other, False)
    assert (figure.value, figure.n) == (pytest.approx((0.5 + 2 + 2) / 3), 3)
    assert difference({"trial": one["trial"], "value": one["value"] > 1}, one | {"value": one["value"] > 2}, True)[
        0
    ].value == pytest.approx(-0.25)


def test_the_worst_of_several_nulls_is_bounded_for_all(sizes):
    table = sizes.table("contrasts")
    worst = table[table.quantity == "worst_type_1"]
    assert list(worst.design) == list(SIZES)
    summary = sizes.summary
    for row in worst.itertuples():
        own = summary[(summary.quantity == "family_wise_type_1") & (summary.design == row.design)]
        assert len(own) == 2 and row.value == own.value.max() and row.against is np.nan
        hits = (own.value * own.n).round()
        assert row.upper == pytest.approx(stats.beta.isf(0.0125, hits.max() + 1, 200 - hits.max()), abs=1e-9)


def test_the_bounds_of_the_worst_null_hold_for_all_at_once():
    """Ten nulls at exactly 2.5%: the upper bound is below it in at most 2.5% of runs, and the largest rate is above."""
    generator = np.random.default_rng(8)

    class Cell:
        def __init__(self, scenario):
            self.key = type("Key", (), {"scenario": scenario, "parameters": "typical", "design": "base"})()

    def run():
        hits = generator.binomial(1000, 0.025, 10)
        rows = [(Cell(f"n{i}"), Row("family_wise_type_1", rate(int(x), 1000), "", "", "a")) for i, x in enumerate(hits)]
        return next(worst_errors(rows)).figure

    found = [run() for _ in range(600)]
    assert sum(figure.upper < 0.025 for figure in found) == 0  # all ten would have to be low
    assert np.mean([figure.lower > 0.025 for figure in found]) < 0.05
    assert np.mean([figure.value for figure in found]) > 0.03


def test_where_trials_stop_adds_up(looks):
    summary, trials = looks.summary, looks.table("trials")
    stops = summary[summary.milestone.notna() & (summary.scenario == "expected")]
    values = {(row.milestone, row.quantity): row for row in stops.itertuples()}
    own = trials[trials.scenario == "expected"]
    reasons = ("stops_for_success", "stops_for_futility", "stops_for_end")
    total = 0.0
    for milestone in ("half", "last"):
        here = own[own.stopped_at == milestone]
        assert values[milestone, "stops"].value == pytest.approx(len(here) / 300)
        for name in reasons:
            if (milestone, name) in values:
                share = values[milestone, name].value
                assert share == pytest.approx((here.stopped_for == name.removeprefix("stops_for_")).sum() / 300)
                total += share
        assert values[milestone, "randomised_at_stop"].value == pytest.approx(here.randomised.mean())
        assert values[milestone, "duration_at_stop"].value == pytest.approx(here.duration.mean())
        assert values[milestone, "duration_at_stop"].n == len(here)
    assert total == pytest.approx(1.0)
    expected = summary[(summary.quantity == "randomised") & (summary.scenario == "expected")].iloc[0]
    assert expected.value == pytest.approx(own.randomised.mean())
    assert 100 < expected.value < 172


def test_a_single_look_has_no_table_of_stops(sizes, looks):
    assert sizes.summary.milestone.isna().all()
    assert "Where trials end" not in write_report(sizes.folder).read_text("utf-8")
    text = write_report(looks.folder).read_text("utf-8")
    assert "Where trials end" in text and '<th scope="col" class="number">for futility</th>' in text
    assert "Designs on the same patients" not in text


def test_the_report_compares_designs(sizes):
    text = write_report(sizes.folder).read_text("utf-8")
    assert "Designs on the same patients" in text
    assert "with 95% confidence all of them are below" in text


def test_mean_squares_and_the_error_of_errors(sizes):
    summary, taken = sizes.summary, sizes.table("looks")
    own = taken[(taken.scenario == "expected") & (taken.design == SIZES[0])]
    rows = summary[(summary.scenario == "expected") & (summary.design == SIZES[0])].set_index("quantity")
    squares = (own.estimate - own.truth.mean()) ** 2
    assert rows.value["mse"] == pytest.approx(squares.mean(), rel=1e-12)
    assert rows.standard_error["mse"] == pytest.approx(squares.std(ddof=1) / sqrt(200), rel=1e-12)
    assert rows.unit["mse"] == "(mg)^2"
    model = sqrt((own.standard_error**2).mean())
    assert rows.value["se_ratio"] == pytest.approx(model / own.estimate.std(ddof=1), rel=1e-12)
    assert abs(rows.value["se_ratio"] - 1) < 4 * rows.standard_error["se_ratio"]


def test_the_ratio_of_errors_knows_its_own_error():
    """Over 2000 sets of 60 trials: the spread of the ratio is the error stated."""
    generator = np.random.default_rng(2)
    n, df = 60, 8
    ratios, stated = [], []
    for _ in range(2000):
        errors = np.sqrt(generator.chisquare(df, n) / df)
        figure = error_ratio(errors.tolist(), generator.normal(size=n).tolist())
        ratios.append(figure.value)
        stated.append(figure.standard_error)
    assert np.mean(stated) == pytest.approx(np.std(ratios), rel=0.08)
    assert pd.isna(error_ratio([1.0], [1.0]).value) and pd.isna(error_ratio([1.0, 1.0], [2.0, 2.0]).value)


def test_the_files_are_in_the_manifest(sizes, tmp_path: Path):
    assert "tables/contrasts.parquet" in sizes.manifest["files"]
    assert sizes.faults() == ()


def test_an_analysis_and_a_family_have_a_level(sizes):
    run = evidence(sizes.folder)
    main = Family(name="main", alpha=0.05, procedure="holm", hypotheses=())
    with_family = replace(run, protocol=replace(run.protocol, families=(main,)))
    assert [with_family.nominal(name) for name in ("primary", "main", "other", None)] == [0.025, 0.05, 1.0, 1.0]
