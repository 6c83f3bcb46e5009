"""What becomes of a dose once it is taken: how much enters which state, when and how fast."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.reference.plain_expressions import value
from trialsim.dynamics.doses import DOSE
from trialsim.dynamics.model import CourseModel


@dataclass(frozen=True, kw_only=True)
class Dose:
    """A row of a line of dosing, as in `trialsim.dynamics.doses.Schedule`."""

    time: float
    inlet: int = 0
    amount: float = 0.0
    duration: float = 0.0
    rate: float = 0.0
    kind: int = DOSE
    interval: float = 0.0
    check: int = 0


@dataclass(frozen=True, kw_only=True)
class UnderWay:
    """Something that was taken and has not wholly arrived.

    A bolus enters at `start`; an infusion enters at `rate` from `start` to `end`; what comes through a chain enters
    from `start` on for ever. `lag` is how long after being taken, or being stopped, a state notices.
    """

    line: int
    inlet: int
    state: int
    taken: float
    start: float
    end: float
    amount: float
    rate: float
    lag: float
    chain: tuple[float, float] | None = None

    @property
    def is_bolus(self) -> bool:
        """Return whether all of it enters at one instant."""
        return self.rate == 0.0 and self.chain is None

    def inflow(self, t: float) -> float:
        """Return what enters per unit of time at t, in the amount's unit; `t` is within a stretch without changes."""
        if self.chain is None or t <= self.start:
            return self.rate
        # Savic et al. 2007: F A ktr (ktr tau)^n exp(-ktr tau) / Gamma(n + 1), ktr = (n + 1) / mean time.
        number, mean_time = self.chain
        ktr = (number + 1.0) / mean_time
        x = ktr * (t - self.start)
        return self.amount * ktr * math.exp(number * math.log(x) - x - math.lgamma(number + 1.0))


def taken(model: CourseModel, parameters: Mapping[str, float], dose: Dose, line: int, now: float) -> UnderWay:
    """Return what a dose taken now sets under way, by the parameters of this instant."""
    inlet = model.inlets[dose.inlet]
    lag = value(inlet.lag, parameters) if inlet.lag is not None else 0.0
    share = value(inlet.bioavailability, parameters) if inlet.bioavailability is not None else 1.0
    duration, rate = dose.duration, dose.rate
    if duration == 0.0 and rate == 0.0:
        if inlet.duration is not None:
            duration = value(inlet.duration, parameters)
        elif inlet.rate is not None:
            rate = value(inlet.rate, parameters)
    enters = share * dose.amount
    if rate > 0.0:
        lasts = enters / rate
    else:
        lasts, rate = duration, (enters / duration if duration > 0.0 else 0.0)
    chain = None
    if inlet.transit is not None:
        if rate > 0.0:
            raise ValueError("an infusion does not go through a chain")
        chain = value(inlet.transit.number, parameters), value(inlet.transit.mean_time, parameters)
    start = now + lag
    return UnderWay(line=line, inlet=dose.inlet, state=model.states.index(inlet.state), taken=now, start=start,
                    end=math.inf if chain else start + lasts, amount=enters, rate=rate, lag=lag, chain=chain)


def stopped(what: UnderWay, now: float) -> UnderWay:
    """Return what is left if the line is stopped now: what was swallowed arrives, a pump stands still."""
    if what.rate == 0.0:
        return what
    return replace(what, end=max(what.start, min(what.end, now + what.lag)))


def changes_of(under_way: Sequence[UnderWay]) -> list[float]:
    """Return the times at which what enters a state changes other than smoothly."""
    return [time for what in under_way for time in (what.start, what.end)]
