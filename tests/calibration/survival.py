"""Calibration of analyses of times to an event: trials of exponential times, through the kernels that looks use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Comparisons
from trialsim.analysis.competing_risks import incidence_difference
from trialsim.analysis.cox import cox
from trialsim.analysis.gray import gray
from trialsim.analysis.group_sequential import spending_bounds
from trialsim.analysis.log_rank import PLAIN, Weight, fleming_harrington, log_rank, modestly_weighted
from trialsim.analysis.max_combo import max_combo
from trialsim.analysis.spending import increments, spent
from trialsim.analysis.survival_difference import milestone_difference, rmst_difference, rmst_ratio

ALPHA, BLOCK, HORIZON = 0.025, 1000, 12.0
PAIR = [(1, 0)]
Rows = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Two arms (control, treated) with constant hazards a month; entry over a year, cut after three; who leaves."""

    name: str
    method: str
    sizes: tuple[int, int] = (150, 150)
    ratio: float = 1.0  # of hazards, treated over control
    competing: tuple[float, float] = (0.0, 0.0)  # hazards of another event, control and treated
    margin: float = 0.0
    truth: float = 0.0  # on the scale of the estimate
    is_null: bool = True
    covers: bool = True  # an interval for the truth is promised
    trials: int = 40_000

    def data(self) -> dict[str, Any]:
        """Return the setting as plain data, as JSON gives it back."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}


def mean_time(hazard: float) -> float:
    return float((1.0 - np.exp(-hazard * HORIZON)) / hazard)


MEANS = mean_time(0.08), mean_time(0.08 * 0.7)
FREE = float(np.exp(-0.08 * HORIZON * 0.7) - np.exp(-0.08 * HORIZON))
HAD = [0.08 * r / (0.08 * r + c) * (1.0 - np.exp(-(0.08 * r + c) * HORIZON)) for r, c in ((1.0, 0.05), (0.7, 0.03))]

SETTINGS = (
    Setting(name="log-rank, null", method="log_rank"),
    Setting(name="log-rank, null, 1 to 2", method="log_rank", sizes=(200, 400)),
    Setting(name="log-rank over strata, null", method="stratified"),
    # Known: few controls skew the score, and more than 2.5 % of true nulls are rejected on the side of the treated.
    Setting(name="log-rank, 60 against 180", method="log_rank", sizes=(60, 180), is_null=False),
    Setting(name="log-rank, late weights, null", method="late", covers=False),
    Setting(name="log-rank, modest weights, null", method="modest", covers=False),
    Setting(name="log-rank, three looks, null", method="looks", covers=False),
    Setting(name="log-rank, late weights, three looks, null", method="late_looks", covers=False),
    Setting(name="MaxCombo of three, null", method="max_combo", covers=False),
    Setting(name="Cox, null", method="cox"),
    Setting(name="Cox, at its margin", method="cox", ratio=1.3, margin=float(np.log(1.3)), truth=float(np.log(1.3))),
    Setting(name="Cox, effect", method="cox", ratio=0.7, truth=float(np.log(0.7)), is_null=False),
    Setting(name="Cox of one cause, null", method="cox", competing=(0.05, 0.02)),
    Setting(name="restricted mean, null", method="rmst"),
    Setting(name="restricted mean, at its margin", method="rmst", ratio=0.7, margin=MEANS[1] - MEANS[0],
            truth=MEANS[1] - MEANS[0]),
    Setting(name="ratio of restricted means, effect", method="rmst_ratio", ratio=0.7, is_null=False,
            truth=float(np.log(MEANS[1] / MEANS[0]))),
    Setting(name="milestone, null", method="milestone"),
    Setting(name="milestone, effect", method="milestone", ratio=0.7, truth=FREE, is_null=False),
    Setting(name="Gray, null", method="gray", competing=(0.05, 0.05), covers=False),
    Setting(name="incidence, null", method="incidence", competing=(0.05, 0.05)),
    Setting(name="incidence, effect", method="incidence", ratio=0.7, competing=(0.05, 0.03),
            truth=float(HAD[1] - HAD[0]), is_null=False),
)  # fmt: skip


def patients(setting: Setting, block: int) -> Rows:
    """Return the patients of a block of trials, and when each would have each event and leave, in months [N]."""
    rng = np.random.default_rng([20261121, block])
    size = sum(setting.sizes)
    n = BLOCK * size
    arm = np.tile(np.repeat([0, 1], setting.sizes), BLOCK)
    stratum = rng.integers(0, 3, n)
    hazard = 0.08 * np.where(arm == 1, setting.ratio, 1.0)
    if setting.method == "stratified":
        hazard = hazard * np.array([0.5, 1.0, 2.0])[stratum]
    other = np.array(setting.competing)[arm]
    with np.errstate(divide="ignore"):
        rows = {"event": rng.exponential(1.0, n) / hazard, "other": rng.exponential(1.0, n) / other}
    rows |= {"left": rng.exponential(1.0, n) / 0.01, "entry": rng.uniform(0.0, 12.0, n), "arm": arm}
    return rows | {"stratum": stratum, "offsets": np.arange(BLOCK + 1) * size}


def seen(rows: Rows, cut: NDArray[np.float64]) -> tuple[NDArray[Any], ...]:
    """Return what is seen at a cut [N]: times, causes, arms, offsets."""
    free = np.minimum(rows["left"], cut - rows["entry"])
    first = np.minimum(rows["event"], rows["other"])
    cause = np.where(first <= free, np.where(rows["event"] <= rows["other"], 1, 2), 0).astype(np.int8)
    time = np.where(rows["entry"] <= cut, np.minimum(first, free), np.nan)
    return time, cause, rows["arm"], rows["offsets"]


def compared(setting: Setting, rows: Rows) -> Comparisons:
    """Return the comparisons of a setting's method at the one cut."""
    data = seen(rows, np.full(rows["arm"].size, 36.0))
    m = setting.margin
    methods: dict[str, Callable[[], Comparisons]] = {
        "log_rank": lambda: log_rank(*data, None, 0, PAIR, -1, ALPHA),
        "stratified": lambda: log_rank(*data, rows["stratum"], 3, PAIR, -1, ALPHA),
        "late": lambda: log_rank(*data, None, 0, PAIR, -1, ALPHA, fleming_harrington(0.0, 1.0)),
        "modest": lambda: log_rank(*data, None, 0, PAIR, -1, ALPHA, modestly_weighted(6.0)),
        "max_combo": lambda: max_combo(*data, None, 0, PAIR, -1, ALPHA).comparisons,
        "cox": lambda: cox(*data, None, None, 0, PAIR, -1, ALPHA, m, cause=1),
        "rmst": lambda: rmst_difference(*data, PAIR, 1, ALPHA, m, HORIZON),
        "rmst_ratio": lambda: rmst_ratio(*data, PAIR, 1, ALPHA, m, HORIZON),
        "milestone": lambda: milestone_difference(*data, PAIR, 1, ALPHA, m, HORIZON),
        "gray": lambda: gray(*data, None, 0, PAIR, -1, ALPHA),
        "incidence": lambda: incidence_difference(*data, PAIR, -1, ALPHA, m, HORIZON),
    }
    return methods[setting.method]()


