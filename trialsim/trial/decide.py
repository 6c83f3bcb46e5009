"""What each trial decides, milestone by milestone: rejections over looks, and when it stops.

All trials of a batch go through their milestones together. Looks after a trial has stopped are made all the same and
marked: what would have been, had nobody stopped it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from trialsim.protocol.family_model import Family
from trialsim.protocol.milestone_model import Spend, StopWhen
from trialsim.protocol.model import Analysis, Protocol
from trialsim.trial.batch import Batch
from trialsim.trial.boundaries import bounds_at_look, conditional_power, final_bound, predictive_power
from trialsim.trial.families import Judged, Latest, analyses_of, judged
from trialsim.trial.look import Look, look
from trialsim.trial.milestones import last_days_of_data, milestone_cuts
from trialsim.trial.setup import Setup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
WHY = ("success", "futility", "end")
FINAL = "final"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taken:
    """One analysis at one milestone in T trials, with what its C comparisons have come to, arrays [T, C]."""

    milestone: str
    look: Look
    cut_at: Floats  # [T]
    is_held: Flags  # [T] the milestone was reached
    after_stop: Flags  # [T] the trial had stopped before
    concludes: Flags  # [T] no look of this analysis follows before the trial stops
    fraction: Floats  # of full information; NaN without spending
    upper: Floats  # bounds of Z; NaN without spending
    lower: Floats
    rejected: Flags  # by this look, the trial going on until then whatever its futility rules said


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decided:
    """What became of T trials."""

    taken: tuple[Taken, ...]
    stopped_at: Ints  # [T] the milestone
    why: Ints  # [T] position in WHY
    cut_at: Floats  # [T] the data cut of the last look
    success: Flags  # [T]


def decisions(setup: Setup, batch: Batch) -> Decided:
    """Return what every trial looks at and decides."""
    protocol = setup.protocol
    cuts = milestone_cuts(setup, batch) if protocol.milestones else final_cut(setup, batch)
    course = Course(setup, batch, cuts)
    for m in range(len(cuts)):
        course.pass_milestone(m)
    return course.decided()


def final_cut(setup: Setup, batch: Batch) -> Floats:
    """Return the one data cut of a trial without milestones [1, T]: after the last datum and the cut's delay."""
    return (last_days_of_data(setup, batch) + setup.protocol.cut_delay)[None]


@dataclass
class Open:
    """Of one analysis: its looks so far, and what is rejected. Mutable, owned by the course of the batch."""

    rejected: Flags  # [T, C]
    fractions: list[Floats] = field(default_factory=list)  # of each look so far [T, C], NaN where not held
    last: tuple[Look, Flags] | None = None
    is_last: bool = False  # no look of it follows


