"""Mixed models for repeated measures against R's mmrm, and Kenward and Roger's against pbkrtest."""

import json
from pathlib import Path

import numpy as np
import pytest

from trialsim.analysis.covariance_structures import STRUCTURES
from trialsim.analysis.mmrm import RepeatedModel, mmrm

PEER = json.loads(Path(__file__).with_name("repeated_measures.json").read_text(encoding="utf-8"))


def result_of(name, structure, df, information="observed"):
    """Return the comparison of the last arm with the first at the last visit, and the fit."""
    data = PEER["data"]["dropout" if name == "clda" else name]
    y = np.array(data["y"], dtype=float)
    arm = np.array(data["arm"])
    base = None if name in ("orthodont", "clda") else np.array(data["base"])[:, None]
    by_visit = [True] if name == "dropout" else None
    stratum, n_strata = (np.array(data["factor"]), 3) if name in ("dropout", "clda") else (None, 0)
    model = RepeatedModel(
        structures=(structure,), df=df, equal_at_first_visit=name == "clda", information=information
    )
    last = arm.max()
    return mmrm(
        y, arm, [0, len(y)], y.shape[1] - 1, base, by_visit, stratum, n_strata, [(last, 0)], 1, 0.025, model=model
    )  # fmt: skip


@pytest.mark.parametrize("fit", PEER["fits"], ids=lambda fit: "-".join((fit["data"], fit["structure"], fit["df"])))
def test_a_fit_is_that_of_mmrm(fit):
    result, fits = result_of(fit["data"], fit["structure"], fit["df"])
    assert (result.status[0, 0], fits.structure[0]) == (0, 0)
    assert result.estimate[0, 0] == pytest.approx(fit["estimate"], rel=2e-6)
    assert result.se[0, 0] == pytest.approx(fit["se"], rel=2e-6)
    assert result.df[0, 0] == pytest.approx(fit["degrees"], rel=2e-5)
    if "covariance" in fit:
        assert fits.covariance[0] == pytest.approx(np.array(fit["covariance"]), rel=1e-4)


def test_every_structure_stands_beside_its_peer_in_three_data_sets():
    for name in ("dropout", "small", "orthodont"):
        assert {fit["structure"] for fit in PEER["fits"] if fit["data"] == name} == set(STRUCTURES)


# pbkrtest 0.5.2: vcovAdj and Lb_ddf of lmer(... + (1 | id)), which take the expected information.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dropout", (-5.81376866825, 2.93998556890, 306.94922885957)),
        ("small", (-0.26384141412, 0.35367508483, 40.26872972872)),
        ("orthodont", (-3.377840909091, 0.908281851648, 43.206208762415)),
    ],
)
def test_with_the_expected_information_it_is_the_paper_of_1997(name, expected):
    result, _ = result_of(name, "compound_symmetry", "kenward_roger", "expected")
    assert (result.estimate[0, 0], result.se[0, 0], result.df[0, 0]) == pytest.approx(expected, rel=2e-6)
