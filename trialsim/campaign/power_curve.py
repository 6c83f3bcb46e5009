"""A rate as a smooth function of size near a target: probit regression on the root of the size.

The noncentrality of a test grows with the square root of the number of patients, so that the probit of the power of a
test that is normal in large samples is a straight line in it. Over the short stretch that decides, it is nearly one
for other tests too. The line serves to place trials and to begin the verification; no claim rests on it.

A sequence of fits, each followed by trials near the root of the last one, is what Wu (1985, J. Am. Stat. Assoc.
80:974, section 2) calls the maximum-likelihood form of stochastic approximation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from trialsim.foundation.elementary import exp, log, normal_quantile
from trialsim.foundation.normal import normal_cdf

WINDOW = 1.0  # probits around the target within which points count, once there are enough of them
ENOUGH = 300  # trials in the window
PRIOR_SD = 3.0  # of intercept and slope over half the range, in probits; a few trials outweigh it
MOST_STEPS = 60
PER_ROOT_2_PI = 0.3989422804014327
FARTHEST = 8.0  # probits beyond which a rate is 0 or 1 to double precision's measure


@dataclass(frozen=True, slots=True)
class Point:
    """A size and what its trials gave."""

    size: int
    hits: int
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCurve:
    """probit(rate) = intercept + slope · scaled root of the size, with the covariance of both."""

    intercept: float
    slope: float
    covariance: tuple[float, float, float]  # of the intercept, of both, of the slope
    middle: float  # of the roots of the sizes
    half: float  # half the width of their range

    def scaled(self, size: float) -> float:
        return (sqrt(size) - self.middle) / self.half

    def rate(self, size: float) -> float:
        return normal_cdf(self.probit(size))

    def probit(self, size: float) -> float:
        return self.intercept + self.slope * self.scaled(size)

    def rate_error(self, size: float) -> float:
        """Return the standard error of the rate at a size."""
        x, (aa, ab, bb) = self.scaled(size), self.covariance
        return density(self.probit(size)) * sqrt(max(0.0, aa + 2 * x * ab + x * x * bb))

    def size_at(self, rate: float, shift: float = 0.0) -> float:
        """Return the size, not rounded, whose rate is so much; `shift` is added in probits. Infinite if none is."""
        if self.slope <= 0:
            return float("inf")
        root = self.middle + self.half * (normal_quantile(rate) + shift - self.intercept) / self.slope
        return root * root if root > 0 else 0.0

    def size_error(self, rate: float) -> float:
        """Return the standard error of `size_at`, by the delta method."""
        size = self.size_at(rate)
        if not 0 < size < float("inf"):
            return float("inf")
        slope_of_rate = density(self.probit(size)) * self.slope / (2 * sqrt(size) * self.half)
        return self.rate_error(size) / slope_of_rate if slope_of_rate > 0 else float("inf")


def density(z: float) -> float:
    return PER_ROOT_2_PI * exp(-0.5 * z * z)


def power_curve(points: Sequence[Point], first: int, last: int, rate: float) -> PowerCurve:
    """Return the curve through points over sizes first … last, fitted where it comes near a target rate.

    Points whose fitted rate is more than one probit from the target are left out if what remains is of two sizes and
    of enough trials.
    """
    middle, half = (sqrt(first) + sqrt(last)) / 2, (sqrt(last) - sqrt(first)) / 2
    whole = fitted(points, middle, half, rate)
    target = normal_quantile(rate)
    near = [point for point in points if abs(whole.probit(point.size) - target) <= WINDOW]
    if len({point.size for point in near}) < 2 or sum(point.trials for point in near) < ENOUGH:
        return whole
    return fitted(near, middle, half, rate)


def fitted(points: Sequence[Point], middle: float, half: float, rate: float) -> PowerCurve:
    """Return the posterior mode under a weak normal prior, by Fisher's scoring with halved steps."""
    rows = [((sqrt(point.size) - middle) / half, point.hits, point.trials) for point in points]
    centre = (normal_quantile(rate), 1.0)
    a, b = centre
    best = log_posterior(rows, a, b, centre)
    aa = ab = bb = 0.0
    for _ in range(MOST_STEPS):
        score_a, score_b, aa, ab, bb = score_and_information(rows, a, b, centre)
        determinant = aa * bb - ab * ab
        step_a, step_b = (bb * score_a - ab * score_b) / determinant, (aa * score_b - ab * score_a) / determinant
        for _ in range(MOST_STEPS):
            here = log_posterior(rows, a + step_a, b + step_b, centre)
            if here >= best:
                break
            step_a, step_b = step_a / 2, step_b / 2
        else:
            break
        a, b, best = a + step_a, b + step_b, here
        if abs(step_a) + abs(step_b) < 1e-10:
            break
    determinant = aa * bb - ab * ab
    covariance = (bb / determinant, -ab / determinant, aa / determinant)
    return PowerCurve(intercept=a, slope=b, covariance=covariance, middle=middle, half=half)


Rows = Sequence[tuple[float, int, int]]


def log_posterior(rows: Rows, a: float, b: float, centre: tuple[float, float]) -> float:
    terms = [-((a - centre[0]) ** 2 + (b - centre[1]) ** 2) / (2 * PRIOR_SD * PRIOR_SD)]
    for x, hits, trials in rows:
        z = limited(a + b * x)
        terms += [hits * log(normal_cdf(z)), (trials - hits) * log(normal_cdf(-z))]
    return fsum(terms)


def score_and_information(
    rows: Rows, a: float, b: float, centre: tuple[float, float]
) -> tuple[float, float, float, float, float]:
    """Return the two derivatives of the log posterior, and the expected information."""
    precision = 1 / (PRIOR_SD * PRIOR_SD)
    by_a, by_b = [-(a - centre[0]) * precision], [-(b - centre[1]) * precision]
    aa, ab, bb = [precision], [0.0], [precision]
    for x, hits, trials in rows:
        z = limited(a + b * x)
        p, q, d = normal_cdf(z), normal_cdf(-z), density(z)
        score = d * (hits / p - (trials - hits) / q)
        weight = trials * d * d / (p * q)
        by_a.append(score)
        by_b.append(score * x)
        aa.append(weight)
        ab.append(weight * x)
        bb.append(weight * x * x)
    return fsum(by_a), fsum(by_b), fsum(aa), fsum(ab), fsum(bb)


def limited(z: float) -> float:
    return min(max(z, -FARTHEST), FARTHEST)
