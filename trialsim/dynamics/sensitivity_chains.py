"""What comes through a chain of transit compartments, and its slopes.

A dose A of which the share F arrives at d + L enters at the rate F A g, with g = k (k τ)^n e^(-k τ) / Γ(n + 1) and τ
the time since it arrived (Savic et al. 2007, J Pharmacokinet Pharmacodyn 34:711, equation 4). By its terms

    dg/dk = ((n + 1) / k - τ) g        dg/dn = (log k + log τ - ψ(n + 1)) g        dg/dL = -dg/dτ

Sums over the doses of g, g log τ and g τ are all that is asked for. The last slope would be infinite where τ is 0 and n
is small; but S' = J S - F A L' dg/dτ e is U' = J S for U = S + F A L' g e, which has no such end: U is followed.
"""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.dynamics.tape import Tape
from trialsim.dynamics.tape_derivative import derivative

# Of the series of ψ in powers of 1 / z²: B(2 k) / (2 k) (Abramowitz & Stegun 1964, 6.3.18).
BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132)
FAR = 10  # from here on the series is exact to 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain on a tape: its terms, and the sums over its doses that it is `called`."""

    called: str
    state: int
    lag: int
    share: int
    number: int
    pace: int
    flow: int
    flow_log: int
    flow_since: int


def entering(tape: Tape, chain: Chain) -> int:
    """Return the rate at which what comes through a chain enters."""
    return tape.binary("*", chain.share, chain.flow)


def entering_slope(tape: Tape, chain: Chain, leaf: int) -> int:
    """Return the slope of that rate by a parameter, of which the lag is no part."""
    by_share, by_number, by_pace = (derivative(tape, i, leaf) for i in (chain.share, chain.number, chain.pace))
    more = tape.binary("+", chain.number, tape.number(1.0))
    faster = tape.binary("-", tape.binary("*", tape.binary("/", more, chain.pace), chain.flow), chain.flow_since)
    steep = tape.binary("*", by_pace, faster)
    if tape.value(by_number) != 0.0:
        level = tape.binary("-", tape.node("log", chain.pace), digamma(tape, more))
        longer = tape.binary("+", tape.binary("*", level, chain.flow), chain.flow_log)
        steep = tape.binary("+", steep, tape.binary("*", by_number, longer))
    return tape.binary("+", tape.binary("*", by_share, chain.flow), tape.binary("*", chain.share, steep))


def shift(tape: Tape, chain: Chain, leaf: int) -> int:
    """Return U - S, by which what is followed exceeds the slope of the state that a chain with a lag enters."""
    return tape.binary("*", derivative(tape, chain.lag, leaf), entering(tape, chain))


def sound_share(tape: Tape, chain: Chain) -> int:
    """Return what a dose is multiplied by before it enters a chain: 1, or -1 for a share that no dose can have."""
    zero, value = tape.number(0.0), tape.value(chain.share)
    if value is not None and value >= 0.0:
        return tape.number(1.0)
    return tape.choice(tape.node(">=", chain.share, zero), tape.number(1.0), tape.number(-1.0))


def digamma(tape: Tape, x: int) -> int:
    """Return the position of ψ(x), x > 0.

    ψ(x) = ψ(x + 1) - 1 / x as far as the series, which begins log z - 1 / 2 z.
    """
    one = tape.number(1.0)
    z = tape.binary("+", x, tape.number(float(FAR)))
    inverse = tape.binary("/", one, z)
    square = tape.binary("*", inverse, inverse)
    series = tape.number(0.0)
    for number in reversed(BERNOULLI):
        series = tape.binary("*", square, tape.binary("+", tape.number(number), series))
    total = tape.binary("-", tape.node("log", z), tape.binary("+", tape.binary("*", tape.number(0.5), inverse), series))
    for k in range(FAR):
        total = tape.binary("-", total, tape.binary("/", one, tape.binary("+", x, tape.number(float(k)))))
    return total
