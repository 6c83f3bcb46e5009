"""A run folder made without simulating a course: a small protocol, its rows drawn by a stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trialsim.campaign.plan import campaign_plan
from trialsim.campaign.run import Papers, run
from trialsim.cohort.read import cohort_of_text
from trialsim.cohort.write import cohort_text
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.tables import Coded
from trialsim.protocol.designs import designs
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import protocol_text

COHORT = """
language: cohort 1
id: pressure
title: A blood pressure that a drug lowers
context_of_use: Made for tests of reports
references: [{cite: Nobody N. Nowhere 1999;1:1-2., doi: 10.1000/none, for: structure, where: Table 1}]
limits: [Salt is left out.]
time: h
covariates:
  weight: {lognormal: {median: 70 kg, cv: 20%}, within: [40 kg, 130 kg], label: Body weight}
  sex: {categories: {female: 0.5, male: 0.5}, label: Sex}
parameters:
  ka: {typical: 1.1 1/h}
  CL: {typical: 2 L/h, uncertainty: {rse: 10%}, between_patients: {lognormal: 28%}, label: Clearance,
       effects: {weight: {power: 0.75, reference: 70 kg}, sex: {female: x 0.8}}}
  V: {typical: 30 L, uncertainty: {se: 2 L}, between_patients: {normal: 3 L}}
  SBP0: {typical: 160 mmHg, between_patients: {lognormal: 10%}}
  EMAX: {typical: 20 mmHg}
  EC50: {typical: 0.2 mg/L}
  kout: {typical: 0.05 1/h}
dynamics:
  depot: {rate: -ka * depot, receives: [{drug: X, route: oral}]}
  central: {rate: ka * depot - CL / V * central}
  pressure: {start: SBP0, rate: kout * (SBP0 - EMAX * conc / (EC50 + conc) - pressure)}
quantities:
  conc: {is: central / V, unit: mg/L}
measures:
  sbp: {is: pressure, error: {additive: 6 mmHg}, label: Systolic blood pressure}
  x_conc: {is: conc, error: {proportional: 15%}, lloq: 0.05 mg/L, known_after: 2 days, label: Concentration of X}
"""

PROTOCOL = """
language: protocol 1
id: told
title: X <against> placebo & nothing else
phase: 2
context_of_use:
  question: How many patients does it take?
  decision: the size of the trial
  model_influence: high
  consequence: medium
patients: {cohort: pressure, eligible: [50 kg <= weight, sbp >= 140 mmHg], randomised: 40}
arms:
  placebo: {}
  low: {label: 10 mg, dosing: [{drug: X, amount: 10 mg, route: oral, every: 24 h, until: week 4}]}
  high: {label: 20 mg <twice>, dosing: [{drug: X, amount: 20 mg, route: oral, every: 1 h, until: week 4}]}
randomise: {ratio: {placebo: 2, low: 1, high: 1}, blocks: 8, strata: [sex]}
visits: {screening: day -7, baseline: day 0, w2: week 2, w4: {at: week 4, window: 2 days}}
assess:
  sbp: {at: [screening, baseline, w2, w4]}
  x_conc: {at: [w2, w4]}
conduct:
  accrual: {rate: 10 per month, sites: 3, ramp_up: 2 months}
  adherence: {takes: 90%, between_patients: {logit_normal: 0.5}}
  intercurrent_events: {intolerance: {hazard: 0.01 per month, then: stop dosing}}
  missed_visits: 3%
  lost_to_follow_up: {hazard: 0.02 per month}
cut_delay: 2 weeks
endpoints:
  fall: {measure: sbp, derive: change_from_baseline, at: w4, label: change of pressure to week 4}
  normal: {measure: sbp, derive: below, value: 140 mmHg, at: w4, label: pressure below 140 mmHg}
estimands:
  in_practice: {endpoint: fall, events: {intolerance: treatment_policy}}
  if_taken: {endpoint: normal, events: {intolerance: hypothetical}}
