"""Event records simulated: predictions by hand, who the individuals are, luck that nobody else moves, files again."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import trialsim
from tests.whole_runs import LIBRARY
from trialsim.api.events import write_events
from trialsim.cohort.event_output import record_text
from trialsim.foundation.errors import InvalidDocument, TrialsimError

TINY = LIBRARY / "cohorts" / "tiny-linear.yaml"
KA, CL, V = 1.1, 2.0, 30.0
DOSED = pd.DataFrame({
    "ID": [1, 1, 1, 1, 2, 2],
    "TIME": [0.0, 1.0, 24.0, 25.0, 0.0, 3.0],
    "AMT": [320.0, np.nan, 320.0, np.nan, 100.0, np.nan],
    "weight": [70.0, 70.0, 70.0, 70.0, 84.0, 84.0],
})  # fmt: skip


def oral(dose: float, time: float, clearance: float = CL) -> float:
    """Return the concentration in mg/L after one dose: the Bateman function."""
    k = clearance / V
    return dose * KA / (V * (KA - k)) * (math.exp(-k * time) - math.exp(-KA * time)) if time > 0.0 else 0.0


def ipred(frame: pd.DataFrame, **options: object) -> list[float]:
    return trialsim.simulate_events(TINY, frame, **options).frame["IPRED"].tolist()  # type: ignore[arg-type]


def test_typical_individuals_are_predicted_by_the_textbook() -> None:
    heavier = CL * (84.0 / 70.0) ** 0.75
    expected = [0.0, oral(320, 1), oral(320, 24), oral(320, 25) + oral(320, 1), 0.0, oral(100, 3, heavier)]
    np.testing.assert_allclose(ipred(DOSED), expected, rtol=1e-12, atol=1e-13)


def test_additional_doses_are_doses_written_out() -> None:
    short = pd.DataFrame({"ID": 1, "TIME": [0, 60], "AMT": [100, None], "II": [12, None], "ADDL": [4, None],
                          "weight": 70})  # fmt: skip
    long = pd.DataFrame({"ID": 1, "TIME": [0, 12, 24, 36, 48, 60], "AMT": [100] * 5 + [None], "weight": 70})
    assert ipred(short)[-1] == ipred(long)[-1]


def test_a_reset_forgets_what_was_before_and_may_begin_time_anew() -> None:
    frame = pd.DataFrame({"ID": 1, "TIME": [0, 5, 24, 30, 0, 2], "AMT": [100, None, None, None, 50, None],
                          "EVID": [1, 0, 3, 0, 4, 0], "weight": 70})  # fmt: skip
    expected = [0.0, oral(100, 5), 0.0, 0.0, 0.0, oral(50, 2)]
    np.testing.assert_allclose(ipred(frame), expected, rtol=1e-12, atol=1e-13)


def test_units_of_the_file_are_converted() -> None:
    frame = pd.DataFrame({"ID": 1, "TIME": [0.0, 0.125], "AMT": [0.1, None], "weight": 70})
    np.testing.assert_allclose(ipred(frame, time_unit="day", amount_unit="g"), [0.0, oral(100, 3)], rtol=1e-12)


def test_units_of_another_kind_are_refused() -> None:
    with pytest.raises(TrialsimError) as fault:
        trialsim.simulate_events(TINY, DOSED, amount_unit="nmol")
    assert fault.value.slug == "wrong-unit"
    assert str(fault.value) == (
        "1 nmol cannot be given in mg\n  = it is: amount of substance\n  = wanted: mass"
    )  # fmt: skip


def test_a_missing_covariate_is_the_next_one_or_the_one_before() -> None:
    frame = DOSED.assign(weight=[np.nan, np.nan, 70.0, np.nan, np.nan, 84.0])
    np.testing.assert_array_equal(ipred(frame), ipred(DOSED))


def test_sampled_individuals_are_those_of_the_cohort() -> None:
    frame = DOSED.drop(columns="weight")
    own = trialsim.sample_patients(TINY, 3, seed=5)
    sampled = trialsim.simulate_events(TINY, frame, individuals="sampled", seed=5).frame
    k = own["CL"][1] / own["V"][1]
    by_hand = 320 * KA / (own["V"][1] * (KA - k)) * (math.exp(-k) - math.exp(-KA))
    assert sampled["IPRED"][1] == pytest.approx(by_hand, rel=1e-12)


def test_occasions_are_those_of_the_file(tmp_path: Path) -> None:
    text = TINY.read_text(encoding="utf-8").replace(
        "CL: {typical: 2 L/h,", "CL: {typical: 2 L/h, between_occasions: {lognormal: 40%},"
    )
    (tmp_path / "two.yaml").write_text(
        text.replace("time: h\n", "time: h\noccasions: {every: 7 days}\n"), encoding="utf-8"
    )
    frame = pd.DataFrame({"ID": 1, "TIME": [0, 5, 0, 5, 0, 5], "AMT": [100, None] * 3, "EVID": [1, 0, 4, 0, 4, 0],
                          "OCC": [1, 1, 2, 2, 1, 1]})  # fmt: skip
    first, second, again = trialsim.simulate_events(
        tmp_path / "two.yaml", frame, individuals="sampled"
    ).frame["IPRED"][1::2]  # fmt: skip
    assert first == again != second
    assert len(set(trialsim.simulate_events(tmp_path / "two.yaml", frame.assign(weight=70)).frame["IPRED"][1::2])) == 1
    with pytest.raises(InvalidDocument) as fault:
        trialsim.simulate_events(tmp_path / "two.yaml", frame.drop(columns="OCC"), individuals="sampled")
    assert str(fault.value) == (
        "records:1:1: error[records-no-occasion]: no column says which occasion a record belongs to\n"
        "  = between occasions vary: CL\n  = number the occasions in a column OCC"
    )


def test_nobody_moves_the_luck_of_another() -> None:
    whole = trialsim.simulate_events(TINY, DOSED, individuals="sampled", seed=3, replicates=3).frame
    alone = trialsim.simulate_events(TINY, DOSED[DOSED["ID"] == 2], individuals="sampled", seed=3, replicates=2).frame
    mine = whole[(whole["ID"] == 2) & (whole["REP"] < 2)].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, alone)
    assert len(set(whole.loc[whole["TIME"] == 3.0, "DV"])) == 3


def test_the_error_of_measurement_is_that_of_the_cohort() -> None:
    frame = pd.DataFrame({"ID": np.repeat(np.arange(2000), 2), "TIME": [0.0, 1.0] * 2000,
                          "AMT": [320.0, None] * 2000, "weight": 70.0})  # fmt: skip
    seen = trialsim.simulate_events(TINY, frame).frame.query("TIME == 1")
    f = oral(320, 1)
    scores = (seen["DV"] - f) / math.sqrt(0.05**2 + (0.15 * f) ** 2)
    # 2000 normal scores: their mean has a standard error of 1/sqrt(2000), their SD one of 1/sqrt(4000).
    assert abs(scores.mean()) < 4 / math.sqrt(2000) and abs(scores.std() - 1) < 4 / math.sqrt(4000)
    exact = trialsim.simulate_events(TINY, frame, residual_error=False).frame
    np.testing.assert_array_equal(exact.query("TIME == 1")["DV"], exact.query("TIME == 1")["IPRED"])


def test_readings_below_the_limit_are_half_of_it_and_flagged() -> None:
    frame = pd.DataFrame({"ID": 1, "TIME": [0.0, 200.0], "AMT": [10.0, None], "weight": 70.0})
    seen = trialsim.simulate_events(TINY, frame, seed=2).frame
    assert (seen["DV"][1], seen["BLQ_x_conc"].tolist()) == (0.01, [0, 1])
    assert seen["IPRED"][1] == pytest.approx(oral(10, 200), rel=1e-10)


def test_individuals_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "parameters.csv"
    path.write_text("ID,CL,V,OFV\n2,3,30,7.1\n1,4,30,6.0\n", encoding="utf-8")
    found = ipred(DOSED, individuals=path)
    np.testing.assert_allclose([found[1], found[5]], [oral(320, 1, 4.0), oral(100, 3, 3.0)], rtol=1e-12)


def test_covariates_with_effects_only_on_given_parameters_are_not_needed(tmp_path: Path) -> None:
    path = tmp_path / "parameters.csv"
    path.write_text("ID,CL,V\n2,3,30\n1,4,30\n", encoding="utf-8")
    assert ipred(DOSED.drop(columns="weight"), individuals=path) == ipred(DOSED, individuals=path)


def test_some_covariates_of_the_file_and_others_of_the_cohort_do_not_mix(tmp_path: Path) -> None:
    old = "{weight: {power: 0.75, reference: 70 kg}}"
    text = TINY.read_text(encoding="utf-8").replace(old, f"{old[:-1]}, sex: {{male: x 1.2}}}}")
    (tmp_path / "two.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidDocument) as fault:
        trialsim.simulate_events(tmp_path / "two.yaml", DOSED, individuals="sampled")
    assert str(fault.value) == (
        "records:1:1: error[records-no-covariate]: no column gives 'sex', which the cohort's equations or effects use\n"
        "  = columns: ID, TIME, AMT, weight\n  = if it has another name there, say --column sex=NAME"
    )


def test_what_is_written_reads_back_and_simulates_the_same(tmp_path: Path) -> None:
    frame = DOSED.assign(CMT="depot", EVID=[1, 0, 1, 0, 1, 0], MDV=[1, 0, 1, 0, 1, 0], NOTE="kept")
    first = trialsim.simulate_events(TINY, frame, individuals="sampled", seed=9, replicates=2)
    path = tmp_path / "deep" / "out.csv"
    write_events(first, path)
    again = trialsim.simulate_events(TINY, path, individuals="sampled", seed=9)
    assert path.read_text(encoding="utf-8") == record_text(again.frame)
    assert again.unused == ("NOTE",)
    write_events(first, tmp_path / "out.parquet")
    stored = pd.read_parquet(tmp_path / "out.parquet")
    np.testing.assert_array_equal(stored["IPRED"], first.frame["IPRED"])


def test_columns_of_the_output() -> None:
    simulated = trialsim.simulate_events(TINY, DOSED)
    assert list(simulated.frame) == ["ID", "TIME", "AMT", "weight", "DV", "IPRED", "IPRED_x_conc", "DV_x_conc",
                                     "BLQ_x_conc", "STATUS"]  # fmt: skip
    assert simulated.units == {"TIME": "h", "AMT": "mg", "IPRED_x_conc": "mg/L"}
    assert simulated.frame["DV"].isna().tolist() == [True, False, True, False, True, False]


def test_a_file_of_replicates_is_not_replicated() -> None:
    with pytest.raises(TrialsimError) as fault:
        trialsim.simulate_events(TINY, DOSED.assign(REP=0), replicates=2)
    assert str(fault.value) == (
        "the file holds replicates already: it has a column REP\n"
        "  = leave --replicates away, or take the column out"
    )  # fmt: skip


def test_a_cohort_that_measures_nothing(tmp_path: Path) -> None:
    text = TINY.read_text(encoding="utf-8")
    text = (
        text[: text.index("measures:")]
        .replace("depot: {", "depot: {unit: mg, ")
        .replace("tral: {", "tral: {unit: mg, ")
    )
    (tmp_path / "blind.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TrialsimError) as fault:
        trialsim.simulate_events(tmp_path / "blind.yaml", DOSED)
    assert str(fault.value) == (
        "the cohort 'tiny-linear' has no measures: nothing is predicted\n"
        "  = declare what is measured in its section 'measures'"
    )


def test_a_course_that_fails_is_told_and_nobody_else_fails(tmp_path: Path) -> None:
    path = tmp_path / "parameters.csv"
    path.write_text("ID,CL,V\n1,2,0\n2,2,30\n", encoding="utf-8")
    simulated = trialsim.simulate_events(TINY, DOSED, individuals=path)
    (failure,) = simulated.failures
    assert (failure.individual, failure.replicate) == (1, 0)
    assert simulated.frame["STATUS"].tolist()[4:] == [0, 0] and (simulated.frame["STATUS"][:4] > 0).all()
    assert simulated.frame["IPRED"][5] == pytest.approx(oral(100, 3), rel=1e-12)
