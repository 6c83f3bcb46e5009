"""Published pharmacodynamic models as cohorts: courses, extremes and most probable parameters that others computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.optimize import minimize

import trialsim

HERE = Path(__file__).parent
CASES = {case["id"]: case for case in json.loads((HERE / "pharmacodynamic_cases.json").read_text("utf-8"))["cases"]}
SIDE_BY_SIDE, WITH_EXTREMES = HERE / "pharmacodynamic_cases.yaml", HERE / "pharmacodynamic_extremes.yaml"
DIABETES = HERE / "type_1_diabetes.yaml"
WHIG = HERE.parents[2] / "cohorts" / "t2d-whig-choy.yaml"
# Of each extreme, the share of the time on the way there and the value.
EXTREMES = {
    ("PDD-01", "I"): ("I_falls", "I_least"), ("PDD-01", "II"): ("II_rises", "II_most"),
    ("PDD-01", "III"): ("III_rises", "III_most"), ("PDD-01", "IV"): ("IV_falls", "IV_least"),
    ("PDD-03", "alectinib"): ("alectinib_shrinks", "alectinib_nadir"),
    ("PDD-03", "crizotinib"): ("crizotinib_shrinks", "crizotinib_nadir"),
}  # fmt: skip


def observed(who: int, times: list[float], dose: tuple[str, float] | None = None) -> list[dict[str, Any]]:
    """Return the records of an individual seen at these times, after a dose (state, amount) at time 0."""
    given = [{"ID": who, "TIME": 0.0, "EVID": 1, "CMT": dose[0], "AMT": dose[1]}] if dose else []
    return given + [{"ID": who, "TIME": float(time), "EVID": 0, "CMT": None, "AMT": None} for time in times]


def seen(cohort: Path, rows: list[dict[str, Any]], **more: Any) -> pd.DataFrame:
    """Return what is true at the observations, a column a measure, by individual and time."""
    simulated = trialsim.simulate_events(cohort, pd.DataFrame(rows), **more)
    assert simulated.failures == ()
    frame = simulated.frame[simulated.frame["EVID"] == 0].set_index(["ID", "TIME"])
    return frame.filter(like="IPRED_").rename(columns=lambda name: name.removeprefix("IPRED_").removesuffix("_m"))


def expected(case: str) -> dict[str, dict[str, Any]]:
    return {each["what"]: each for each in CASES[case]["expected"]}


def assert_is(found: Any, each: Mapping[str, Any]) -> None:
    np.testing.assert_allclose(np.asarray(found, float), each["values"], rtol=0, atol=each["tolerance"])


WEEK, MINUTE = 168.0, 1.0 / 60.0  # in the document's hours


# One document, half a minute to compile.
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def courses() -> pd.DataFrame:
    """The courses of all models side by side; who takes something takes nothing of what the others take."""
    responses, tumours = expected("PDD-01")["I"]["at"], [0, 6, 8, 12, 24, 52, 104]
    glucose = [time * MINUTE for time in expected("PDD-10")["glucose, insulin above it"]["at"]]
    rows = [
        *observed(1, responses, ("central", 10.0)),
        *observed(2, [time * WEEK for time in tumours]),
        *observed(3, glucose),
        *observed(4, glucose, ("insulin", 100.0)),
    ]
    return seen(SIDE_BY_SIDE, rows)


@pytest.mark.parametrize("model", ["I", "II", "III", "IV"])
def test_an_indirect_response(courses: pd.DataFrame, model: str) -> None:
    each = expected("PDD-01")[model]
    assert_is(courses.loc[1].loc[each["at"], model], each)


@pytest.mark.parametrize("who", ["alectinib", "crizotinib"])
def test_a_tumour_that_regresses_and_grows(courses: pd.DataFrame, who: str) -> None:
    each = expected("PDD-03")[who]
    assert_is(courses.loc[2].loc[[time * WEEK for time in each["at"]], who], each)


def test_a_tumour_whose_inhibition_wanes(courses: pd.DataFrame) -> None:
    each = expected("PDD-04")["claret"]
    assert_is(courses.loc[2].loc[[time * WEEK for time in each["at"]], "claret"], each)


def test_when_and_where_extremes_are() -> None:
    """An extreme is reached where the share of the time ends in which the way there went on."""
    found = seen(WITH_EXTREMES, [*observed(1, [48.0], ("central", 10.0)), *observed(2, [0.0, 104 * WEEK])])
    for (case, what), (way, value) in EXTREMES.items():
        who, end = (1, 48.0) if case == "PDD-01" else (2, 104.0)
        last = found.loc[who].iloc[-1]
        assert_is([last[way] * end, last[value]], expected(case)[f"extreme of {what}"])


@pytest.mark.parametrize(("who", "what"), [(3, "glucose, insulin at its base"), (4, "glucose, insulin above it")])
def test_glucose_of_the_minimal_model(courses: pd.DataFrame, who: int, what: str) -> None:
    assert_is(courses.loc[who]["G"], expected("PDD-10")[what])


def test_the_most_probable_parameters_of_a_subject(tmp_path: Path) -> None:
    """Maximise the posterior of PK-10: residuals with their variances, and deviations with theirs, from zero on."""
    given = CASES["PK-10"]["inputs"]
    typical, varying = given["typical"], list(given["variance"])
    variance = np.array([given["variance"][name] for name in varying])
    readings = {"cp": dict(given["cp"]), "pca": dict(given["pca"])}
    times = sorted({*readings["cp"], *readings["pca"]})

    def parameters(deviations: np.ndarray) -> dict[str, float]:
        moved = {**typical, **{n: typical[n] + d for n, d in zip(varying, deviations, strict=True)}}
        named = {name: float(np.exp(value)) for name, value in moved.items()}
        return {**named, "emax": named["emax"] / (1 + named["emax"])}

    def surprise(points: np.ndarray) -> np.ndarray:
        """Return -2 log of the posterior at each point, less a constant."""
        people = pd.DataFrame([parameters(point) for point in points]).rename(columns={"kout": "kout_pca"})
        people.assign(ID=range(len(points))).to_csv(tmp_path / "people.csv", index=False)
        rows = [row for i in range(len(points)) for row in observed(i, times, ("depot", given["dose"]))]
        found = seen(SIDE_BY_SIDE, rows, individuals=tmp_path / "people.csv")
        total = np.asarray((points**2 / variance).sum(axis=1))
        for name, of in readings.items():
            error = given[f"{name}_error"]
            true = found[name].astype(float).unstack()[list(of)].to_numpy()
            spread = error["additive"] ** 2 + (error.get("proportional", 0.0) * true) ** 2
            total += ((np.array(list(of.values())) - true) ** 2 / spread + np.log(spread)).sum(axis=1)
        return total

    def with_slope(point: np.ndarray) -> tuple[float, np.ndarray]:
        step = 1e-4 * np.eye(len(varying))
        values = surprise(np.vstack([point, point + step, point - step]))
        up, down = np.split(values[1:], 2)
        return values[0], (up - down) / 2e-4

    best = minimize(with_slope, np.zeros(len(varying)), jac=True, method="BFGS", options={"gtol": 1e-4})
    assert best.success, best.message
    for name, value in parameters(best.x).items():
        assert_is([value], expected("PK-10")[f"most probable {name}"])


def whig(folder: Path) -> Path:
    """Write the shipped cohort with the parameters of the article and the two effects in its form, and return it.

    The shipped cohort is an author's later parameterisation: there the effect on beta cells approaches its size
    exponentially, and diet begins to act after a day. Everything else is compared as it is shipped.
    """
    given = CASES["PDD-06"]["inputs"]
    document = yaml.safe_load(WHIG.read_text(encoding="utf-8"))
    for name, value in {
        "TH1": "t_half_wt", "BLWT": "BW0", "IS0": "is0", "EFP": "scale", "BC0": "b0", "RBCL": "rb", "EFB": "EFBmax",
        "T50": "efb50", "EFDE": "efDE", "EFPL": "efP", "RDPR": "efUP", "KIHB": "kin", "INT": "PPG",
        "PPGF": "scalePPG", "MTT": "MTT",
    }.items():  # fmt: skip
        unit = str(document["parameters"][name]["typical"]).partition(" ")[2]
        document["parameters"][name]["typical"] = f"{given[value]} {unit}" if unit else given[value]
    document["quantities"]["beta_effect"]["is"] = (
        "1 + EFB * logistic(3.69 1/day * (elapsed - 42 day)) * logistic(-8.05 1/day * (elapsed - T50))"
    )
    document["quantities"]["eaten"]["is"] = "progression * (100 - EFDE - if(since(randomised) > BSL, EFPL, 0)) / 100"
    (folder / "whig.yaml").write_text(yaml.safe_dump({**document, "id": "whig"}, sort_keys=False), encoding="utf-8")
    return folder / "whig.yaml"


def test_weight_glucose_insulin_and_hba1c(tmp_path: Path) -> None:
    found = seen(whig(tmp_path), observed(1, [0, 42, 126, 182, 365, 469])).loc[1]
    measure = {"weight": "weight_measured", "fsi": "insulin_measured", "fpg": "glucose_measured",
               "hba1c": "hba1c_measured"}  # fmt: skip
    for each in CASES["PDD-06"]["expected"]:
        assert_is(found.loc[each["at"], measure[each["what"]]], each)


def test_glucose_and_insulin_in_type_1_diabetes(tmp_path: Path) -> None:
    """Held at 5.5 mmol/L, then fed, with and without a bolus; and held by basal insulin alone at four levels."""
    each = expected("PDD-08")
    times, held = each["glucose after 60 g"]["at"], each["basal insulin, U/h, that holds"]
    rows = observed(0, times, ("gut1", 60.0)) + observed(1, times, ("gut1", 60.0)) + observed(1, [], ("S1", 5000.0))
    rows += [row for i in range(4) for row in observed(2 + i, [0, 480])]
    people = ["ID,target", "0,5.5", "1,5.5", *(f"{2 + i},{level}" for i, level in enumerate(held["at"]))]
    (tmp_path / "people.csv").write_text("\n".join(people) + "\n", encoding="utf-8")
    rows = sorted(rows, key=lambda row: (row["ID"], row["TIME"], -row["EVID"]))
    found = seen(DIABETES, rows, individuals=tmp_path / "people.csv")
    assert_is(found.loc[0, "glucose"], each["glucose after 60 g"])
    assert_is(found.loc[1, "glucose"], each["glucose after 60 g and 5 U"])
    assert_is(found.loc[1, "insulin"], each["insulin after 5 U"])
    assert_is([found.loc[(2 + i, 0.0), "basal"] for i in range(4)], held)
    kept = [found.loc[(2 + i, 480.0), "glucose"] for i in range(4)]
    np.testing.assert_allclose(np.asarray(kept, float), held["at"], rtol=1e-7)
