"""Assurance taken apart: the variance of success that is ignorance of the parameters, and the one that is chance.

Where draws of the parameters have a probability of success each, the variance of success is the variance of that
probability (epistemic: more knowledge would remove it) and the mean of its own variance (aleatory: it would stay), the
law of total variance. m trials of each of D draws, m >= 2, estimate both without bias: a one-way analysis of variance
with random effects (Sun, Apley & Staum 2011, Oper. Res. 59:998, section 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum, nan, sqrt

from trialsim.campaign.figures import Figure, mean, with_normal_interval
from trialsim.campaign.plan import Cell
from trialsim.campaign.rows import Arrays, Row


def split_rows(cell: Cell, trials: Arrays) -> Iterable[Row]:
    """Yield the two parts of the variance of success, and the spread of its probability; of shared draws alone."""
    m = cell.protocol.simulate.trials_per_draw
    if cell.mode != "uncertain" or m < 2:
        return
    shares = shares_of_draws(trials, m)
    epistemic, aleatory = parts(shares, m)
    analysis = cell.protocol.success.analysis

    def row(quantity: str, figure: Figure, meaning: str) -> Row:
        return Row(quantity, figure, f"{meaning}; {m} trials a draw", analysis=analysis)

    yield row("success_epistemic", epistemic, "variance of the probability of success between draws of the parameters")
    yield row("success_aleatory", aleatory, "mean variance of success given the parameters")
    yield row("success_spread", root(epistemic), "standard deviation of the probability of success between draws")


def shares_of_draws(trials: Arrays, m: int) -> list[float]:
    """Return the share of successes of each draw all m trials of which are there."""
    by_draw: dict[int, list[bool]] = {}
    for trial, success in zip(trials["trial"].tolist(), trials["success"].tolist(), strict=True):
        by_draw.setdefault(int(trial) // m, []).append(bool(success))
    return [sum(won) / m for won in by_draw.values() if len(won) == m]


def parts(shares: list[float], m: int) -> tuple[Figure, Figure]:
    """Return the epistemic and the aleatory variance, both unbiased, with the errors of means over draws.

    The epistemic one may be estimated below 0 where there is little of it.
    """
    n = len(shares)
    if n < 2:
        nothing = Figure(nan, nan, nan, nan, n * m)
        return nothing, nothing
    own = [share * (1 - share) * m / (m - 1) for share in shares]
    centre = fsum(shares) / n
    between = [(share - centre) * (share - centre) * n / (n - 1) - v / m for share, v in zip(shares, own, strict=True)]
    return of_trials(mean(between), n * m), of_trials(mean(own), n * m)


def of_trials(figure: Figure, n: int) -> Figure:
    """Return a mean over draws as what it is of: so many trials."""
    return Figure(figure.value, figure.standard_error, figure.lower, figure.upper, n)


def root(variance: Figure) -> Figure:
    """Return the standard deviation of a variance, by the delta method; none of one that is not above 0."""
    if not variance.value > 0:
        return Figure(nan, nan, nan, nan, variance.n)
    sd = sqrt(variance.value)
    return with_normal_interval(sd, variance.standard_error / (2 * sd), variance.n)
