"""Published models as shipped cohorts: the two blind encodings agree, and so do trialsim's solvers and scipy's."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.catalogue.model_courses import Dose, Patient, by_engine, by_scipy
from trialsim.cohort.model import Cohort
from trialsim.cohort.read import read_cohort
from trialsim.foundation.units import quantity

HERE = Path(__file__).parent
FIRST, SECOND = HERE.parents[1] / "cohorts", HERE / "second_encodings"
MODELS = HERE.parents[1] / "docs" / "models"
CASES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "library_cases.yaml").read_text(encoding="utf-8"))
EXPECTED: list[dict[str, Any]] = yaml.safe_load((HERE / "library_expected.yaml").read_text(encoding="utf-8"))


@lru_cache(maxsize=128)
def encoding(folder: Path, name: str) -> Cohort:
    return read_cohort(folder / f"{name}.yaml")[0]


def doses_of(case: dict[str, Any]) -> list[Dose]:
    return [Dose(**dose) for dose in case.get("doses", [])]


def patients_of(name: str) -> list[Patient]:
    """Return the typical patient of the case's first column, and two with deviations and other typical values."""
    case, cohort = CASES[name], encoding(FIRST, name)
    luck = np.random.default_rng(sum(name.encode()))
    varying = [p.name for p in cohort.parameters if p.between_patients is not None]
    moved = [n for n in shared(name) if n not in case.get("certain", ())]
    made = []
    for i in range(3):
        made.append(
            Patient(
                covariates={covariate: str(values[i]) for covariate, values in case.get("covariates", {}).items()},
                effects={n: float(luck.uniform(-1.2, 1.2)) for n in varying} if i and "typical" not in case else {},
                factors={n: float(luck.uniform(0.9, 1.1)) for n in moved} if i else {},
                typical=case.get("typical", {}),
            )
        )
    return made


def shared(name: str) -> list[str]:
    """Return the parameters that both encodings have."""
    second = {p.name for p in encoding(SECOND, name).parameters}
    return [p.name for p in encoding(FIRST, name).parameters if p.name in second]


@pytest.mark.parametrize("name", CASES)
def test_both_encodings_vary_alike(name: str) -> None:
    first, second = (
        {p.name for p in encoding(folder, name).parameters if p.between_patients} for folder in (FIRST, SECOND)
    )
    assert first == second
    pairs = [{frozenset((c.first, c.second)): c.value for c in encoding(folder, name).random_effect_correlation}
             for folder in (FIRST, SECOND)]  # fmt: skip
    assert pairs[0] == pytest.approx(pairs[1], rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_both_encodings_give_the_same_course(name: str) -> None:
    case = CASES[name]
    for patient in patients_of(name):
        first, second = (
            by_scipy(
                encoding(folder, name), patient, doses_of(case), case["outputs"], case["times"], case.get("breaks", ())
            )
            for folder in (FIRST, SECOND)
        )
        assert np.isfinite(first).all()
        # What has all but vanished is compared on the scale of what it was.
        assert (np.abs(second - first) <= 1e-6 * np.abs(first) + 1e-10 * np.abs(first).max(axis=0)).all(), (
            first,
            second,
        )


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: f"{case['model']}-{case['output']}-at-{case['at']:g}")
def test_a_model_gives_what_its_source_says(case: dict[str, Any]) -> None:
    cohort = encoding(FIRST, case["model"])
    patient = Patient(covariates=case.get("covariates", {}), typical=case.get("typical", {}))
    made = by_scipy(cohort, patient, doses_of(case), [case["output"]], [case["at"]], case.get("breaks", ()))
    assert made[0, 0] == pytest.approx(quantity(case["value"]).coherent, rel=case["rel"]), case["source"]


def test_every_model_of_the_library_is_tested() -> None:
    """Every shipped cohort but those of one trial has a second encoding and a case, all but theophylline also a figure.

    Of one trial: bempedoic acid; and the dates of death that oak-os-pfs-aft, which is tested here, has as a hazard.
    """
    shipped = {path.stem for path in FIRST.glob("*.yaml")} - {"bempedoic-acid", "nsclc-second-line-survival"}
    assert {path.stem for path in SECOND.glob("*.yaml")} == shipped == set(CASES)
    assert {case["model"] for case in EXPECTED} == shipped - {"theophylline"}
    page = (MODELS / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[([^]]+)\]\(../../cohorts/\1.yaml\) .* \[figure\]\(\1.svg\)", page, re.MULTILINE)) == (
        shipped - {"theophylline"}
    )
    assert {path.stem for path in MODELS.glob("*.svg")} == shipped - {"theophylline"}


def by_both_solvers(name: str) -> None:
    case, cohort, patients = CASES[name], encoding(FIRST, name), patients_of(name)
    engine = by_engine(cohort, patients, doses_of(case), case["outputs"], case["times"])
    for patient, made in zip(patients, engine, strict=True):
        expected = by_scipy(cohort, patient, doses_of(case), case["outputs"], case["times"], case.get("breaks", ()))
        assert (np.abs(made - expected) <= 1e-5 * np.abs(expected) + 1e-7 * np.abs(expected).max(axis=0)).all()


# A model compiles for seconds: one stands for all in the quick tests.
QUICK = ("warfarin-pk-pca",)


@pytest.mark.parametrize("name", QUICK)
def test_the_solvers_agree_with_scipy(name: str) -> None:
    by_both_solvers(name)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in CASES if name not in QUICK])
def test_the_solvers_agree_with_scipy_on_every_model(name: str) -> None:
    by_both_solvers(name)
