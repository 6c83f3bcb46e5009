"""What a report says: every number is the table's, every sentence is read whole."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from tests.unit.report.told import PROTOCOL, told_run
from trialsim.foundation.errors import TrialsimError
from trialsim.report.content import report_content
from trialsim.report.evidence import evidence
from trialsim.report.numbers import percentage
from trialsim.report.profiles import quantile
from trialsim.store.read import read_table


@pytest.fixture(scope="module")
def report(told):
    return report_content(told)


@pytest.fixture(scope="module")
def summary(told):
    return read_table(told, "summary")


def plain(text):
    return text.replace("\u00a0", " ")


def test_the_answer_in_sentences(report):
    assert [plain(sentence) for sentence in report.answer.sentences] == [
        "With 40 patients the trial succeeds in 75% ± 6 of trials if the model's parameters are exactly as estimated "
        "and in 70% ± 6 once the uncertainty of the model's parameters is carried along.",
        "With 80 patients it succeeds in 95.0% ± 3.4 and 93% ± 4.",
        "If there is nothing to find (no effect), the share of trials that reject a null is 5.0% ± 3.4; "
        "nominally it is 2.5%.",
    ]
    assert report.answer.success_words == (
        "A trial succeeds when primary rejects for at least one of 10 mg vs placebo or 20 mg <twice> vs placebo."
    )


def test_what_stands_against_the_answer_comes_with_it(report):
    assert [(caveat.severity, caveat.text) for caveat in report.answer.caveats] == [
        (
            "fault",
            "Null not verified: “a null that is none” declares 10 mg vs placebo null, but in primary its true effect "
            "is −4.09 to −4 (4 cells). No type I error is given for it.",
        ),
        ("fault", "4 trials could not be simulated and count in no figure; see What failed."),
        ("fault", "The course of up to 0.0424% of the randomised patients could not be computed; see What failed."),
        (
            "caution",
            "Not every analysis could be estimated: goal (up to 5.08% of the trials of a cell). "
            "Such trials count as not rejected; see What failed.",
        ),
        ("caution", "A quick look: only 59 trials in the smallest cell. More trials shrink the ± of every number."),
    ]


def test_a_run_without_faults_has_only_its_size_against_it(plain_told):
    report = report_content(plain_told)
    assert [caveat.text for caveat in report.answer.caveats] == [
        "A quick look: only 60 trials in the smallest cell. More trials shrink the ± of every number."
    ]
    assert [plain(sentence) for sentence in report.answer.sentences] == [
        "With 40 patients the trial succeeds in 75% ± 6 of trials if the model's parameters are exactly as estimated."
    ]
    assert report.failures == () and report.curves is None and not report.has_designs
    assert report.profiles.words == (
        "No patient's data were kept, so there are no profiles; the protocol's `keep` says how much is stored."
    )
    assert report.population.kept_words == (
        "No patient's data were kept, so there is no baseline table; the protocol's `keep` says how much is stored."
    )


def test_an_undeclared_null_and_a_precision_not_reached_are_told(told):
    run = evidence(told)
    scenarios = tuple(replace(each, null=()) if each.name == "no_effect" else each for each in run.protocol.scenarios)
    until = type("Until", (), {"power_standard_error": 0.02})()
    protocol = replace(run.protocol, scenarios=scenarios, simulate=replace(run.protocol.simulate, until=until))
    from trialsim.report.caveats import caveats

    texts = [caveat.text for caveat in caveats(replace(run, protocol=protocol))]
    assert (
        "Undeclared null: 10 mg vs placebo in primary has no true effect in “no effect”, which does not declare it "
        "null: what is called power there is a type I error."
    ) in texts
    assert (
        "12 cells of 12 stopped at the largest number of trials before every rate reached the standard error asked "
        "for (2%)."
    ) in texts


def test_a_type_one_error_above_its_nominal_rate_is_told(told):
    from trialsim.report.caveats import inflated_errors

    run = evidence(told)
    address = (run.key("no_effect", "typical", "randomised-40"), "primary", None, "family_wise_type_1")
    high = replace(run.figures[address], value=0.09, error=0.02, lower=0.06, upper=0.13)
    (found,) = inflated_errors(replace(run, figures={**run.figures, address: high}))
    assert plain(found.text) == (
        "The type I error of primary is above its nominal 2.5%: 9.0% ± 2.0 "
        "(no effect, typical parameters, 40 patients)."
    )


def test_success_is_the_tables(report, summary):
    rows = summary[summary["quantity"] == "success"].set_index(["scenario", "parameters", "design"])
    labels = {"as thought": "expected", "no effect": "no_effect", "a null that is none": "wrong"}
    seen = 0
    for group in report.success.groups:
        for line, design in zip(group.lines, ("randomised-40", "randomised-80"), strict=True):
            for mark in line.marks:
                row = rows.loc[(labels[group.label], mark.mode, design)]
                expected = (row["value"], row["standard_error"], row["n"])
                assert (mark.rate.value, mark.rate.error, mark.rate.n) == expected
                assert mark.text == percentage(mark.rate)
                seen += 1
    assert seen == len(rows) == 12


def test_power_and_type_one_error_are_kept_apart(report, summary):
    primary = report.rates[0]
    assert [group.label for group in primary.power.groups] == ["as thought", "a null that is none"]
    assert [group.label for group in primary.errors.groups] == ["no effect", "a null that is none"]
    assert [line.heading for line in primary.errors.groups[0].lines] == [
        "10 mg vs placebo", "10 mg vs placebo", "20 mg <twice> vs placebo", "20 mg <twice> vs placebo",
        "any of these", "any of these",
    ]  # fmt: skip
    unverified = primary.errors.groups[1].lines
    assert all(isnan(mark.rate.value) and mark.text == "–" for line in unverified for mark in line.marks)
    family = summary[
        (summary["quantity"] == "family_wise_type_1") & (summary["parameters"] == "typical")
        & (summary["analysis"] == "primary")
    ]  # fmt: skip
    told = [line.marks[0].rate.value for line in primary.errors.groups[0].lines if line.heading == "any of these"]
    assert told == list(family["value"])
    assert primary.errors.reference == 0.025 and primary.errors.top >= 0.1
    every = [mark for group in primary.errors.groups for line in group.lines for mark in line.marks if mark.is_known]
    assert primary.errors.top >= max(mark.rate.upper for mark in every)


def test_the_deciding_analysis_comes_first_and_in_words(report):
    assert [item.name for item in report.rates] == ["primary", "goal"]
    assert report.rates[0].words == (
        "Analysis of covariance of change of pressure to week 4, adjusted for sbp at baseline; complete cases; "
        "one-sided alpha 2.5%, Holm's procedure."
    )
    assert report.rates[1].words == (
        "Risk difference of pressure below 140 mmHg, Wald's test; complete cases; one-sided alpha 2.5%, "
        "no adjustment for multiplicity."
    )


def test_curves_follow_the_number_that_varies(report, summary):
    assert report.curves.x_label == "patients randomised"
    curve = next(each for each in report.curves.curves if each.arm == "high" and each.mode == "uncertain")
    rows = summary[
        (summary["quantity"] == "assurance") & (summary["scenario"] == "expected")
        & (summary["comparison"] == "high vs placebo") & (summary["analysis"] == "primary")
    ]  # fmt: skip
    assert [point.x for point in curve.points] == [40.0, 80.0]
    assert [point.rate.value for point in curve.points] == list(rows["value"])


def test_the_design_in_sentences(report):
    assert report.schedule.sentences == (
        "40 or 80 patients are randomised 2:1:1 to placebo, 10 mg and 20 mg <twice>.",
        "Randomisation: stratified by sex, permuted blocks of 8.",
        "Systolic blood pressure is measured at screening (week −1), baseline (week 0), w2 (week 2) and w4 (week 4); "
        "Concentration of X is measured at w2 (week 2) and w4 (week 4), within 2 days of the planned day at most.",
        "Eligible at screening: 50 kg ≤ weight; sbp ≥ 140 mmHg.",
        "Data are cut 2 weeks after the last value of an endpoint is known.",
    )
    low, high = report.schedule.lanes[1:]
    assert (low.dosing, len(low.doses), low.doses[:2]) == ("X 10 mg oral every day until week 4", 28, (0.0, 1.0))
    assert (high.dosing, len(high.doses)) == ("X 20 mg oral every hour until week 4", 672)


def test_patients_are_counted_as_kept(report, told):
    patients = read_table(told, "patients")
    cell = patients[
        (patients["scenario"] == "expected") & (patients["parameters"] == "typical")
        & (patients["design"] == "randomised-80")
    ]  # fmt: skip
    assert report.population.columns[-1] == f"All (n\u00a0=\u00a0{len(cell)})"
    weight = next(row for row in report.population.baseline if row.label == "Body weight, kg")
    low, middle, high = np.quantile(cell["weight"], [0.25, 0.5, 0.75])
    assert weight.cells[-1] == f"{middle:.0f} ({low:.0f}–{high:.0f})"
    female = next(row for row in report.population.baseline if row.label == "female")
    n = int((cell["sex"] == "female").sum())
    assert female.cells[-1] == f"{n} ({100 * n / len(cell):.0f}%)"


def test_parameters_are_told_in_the_words_of_the_field(report):
    rows = {row.name: row for row in report.population.parameters}
    assert (rows["CL"].typical, rows["CL"].uncertainty, rows["CL"].between_patients, rows["CL"].effects) == (
        "2 L/h", "RSE 10%", "CV 28%", "(weight / 70 kg)^0.75; sex female × 0.8",
    )  # fmt: skip
    assert (rows["V"].uncertainty, rows["V"].between_patients) == ("SE 2 L", "SD 3 L")
    assert (rows["EMAX"].uncertainty, rows["EMAX"].between_patients) == ("taken as known", "none")


def test_profiles_are_quantiles_of_what_was_measured(report, told):
    visits, patients = read_table(told, "visits"), read_table(told, "patients")
    keys = ["scenario", "parameters", "design", "trial", "patient"]
    both = visits.astype(dict.fromkeys(keys[:3], object)).merge(
        patients.astype(dict.fromkeys(keys[:3], object))[[*keys, "arm"]], on=keys
    )
    chosen = both[
        (both["scenario"] == "expected") & (both["parameters"] == "typical") & (both["design"] == "randomised-80")
        & (both["measure"] == "sbp") & (both["visit"] == "w4") & (both["arm"] == "high")
    ]["value"].dropna()  # fmt: skip
    panel = next(each for each in report.profiles.panels if each.scenario == "as thought")
    point = next(each for arm in panel.arms if arm.arm == "high" for each in arm.points if each.visit == "w4")
    assert point.n == len(chosen) < 40
    expected = tuple(np.quantile(chosen, [0.05, 0.5, 0.95]))
    assert (point.low, point.median, point.high) == pytest.approx(expected, rel=1e-12)
    assert [(p.measure, p.scenario) for p in report.profiles.panels][2:4] == [
        ("Systolic blood pressure", "a null that is none"), ("Concentration of X", "as thought"),
    ]  # fmt: skip


def test_quantiles_are_numpys():
    values = [5.0, 1.0, 4.0, 2.0, 2.5]
    for p in (0.0, 0.05, 0.37, 0.5, 0.95, 1.0):
        assert quantile(values, p) == pytest.approx(np.quantile(values, p), rel=1e-14)


def test_estimands_say_what_becomes_of_events(report):
    assert [(item.name, item.endpoint, item.events[0][:2]) for item in report.estimands.words] == [
        ("In practice", "change of pressure to week 4", ("intolerance", "treatment policy")),
        ("If taken", "pressure below 140 mmHg", ("intolerance", "hypothetical")),
    ]
    primary, goal = report.estimands.accuracy
    assert (primary.unit, goal.unit) == ("mmHg", "percentage points")
    first = goal.scenarios[0][1][0]
    assert (first.truth, plain(first.bias), first.is_biased) == ("20 (exactly)", "0.4 ± 1.2", False)


def test_failures_are_counted_by_reason(report):
    rows = [(row.what, plain(row.where), row.n) for row in report.failures]
    assert ("Trial: nobody is eligible in trial 13", "wrong", "4 times") in rows
    assert ("Patient under 20 mg <twice>: too many steps", "expected", "4 times") in rows
    what = "Goal analysis, 20 mg <twice> vs placebo: no variance"
    assert (what, "wrong, typical parameters, 40 patients", "3 of 59 trials") in rows
    assert len(rows) == 16


def test_assumptions_and_reproduction(report, told):
    wrong = report.assumptions.scenarios[2]
    assert (wrong.changes, wrong.nulls) == ("Accrual × 0.5; hazard of lost × 2", "10 mg vs placebo")
    assert report.assumptions.conduct == (
        ("Accrual", "10 per month at 3 sites, all open after 2 months"),
        ("Doses taken", "90%, varying between patients with SD 0.5 on the logit"),
        ("Intolerance", "hazard 0.01 per month, then stop dosing"),
        ("Missed visits", "3% of the visits after baseline"),
        ("Leaving the trial: lost", "hazard 0.02 per month"),
    )
    assert report.assumptions.limits == ("Salt is left out.",)
    assert report.reproduction.trials == "716 trials in 12 cells (scenario × parameters × design)."
    assert ("trialsim verify told-1234", "proves that every table is as it was written") in report.reproduction.commands
    assert report.conduct.scenarios[0][1][0].cells[3].replace("\u00a0", " ") == "50.61% ± 0.06"


def test_a_folder_without_a_finished_run_is_refused(tmp_path):
    with pytest.raises(TrialsimError) as told:
        report_content(tmp_path)
    assert (told.value.slug, told.value.message) == ("not-a-run", f"{tmp_path} holds no finished run")


def test_designs_that_differ_in_several_things_are_told_in_words(tmp_path):
    vary = "vary: {patients.randomised: [40, 80], arms.high.dosing.0.amount: [20 mg, 30 mg], randomise.blocks: [4, 8]}"
    text = PROTOCOL.replace("vary: {patients.randomised: [40, 80]}", vary).replace("trials: 60", "trials: 20")
    report = report_content(told_run(tmp_path, text.replace("parameters: both", "parameters: typical")))
    labels = [plain(line.label) for line in report.success.groups[0].lines]
    assert labels[:2] == [
        "40 patients, amount of 20 mg <twice>: 20 mg, blocks 4",
        "40 patients, amount of 20 mg <twice>: 20 mg, blocks 8",
    ]
    assert report.curves is None
    assert report.schedule.sentences[0].startswith("40 or 80 patients are randomised 2:1:1 to placebo, 10 mg and 20 mg")
    assert "Designs compared: " in report.schedule.sentences[0]
    assert report.answer.sentences[2] == "These are the least and the most successful of 8 designs."


def test_a_dose_that_varies_has_its_curve(tmp_path):
    vary = "vary: {arms.high.dosing.0.amount: [20 mg, 30 mg]}"
    text = PROTOCOL.replace("vary: {patients.randomised: [40, 80]}", vary)
    report = report_content(told_run(tmp_path, text.replace("trials: 60", "trials: 20")))
    assert report.curves.x_label == "amount of 20 mg <twice> (mg)"
    assert [point.x for point in report.curves.curves[0].points] == [20.0, 30.0]
