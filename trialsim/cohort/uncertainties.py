"""From standard errors as published to what is drawn: the scale an uncertainty is normal on, and its spread there."""

from __future__ import annotations

from trialsim.cohort.model import Scale, Uncertainty
from trialsim.cohort.reading import Desk
from trialsim.cohort.spreads import log_sd
from trialsim.cohort.written import WrittenUncertainty
from trialsim.foundation.units import Unit, quantity_text

Path = tuple[str | int, ...]


def uncertainty_of_value(
    desk: Desk, written: WrittenUncertainty | None, value: float, unit: Unit, varies: Scale | None, path: Path
) -> Uncertainty | None:
    """Return the uncertainty of a value that varies between patients on a scale (None: on none).

    What varies on a log or logit scale is positive or a share in every patient; an error that is normal on the
    natural scale could leave that range and is refused, with what to write instead.
    """
    if written is None:
        return None
    place = desk.at(*path)
    share = value * unit.factor
    if varies == "logit_normal" and written.se_logit is None:
        error = share * (written.rse or 0.0) if written.se is None else written.se.coherent
        is_told = error > 0.0 and 0.0 < share < 1.0
        instead = (
            f"write se_logit: {error / (share * (1 - share)):.3g} (the delta method)" if is_told else "write se_logit"
        )
        message = "the uncertainty of a share that varies on the logit is given there"
        desk.error(place, "wrong-scale", message, "", [instead])
        return None
    if written.se_logit is not None:
        if not 0.0 < share < 1.0 or varies in ("lognormal", "normal"):
            desk.error(place, "wrong-scale", "'se_logit' is for shares between 0 and 1", "", ["write se or rse"])
            return None
        return Uncertainty(scale="logit_normal", sd=written.se_logit)
    if written.se is not None:
        se = desk.number_in(written.se, unit, *path, "se")
        if se is not None and varies == "lognormal":
            instead = f"write rse: {100 * se / value:.3g}%" if value > 0 else "write rse"
            message = "a value that varies on the log is positive: its error is relative"
            desk.error(place, "wrong-scale", message, "", [instead])
            return None
        return None if se is None else Uncertainty(scale="normal", sd=se)
    return on_log(desk, written, value, unit, path)


def uncertainty_of_spread(desk: Desk, written: WrittenUncertainty | None, path: Path) -> Uncertainty | None:
    """Return the uncertainty of a standard deviation, which is positive: always on the log."""
    if written is None:
        return None
    if written.se is not None or written.se_logit is not None:
        message = "the uncertainty of a spread is relative"
        desk.error(desk.at(*path), "wrong-scale", message, "", ["write rse or se_log"])
        return None
    return Uncertainty(scale="lognormal", sd=spread_on_log(written))


def on_log(desk: Desk, written: WrittenUncertainty, value: float, unit: Unit, path: Path) -> Uncertainty | None:
    if value <= 0.0:
        se = abs(value) * (written.rse or written.se_log or 0.0)
        instead = [f"write se: {quantity_text(float(f'{se:.3g}'), unit)}"] if se else ["write se"]
        desk.error(desk.at(*path), "wrong-scale", "only a positive value can have a relative error", "", instead)
        return None
    return Uncertainty(scale="lognormal", sd=spread_on_log(written))


def spread_on_log(written: WrittenUncertainty) -> float:
    if written.se_log is not None:
        return written.se_log
    assert written.rse is not None
    return log_sd(written.rse)
