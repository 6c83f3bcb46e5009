"""The design as a picture: arms as lanes, doses as ticks, visits as verticals, randomisation where the lanes part.

Drawn in percent of the width, so that type keeps its size on a narrow screen.
"""

from __future__ import annotations

from html import escape

from trialsim.report.schedule import MOST_TICKS, Lane, Schedule, VisitMark
from trialsim.report.times import point

HEADER, LANE, AXIS = 40, 48, 30  # pixels


def schedule_svg(schedule: Schedule) -> str:
    """Return the picture of a design."""
    height = HEADER + LANE * len(schedule.lanes) + AXIS
    floor = height - AXIS
    parts = [visit_svg(schedule, visit, i, floor) for i, visit in enumerate(schedule.visits)]
    parts += [lane_svg(schedule, lane, i) for i, lane in enumerate(schedule.lanes)]
    parts.append(randomisation_svg(schedule))
    parts.append(
        f'<text class="muted" x="100%" y="{height - 2}" text-anchor="end">'
        f"{schedule.unit_name}s since randomisation</text>"
    )
    return (
        f'<svg class="schedule" width="100%" height="{height}" role="img" '
        'aria-labelledby="schedule-title schedule-desc">'
        '<title id="schedule-title">Design of the trial</title>'
        f'<desc id="schedule-desc">{escape(description(schedule))}</desc>{"".join(parts)}</svg>'
    )


def across(schedule: Schedule, day: float) -> str:
    """Return a day's place along the picture."""
    span = (schedule.last_day - schedule.first_day) or 1.0
    return f"{100 * (day - schedule.first_day) / span:.3f}%"


def middle(i: int) -> int:
    """Return the height of a lane's line."""
    return HEADER + LANE * i + 32


def visit_svg(schedule: Schedule, visit: VisitMark, i: int, floor: int) -> str:
    x = across(schedule, visit.day)
    anchor = anchor_at(float(x[:-1]))
    high = 12 if i % 2 == 0 else 28  # two rows, so that neighbours have room
    window = ""
    if visit.window:
        start = across(schedule, visit.day - visit.window)
        width = 200 * visit.window / ((schedule.last_day - schedule.first_day) or 1.0)
        window = f'<rect class="window" x="{start}" y="{HEADER}" width="{width:.3f}%" height="{floor - HEADER}"/>'
    return (
        f'{window}<line class="visit" x1="{x}" x2="{x}" y1="{high + 4}" y2="{floor}"/>'
        f'<text x="{x}" y="{high}" text-anchor="{anchor}">{escape(visit.name)}</text>'
        f'<text class="muted" x="{x}" y="{floor + 13}" text-anchor="{anchor}">'
        f"{point(visit.day, schedule.unit_days)}</text>"
    )


def anchor_at(percent: float) -> str:
    return "start" if percent < 4 else "end" if percent > 96 else "middle"


def lane_svg(schedule: Schedule, lane: Lane, i: int) -> str:
    """Return one arm: its label, its line from randomisation on, its doses."""
    y, start = middle(i), across(schedule, 0.0)
    colour = f"var(--arm-{i % 8})"
    parts = [
        f'<line x1="{start}" x2="100%" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="1.5"/>',
        f'<text class="arm" x="{start}" dx="16" y="{y - 13}" fill="{colour}">{escape(lane.label)}</text>',
    ]
    if len(lane.doses) > MOST_TICKS:
        width = float(across(schedule, lane.doses[-1])[:-1]) - float(across(schedule, lane.doses[0])[:-1])
        x = across(schedule, lane.doses[0])
        parts.append(
            f'<rect x="{x}" y="{y - 5}" width="{width:.3f}%" height="10" fill="{colour}" fill-opacity="0.45"/>'
        )
    else:
        places = (across(schedule, day) for day in lane.doses)
        ticks = "".join(f'<line x1="{x}" x2="{x}" y1="{y - 5}" y2="{y + 5}"/>' for x in places)
        parts.append(f'<g stroke="{colour}" stroke-width="1.5">{ticks}</g>' if ticks else "")
    return "".join(parts)


def randomisation_svg(schedule: Schedule) -> str:
    """Return what leads to the lanes: screening, then a circle where they part, with the ratio."""
    x, first, last = across(schedule, 0.0), middle(0), middle(len(schedule.lanes) - 1)
    centre = (first + last) / 2
    before = f'<line class="before" x1="0%" x2="{x}" y1="{centre}" y2="{centre}"/>' if schedule.first_day < 0 else ""
    return (
        f'{before}<line class="before" x1="{x}" x2="{x}" y1="{first}" y2="{last}"/>'
        f'<circle class="split" cx="{x}" cy="{centre}" r="10"/>'
        f'<text class="split" x="{x}" y="{centre + 4}" text-anchor="middle">R</text>'
    )


def description(schedule: Schedule) -> str:
    visits = ", ".join(
        f"{visit.name} at {schedule.unit_name} {point(visit.day, schedule.unit_days)}" for visit in schedule.visits
    )
    lanes = "; ".join(f"{lane.label}: {lane.dosing}" for lane in schedule.lanes)
    ratio = ":".join(str(lane.ratio) for lane in schedule.lanes)
    return f"Randomised {ratio}. {lanes}. Visits: {visits}."
