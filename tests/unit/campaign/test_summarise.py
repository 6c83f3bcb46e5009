"""Operating characteristics against plain computations on the same tables, and nulls put to the proof."""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest

from tests.unit.campaign.fakes import PAPERS, fake_plan, fake_simulate, worlds_of
from trialsim.campaign.run import run
from trialsim.protocol.family_model import Family, Hypothesis
from trialsim.store.read import read_table


def summary_of(folder, world=None, **changes):
    plan = fake_plan(**{"at_most": 200, "modes": ("typical", "uncertain")} | changes)
    result = run(plan, folder / "run", PAPERS, worlds_of(plan, **(world or {})), simulate=fake_simulate)
    summary = read_table(result.folder, "summary")
    looks = read_table(result.folder, "looks")
    return result, summary, looks


@pytest.fixture(scope="module")
def wobbling(tmp_path_factory):
    """A true effect that differs from trial to trial, and a scenario with no effect on average."""
    scenarios = (("expected", ()),)
    return summary_of(tmp_path_factory.mktemp("wobbling"), {"wobble": 0.1}, scenarios=scenarios)


@pytest.fixture(scope="module")
def sharp(tmp_path_factory):
    return summary_of(tmp_path_factory.mktemp("sharp"))


def row(summary, quantity, scenario="expected", parameters="typical", comparison="high vs placebo"):
    chosen = summary[
        (summary["quantity"] == quantity)
        & (summary["scenario"] == scenario)
        & (summary["parameters"] == parameters)
        & ((summary["comparison"] == comparison) if comparison else summary["comparison"].isna())
    ]
    assert len(chosen) == 1
    return chosen.iloc[0]


def rows_of(looks, scenario="expected", parameters="typical", comparison="high vs placebo"):
    mask = (looks["scenario"] == scenario) & (looks["parameters"] == parameters) & (looks["comparison"] == comparison)
    return looks[mask]


def test_every_row_has_its_error_interval_and_number_of_trials(sharp):
    _, summary, _ = sharp
    assert (summary["n"] == 200).sum() > 20
    assert summary["standard_error"].notna().all()
    assert ((summary["lower"] <= summary["value"]) & (summary["value"] <= summary["upper"])).all()
    assert summary["meaning"].notna().all()


def test_a_rejection_rate_is_called_after_what_is_true(sharp):
    _, summary, looks = sharp
    rejected = rows_of(looks)["rejected"]
    power = row(summary, "power")
    assert power["value"] == rejected.mean()
    rate = (rejected.sum() + 2) / 204
    assert power["standard_error"] == sqrt(rate * (1 - rate) / 204)
    assert row(summary, "assurance", parameters="uncertain")["value"] == rejected.mean()
    assert row(summary, "type_1", scenario="no_effect")["value"] == rows_of(looks, "no_effect")["rejected"].mean()
    named = summary[summary["quantity"].isin(["power", "assurance", "type_1", "family_wise_type_1"])]
    assert named.groupby(["scenario", "parameters"], observed=True)["quantity"].unique().map(sorted).to_dict() == {
        ("expected", "typical"): ["power"],
        ("expected", "uncertain"): ["assurance"],
        ("no_effect", "typical"): ["family_wise_type_1", "type_1"],
        ("no_effect", "uncertain"): ["family_wise_type_1", "type_1"],
    }


def test_family_wise_error_counts_trials_with_any_false_rejection(sharp):
    _, summary, looks = sharp
    chosen = looks[(looks["scenario"] == "no_effect") & (looks["parameters"] == "typical")]
    any_rejected = chosen.groupby("trial")["rejected"].any()
    assert row(summary, "family_wise_type_1", "no_effect", comparison=None)["value"] == any_rejected.mean()
    assert any_rejected.mean() > row(summary, "type_1", "no_effect")["value"] > 0


