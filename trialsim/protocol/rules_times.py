"""Methods that compare times to an event: what they measure, and what they need of endpoint, margin and options."""

from __future__ import annotations

from trialsim.foundation.units import DIMENSIONLESS, Quantity
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.time_method_model import TimeMeasure, TimeMethod
from trialsim.protocol.times import days, duration_text
from trialsim.protocol.written import WrittenAnalysis, WrittenEndpoint, WrittenMethod

TIME_METHODS = ("log_rank", "cox", "rmst", "milestone_survival", "max_combo", "gray", "cumulative_incidence")
MEASURES: dict[str, TimeMeasure] = {
    "log_rank": "hazard_ratio",
    "cox": "hazard_ratio",
    "max_combo": "hazard_ratio",
    "gray": "subdistribution_hazard_ratio",
    "milestone_survival": "survival_difference",
    "cumulative_incidence": "incidence_difference",
}
WITH_HORIZON = ("rmst", "milestone_survival", "cumulative_incidence")
WITHOUT_COMPETING = ("rmst", "milestone_survival")
WITHOUT_MARGIN = ("log_rank", "max_combo", "gray")
COMBINED_UNLESS_WRITTEN = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0))


def time_method(written: WrittenMethod) -> TimeMethod | None:
    """Return what a method that compares times is told; None of another method."""
    if written.kind not in TIME_METHODS:
        return None
    weights: tuple[tuple[float, float], ...] = ((written.rho or 0.0, written.gamma or 0.0),)
    if written.kind == "max_combo":
        weights = tuple((rho, gamma) for rho, gamma in written.weights or COMBINED_UNLESS_WRITTEN)
    ratio = "rmst_ratio" if written.measure == "ratio" else "rmst_difference"
    return TimeMethod(
        measure=MEASURES.get(written.kind, ratio),  # type: ignore[arg-type]
        horizon=days(written.horizon),
        weights=weights,
        delay=None if written.delay is None else days(written.delay),
        ties=written.ties or "efron",  # type: ignore[arg-type]
    )


def check_time_method(draft: Draft, path: Path, analysis: WrittenAnalysis, endpoint: WrittenEndpoint) -> None:
    """Gather what a method that compares times lacks, or has too much of."""
    method = analysis.method
    where: Path = (*path, "method", method.kind)
    if method.delay is not None and (method.rho is not None or method.gamma is not None):
        notes = ["leave out rho and gamma, or delay"]
        message = "an event has one weight: by delay, or by rho and gamma"
        draft.error((*where, "delay"), "two-weights", message, "", notes)
    check_horizon(draft, where, method)
    if method.kind == "max_combo" and analysis.spend is not None:
        message = "bounds over looks are for one statistic, and max_combo takes the greatest of several"
        notes = ["use log_rank with the one weight that fits best", "or max_combo at one look, without spend"]
        draft.error((*path, "spend"), "spending-of-the-greatest", message, "", notes)
    if method.kind in WITHOUT_COMPETING and endpoint.competing:
        other = endpoint.competing[0]
        message = f"{method.kind} would take patients after {other} for some who may still have the event"
        notes = ["use cumulative_incidence or gray, or log_rank or cox (hazards while neither has happened)"]
        notes += [f"or count it as an event: first_of: [{', '.join((*endpoint.events, *endpoint.competing))}]"]
        draft.error(where, "competing-ignored", message, "", notes)
    if method.kind == "gray" and not endpoint.competing:
        message = "no event competes with those of this endpoint, and gray is then a log-rank test"
        draft.error(where, "nothing-competes", message, "", ["use log_rank, or write competing in the endpoint"])


def check_horizon(draft: Draft, where: Path, method: WrittenMethod) -> None:
    """A horizon is given where it is needed, and lies within the follow-up."""
    if method.kind not in WITH_HORIZON:
        return
    if method.horizon is None:
        notes = [f"write {{{method.kind}: {{horizon: 12 months}}}}"]
        draft.error(where, "missing-field", f"{method.kind} needs a horizon: how long times are looked at", "", notes)
    elif draft.written.follow_up is not None and days(method.horizon) > days(draft.written.follow_up):
        until = duration_text(days(draft.written.follow_up))
        message = f"nobody is followed for {method.horizon}: follow_up is {until}"
        notes = ["take an earlier horizon, or follow patients longer"]
        draft.error((*where, "horizon"), "horizon-beyond-follow-up", message, "", notes)


def check_time_margin(draft: Draft, path: Path, margin: Quantity, method: WrittenMethod) -> bool:
    """Gather what is wrong with a margin because of its method; whether anything remains to be checked."""
    chosen = time_method(method)
    if chosen is None:
        return True
    if method.kind in WITHOUT_MARGIN:
        notes = ["use cox, whose margin is a hazard ratio, or leave the margin out"]
        draft.error(path, "no-margin", f"{method.kind} tests that there is no difference, and has no margin", "", notes)
        return False
    if chosen.is_ratio:
        if margin.dimension != DIMENSIONLESS or not margin.coherent > 0:
            what = "hazards" if method.kind == "cox" else "mean times"
            notes = ["write the ratio itself, first arm over second: 1.25 or 80%; 1 is no difference"]
            draft.error(path, "margin-ratio", f"{margin} is no ratio of {what}", "", notes)
        return False
    if chosen.measure in ("survival_difference", "incidence_difference"):
        if margin.dimension != DIMENSIONLESS or not -1 < margin.coherent < 1:
            notes = ["between -100% and 100%"]
            draft.error(path, "margin-unit", f"two shares cannot differ by {margin}", "", notes)
        return False
    return True
