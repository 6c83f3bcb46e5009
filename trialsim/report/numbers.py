"""Numbers as a reader wants them: as many digits as their error allows, rates as percentages, lengths in months."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, isnan, log10, nan

MINUS, PLUS_MINUS, UNKNOWN, GLUE = "\u2212", "\u00b1", "\u2013", "\u00a0"  # glue: a space where no line breaks
DAYS_IN_MONTH = 30.4375
LONG = 61.0  # days: longer stretches are told in months


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its Monte-Carlo standard error and 95% interval; NaN is unknown."""

    value: float
    error: float = nan
    lower: float = nan
    upper: float = nan
    n: int = 0

    def times(self, factor: float) -> Estimate:
        """Return it in another unit."""
        return Estimate(self.value * factor, self.error * factor, self.lower * factor, self.upper * factor, self.n)

    @property
    def is_known(self) -> bool:
        return not isnan(self.value)


NOWHERE = Estimate(nan)


def decimals_for(error: float) -> int:
    """Return how many decimals a number with this standard error deserves.

    The error keeps two significant digits if its first three are between 100 and 354, else one (the rounding rule of
    the Particle Data Group, Review of Particle Physics, introduction).

    >>> [decimals_for(error) for error in (0.012, 0.53, 0.97, 3.4, 3.6, 12.0)]
    [3, 1, 1, 1, 0, 0]
    """
    if not isfinite(error) or error <= 0:
        return 1
    exponent = floor(log10(error))
    leading = round(error / 10.0**exponent * 100)
    return max(0, (1 if 100 <= leading <= 354 else 0) - exponent)


def plain(value: float, decimals: int) -> str:
    """Return a number with a true minus sign, never `−0`.

    >>> plain(-0.04, 1), plain(1234.5, 0), plain(float("nan"), 1)
    ('0.0', '1234', '–')
    """
    if not isfinite(value):
        return UNKNOWN
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        return text.lstrip("-")
    return text.replace("-", MINUS)


def with_error(estimate: Estimate, suffix: str = "") -> str:
    r"""Return `83.2% ± 1.2`: a number with the digits its standard error allows; without an error, three digits.

    >>> with_error(Estimate(83.21, 1.18), "%"), with_error(Estimate(0.0, 0.0)), with_error(NOWHERE)
    ('83.2%\xa0±\xa01.2', '0 (exactly)', '–')
    """
    if not estimate.is_known:
        return UNKNOWN
    if isnan(estimate.error):
        return significant(estimate.value) + suffix
    if estimate.error == 0:
        return f"{significant(estimate.value)}{suffix} (exactly)"
    decimals = decimals_for(estimate.error)
    return f"{plain(estimate.value, decimals)}{suffix}{GLUE}{PLUS_MINUS}{GLUE}{plain(estimate.error, decimals)}"


def percentage(estimate: Estimate) -> str:
    """Return a share as `83.2% ± 1.2`."""
    return with_error(estimate.times(100.0), "%")


def interval(estimate: Estimate, factor: float = 1.0, suffix: str = "") -> str:
    """Return the 95% Monte-Carlo interval as `80.9 to 85.5`."""
    decimals = decimals_for(estimate.error * factor)
    return f"{plain(estimate.lower * factor, decimals)}{suffix} to {plain(estimate.upper * factor, decimals)}{suffix}"


def significant(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits and no more zeros than it needs.

    >>> significant(0.0034567), significant(143.0), significant(12345.6), significant(-2.5)
    ('0.00346', '143', '12346', '−2.5')
    """
    if not isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - floor(log10(abs(value))))
    text = plain(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(value: float) -> str:
    """Return a share known without error as a percentage of up to three digits.

    >>> share(0.025), share(0.5), share(1.0)
    ('2.5%', '50%', '100%')
    """
    return f"{significant(100.0 * value)}%"


def count(n: int, one: str, many: str | None = None) -> str:
    """Return a number of things: `1 trial`, `1 240 trials` with a thin space."""
    return f"{whole(n)} {one if n == 1 else many or one + 's'}"


def whole(n: int) -> str:
    """Return a whole number, thousands set apart by a thin space, four digits left together."""
    return f"{n:,}".replace(",", "\u202f") if n > 9999 else str(n)


def length(days: Estimate) -> str:
    r"""Return a length of time with its error, in months where it is long.

    >>> length(Estimate(304.375, 3.04375)), length(Estimate(12.0, 0.5))
    ('10.00\xa0±\xa00.10 months', '12.0\xa0±\xa00.5 days')
    """
    if not days.is_known:
        return UNKNOWN
    if abs(days.value) >= LONG:
        return f"{with_error(days.times(1 / DAYS_IN_MONTH))} months"
    return f"{with_error(days)} days"


def listed(words: list[str] | tuple[str, ...], last: str = "and") -> str:
    """Return `a, b and c`; words that hold commas themselves are set apart by semicolons.

    >>> listed(["a", "b", "c"]), listed(["slow, 1 mg", "slow, 2 mg"], "or")
    ('a, b and c', 'slow, 1 mg; or slow, 2 mg')
    """
    if len(words) < 2:
        return "".join(words)
    if any("," in word for word in words):
        return f"{'; '.join(words[:-1])}; {last} {words[-1]}"
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