def test_bias_is_paired_with_the_truth_of_the_own_patients(wobbling):
    _, summary, looks = wobbling
    chosen = rows_of(looks)
    difference = (chosen["estimate"] - chosen["truth"]).dropna()
    bias = row(summary, "bias")
    assert bias["value"] == pytest.approx(difference.mean(), abs=1e-15)
    assert bias["standard_error"] == pytest.approx(difference.sem(), rel=1e-12)
    assert bias["n"] == len(difference) == 196
    assert bias["standard_error"] < row(summary, "mean_estimate")["standard_error"]


def test_coverage_is_of_the_pooled_truth_or_of_the_own_patients_truth(wobbling):
    _, summary, looks = wobbling
    for mode, target in (("typical", rows_of(looks)["truth"].mean()), ("uncertain", rows_of(looks)["truth"])):
        chosen = rows_of(looks, parameters=mode)
        if mode == "uncertain":
            target = chosen["truth"]
        inside = ((chosen["lower"] <= target) & (target <= chosen["upper"]))[chosen["lower"].notna()]
        assert row(summary, "coverage", parameters=mode)["value"] == inside.mean()
    assert row(summary, "coverage")["meaning"] == (
        "share of the 95% intervals that contain the mean true effect over all trials"
    )
    assert row(summary, "coverage", parameters="uncertain")["meaning"] == (
        "share of the 95% intervals that contain the true effect in the trial's own patients"
    )
    assert row(summary, "coverage")["value"] < row(summary, "coverage", parameters="uncertain")["value"]


def test_errors_of_the_method_and_of_the_simulation_stand_side_by_side(wobbling):
    _, summary, looks = wobbling
    assert row(summary, "empirical_se")["value"] == pytest.approx(rows_of(looks)["estimate"].std(), rel=1e-12)
    assert row(summary, "mean_se")["value"] == pytest.approx(0.15, rel=1e-14)
    assert row(summary, "empirical_se")["unit"] == "mmHg"


def test_failed_analyses_count_as_not_rejected_and_are_counted(sharp):
    _, summary, _ = sharp
    assert row(summary, "failed_analyses")["value"] == 4 / 200
    assert row(summary, "power")["n"] == 200
    assert row(summary, "missing")["value"] == pytest.approx(20 / 400, rel=1e-15)


def test_what_belongs_to_the_trial(sharp):
    result, summary, _ = sharp
    trials = read_table(result.folder, "trials")
    chosen = trials[(trials["scenario"] == "expected") & (trials["parameters"] == "typical")]
    assert row(summary, "success", comparison=None)["value"] == chosen["success"].mean()
    assert row(summary, "screened", comparison=None)["value"] == 800
    assert row(summary, "screen_failure", comparison=None)["value"] == pytest.approx(0.25, rel=1e-15)
    assert row(summary, "lost", comparison=None)["value"] == pytest.approx((chosen["lost"] / 600).mean(), rel=1e-12)
    assert row(summary, "intercurrent_events", comparison=None)["value"] == pytest.approx(0.1, rel=1e-15)
    assert row(summary, "duration", comparison=None)["value"] == pytest.approx(chosen["duration"].mean(), rel=1e-14)
    assert row(summary, "duration", comparison=None)["unit"] == "day"
    assert row(summary, "failed_trials", comparison=None)["value"] == 0


def test_a_null_that_is_none_is_found_out(tmp_path):
    scenarios = (("expected", ("high vs placebo",)),)
    result, summary, _ = summary_of(tmp_path, scenarios=scenarios, modes=("typical",))
    assert result.exit_code == 1
    assert [finding.message for finding in result.findings] == [
        "scenario expected, typical parameters, design base: primary, high vs placebo is declared null, but its true "
        "effect is 0.4 (Monte-Carlo standard error 0), beyond the null of 0"
    ]
    assert not summary["quantity"].isin(["type_1", "family_wise_type_1"]).any()
    assert row(summary, "null_not_verified")["value"] == pytest.approx(0.4, rel=1e-15)
    assert row(summary, "power", comparison="low vs placebo")["n"] == 200


