"""The bempedoic acid cohort in the design of ETC-1002-003 against what that trial found.

Ballantyne CM et al. J Am Coll Cardiol 2013;62:1154-62, NCT01262638: 177 patients with LDL-C 130 to 220 mg/dL, 40, 80 or
120 mg once daily or placebo; least-squares mean percent change of LDL-C at week 12 and its standard error: placebo -2.1
(2.2), 40 mg -17.9 (2.2), 80 mg -25.0 (2.1), 120 mg -26.6 (2.2). The model was estimated from fifteen studies, this
trial probably among them: agreement shows that cohort and simulation say what the model says, not that it predicts.

Inclusion was judged on the readings that make the baseline, so that the placebo arm regresses to the mean. Here the
baseline is the mean of the readings at screening, which decides about inclusion, and at day 0.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from trialsim.api.documents import load_protocol
from trialsim.cohort.read import read_cohort
from trialsim.foundation.library import find
from trialsim.foundation.units import Quantity, unit
from trialsim.protocol.dosing_model import PlainAmount
from trialsim.protocol.model import Arm, Randomisation
from trialsim.trial.simulate import simulate_trials
from trialsim.trial.world import World

PUBLISHED = {"placebo": (-2.1, 2.2), "low": (-17.9, 2.2), "mid": (-25.0, 2.1), "high": (-26.6, 2.2)}
PATIENTS, TRIALS = 176, 30
WHO = ["trial", "patient"]


@pytest.fixture(scope="module")
def readings():
    """LDL-C of every randomised patient at every visit, and the arm."""
    protocol = load_protocol("bempedoic-acid-ldl")
    placebo, low, high = protocol.arms
    eighty = replace(high.dosing[0], amount=PlainAmount(written=Quantity(80.0, unit("mg")), value=80.0))
    mid = Arm(name="mid", label="80 mg", dosing=(eighty,))
    protocol = replace(
        protocol,
        arms=(placebo, low, mid, high),
        patients=replace(protocol.patients, randomised=PATIENTS),
        randomise=Randomisation(ratio=(1, 1, 1, 1), block=8, strata=("sex",)),
    )
    cohort = read_cohort(find("cohorts", protocol.patients.cohort, None))[0]
    world = World(protocol=protocol, cohort=cohort, scenario="expected", mode="uncertain", design="base", seed=2013)
    tables = simulate_trials(world, range(TRIALS), TRIALS)
    visits, patients = tables["visits"], tables["patients"]
    visit = visits["visit"]
    frame = pd.DataFrame({name: visits[name] for name in [*WHO, "value"]})
    frame["visit"] = [visit.categories[code] for code in visit.codes]
    wide = frame.pivot(index=WHO, columns="visit", values="value")
    arm = patients["arm"]
    who = pd.MultiIndex.from_arrays([patients[name] for name in WHO], names=WHO)
    wide["arm"] = pd.Series([arm.categories[code] for code in arm.codes], index=who)
    return wide


@pytest.fixture(scope="module")
def changes(readings):
    """Mean percent change at week 12 of each trial and arm."""
    baseline = (readings["screening"] + readings["baseline"]) / 2.0
    percent = 100.0 * (readings["w12"] / baseline - 1.0)
    return percent.groupby([readings.index.get_level_values("trial"), readings["arm"]]).mean().unstack()


@pytest.mark.parametrize("arm", PUBLISHED)
def test_the_change_of_every_arm_is_the_published_one(changes, arm):
    """Within 1.5 standard errors of the published trial and three of ours."""
    mean, error = PUBLISHED[arm]
    ours = changes[arm].std() / np.sqrt(TRIALS)
    assert abs(changes[arm].mean() - mean) < 1.5 * error + 3.0 * ours
    assert ours < 0.7


def test_patients_chosen_for_a_high_reading_regress_to_the_mean(readings):
    """The reading that let them in is high by luck, the next one is not."""
    assert readings["screening"].between(130.0, 220.0).all()
    fall = (readings["screening"] - readings["baseline"]).groupby("trial").mean()
    assert fall.mean() > 3.0
    assert fall.mean() > 5.0 * fall.std() / np.sqrt(TRIALS)
