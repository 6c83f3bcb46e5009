"""Finding the smallest design that reaches its targets: a search that places trials, then a verification that claims.

The search asks both ends of the range, then puts ever more trials where a fitted curve crosses the target (see
`power_curve`). Every size has luck of its own there, so that trials of different sizes add up.

The verification knows the search only by where it begins. With fresh luck, the same for all its sizes, it tests sizes
downwards, one candidate at a time, each with the same number of trials, until one does not show that all targets are
reached: a fixed-sequence procedure, in which each test has the whole error (Maurer, Hothorn & Lehmacher 1995;
Westfall & Krishen 2001, J. Stat. Plan. Inference 99:25). A size is shown if every target is (intersection-union,
Berger 1982, Technometrics 24:295). If the first size already fails, another sequence begins higher, with fresh luck
and the error that is left: 80% of the error is for the first sequence, 80% of the rest for the second, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import sqrt
from pathlib import Path

from trialsim.campaign.bench import WHOLE_PARTS, Bench, Means
from trialsim.campaign.candidates import Candidates, candidate_protocol, derived_seed
from trialsim.campaign.exact_rates import is_above, is_below
from trialsim.campaign.plan import Cell, Plan
from trialsim.campaign.power_curve import Point, PowerCurve, density, power_curve
from trialsim.campaign.targets import Target
from trialsim.cohort.model import Cohort
from trialsim.foundation.elementary import normal_quantile
from trialsim.foundation.errors import TrialsimError
from trialsim.protocol.model import Protocol
from trialsim.protocol.write import protocol_text
from trialsim.store.layout import Layout
from trialsim.store.write import write_whole
from trialsim.trial.world import World

FIRST_TRIALS = 200  # of each end of the range, or a tenth of all
FIRST_ROUND = 300  # trials between the ends
NULL_TRIALS = 1000  # of the largest size, to notice a type I error that no size would mend
CLOSEST, FARTHEST = 0.2, 1.0  # probits from the target at which sizes beside the root are tried
FIRST_SHARE = 0.8  # of the error, for a sequence of the verification; of what is left, for the next
CHANCES = (0.8, 0.95, 0.99, 0.999)  # with which the first size of each sequence of a verification shall be shown
MOST_SEQUENCES = len(CHANCES)
VERIFICATION = "verification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is searched for: the smallest of these candidates that reaches the targets, shown with this confidence."""

    protocol: Protocol
    cohort: Cohort
    targets: tuple[Target, ...]
    over: Candidates
    trials: int  # of each size of the verification and scenario; the search has as many for each target
    confidence: float

    @property
    def floors(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if target.is_floor)

    @property
    def caps(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if not target.is_floor)

    @property
    def error(self) -> float:
        return 1.0 - self.confidence

    def seed(self, *words: str) -> int:
        return derived_seed(self.protocol.simulate.seed, *words)

    def written(self, sizes: Sequence[int], seed: int) -> Protocol:
        """Return the protocol whose designs are these sizes."""
        return candidate_protocol(self.protocol, self.cohort, self.over, self.targets, sizes, seed, self.trials)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the trials of one size gave for one target: in the search (sequence 0), or in the verification."""

    sequence: int
    point: Point
    target: Target
    seed: int
    error: float  # with which the verdict may be wrong
    is_met: bool
    is_missed: bool

    @property
    def verdict(self) -> str:
        if not self.target.is_floor:
            return "above" if self.is_missed else "not above"
        return "met" if self.is_met else "missed" if self.is_missed else "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer: the smallest size shown to reach the targets, and the next smaller one, which is not shown to."""

    size: int
    smaller: int | None
    sequence: int
    observed: tuple[Observed, ...]
    curves: Mapping[str, PowerCurve]  # by target
    cells: tuple[Cell, ...]  # of the search
    seed: int  # of the verification

    def of(self, size: int, target: Target, sequence: int) -> Observed | None:
        return next(
            (o for o in self.observed if (o.point.size, o.target, o.sequence) == (size, target, sequence)), None
        )


