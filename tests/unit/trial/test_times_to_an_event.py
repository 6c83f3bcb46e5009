"""Times to an event through whole trials: every method beside its true value, at one look and over several."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.statistics import assert_matches
from tests.whole_runs import LIBRARY, simulated
from trialsim.cohort.read import read_cohort
from trialsim.foundation.library import find
from trialsim.protocol.read import protocol_from, read_protocol
from trialsim.protocol.write import protocol_text

TRIALS = 300
# What a mean error must not reach; a log hazard ratio, days, a share.
TOLERATED = {
    "primary": 0.05, "hazards": 0.05, "late": 0.06, "modest": 0.05, "cause_specific": 0.06, "subdistribution": 0.06,
    "mean_time": 8.0, "mean_time_ratio": 0.04, "at_a_year": 0.02, "incidence": 0.025,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return simulated("two-hazards", tmp_path_factory.mktemp("run") / "run", trials=TRIALS)


def looks(folder):
    tables = sorted((folder / "tables" / "looks").rglob("*.parquet"))
    return pd.concat([pd.read_parquet(path) for path in tables])


def effects_of(folder):
    """Looks under the scenario with an effect: the first of the two that have the same trials."""
    every = looks(folder)
    half = every.groupby(["trial", "analysis"]).cumcount()
    return every[half == 0], every[half == 1]


def test_every_method_estimates_what_is_true(run):
    for name, size in TOLERATED.items():
        for scenario in effects_of(run):
            rows = scenario[scenario.analysis == name]
            assert len(rows) == TRIALS and rows.status.isna().all()
            error = rows.estimate - rows.truth
            assert_matches(error.mean(), 0.0, error.std() / np.sqrt(TRIALS), detects=size)
            covered = ((rows.lower <= rows.truth) & (rows.truth <= rows.upper)).mean()
            assert covered > 0.89


def test_benefit_is_a_longer_time_whatever_is_estimated(run):
    with_effect, without = effects_of(run)
    for name in (*TOLERATED, "combined"):
        rows = with_effect[with_effect.analysis == name]
        falls = name not in ("mean_time", "mean_time_ratio", "at_a_year")
        assert (np.sign(rows.truth.mean()), rows.rejected.mean() > 0.3) == (-1.0 if falls else 1.0, True)
        assert (rows.rejected == (rows.p_value <= 0.025)).all()
        assert (rows.estimate[rows.rejected] < 0).all() if falls else (rows.estimate[rows.rejected] > 0).all()
        null = without[without.analysis == name]
        assert null.truth.abs().max() < 1e-12 and null.rejected.mean() < 0.08


def test_units_say_what_an_estimate_is(run):
    units = dict(zip(looks(run).analysis, looks(run).unit, strict=True))
    assert units["primary"] == "log hazard ratio" and units["mean_time"] == "day" and units["at_a_year"] == ""
    assert units["subdistribution"] == "log subdistribution hazard ratio"
    assert units["mean_time_ratio"] == "log ratio of mean times"


def test_the_protocol_is_written_and_read_again():
    cohort = read_cohort(find("cohorts", "two-hazards", LIBRARY))[0]
    text = find("protocols", "two-hazards", LIBRARY).read_text(encoding="utf-8")
    text = text.replace("method: max_combo", "method: {max_combo: {weights: [[0, 0], [0.5, 2]]}}").replace(
        "strata: [site_of_origin]}}\n    compare: {treated vs control: {better: higher}}\n  late",
        "ties: breslow}}\n    compare: {treated vs control: {better: lower, margin: 1.2}}\n  late",
    )
    once = protocol_from(text, cohort)
    assert protocol_from(protocol_text(once), cohort) == once
    methods = {analysis.name: analysis.method.times for analysis in once.analyses}
    assert methods["hazards"].ties == "breslow" and methods["combined"].weights == ((0.0, 0.0), (0.5, 2.0))
    assert methods["modest"].delay == pytest.approx(91.3125) and methods["late"].weights == ((0.0, 1.0),)
    comparison = once.analyses[1].comparisons[0]
    assert comparison.margin == pytest.approx(np.log(1.2)) and comparison.margin_text == "1.2" and comparison.sign == 1
    assert once.analyses[0].comparisons[0].sign == -1


def two_looks(folder, method, full):
    """Write the protocol with looks at 60 and at 120 events, and this one analysis."""
    text = find("protocols", "two-hazards", LIBRARY).read_text(encoding="utf-8")
    head, rest = text.split("analyses:\n")
    tail = rest[rest.index("success:") :]
    head = head.replace("follow_up: 24 months", "follow_up: 24 months\nmilestones:\n"
                        "  interim: {when: events(pfs) >= 60, do: [{test: primary}]}\n"
                        "  final: {when: events(pfs) >= 120, do: [{test: primary}]}")  # fmt: skip
    head = head.replace("  progression: {first_of: [progression], competing: [death]}\n", "").replace(
        "  cause: {endpoint: progression}\n", "")  # fmt: skip
    analysis = f"""analyses:
  primary:
    estimand: main
    method: {method}
    compare: {{treated vs control: {{better: higher}}}}
    spend: {{obrien_fleming: {{full: {full}}}}}
"""
    path = folder / "two-looks.yaml"
    path.write_text((head + analysis + tail).replace("id: two-hazards", "id: two-looks"), encoding="utf-8")
    return path


def test_a_weighted_test_gathers_information_otherwise(tmp_path):
    path = two_looks(tmp_path, "{log_rank: {gamma: 1}}", "4 information")
    every = looks(simulated(path, tmp_path / "run", trials=20))
    interim, final = (every[every.look == name] for name in ("interim", "final"))
    gathered = interim.information.to_numpy() / final.information.to_numpy()
    assert ((gathered > 0.2) & (gathered < 0.45)).all(), "half of the events, a third of the information"
    assert np.mean(1.0 / interim.standard_error.to_numpy() ** 2) > 8.0, "which is not what the estimate's error says"
    assert (interim.upper_bound > 3.5).all() and (final.upper_bound < 1.97).all()


def test_bounds_over_looks_at_events(tmp_path):
    path = two_looks(tmp_path, "log_rank", "120 events")
    assert read_protocol(path, LIBRARY)[0].milestones[1].name == "final"
    with_effect = looks(simulated(path, tmp_path / "run", trials=200))
    interim, final = (with_effect[with_effect.look == name] for name in ("interim", "final"))
    assert (interim.n_events == 60).all() and (final.n_events == 120).all()
    # At equal allocation the variance of the score is a quarter of the events.
    assert (1.0 / interim.standard_error**2).mean() == pytest.approx(60 / 4, rel=0.03)
    assert interim.upper_bound.iloc[0] == pytest.approx(2.9626, abs=1e-3)
    assert final.upper_bound.iloc[0] == pytest.approx(1.9686, abs=1e-3)
    assert (interim.rejected == (interim.statistic >= interim.upper_bound)).all()
