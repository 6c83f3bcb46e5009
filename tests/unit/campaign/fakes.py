"""A protocol made by hand and a stand-in for the simulation of trials: quick, deterministic, keyed by trial."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trialsim.campaign.plan import Plan, data_digest, planned_cell
from trialsim.campaign.run import Papers
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.tables import Coded, Column
from trialsim.protocol.model import (
    Accrual,
    Adherence,
    Analysis,
    Arm,
    Comparison,
    Conduct,
    ContextOfUse,
    Design,
    Keep,
    Method,
    Patients,
    Protocol,
    Randomisation,
    Scenario,
    Simulate,
    Success,
    Until,
)

ARMS = ("placebo", "low", "high")
WEIGHT = Column(name="weight", type="float64", unit="kg", description="covariate: weight")
PAPERS = Papers(protocol="id: fake\n", cohort="id: people\n", command="trialsim run fake")


def protocol(
    *,
    randomised=600,
    at_least=100,
    at_most=300,
    until=None,
    scenarios=(("expected", ()), ("no_effect", ("low vs placebo", "high vs placebo"))),
    modes=("typical",),
    keep=2,
    seed=7,
    margin=0.0,
    families=(),
):
    comparisons = tuple(Comparison(treated=arm, control="placebo", better="higher", margin=margin) for arm in ARMS[1:])
    method = Method(kind="t_test", covariates=(), strata=(), missing="complete_cases")
    return Protocol(
        id="fake",
        title="A fake",
        phase="2",
        context_of_use=ContextOfUse(question="", decision="", model_influence="low", consequence="low"),
        patients=Patients(cohort="people", eligible=(), eligible_text=(), randomised=randomised),
        arms=tuple(Arm(name=name, label=name, dosing=()) for name in ARMS),
        randomise=Randomisation(ratio=(1, 1, 1), block=6, strata=()),
        visits=(),
        assess=(),
        screening=None,
        conduct=Conduct(
            accrual=Accrual(rate=1.0, sites=1, ramp_up=0.0),
            adherence=Adherence(takes=1.0, between_patients_sd=0.0),
            intercurrent_events=(),
            missed_visits=0.0,
            lost_to_follow_up=(),
        ),
        cut_delay=0.0,
        endpoints=(),
        estimands=(),
        analyses=(
            Analysis(
                name="primary",
                estimand="main",
                method=method,
                comparisons=comparisons,
                alpha=0.025,
                multiplicity="none",
            ),
        ),
        success=Success(quantifier="any", analysis="primary"),
        scenarios=tuple(Scenario(name=name, label=name, overrides=(), null=null) for name, null in scenarios),
        vary=(),
        simulate=Simulate(
            seed=seed,
            parameters=modes,
            at_least=at_least,
            at_most=at_most,
            until=Until(power_standard_error=until) if until else None,
        ),
        keep=Keep(patients_of=keep),
        families=families,
        digest=data_digest([randomised, at_least, at_most, until, scenarios, modes, keep, seed, margin]),
    )


def fake_plan(**changes) -> Plan:
    """Return a plan without a cohort: the fake needs none."""
    made = protocol(**changes)
    design = Design(name="base", label="", protocol=made)
    cells = tuple(
        planned_cell(scenario, mode, design) for scenario in made.scenarios for mode in made.simulate.parameters
    )
    inputs = {"protocol": made.digest, "cohort": "c" * 64, "posterior": None, "seed": made.simulate.seed}
    return Plan(id="fake", digest=data_digest(inputs), inputs=inputs, cells=cells, patient_columns=(WEIGHT,))


@dataclass(frozen=True)
class FakeWorld:
    scenario: str
    mode: str
    seed: int
    effect: float  # true effect of `high`; `low` has half of it
    wobble: float = 0.0  # spread of the true effect over trials
    fails: tuple[int, ...] = ()
    kills: int | None = None  # the trial that ends its process, as long as `flag` is there
    flag: str = ""
    seconds: float = 0.0


def worlds_of(plan: Plan, **changes):
    """Return cell → world; effects: 0.4 expected, 0 under no_effect."""

    def world_of(position: int) -> FakeWorld:
        cell = plan.cells[position]
        effect = 0.0 if cell.scenario.name == "no_effect" else 0.4
        world = FakeWorld(cell.key.scenario, cell.mode, cell.protocol.simulate.seed, effect)
        return replace(world, **changes)

    return world_of


def luck(world: FakeWorld, trial: int) -> np.random.Generator:
    return np.random.default_rng([world.seed, trial])


def fake_simulate(world: FakeWorld, trials: range, keep: int):
    time.sleep(world.seconds * len(trials))
    for trial in trials:
        if trial == world.kills and Path(world.flag).exists():
            os._exit(9)
        if trial in world.fails:
            raise TrialsimError("too-few-eligible", f"nobody is eligible in trial {trial}")
    n = len(trials)
    looks = [look for trial in trials for look in fake_looks(world, trial)]
    kept = [trial for trial in trials if trial < keep]
    return {
        "patients": {
            "trial": np.repeat(np.array(kept, dtype=np.int64), 2),
            "patient": np.tile([3, 5], len(kept)).astype(np.int64),
            "arm": Coded(codes=np.tile([0, 2], len(kept)).astype(np.int64), categories=ARMS),
            "site": np.ones(2 * len(kept), dtype=np.int64),
            "stratum": [None] * (2 * len(kept)),
            "randomised_at": np.tile([0.0, 1.5], len(kept)),
            "adherence": np.ones(2 * len(kept)),
            "weight": np.array([luck(world, trial).normal(70, 10) for trial in kept for _ in range(2)]),
        },
        "looks": {name: [look[name] for look in looks] for name in looks[0]},
        "trials": {
            "trial": np.array(trials),
            "draw": [None] * n,
            "screened": np.full(n, 800),
            "randomised": np.full(n, 600),
            "lost": np.array([trial % 7 for trial in trials]),
            "success": np.array([any(l["rejected"] for l in looks if l["trial"] == trial) for trial in trials]),
            "stopped_at": ["final"] * n,
            "stopped_for": ["end"] * n,
            "n_events": np.full(n, 60),
            "duration": np.array([300.0 + trial % 5 for trial in trials]),
            "accrual_ended_at": np.full(n, 200.0),
            "failed_patients": np.zeros(n, dtype=np.int64),
        },
        "failures": {
            name: [value for trial in trials if trial == 1]
            for name, value in {"trial": 1, "patient": 5, "arm": "high", "reason": "the solver gave up"}.items()
        },
    }


def fake_looks(world: FakeWorld, trial: int):
    generator = luck(world, trial)
    shift = world.wobble * generator.normal()
    for i, arm in enumerate(ARMS[1:]):
        truth = world.effect * (i + 1) / 2 + shift
        estimate = truth + 0.15 * generator.normal()
        failed = (trial + i) % 50 == 49
        yield {
            "trial": trial,
            "look": "final",
            "analysis": "primary",
            "comparison": f"{arm} vs placebo",
            "estimate": np.nan if failed else estimate,
            "standard_error": np.nan if failed else 0.15,
            "df": 100.0,
            "statistic": np.nan if failed else estimate / 0.15,
            "p_value": np.nan if failed else 0.5,
            "adjusted_p_value": np.nan if failed else 0.5,
            "lower": np.nan if failed else estimate - 0.15 * 1.959963984540054,
            "upper": np.nan if failed else estimate + 0.15 * 1.959963984540054,
            "n_treated": 190,
            "n_control": 190,
            "n_missing": 20,
            "n_events": 0,
            "information": np.nan,
            "lower_bound": np.nan,
            "upper_bound": np.nan,
            "after_stop": False,
            "concludes": True,
            "rejected": not failed and estimate / 0.15 > 1.959963984540054,
            "status": "no variance" if failed else None,
            "truth": truth,
            "covariance": None,
            "cut_at": 300.0,
            "unit": "mmHg",
        }


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file that is promised to be the same bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", "log.jsonl", ".lock")
    }