@dataclass(slots=True, kw_only=True)
class Search:
    """One search under way: its folder, how it computes, and what it has seen."""

    question: Question
    plan: Plan  # without cells
    folder: Path
    world_of: Callable[[Cell], World]
    means: Means
    observed: list[Observed] = field(default_factory=list)

    def found(self) -> Found:
        """Return the answer; TrialsimError if no size reaches the targets, or none can be shown to."""
        with Bench(self.plan, Layout(self.folder), self.world_of, self.means) as bench:
            points = self._searched(bench)
            cells = bench.cells
        curves = self._curves(points)
        above = self.question.over.sizes[0]
        for sequence in range(1, MOST_SEQUENCES + 1):
            error = self.question.error * FIRST_SHARE * (1 - FIRST_SHARE) ** (sequence - 1)
            start = max(first_size(self.question, curves, error, CHANCES[sequence - 1]), above)
            shown, stopped_at, seed = self._verified(sequence, start, error)
            if shown is not None:
                return Found(
                    size=shown, smaller=stopped_at, sequence=sequence, observed=tuple(self.observed), curves=curves,
                    cells=cells, seed=seed,
                )  # fmt: skip
            assert stopped_at is not None
            if stopped_at == self.question.over.sizes[-1]:
                break
            above = self.question.over.at_or_above(stopped_at + 1)
            for target in self.question.floors:
                points[str(target)] += [o.point for o in self.observed if o.sequence == sequence and o.target == target]
            curves = self._curves(points)
        raise not_shown(self.question, self.observed, curves)

    def _curves(self, points: Mapping[str, Sequence[Point]]) -> dict[str, PowerCurve]:
        sizes = self.question.over.sizes
        return {
            str(target): power_curve(points[str(target)], sizes[0], sizes[-1], target.level)
            for target in self.question.floors
        }

    def _searched(self, bench: Bench) -> dict[str, list[Point]]:
        """Return every point of the search, by target; what was seen is kept."""
        question, sizes = self.question, self.question.over.sizes
        tried: set[int] = set()

        def compute(wanted: Mapping[int, Mapping[Target, int]]) -> None:
            runs = []
            for size, by_target in wanted.items():
                design = self._written((size,), self._seed(size)).designs[0]
                runs += [(design, [target], trials) for target, trials in by_target.items()]
                tried.add(size)
            bench.run_all(runs)

        def points() -> dict[str, list[Point]]:
            return {
                str(target): [
                    bench.point(self._name(size), size, target)
                    for size in sorted(tried)
                    if bench.trials(self._name(size), target)
                ]
                for target in question.targets
            }

        first = min(FIRST_TRIALS, whole_parts(question.trials / 10))
        self.means.on_stage(f"search: {sizes[0]} and {sizes[-1]} {question.over.noun}")
        compute({size: dict.fromkeys(question.floors, first) for size in (sizes[0], sizes[-1])})
        self._check_reach(points())
        if question.caps:
            self.means.on_stage(f"search: type I error of {sizes[-1]} {question.over.noun}")
            compute({sizes[-1]: dict.fromkeys(question.caps, min(NULL_TRIALS, question.trials))})
            self._check_errors(points())
        for share in allotments(question.trials - 2 * first):
            curves = self._curves(points())
            wanted: dict[int, dict[Target, int]] = {}
            for target in binding(question, curves):
                near = sizes_near(question.over, curves[str(target)], target.level)
                for size in near:
                    so_far = bench.trials(self._name(size), target)
                    wanted.setdefault(size, {})[target] = so_far + whole_parts(share / len(near))
            ends = f"{min(wanted)} to {max(wanted)}" if len(wanted) > 1 else f"{min(wanted)}"
            self.means.on_stage(f"search: {ends} {question.over.noun}")
            compute(wanted)
        self._see_all(points())
        return points()

    def _see_all(self, points: Mapping[str, Sequence[Point]]) -> None:
        for target in self.question.targets:
            for point in points[str(target)]:
                self._see(0, point, target, self._seed(point.size), self.question.error)

    def _verified(self, sequence: int, start: int, error: float) -> tuple[int | None, int | None, int]:
        """Return the smallest size shown from `start` downwards, the size that stopped the sequence, and the seed."""
        question, seed = self.question, self.question.seed("verification", str(sequence))
        shown: int | None = None
        size: int | None = start
        with self._verification(sequence) as bench:
            while size is not None:
                self.means.on_stage(f"verification with fresh luck: {size} {question.over.noun}")
                design = question.written((size,), seed).designs[0]
                bench.run(design, question.floors, question.trials)
                seen = [
                    self._see(sequence, bench.point(design.name, size, target), target, seed, error)
                    for target in question.floors
                ]
                if not all(each.is_met for each in seen):
                    break
                shown, size = size, question.over.below(size)
        return shown, size, seed

    @contextmanager
    def _verification(self, sequence: int) -> Iterator[Bench]:
        plan = replace(self.plan, name=f"{self.plan.run_id}/{verification_name(sequence)}")
        layout = Layout(self.folder / verification_name(sequence))
        with Bench(plan, layout, self.world_of, self.means) as bench:
            yield bench

    def _see(self, sequence: int, point: Point, target: Target, seed: int, error: float) -> Observed:
        met, missed = (is_above, is_below) if target.is_floor else (is_below, is_above)
        seen = Observed(
            sequence=sequence, point=point, target=target, seed=seed, error=error,
            is_met=met(point.hits, point.trials, target.level, error),
            is_missed=missed(point.hits, point.trials, target.level, error),
        )  # fmt: skip
        self.observed.append(seen)
        return seen

    def _check_reach(self, points: Mapping[str, Sequence[Point]]) -> None:
        """Stop where the largest size plainly misses a target."""
        for target in self.question.floors:
            top = points[str(target)][-1]
            if is_below(top.hits, top.trials, target.level, self.question.error / 50):
                curve = self._curves(points)[str(target)]
                self._see_all(points)
                raise out_of_reach(self.question, target, top, curve)

    def _check_errors(self, points: Mapping[str, Sequence[Point]]) -> None:
        for target in self.question.caps:
            top = points[str(target)][-1]
            if is_above(top.hits, top.trials, target.level, self.question.error / 50):
                self._see_all(points)
                raise above_level(self.question, target, top)

    def _seed(self, size: int) -> int:
        return self.question.seed("search", str(size))

    def _name(self, size: int) -> str:
        return f"{self.question.over.path[-1]}-{size}"

    def _written(self, sizes: tuple[int, ...], seed: int) -> Protocol:
        """Return a protocol of the search, and leave it in the folder: its trials can be replayed from it."""
        protocol = self.question.written(sizes, seed)
        path = self.folder / f"{protocol.designs[0].name}.yaml"  # beside the cohort's document and its data
        if not path.exists():
            write_whole(path, protocol_text(protocol).encode())
        return protocol