def test_a_null_is_allowed_its_monte_carlo_error(tmp_path):
    scenarios = (("no_effect", ("low vs placebo", "high vs placebo")),)
    result, summary, looks = summary_of(tmp_path, {"wobble": 0.1}, scenarios=scenarios, modes=("typical",))
    truth = rows_of(looks, "no_effect")["truth"]
    assert 0 < abs(truth.mean()) < 3 * truth.sem()
    assert result.exit_code == 0
    assert row(summary, "type_1", "no_effect")["n"] == 200


def test_a_family_has_its_own_error_rate_and_nulls_may_be_of_one_analysis(tmp_path):
    hypotheses = tuple(Hypothesis(text=arm, parts=(("primary", f"{arm} vs placebo"),)) for arm in ("low", "high"))
    family = Family(name="main", alpha=0.025, procedure="holm", hypotheses=hypotheses)
    scenarios = (("no_effect", ("low vs placebo of primary", "high vs placebo")),)
    result, summary, looks = summary_of(tmp_path, scenarios=scenarios, modes=("typical",), families=(family,))
    assert result.exit_code == 0 and (summary["quantity"] == "type_1").sum() == 2
    found = summary[(summary["quantity"] == "family_wise_type_1") & (summary["analysis"] == "main")]
    assert found["value"].tolist() == [looks.groupby("trial")["rejected"].any().mean()]
    assert found["meaning"].tolist() == ["share of trials that reject at least one true null of the family"]


def test_a_truth_worse_than_the_null_is_still_null(tmp_path):
    scenarios = (("expected", ("low vs placebo", "high vs placebo")),)
    result, summary, _ = summary_of(tmp_path, scenarios=scenarios, modes=("typical",), margin=0.5)
    assert result.exit_code == 0
    assert (summary["quantity"] == "type_1").sum() == 2


def test_an_undeclared_null_is_a_warning(tmp_path):
    scenarios = (("no_effect", ("low vs placebo",)),)
    result, _, _ = summary_of(tmp_path, scenarios=scenarios, modes=("typical",))
    assert result.exit_code == 0
    assert [(finding.kind, finding.message) for finding in result.findings] == [
        (
            "undeclared_null",
            "scenario no_effect, typical parameters, design base: primary, high vs placebo has a true effect of "
            "exactly 0 in every trial, which is the null, but the scenario does not declare it null: its power is a "
            "type I error",
        )
    ]


def test_an_effect_on_the_wrong_side_of_the_null_is_a_warning(tmp_path):
    result, _, _ = summary_of(tmp_path, scenarios=(("expected", ()),), modes=("typical",), margin=0.5)
    assert result.exit_code == 0
    assert [finding.kind for finding in result.findings] == ["undeclared_null"] * 2
    assert result.findings[0].message.startswith("scenario expected, typical parameters, design base: primary, ")
    assert result.findings[0].message.endswith(
        "on the wrong side of the null of 0.5, but the scenario does not declare it null: its power is a type I error"
    )


def test_a_cell_without_a_single_trial_still_has_its_rows(tmp_path):
    scenarios = (("expected", ()),)
    fails = {"fails": tuple(range(200))}
    result, summary, _ = summary_of(tmp_path, fails, scenarios=scenarios, modes=("typical",))
    assert result.exit_code == 4
    assert isnan(row(summary, "power")["value"]) and row(summary, "power")["n"] == 0
    assert row(summary, "failed_trials", comparison=None)["value"] == 1.0
    assert np.isnan(row(summary, "duration", comparison=None)["value"])


def with_failed_patients(world, trials, keep):
    """Return stand-in trials of which a tenth of the patients could not be computed."""
    tables = fake_simulate(world, trials, keep)
    tables["trials"]["failed_patients"] = np.full(len(trials), 60)
    return tables


def test_patients_who_could_not_be_computed_are_a_fault_of_the_run(tmp_path):
    plan = fake_plan(at_most=200, modes=("typical",), scenarios=(("expected", ()),))
    result = run(plan, tmp_path / "run", PAPERS, worlds_of(plan), simulate=with_failed_patients)
    assert result.exit_code == 4
    assert [(finding.is_fault, finding.message) for finding in result.findings] == [
        (
            True,
            "scenario expected, typical parameters, design base: the courses of 10% of the randomised patients could "
            "not be computed",
        )
    ]
