"""The states of a linear course as sums of exponentials of time, where its rates stand well apart.

Compiled once for all models: the arrays say how many states there are.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from trialsim.dynamics.compiling import kernel, part_of_kernel
from trialsim.foundation.arithmetic import INVERSE_LN2, ROUNDER, bits_of, inlined, number_of_bits

# Above that many states a series is as fast.
MOST_STATES = 6
# Two rates that differ by less than this share of the larger stand too near to one another.
NEAREST = 1e-3
# How many times as large as their sum the terms may be: so much of their accuracy of some 1e-15 is lost at the most.
# Whoever is followed plainly has half of it, so that no rounding can tell him from who is followed instant by instant.
MOST_LOST, MOST_LOST_PLAINLY = 4000.0, 2000.0
# Of `Steps.known`: whether there are modes (-1: not known yet).
MODAL = 7
# e^(-700) counts as nothing.
MOST_HALVINGS = 1010.0


@inlined("float64(float64)")
def halved(w: float) -> float:
    """Return 2^-w for w >= 0 to 1e-15 of it, and nothing from w = 1010 on.

    The polynomial interpolates (2^-f - 1) / f at ten Chebyshev points of [-1/2, 1/2].
    """
    shifted = ROUNDER - w
    f = w + (shifted - ROUNDER)
    f2 = f * f
    f4 = f2 * f2
    a = (1.0 + f * -0.6931471805599462) + f2 * (0.24022650695910075 + f * -0.05550410866465167)
    b = 0.009618129107618665 + f * -0.0013333558200794592
    b = b + f2 * (0.00015403530424776529 + f * -1.5252672924850737e-05)
    c = (1.3215451633221434e-06 + f * -1.0205905413765595e-07) + f2 * 7.070977866508138e-09
    y = a + f4 * (b + f4 * c)
    found = number_of_bits(bits_of(y) + (bits_of(shifted) << 52))
    return found if w < MOST_HALVINGS else 0.0


@kernel
def modes_filled(x: Any) -> bool:
    """Return whether the system has modes, having filled them: y(t) is the sum of e^(-rate t) x weights x y(0).

    Rates stand on the diagonal, or are those of two states that exchange. The weights of a mode are the product of
    (a + other rate) / (other rate - rate) over all others (Sylvester 1883; Higham 2008, Functions of Matrices,
    section 1.2.2), and nothing where no way leads through it; `sizes` are what they would be if nothing cancelled.
    A rate that stands on the diagonal is exact, and so are its differences.
    """
    n, nought = x.u.size, x.u.size - x.u.size
    if x.weights.shape[0] != n or n == 0:
        return False
    # With two states written out it takes half the time.
    if n == 2:
        return bool(rates_filled(nought + 2, x.a, x.links, x.rates) and weights_filled(nought + 2, x))
    return bool(rates_filled(n, x.a, x.links, x.rates) and weights_filled(n, x))


@part_of_kernel
def rates_filled(n: int, a: Any, links: Any, rates: Any) -> bool:
    """Return whether all rates are real, not negative and well apart, having filled them and what leads where."""
    for i in range(n):
        for j in range(n):
            links[i, j] = 1 if i == j or a[i, j] != 0.0 else 0
    for k in range(n):
        for i in range(n):
            for j in range(n):
                links[i, j] |= links[i, k] & links[k, j]
    for i in range(n):
        partner, n_partners = i, 0
        for j in range(n):
            if j != i and links[i, j] & links[j, i] != 0:
                partner, n_partners = j, n_partners + 1
        if n_partners == 0:
            rates[i] = 0.0 - a[i, i]
        elif n_partners > 1:
            return False
        elif i < partner:
            p, q, both = -a[i, i], -a[partner, partner], a[i, partner] * a[partner, i]
            if not both > 0.0:
                return False
            rates[i] = 0.5 * (p + q + sqrt((p - q) * (p - q) + 4.0 * both))
            rates[partner] = (p * q - both) / rates[i]
    for i in range(n):
        if not 0.0 <= rates[i] < 1e100:
            return False
        for j in range(i):
            larger = rates[i] if rates[i] > rates[j] else rates[j]
            if not abs(rates[i] - rates[j]) > NEAREST * larger:
                return False
    return True


@part_of_kernel
def weights_filled(n: int, x: Any) -> bool:
    """Return true, having filled weights, their sizes and how often a mode halves in a unit of time."""
    a, links, rates, row, size, v, w = x.a, x.links, x.rates, x.term[0], x.fresh[0], x.v, x.w
    for m in range(n):
        x.paces[m] = rates[m] * INVERSE_LN2
        for r in range(n):
            for k in range(n):
                row[k] = size[k] = 1.0 if k == r else 0.0
            for j in range(n):
                if j == m:
                    continue
                share = 1.0 / (rates[j] - rates[m])
                for k in range(n):
                    apart = abs(a[k, k] + rates[j]) if rates[j] == 0.0 - a[j, j] else abs(a[k, k]) + rates[j]
                    total, most = row[k] * (a[k, k] + rates[j]), size[k] * apart
                    for l in range(n):
                        if l != k:
                            total += row[l] * a[l, k]
                            most += size[l] * abs(a[l, k])
                    v[k], w[k] = total * share, most * abs(share)
                for k in range(n):
                    row[k], size[k] = v[k], w[k]
            for k in range(n):
                is_through = links[r, m] & links[m, k] != 0
                x.weights[m, r, k] = row[k] if is_through else 0.0
                x.sizes[m, r, k] = size[k] if is_through else 0.0
    return True


@kernel
def parts_filled(fed: float, x: Any) -> bool:
    """Return whether the states now are sums of modes, having filled each one's part of each state, and its size.

    What runs in brings a part that stays, which modes approach; the last row.
    """
    n = x.u.size
    return bool(parts_of(n - n + 2, fed, x) if n == 2 else parts_of(n, fed, x))


@part_of_kernel
def parts_of(n: int, fed: float, x: Any) -> bool:
    """Return whether the states now are sums of modes."""
    for r in range(n):
        x.parts[n, r] = x.bounds[n, r] = 0.0
        for m in range(n):
            total, most = x.weights[m, r, 0] * x.y[0], x.sizes[m, r, 0] * abs(x.y[0])
            for k in range(1, n):
                total += x.weights[m, r, k] * x.y[k]
                most += x.sizes[m, r, k] * abs(x.y[k])
            x.parts[m, r], x.bounds[m, r] = total, most
        for m in range(n if fed != 0.0 else 0):
            total, most = 0.0, 0.0
            for k in range(n):
                total += x.weights[m, r, k] * x.u[k]
                most += x.sizes[m, r, k] * abs(x.u[k])
            if most > 0.0:
                if not x.rates[m] > 0.0:
                    return False
                total, most = total / x.rates[m], most / x.rates[m]
                x.parts[m, r] -= total
                x.parts[n, r] += total
                x.bounds[m, r] += most
                x.bounds[n, r] += most
    return True


@kernel
def faded(n: int, since: Any, pace: float, shares: Any) -> None:
    """Fill what is left of a mode after so many times."""
    for k in range(n):
        shares[k] = halved(since[k] * pace)


@kernel
def mixed(n: int, r: int, parts: Any, shares: Any, sums: Any) -> None:
    """Fill a state at n times from its parts and what is left of each mode then."""
    modes = parts.shape[0] - 1
    for k in range(n):
        sums[k] = parts[modes, r]
    for m in range(modes):
        row, factor = shares[m], parts[m, r]
        for k in range(n):
            sums[k] += factor * row[k]


@kernel
def sound_until(n: int, r: int, most: float, bounds: Any, shares: Any, sums: Any, room: Any) -> int:
    """Return at how many of n times a state is known in spite of what cancels: those before the first where not."""
    mixed(n, r, bounds, shares, room)
    odd = 0
    for k in range(n):
        odd |= 0 if room[k] <= most * abs(sums[k]) else 1
    if odd == 0:
        return n
    found = 0
    while room[found] <= most * abs(sums[found]):
        found += 1
    return found