def crossed(rows: Rows, weight: Weight, at: NDArray[np.float64]) -> int:
    """Return how many trials cross O'Brien and Fleming's bounds (Lan and DeMets) at 80, 160 or 240 events.

    `at` are fractions of information: of events, or of the variance of the score as it is on average.
    """
    bounds = spending_bounds(at, increments(spent("obrien_fleming", ALPHA, list(at), 0.0)))
    size = rows["offsets"][1]
    when = np.where(rows["event"] <= rows["left"], rows["entry"] + rows["event"], np.inf).reshape(-1, size)
    rejected = np.zeros(BLOCK, np.bool_)
    for events, bound in zip((80, 160, 240), bounds.upper, strict=True):
        cut = np.repeat(np.sort(when, axis=1)[:, events - 1], size)
        rejected |= -log_rank(*seen(rows, cut), None, 0, PAIR, -1, ALPHA, weight).statistic[:, 0] >= bound
    return int(rejected.sum())


def counts(setting: Setting, block: int) -> tuple[int, int, int]:
    """Return how many trials of a block reject, have an interval with the truth, and could be estimated."""
    rows = patients(setting, block)
    if setting.method == "looks":
        return crossed(rows, PLAIN, np.array([1.0, 2.0, 3.0]) / 3.0), 0, BLOCK
    if setting.method == "late_looks":
        return crossed(rows, fleming_harrington(0.0, 1.0), np.array([0.079, 0.319, 1.0])), 0, BLOCK
    result = compared(setting, rows)
    inside = (result.lower <= setting.truth) & (setting.truth <= result.upper)
    return int((result.p_value < ALPHA).sum()), int(inside.sum()), int((result.status == 0).sum())


def record(setting: Setting, date: str, version: str) -> dict[str, Any]:
    """Return the counts of every block of a setting, to be kept."""
    found = np.array([counts(setting, block) for block in range(setting.trials // BLOCK)])
    columns = {name: found[:, i].tolist() for i, name in enumerate(("rejected", "covered", "estimated"))}
    return {"setting": setting.data(), "made": date, "version": version, **columns}
