"""Every drawing of a report: the schedule, the profiles, the power curves; content in, SVG out."""

from __future__ import annotations

from dataclasses import dataclass

from trialsim.report.content import Report
from trialsim.report.figure_curves import curves_svg
from trialsim.report.figure_found import found_svg
from trialsim.report.figure_profile import profile_svg
from trialsim.report.figure_schedule import schedule_svg


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """SVG elements: the schedule, one a profile in their order, one a scenario of the power curves."""

    schedule: str
    profiles: tuple[str, ...]
    curves: tuple[tuple[str, str], ...]  # scenario, drawing
    found: tuple[tuple[str, str], ...]  # of a search: rate, drawing


def figures(report: Report) -> Figures:
    """Return the drawings of a report; the same content gives the same bytes."""
    return Figures(
        schedule=schedule_svg(report.schedule),
        profiles=profile_drawings(report),
        curves=curve_drawings(report) if report.curves else (),
        found=found_drawings(report),
    )


def found_drawings(report: Report) -> tuple[tuple[str, str], ...]:
    if report.found is None:
        return ()
    return tuple(
        (panel.rate, found_svg(panel, report.found.noun, f"found-{i}")) for i, panel in enumerate(report.found.panels)
    )


def profile_drawings(report: Report) -> tuple[str, ...]:
    """Return one drawing a profile; those of one measure share their axis."""
    panels = report.profiles.panels
    return tuple(
        profile_svg(panel, report.arms, [each for each in panels if each.measure == panel.measure], f"profile-{i}")
        for i, panel in enumerate(panels)
    )


def curve_drawings(report: Report) -> tuple[tuple[str, str], ...]:
    curves = report.curves
    assert curves is not None
    return tuple(
        (scenario, curves_svg(curves, scenario, report.arms, f"curve-{i}"))
        for i, scenario in enumerate(curves.scenarios)
    )
