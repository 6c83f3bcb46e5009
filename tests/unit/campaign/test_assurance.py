"""Assurance taken apart, and errors where trials share draws: against closed forms and repeated simulation."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy import integrate, stats

import trialsim
from tests.whole_runs import LIBRARY, simulated
from trialsim.campaign.assurance import parts, root, shares_of_draws
from trialsim.campaign.averages import Averages
from trialsim.campaign.figures import error_ratio, mean, rate, standard_deviation
from trialsim.report.write import write_report

TRIALS, PER_DRAW, PATIENTS = 2400, 4, 60


def power(gain: float) -> float:
    return float(stats.nct.sf(stats.t.isf(0.025, PATIENTS - 2), PATIENTS - 2, gain * sqrt(PATIENTS) / 2))


def moment(k: int) -> float:
    """E[p(gain)^k] over gain ~ N(0.5, 0.2)."""
    density = stats.norm(0.5, 0.2).pdf
    return integrate.quad(lambda gain: power(gain) ** k * density(gain), -0.7, 1.7, limit=200)[0]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> trialsim.Run:
    folder = tmp_path_factory.mktemp("split")
    text = (LIBRARY / "protocols" / "two-means.yaml").read_text("utf-8")
    text = text.replace("randomised: 172", f"randomised: {PATIENTS}")
    text = text.replace("  smaller: {parameters: {gain: 0.4}}\n", "")
    text = text.replace("trials: 200", f"trials: {TRIALS}, trials_per_draw: {PER_DRAW}")
    path = folder / "protocols" / "two-means.yaml"
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    (folder / "cohorts").mkdir()
    (folder / "cohorts" / "two-means.yaml").write_text((LIBRARY / "cohorts" / "two-means.yaml").read_text("utf-8"))
    return trialsim.Run(simulated(path, folder / "run", folder))


@pytest.fixture(scope="module")
def rows(run):
    summary = run.summary
    own = summary[(summary.scenario == "expected") & (summary.parameters == "uncertain")]
    return {row.quantity: row for row in own.itertuples()}


def test_the_parts_are_those_of_the_law_of_total_variance(rows):
    first, second = moment(1), moment(2)
    epistemic, aleatory = rows["success_epistemic"], rows["success_aleatory"]
    assert abs(epistemic.value - (second - first * first)) < 4 * epistemic.standard_error
    assert abs(aleatory.value - (first - second)) < 4 * aleatory.standard_error
    assert epistemic.standard_error < 0.007 and aleatory.standard_error < 0.006
    assert epistemic.n == aleatory.n == TRIALS
    spread = rows["success_spread"]
    assert spread.value == pytest.approx(sqrt(epistemic.value))
    assert spread.standard_error == pytest.approx(epistemic.standard_error / (2 * spread.value))
    assert spread.meaning.endswith("; 4 trials a draw")


def test_assurance_has_the_error_of_draws(rows):
    """Var of the mean: (epistemic + aleatory / m) / D; an error of single trials would be too small."""
    first, second = moment(1), moment(2)
    exact = sqrt((second - first * first + (first - second) / PER_DRAW) / (TRIALS / PER_DRAW))
    for name in ("success", "assurance"):
        assert rows[name].standard_error == pytest.approx(exact, rel=0.1)
        assert abs(rows[name].value - first) < 4 * exact
    assert exact > 1.2 * sqrt(first * (1 - first) / TRIALS)


def test_trials_that_share_a_draw_share_the_truth_and_nothing_else(run):
    looks = run.table("looks")
    own = looks[(looks.scenario == "expected") & (looks.parameters == "uncertain")].sort_values("trial")
    truths = own.truth.to_numpy().reshape(-1, PER_DRAW)
    assert np.ptp(truths, axis=1).max() < 1e-12
    assert len(np.unique(truths[:, 0].round(9))) == TRIALS // PER_DRAW
    estimates = (own.estimate - own.truth).to_numpy().reshape(-1, PER_DRAW)
    assert abs(np.corrcoef(estimates[:, 0], estimates[:, 1])[0, 1]) < 4 / sqrt(TRIALS / PER_DRAW)
    typical = looks[(looks.scenario == "expected") & (looks.parameters == "typical")]
    assert typical.truth.to_numpy() == pytest.approx(0.5)


def test_only_uncertain_cells_are_taken_apart(run):
    split = run.summary[run.summary.quantity.str.startswith("success_")]
    assert set(split.parameters) == {"uncertain"} and len(split) == 6
    text = write_report(run.folder).read_text("utf-8")
    assert "What more knowledge could change" in text


def test_the_parts_are_unbiased_and_know_their_errors():
    """5000 runs of 50 draws with 2 trials: the means are the truth, the stated errors the spread."""
    generator = np.random.default_rng(3)
    a, b, m = 4.0, 1.5, 2
    epistemic = stats.beta(a, b).var()
    aleatory = stats.beta(a, b).expect(lambda p: p * (1 - p))
    found = []
    for _ in range(5000):
        shares = generator.binomial(m, generator.beta(a, b, 50)) / m
        found.append(parts(shares.tolist(), m))
    for k, exact in enumerate((epistemic, aleatory)):
        values = np.array([pair[k].value for pair in found])
        stated = np.sqrt(np.mean([pair[k].standard_error ** 2 for pair in found]))
        assert abs(values.mean() - exact) < 4 * values.std() / sqrt(5000)
        assert stated == pytest.approx(values.std(), rel=0.06)


def test_draws_of_which_a_trial_is_missing_are_left_out():
    trials = {"trial": np.array([0, 1, 2, 4, 5, 6]), "success": np.array([1, 0, 1, 1, 1, 0], dtype=bool)}
    assert shares_of_draws(trials, 2) == [0.5, 1.0]
    assert np.isnan(parts([0.5], 2)[0].value)
    assert np.isnan(root(parts([0.5, 0.5, 0.5], 2)[0]).value)


def test_errors_of_clusters_are_the_spread_over_repetitions():
    generator = np.random.default_rng(11)
    trials, average = np.arange(120), Averages(per_draw=3)
    names = ("mean", "rate", "standard_deviation", "error_ratio")
    values, stated = {name: [] for name in names}, {name: [] for name in names}
    for _ in range(3000):
        between = np.repeat(generator.normal(size=40), 3)
        y = between + generator.normal(size=120)
        errors = 1.4 + 0.1 * np.repeat(generator.normal(size=40), 3)
        found = (
            average.mean(y, trials), average.rate(y > 0.5, trials), average.standard_deviation(y, trials),
            average.error_ratio(errors, y, trials),
        )  # fmt: skip
        for name, figure in zip(names, found, strict=True):
            values[name].append(figure.value)
            stated[name].append(figure.standard_error)
    for name in names:
        assert np.mean(stated[name]) == pytest.approx(np.std(values[name]), rel=0.08), name


def test_without_shared_draws_nothing_is_different():
    y = np.array([1.0, 2.0, np.nan, 4.0, 8.0])
    trials, alone, known = np.arange(5), Averages(), [1.0, 2.0, 4.0, 8.0]
    assert alone.mean(y, trials) == mean(known)
    assert alone.standard_deviation(y, trials) == standard_deviation(known)
    assert alone.rate(y > 1.5, trials) == rate(3, 5)
    assert alone.error_ratio(np.ones(5), y, trials) == error_ratio([1.0] * 4, known)


def test_a_rate_of_none_or_all_has_an_error_of_draws():
    average, trials = Averages(per_draw=2), np.arange(100)
    assert average.rate(np.zeros(100, dtype=bool), trials).standard_error == rate(0, 50).standard_error
    assert average.rate(np.ones(100, dtype=bool), trials).lower == rate(50, 50).lower
