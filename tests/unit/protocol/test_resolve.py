"""What a protocol says once nothing is implied: defaults, conversions, order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.protocol.documents import FULL, cohort, protocol
from trialsim.cohort.model import Cohort
from trialsim.foundation.expression import parse, to_text
from trialsim.protocol.model import Accrual, Adherence, Comparison, Keep, Override, Randomisation, Until, Visit
from trialsim.protocol.read import protocol_from


def test_a_label_is_the_name_unless_written() -> None:
    assert [arm.label for arm in protocol().arms] == ["placebo", "low", "20 mg"]
    assert protocol().arms[0].dosing == ()


def test_blocks_are_twice_the_ratio_unless_written() -> None:
    assert protocol().randomise == Randomisation(ratio=(1, 1, 1), block=6, strata=("sex",))
    plain = protocol(("randomise: {ratio: {placebo: 1, low: 1, high: 1}, blocks: 6, strata: [sex]}\n", ""))
    assert plain.randomise == Randomisation(ratio=(1, 1, 1), block=6, strata=())
    ratio = protocol(("{ratio: {placebo: 1, low: 1, high: 1}, blocks: 6,", "{ratio: {high: 2, low: 2, placebo: 1},"))
    assert ratio.randomise == Randomisation(ratio=(1, 2, 2), block=10, strata=("sex",))


def test_visits_ascend_and_the_first_before_randomisation_is_screening() -> None:
    found = protocol(
        (
            "screening: week -2, baseline: day 0, w4: {at: week 4, window: 3 days}, ",
            "w4: {at: week 4, window: 3 days}, baseline: day 0, screening: week -2, ",
        )
    )
    assert [visit.name for visit in found.visits] == ["screening", "baseline", "w4", "w11", "w12"]
    assert found.visit("w4") == Visit(name="w4", at=28.0, window=3.0)
    assert found.screening == "screening"


def test_assessments_have_the_delay_of_their_measure_unless_written() -> None:
    sbp, conc = protocol().assess
    assert (sbp.after_dose, sbp.known_after) == ((0.0,), 0.0)
    assert (conc.after_dose, conc.known_after) == ((0.0, 2 / 24), 2.0)
    written = protocol(("after_dose: [0 h, 2 h]", "after_dose: [2 h, 0 h], known_after: 0 days")).assess[1]
    assert (written.after_dose, written.known_after) == ((0.0, 2 / 24), 0.0)


def test_conduct_in_days_and_shares() -> None:
    conduct = protocol().conduct
    assert conduct.accrual == Accrual(rate=20 / 30.4375, sites=12, ramp_up=91.3125)
    assert conduct.adherence == Adherence(takes=0.92, between_patients_sd=0.5)
    assert conduct.missed_visits == 0.03
    assert [(loss.name, loss.hazard_text) for loss in conduct.lost_to_follow_up] == [("lost", "0.01 per month")]
    assert [event.name for event in conduct.intercurrent_events] == ["intolerance"]


def test_without_conduct_but_accrual_nothing_happens_to_anybody() -> None:
    text = FULL[: FULL.index("  adherence:")] + FULL[FULL.index("endpoints:") :]
    text = text.replace("events: {intolerance: treatment_policy}", "events: {}")
    text = text.replace("      lost_to_follow_up.hazard: x 2\n", "").replace(
        "      intercurrent_events.intolerance.hazard: 0.02 per month\n", ""
    )
    conduct = protocol(text=text).conduct
    assert conduct.adherence == Adherence(takes=1.0, between_patients_sd=0.0)
    assert (conduct.missed_visits, conduct.intercurrent_events, conduct.lost_to_follow_up) == (0.0, (), ())


def test_several_reasons_for_loss() -> None:
    found = protocol(
        (
            "  lost_to_follow_up: {hazard: 0.01 per month}\n",
            "  lost_to_follow_up:\n    moved: {hazard: 0.01 per month}\n    withdrew:\n"
            "      hazard: 0.1 per year * if(sex == male, 2, 1)\n",
        ),
        ("lost_to_follow_up.hazard: x 2", "lost_to_follow_up.moved.hazard: x 2"),
    )
    moved, withdrew = found.conduct.lost_to_follow_up
    assert (moved.name, withdrew.name) == ("moved", "withdrew")
    assert withdrew.hazard_text == "0.1 per year * if(sex == male, 2, 1)"
    assert withdrew.hazard == parse("0.1 per year * if(sex == 1, 2, 1)"), "categories are positions in a hazard"


def test_eligibility_keeps_the_labels_of_categories() -> None:
    patients = protocol().patients
    assert patients.eligible_text == (
        "18 years <= age <= 75 years",
        "sbp >= 140 mmHg",
        "sex == female or weight > 50 kg",
    )
    assert tuple(map(to_text, patients.eligible)) == patients.eligible_text


def test_endpoints_know_their_unit_baseline_and_threshold() -> None:
    change, responder = protocol().endpoints
    assert (change.baseline, change.unit, change.is_binary, change.threshold) == ("baseline", "mmHg", False, ())
    assert (responder.baseline, responder.unit, responder.is_binary) == (None, "", True)
    assert (responder.threshold, responder.threshold_text) == ((140.0,), ("140 mmHg",))
    assert change.label == "Systolic blood pressure, change from baseline at w12"
    assert responder.label == "Systolic blood pressure below 140 mmHg at w12"


def test_the_baseline_is_the_last_visit_up_to_randomisation_where_the_measure_is_taken() -> None:
    assert (
        protocol(("[screening, baseline, w4, w12]", "[screening, w4, w12]"), ("sbp at baseline", "sbp at screening"))
        .endpoint("sbp_change")
        .baseline
        == "screening"
    )


@pytest.mark.parametrize(
    ("derive", "unit"),
    [("value", "mmHg"), ("percent_change_from_baseline", "%"), ("log_ratio_to_baseline", "")],
)
def test_the_unit_of_an_endpoint(derive: str, unit: str) -> None:
    margin = {"mmHg": "-2 mmHg", "%": "-2%", "": "-0.1"}[unit]
    found = protocol(("derive: change_from_baseline", f"derive: {derive}"), ("margin: -2 mmHg", f"margin: {margin}"))
    assert found.endpoint("sbp_change").unit == unit


def test_thresholds_are_in_the_unit_of_the_measure() -> None:
    found = protocol(("derive: below, value: 140 mmHg", "derive: within, value: [12 kPa, 140 mmHg]"))
    low, high = found.endpoint("responder").threshold
    assert high == 140.0
    assert low == pytest.approx(12 * 7.50062, rel=1e-5)


def test_alpha_of_two_sides_is_halved_and_margins_are_in_the_unit_of_the_endpoint() -> None:
    primary, secondary = protocol().analyses
    assert (primary.alpha, secondary.alpha) == (0.025, 0.025)
    assert primary.comparisons == (
        Comparison(treated="high", control="placebo", better="lower", margin=0.0, margin_text="0 mmHg"),
        Comparison(treated="low", control="placebo", better="lower", margin=-2.0, margin_text="-2 mmHg"),
    )
    assert [comparison.name for comparison in primary.comparisons] == ["high vs placebo", "low vs placebo"]
    share = protocol(
        ("compare: {high vs placebo: {better: higher}}", "compare: {high vs placebo: {better: higher, margin: -10%}}")
    )
    assert share.analyses[1].comparisons[0].margin == -0.1


def test_methods() -> None:
    primary, secondary = protocol().analyses
    assert primary.method.covariates == (("sbp", "baseline"), ("weight", None))
    assert (primary.method.kind, primary.method.strata) == ("ancova", ("sex",))
    assert (secondary.method.kind, secondary.multiplicity) == ("risk_difference", "none")


def test_missing_is_failure_for_shares_unless_an_event_is_hypothetical() -> None:
    assert [analysis.method.missing for analysis in protocol().analyses] == ["complete_cases", "failure"]
    found = protocol(
        (
            "response: {endpoint: responder, events: {intolerance: treatment_policy}}",
            "response: {endpoint: responder, events: {intolerance: hypothetical}}",
        )
    )
    assert [analysis.method.missing for analysis in found.analyses] == ["complete_cases", "complete_cases"]
    assert found.estimand("response").switched_off() == {"intolerance"}


def test_scenarios() -> None:
    expected, no_effect, pessimistic = protocol().scenarios
    assert (expected.overrides, expected.null, expected.label) == ((), (), "expected")
    assert no_effect.overrides == (Override(path=("parameters", "EMAX"), factor=None, value=0.0, text="0 mmHg"),)
    assert no_effect.null == ("high vs placebo", "low vs placebo")
    assert [(o.path, o.factor, o.value, o.text) for o in pessimistic.overrides] == [
        (("parameters", "EMAX"), 0.6, None, "x 0.6"),
        (("covariates", "weight", "median"), None, 80.0, "80 kg"),
        (("conduct", "lost_to_follow_up", "lost", "hazard"), 2.0, None, "x 2"),
        (("conduct", "accrual", "rate"), 0.5, None, "x 0.5"),
        (("conduct", "intercurrent_events", "intolerance", "hazard"), None, None, "0.02 per month"),
    ]
    assert pessimistic.overrides[-1].hazard == parse("0.02 per month")


def test_without_scenarios_there_is_the_expected_one() -> None:
    text = FULL[: FULL.index("scenarios:")] + FULL[FULL.index("vary:") :]
    assert [(s.name, s.overrides) for s in protocol(text=text).scenarios] == [("expected", ())]


def certain(one: Cohort) -> Cohort:
    return replace(one, parameters=tuple(replace(parameter, uncertainty=None) for parameter in one.parameters))


def test_both_modes_unless_nothing_is_uncertain() -> None:
    assert protocol().simulate.parameters == ("typical", "uncertain")
    assert protocol_from(FULL, certain(cohort())).simulate.parameters == ("typical",)
    fitted = replace(certain(cohort()), posterior="a-fit")
    assert protocol_from(FULL, fitted).simulate.parameters == ("typical", "uncertain")
    assert protocol(("seed: 20261121,", "seed: 20261121, parameters: uncertain,")).simulate.parameters == ("uncertain",)


def test_numbers_of_trials() -> None:
    simulate = protocol().simulate
    assert (simulate.at_least, simulate.at_most, simulate.until) == (200, 1000, Until(power_standard_error=0.02))
    exactly = protocol(("{at_least: 200, until: {power: {standard_error: 2%}}, at_most: 1000}", "50"))
    assert (exactly.simulate.at_least, exactly.simulate.at_most, exactly.simulate.until) == (50, 50, None)
    unsaid = protocol((", trials: {at_least: 200, until: {power: {standard_error: 2%}}, at_most: 1000}", ""))
    assert (unsaid.simulate.at_least, unsaid.simulate.at_most) == (1000, 1000)


@pytest.mark.parametrize(
    ("written", "kept"),
    [("first 2 trials", 2), ("first 1 trial", 1), ("all", 1000), ("none", 0), ("first 99999 trials", 1000)],
)
def test_kept_trials(written: str, kept: int) -> None:
    assert protocol(("first 2 trials", written)).keep == Keep(patients_of=kept)


def test_one_trial_is_kept_unless_written() -> None:
    assert protocol(("keep: {patients_of: first 2 trials}\n", "")).keep == Keep(patients_of=1)
