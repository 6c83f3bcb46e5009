"""Spreads between scales: coefficients of variation and standard deviations of logs.

In decimal arithmetic, so that reading a document gives the same bits on every machine without a number library.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

DIGITS = 40
SELDOM_ABOVE = 3.0  # a relative size above 300% that is written without % was mostly meant in percent


def log_sd(cv: float) -> float:
    """Return the standard deviation of the log of a lognormal value with this coefficient of variation.

    sqrt(log(1 + cv^2)), from the moments of the lognormal distribution (Aitchison and Brown 1957, section 2.3).

    >>> round(log_sd(0.28), 6)
    0.274750
    """
    with localcontext() as context:
        context.prec = DIGITS
        return float((1 + Decimal(cv) * Decimal(cv)).ln().sqrt())


def coefficient_of_variation(sd_log: float) -> float:
    """Return the coefficient of variation of a lognormal value whose log has this standard deviation.

    >>> round(coefficient_of_variation(log_sd(0.28)), 12)
    0.28
    """
    with localcontext() as context:
        context.prec = DIGITS
        return float(((Decimal(sd_log) * Decimal(sd_log)).exp() - 1).sqrt())