class Course:
    """The way of a batch of trials through their milestones; the one mutable thing here."""

    def __init__(self, setup: Setup, batch: Batch, cuts: Floats) -> None:
        self.setup, self.batch, self.cuts = setup, batch, cuts
        self.protocol: Protocol = setup.protocol
        n = cuts.shape[1]
        self.stopped_at = np.full(n, -1, dtype=np.int64)
        self.why = np.full(n, WHY.index("end"), dtype=np.int64)
        self.open = {
            analysis.name: Open(rejected=np.zeros((n, len(analysis.comparisons)), dtype=np.bool_))
            for analysis in self.protocol.analyses
        }
        self.families = {
            family.name: np.zeros((n, len(family.hypotheses)), dtype=np.bool_) for family in self.protocol.families
        }
        self.taken: list[tuple[int, Taken]] = []

    def pass_milestone(self, m: int) -> None:
        """Make the looks of a milestone, and stop trials."""
        held = np.isfinite(self.cuts[m])
        is_last = m == len(self.cuts) - 1
        before = self.stopped_at >= 0
        stops: list[StopWhen] = []
        for name in self.tests(m):
            self.test(m, self.protocol.analysis(name), held, before)
        for family in self.protocol.families:
            self.judge(m, family, held, before)
        if self.protocol.milestones:
            stops = [act for act in self.protocol.milestones[m].do if isinstance(act, StopWhen)]
        won = self.success() & held
        futile = held & ~won & ~before & (self.is_futile(m) | self.stop_conditions(stops, held))
        if is_last:
            futile[:] = False
        for flags, why in ((won & ~before, "success"), (futile, "futility"), (held & ~before & is_last & ~won, "end")):
            self.stopped_at[flags] = m
            self.why[flags] = WHY.index(why)

    def tests(self, m: int) -> tuple[str, ...]:
        if not self.protocol.milestones:
            return tuple(analysis.name for analysis in self.protocol.analyses)
        return self.protocol.milestones[m].tests

    def is_last_test(self, m: int, name: str) -> bool:
        return all(name not in self.tests(k) for k in range(m + 1, len(self.cuts)))

    def test(self, m: int, analysis: Analysis, held: Flags, before: Flags) -> None:
        """Make one analysis of every trial at a milestone and reject what its bounds say."""
        everything = not self.protocol.milestones
        cut = np.full(held.shape, np.inf) if everything else np.where(held, self.cuts[m], -np.inf)
        made = look(self.setup, analysis, self.batch, cut)
        state, shape = self.open[analysis.name], made.z.shape
        fraction = upper = lower = np.full(shape, np.nan)
        if analysis.spend is None and analysis.multiplicity == "family":
            now = np.zeros(shape, dtype=np.bool_)
        elif analysis.spend is None:
            now = (made.results.status == 0) & (made.adjusted <= analysis.alpha)
        else:
            fraction = np.where(held[:, None], information(analysis.spend, made) / analysis.spend.full, np.nan)
            state.fractions.append(fraction)
            state.is_last = self.is_last_test(m, analysis.name)
            if analysis.multiplicity == "family":
                now = np.zeros(shape, dtype=np.bool_)
            else:
                now, lower, upper = rejections(analysis, analysis.spend, made.z, state, state.is_last)
        state.rejected = state.rejected | (now & held[:, None])
        state.last = (made, held)
        name = self.protocol.milestones[m].name if self.protocol.milestones else FINAL
        taken = Taken(
            milestone=name, look=made, cut_at=self.cuts[m], is_held=held, after_stop=before, concludes=before,
            fraction=fraction, upper=upper, lower=lower, rejected=state.rejected.copy(),
        )  # fmt: skip
        self.taken.append((m, taken))

    def judge(self, m: int, family: Family, held: Flags, before: Flags) -> None:
        """Reject what a family of several analyses says, if one of them was made at this milestone."""
        names = analyses_of(family)
        if not set(names) & set(self.tests(m)):
            return
        latest = {name: self.latest(name) for name in names}
        rejected, found = judged(family, latest, self.families[family.name], held)
        self.families[family.name] = rejected
        for (name, c), flags in found.rejected.items():
            self.open[name].rejected[:, c] = flags
        for name in names:
            last = max((i for i, (_, each) in enumerate(self.taken) if each.look.analysis.name == name), default=-1)
            if last >= 0:
                k, taken = self.taken[last]
                self.taken[last] = (k, with_family(taken, found, self.open[name].rejected, k == m, before))

    def latest(self, name: str) -> Latest | None:
        """Return the latest look of an analysis, None before its first."""
        state = self.open[name]
        if state.last is None:
            return None
        made, held = state.last
        return Latest(look=made, is_held=held, fractions=tuple(state.fractions), is_last=state.is_last)

    def success(self) -> Flags:
        """Return which trials are a success by now [T]."""
        wanted = self.protocol.success
        rejected = self.open[wanted.analysis].rejected
        return np.asarray(rejected.any(axis=1) if wanted.quantifier == "any" else rejected.all(axis=1), dtype=np.bool_)

    def is_futile(self, m: int) -> Flags:
        """Return where every comparison of the deciding analysis that is still open lies below its lower bound [T]."""
        here = [t for k, t in self.taken if k == m and t.look.analysis.name == self.protocol.success.analysis]
        if not here:
            return np.zeros(self.stopped_at.shape, dtype=np.bool_)
        taken = here[0]
        with np.errstate(invalid="ignore"):
            below = (taken.look.z < taken.lower) & np.isfinite(taken.look.z)
        return all_open(below, taken.rejected)

    def stop_conditions(self, stops: list[StopWhen], held: Flags) -> Flags:
        """Return which trials meet a condition to stop [T]."""
        met = np.zeros(held.shape, dtype=np.bool_)
        for stop in stops:
            state, analysis = self.open[stop.analysis], self.protocol.analysis(stop.analysis)
            if state.last is None or analysis.spend is None:
                continue
            made, was_held = state.last
            power = conditional_power if stop.judged == "conditional_power" else predictive_power
            low: Flags = np.zeros(made.z.shape, dtype=np.bool_)
            for c in range(low.shape[1]):
                fractions = np.column_stack([each[:, c] for each in state.fractions])
                bound = final_bound(analysis.spend, level_of(analysis), fractions)
                chance = power(made.z[:, c], fractions[:, -1], bound)
                low[:, c] = np.isfinite(made.z[:, c]) & (chance < stop.below)
            met |= was_held & all_open(low, state.rejected)
        return met

    def decided(self) -> Decided:
        """Return what became of the trials, once all milestones are passed."""
        taken = []
        for i, (_, each) in enumerate(self.taken):
            name = each.look.analysis.name
            within = each.is_held & ~each.after_stop
            later = np.zeros(within.shape, dtype=np.bool_)
            for _, other in self.taken[i + 1 :]:
                if other.look.analysis.name == name:
                    later |= other.is_held & ~other.after_stop
            taken.append(with_conclusion(each, within & ~later))
        cut_at: Floats = self.cuts[self.stopped_at, np.arange(self.stopped_at.size)]
        return Decided(
            taken=tuple(taken), stopped_at=self.stopped_at, why=self.why, cut_at=cut_at,
            success=np.asarray(self.why == WHY.index("success"), dtype=np.bool_),
        )  # fmt: skip