def verification_name(sequence: int) -> str:
    """Return the folder of a sequence of the verification."""
    return VERIFICATION if sequence == 1 else f"{VERIFICATION}-{sequence}"


def whole_parts(trials: float) -> int:
    """Return a number of trials rounded up to whole parts."""
    return WHOLE_PARTS * max(1, -int(-trials // WHOLE_PARTS))


def allotments(trials: int) -> Iterator[int]:
    """Yield how many trials each round has: ever twice as many, all of them in the end."""
    share = FIRST_ROUND
    while trials > 0:
        if trials < 2 * share:
            share = trials
        yield min(share, trials)
        trials -= share
        share *= 2


def binding(question: Question, curves: Mapping[str, PowerCurve]) -> list[Target]:
    """Return the targets that may be the one that needs the most: whose size could be the largest."""
    size = {target: curves[str(target)].size_at(target.level) for target in question.floors}
    error = {target: curves[str(target)].size_error(target.level) for target in question.floors}
    lowest = max(size[target] - 2 * error[target] if error[target] < float("inf") else 0.0 for target in size)
    return [target for target in size if not size[target] + 2 * error[target] < lowest]


def sizes_near(over: Candidates, curve: PowerCurve, level: float) -> list[int]:
    """Return the candidates at and on both sides of where a curve crosses a level."""
    target = normal_quantile(level)
    error = curve.rate_error(min(max(curve.size_at(level), over.sizes[0]), over.sizes[-1])) / density(target)
    distance = min(max(CLOSEST, 1.5 * error), FARTHEST)
    return sorted({over.nearest(curve.size_at(level, shift)) for shift in (-distance, 0.0, distance)})


def first_size(question: Question, curves: Mapping[str, PowerCurve], error: float, chance: float) -> int:
    """Return the smallest size that a sequence will show with such a chance; the largest if none."""
    z, more = -normal_quantile(error), normal_quantile(chance)

    def is_likely(size: int, target: Target) -> bool:
        curve = curves[str(target)]
        own = sqrt(target.level * (1 - target.level) / question.trials)
        both = sqrt(own * own + curve.rate_error(size) ** 2)
        return curve.rate(size) - target.level >= z * own + more * both

    likely = (size for size in question.over.sizes if all(is_likely(size, target) for target in question.floors))
    return next(likely, question.over.sizes[-1])


def percent(point: Point) -> str:
    share = point.hits / point.trials if point.trials else float("nan")
    return f"{100 * share:.1f}% of {point.trials} trials"


def out_of_reach(question: Question, target: Target, top: Point, curve: PowerCurve) -> TrialsimError:
    needed, noun = curve.size_at(target.level), question.over.noun
    about = f"about {needed:.0f} {noun} by the curve through what was tried, far outside of it" if needed < 1e6 else ""
    notes = [about] if about else []
    notes += ["a wider range, a larger effect or a smaller target; trialsim run shows what the trials do"]
    message = f"{target} is out of reach: with {top.size} {noun} it is {percent(top)}"
    return TrialsimError("target-out-of-reach", message, notes, exit_code=1)


def above_level(question: Question, target: Target, point: Point) -> TrialsimError:
    notes = [
        "more patients do not mend an analysis that rejects true nulls too often: another method, or a smaller alpha",
        "trialsim run shows whether the null is one in truth",
    ]
    message = f"{target} does not hold: with {point.size} {question.over.noun} it is {percent(point)}"
    return TrialsimError("null-rejected-too-often", message, notes, exit_code=1)


def not_shown(question: Question, observed: Sequence[Observed], curves: Mapping[str, PowerCurve]) -> TrialsimError:
    """Return that no size could be shown to reach the targets, and what the last one tried gave."""
    last = max((o for o in observed if o.sequence and not o.is_met), key=lambda o: o.sequence)
    if last.is_missed and last.point.size == question.over.sizes[-1]:
        return out_of_reach(question, last.target, last.point, curves[str(last.target)])
    notes = ["give more --trials, or a range that reaches further"]
    message = (
        f"no size could be shown to reach {last.target}: with {last.point.size} {question.over.noun} "
        f"it is {percent(last.point)}"
    )
    return TrialsimError("target-not-shown", message, notes, exit_code=1)