analyses:
  primary:
    estimand: in_practice
    method: {ancova: {covariates: [sbp at baseline]}}
    compare: {low vs placebo: {better: lower}, high vs placebo: {better: lower}}
    alpha: 0.025 one-sided
    multiplicity: holm
  goal:
    estimand: if_taken
    method: risk_difference
    compare: {high vs placebo: {better: higher}}
    alpha: 0.025 one-sided
success: any of primary
scenarios:
  expected: {label: as thought}
  no_effect: {label: no effect, parameters: {EMAX: 0 mmHg}, null: [low vs placebo, high vs placebo]}
  wrong:
    label: a null that is none
    conduct: {accrual.rate: x 0.5, lost_to_follow_up.hazard: x 2}
    null: [low vs placebo]
vary: {patients.randomised: [40, 80]}
simulate: {seed: 7, parameters: both, trials: 60}
keep: {patients_of: first 2 trials}
"""

ARMS = ("placebo", "low", "high")
EFFECTS = {"expected": (-4.0, -8.0), "no_effect": (0.0, 0.0), "wrong": (-4.0, -8.0)}
VISITS = (("sbp", "screening", -7.0), ("sbp", "baseline", 0.0), ("sbp", "w2", 14.0), ("sbp", "w4", 28.0),
          ("x_conc", "w2", 14.0), ("x_conc", "w4", 28.0))  # fmt: skip


@dataclass(frozen=True)
class ToldWorld:
    scenario: str
    mode: str
    randomised: int


def told_run(folder: Path, protocol: str = PROTOCOL, *, faults: bool = True) -> Path:
    """Write a run folder and return it; `faults`: a trial, a patient and some analyses fail."""
    cohort = cohort_of_text(COHORT, "pressure.yaml", folder)[0]
    document = protocol_from(protocol, cohort)
    plan = campaign_plan(document, cohort, designs(document))
    papers = Papers(protocol=protocol_text(document), cohort=cohort_text(cohort), command="trialsim run told")

    def world_of(i: int) -> ToldWorld:
        cell = plan.cells[i]
        return ToldWorld(cell.key.scenario, cell.mode, cell.protocol.patients.randomised)

    def simulate(world: ToldWorld, trials: range, keep: int):
        return told_tables(world, trials, keep, faults)

    run(plan, folder / "told-1234", papers, world_of, simulate=simulate)
    return folder / "told-1234"


def luck(trial: int, purpose: int = 0) -> np.random.Generator:
    return np.random.default_rng([trial, purpose])


def told_tables(world: ToldWorld, trials: range, keep: int, faults: bool):
    if faults and 13 in trials and world.scenario == "wrong":
        if len(trials) == 1:
            raise TrialsimError("too-few-eligible", "nobody is eligible in trial 13")
        raise RuntimeError("one of them fails")
    looks = [look for trial in trials for look in told_looks(world, trial, faults)]
    kept = [trial for trial in trials if trial < keep]
    n = len(trials)
    failed = [trial for trial in trials if faults and trial == 5]
    return {
        "patients": told_patients(world, kept),
        "visits": told_visits(world, kept),
        "looks": {name: [look[name] for look in looks] for name in looks[0]},
        "trials": {
            "trial": np.array(trials), "draw": [None] * n, "screened": [world.randomised * 2 + t % 3 for t in trials],
            "randomised": np.full(n, world.randomised), "lost": [trial % 4 for trial in trials],
            "success": [any(each["rejected"] for each in looks if each["trial"] == t and each["analysis"] == "primary")
                        for t in trials],
            "stopped_at": ["final"] * len(trials), "stopped_for": ["end"] * len(trials),
            "n_events": [trial % 3 for trial in trials], "duration": [200.0 + trial % 5 for trial in trials],
            "accrual_ended_at": [150.0 + trial % 5 for trial in trials],
            "failed_patients": [int(trial in failed) for trial in trials],
        },
        "failures": {"trial": failed, "patient": [3] * len(failed), "arm": ["high"] * len(failed),
                     "reason": ["too many steps"] * len(failed)},
    }  # fmt: skip


def told_patients(world: ToldWorld, kept: list[int]):
    n = world.randomised
    arms = np.arange(n) % 4 % 3
    people = {trial: luck(trial, 1) for trial in kept}
    columns = {name: np.ones(n * len(kept)) for name in ("ka", "CL", "V", "SBP0", "EMAX", "EC50", "kout")}
    return {
        "trial": np.repeat(np.array(kept, dtype=np.int64), n),
        "patient": np.tile(np.arange(n), len(kept)),
        "arm": Coded(codes=np.tile(arms, len(kept)), categories=ARMS),
        "site": np.ones(n * len(kept), dtype=np.int64),
        "stratum": [None] * (n * len(kept)),
        "randomised_at": np.zeros(n * len(kept)),
        "adherence": np.ones(n * len(kept)),
        "weight": np.concatenate([[]] + [generator.normal(70, 8, n) for generator in people.values()]),
        "sex": ["female" if i % 2 else "male" for _ in kept for i in range(n)],
        **columns,
    }


def told_visits(world: ToldWorld, kept: list[int]):
    rows = []
    for trial in kept:
        generator = luck(trial, 2)
        for patient in range(world.randomised):
            arm = patient % 4 % 3
            for measure, visit, day in VISITS:
                effect = EFFECTS[world.scenario][arm - 1] * min(max(day, 0.0) / 14, 1) if arm else 0.0
                value = generator.normal(160 + effect, 8) if measure == "sbp" else abs(generator.normal(0.3 * arm, 0.1))
                missed = day > 0 and generator.uniform() < 0.1
                rows.append((trial, patient, measure, visit, day, None if missed else value))
    missed = [row[5] is None for row in rows]
    value = np.array([np.nan if row[5] is None else row[5] for row in rows])
    return {
        "trial": [row[0] for row in rows], "patient": [row[1] for row in rows], "measure": [row[2] for row in rows],
        "visit": [row[3] for row in rows], "nominal_time": [row[4] for row in rows],
        "actual_time": [None if gone else row[4] for row, gone in zip(rows, missed, strict=True)],
        "known_at": [None if gone else row[4] for row, gone in zip(rows, missed, strict=True)],
        "true_value": value, "value": value, "below_lloq": [False] * len(rows), "missed": missed,
        "reason": ["missed" if gone else None for gone in missed],
        "unit": ["mmHg" if row[2] == "sbp" else "mg/L" for row in rows],
    }  # fmt: skip


def told_looks(world: ToldWorld, trial: int, faults: bool):
    generator = luck(trial, 3)
    wobble = generator.normal() if world.mode == "uncertain" and world.scenario != "no_effect" else 0.0
    for analysis, comparison in (("primary", "low"), ("primary", "high"), ("goal", "high")):
        own = EFFECTS[world.scenario][ARMS.index(comparison) - 1]
        truth = (own + wobble) if analysis == "primary" else -own / 40
        error = (20 if analysis == "primary" else 0.6) / np.sqrt(world.randomised)
        estimate = truth + error * generator.normal()
        gone = faults and analysis == "goal" and trial % 20 == 7
        gain = -estimate if analysis == "primary" else estimate
        yield {
            "trial": trial, "look": "final", "analysis": analysis, "comparison": f"{comparison} vs placebo",
            "estimate": np.nan if gone else estimate, "standard_error": np.nan if gone else error, "df": 30.0,
            "statistic": np.nan if gone else gain / error, "p_value": 0.5, "adjusted_p_value": 0.5,
            "lower": np.nan if gone else estimate - 2 * error, "upper": np.nan if gone else estimate + 2 * error,
            "n_treated": 10, "n_control": 18, "n_missing": 2, "rejected": bool(not gone and gain / error > 1.96),
            "status": "no variance" if gone else None, "covariance": None, "truth": truth, "cut_at": 200.0,
            "n_events": 0,
            "information": np.nan, "lower_bound": np.nan, "upper_bound": np.nan, "after_stop": False, "concludes": True,
            "unit": "mmHg" if analysis == "primary" else "",
        }  # fmt: skip