def with_conclusion(taken: Taken, concludes: Flags) -> Taken:
    """Return a look that knows whether it concludes its analysis."""
    return replace(taken, concludes=concludes)


def with_family(taken: Taken, found: Judged, rejected: Flags, is_now: bool, before: Flags) -> Taken:
    """Return a look with what its family says; an earlier one only with what it lets reject before its trial stops."""
    name, shape = taken.look.analysis.name, taken.look.z.shape
    if not is_now:
        return replace(taken, rejected=taken.rejected | (rejected & taken.is_held[:, None] & ~before[:, None]))

    def columns(of: Mapping[tuple[str, int], Floats], otherwise: Floats) -> Floats:
        return np.column_stack([of.get((name, c), otherwise[:, c]) for c in range(shape[1])])

    nowhere = np.full(shape, np.nan)
    return replace(
        taken,
        look=replace(taken.look, adjusted=columns(found.adjusted, nowhere)),
        lower=columns(found.lower, taken.lower),
        upper=columns(found.upper, taken.upper),
        rejected=rejected.copy(),
    )


def all_open(flags: Flags, rejected: Flags) -> Flags:
    """Return where some comparisons are open and all of them have a flag [T]."""
    return np.asarray((flags | rejected).all(axis=1) & ~rejected.all(axis=1), dtype=np.bool_)


def information(spend: Spend, made: Look) -> Floats:
    """Return how much information there is about each comparison, in what it is counted in [T, C]."""
    if spend.counted == "events":
        return made.n_events.astype(np.float64)
    if spend.counted == "patients":
        return (made.results.n_treated + made.results.n_control).astype(np.float64)
    if made.results.information is not None:
        return made.results.information
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(made.results.status == 0, 1.0 / (made.results.se * made.results.se), np.nan)


def level_of(analysis: Analysis) -> float:
    """Return the level that a comparison has at least, whatever becomes of the others."""
    shares = len(analysis.comparisons) if analysis.multiplicity in ("bonferroni", "holm") else 1
    return analysis.alpha / shares


def rejections(
    analysis: Analysis, spend: Spend, z: Floats, state: Open, is_last: bool
) -> tuple[Flags, Floats, Floats]:
    """Return what is rejected at a look, and the bounds below and above that were used [T, C].

    Each comparison has its own bounds at the level that its family gives it: the whole level one after the other
    (Glimm, Maurer & Bretz 2010), or equal shares that rejected ones hand on (Maurer & Bretz 2013).
    """
    n_comparisons = z.shape[1]
    rejected = state.rejected.copy()
    lower, upper = np.full(z.shape, -np.inf), np.full(z.shape, np.inf)
    known: dict[tuple[int, int], tuple[Floats, Floats]] = {}

    def bounds(c: int, shares: int) -> tuple[Floats, Floats]:
        if (c, shares) not in known:
            fractions = np.column_stack([each[:, c] for each in state.fractions])
            found = bounds_at_look(spend, analysis.alpha / shares, fractions, is_last)
            known[c, shares] = (found.lower, found.upper)
        return known[c, shares]

    equal = n_comparisons if analysis.multiplicity == "bonferroni" else 1
    for _ in range(n_comparisons):
        before = rejected.copy()
        n_open = np.maximum(n_comparisons - before.sum(axis=1), 1)
        shares = n_open if analysis.multiplicity == "holm" else np.full(z.shape[0], equal)
        for c in range(n_comparisons):
            may: Flags = np.ones(z.shape[0], dtype=np.bool_)
            if analysis.multiplicity == "fixed_sequence" and c > 0:
                may = np.asarray(before[:, :c].all(axis=1), dtype=np.bool_)
            for share in np.unique(shares):
                here = (shares == share) & ~before[:, c]
                low, high = bounds(c, int(share))
                lower[here, c], upper[here, c] = low[here], high[here]
                rejected[here & may, c] = z[here & may, c] >= high[here & may]
        if np.array_equal(rejected, before):
            break
    return rejected, lower, upper

