"""A measure over the visits: medians joined, 90% intervals as bars side by side, arms named at their last visit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trialsim.report.numbers import significant
from trialsim.report.profiles import ArmProfile, Profile
from trialsim.report.svg import arm_colour, colour, labels_apart, new_figure, svg_text
from trialsim.report.times import point

WIDTH, HEIGHT = 270.0, 200.0  # points
LEFT, RIGHT, BOTTOM, TOP = 0.1, 0.79, 0.17, 0.9
SPREAD = 0.012  # of the time axis, between the bars of two arms at one visit


def profile_svg(panel: Profile, arms: Sequence[str], alike: Sequence[Profile], name: str) -> str:
    """Return one panel; `alike` are the panels of the same measure, whose axis it shares."""
    figure, axes = new_figure(WIDTH, HEIGHT)
    axes.set_position((LEFT, BOTTOM, RIGHT - LEFT, TOP - BOTTOM))
    days = sorted({each.day for arm in panel.arms for each in arm.points})
    span = (days[-1] - days[0]) or 1.0
    bottom, top = limits(alike)
    axes.set_xlim(days[0] - 0.04 * span, days[-1] + 0.04 * span)
    axes.set_ylim(bottom, top)
    levels = [level for level in round_levels(bottom, top) if bottom <= level <= top]
    axes.set_yticks(levels, [significant(level) for level in levels])
    for level in levels:
        axes.axhline(level, color=colour("grid"), linewidth=0.6, zorder=0)
    axes.set_xticks(apart(days, span), [point(day, panel.time_days) for day in apart(days, span)])
    axes.set_xlabel(f"{panel.time_name}s since randomisation", fontsize=9, color=colour("muted"), labelpad=4)
    unit_text = f", {panel.unit}" if panel.unit else ""
    figure.text(0.0, 0.965, f"{panel.measure}{unit_text}", fontsize=9, color=colour("ink"), va="center")
    if panel.lloq is not None:
        axes.axhline(panel.lloq, color=colour("muted"), linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
        axes.text(axes.get_xlim()[1], panel.lloq, "LLOQ", fontsize=8, color=colour("muted"), va="top", ha="right")
    for i, arm in enumerate(panel.arms):
        draw_arm(axes, arm, arms.index(arm.arm), (i - (len(panel.arms) - 1) / 2) * SPREAD * span)
    label_arms(axes, panel, arms, top - bottom)
    return svg_text(figure, name, f"{panel.measure} over time, {panel.scenario}", description(panel))


def limits(panels: Sequence[Profile]) -> tuple[float, float]:
    """Return the range of the intervals of panels that share an axis, with a margin; from 0 if that is near."""
    points = [each for panel in panels for arm in panel.arms for each in arm.points]
    low, high = min(each.low for each in points), max(each.high for each in points)
    width = (high - low) or 1.0
    bottom = 0.0 if 0 <= low < 0.2 * high else low - 0.05 * width
    return bottom, high + 0.05 * width


def round_levels(bottom: float, top: float) -> list[float]:
    """Return some five round numbers within a range."""
    from matplotlib.ticker import MaxNLocator

    return [float(level) for level in MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(bottom, top)]


def apart(days: Sequence[float], span: float) -> list[float]:
    """Return the days whose labels have room: from the first, those at least a fourteenth of the axis later."""
    chosen: list[float] = []
    for day in days:
        if not chosen or day - chosen[-1] >= span / 14:
            chosen.append(day)
    return chosen


def draw_arm(axes: Any, arm: ArmProfile, position: int, shift: float) -> None:
    days = [each.day + shift for each in arm.points]
    drawn = arm_colour(position)
    axes.vlines(
        days,
        [each.low for each in arm.points],
        [each.high for each in arm.points],
        color=drawn,
        linewidth=1.5,
        alpha=0.42,
    )
    axes.plot(days, [each.median for each in arm.points], color=drawn, linewidth=1.5, solid_capstyle="round", zorder=3)
    axes.plot(
        days, [each.median for each in arm.points], linestyle="none", marker="o", markersize=4.2, color=drawn,
        markeredgecolor=colour("paper"), markeredgewidth=0.8, zorder=4,
    )  # fmt: skip


def label_arms(axes: Any, panel: Profile, arms: Sequence[str], height: float) -> None:
    """Write each arm's label beside its last median, moved apart where they would meet."""
    right = axes.get_xlim()[1]
    heights = labels_apart([arm.points[-1].median for arm in panel.arms], 0.075 * height)
    for arm, at in zip(panel.arms, heights, strict=True):
        axes.text(
            right,
            at,
            arm.short,
            fontsize=9,
            color=arm_colour(arms.index(arm.arm)),
            va="center",
            fontweight="bold",
            clip_on=False,
        )


def description(panel: Profile) -> str:
    """Return the first and last medians of every arm in words."""
    parts = [
        f"{arm.label}: median {significant(arm.points[0].median)} at {arm.points[0].visit}, "
        f"{significant(arm.points[-1].median)} at {arm.points[-1].visit}"
        for arm in panel.arms
    ]
    return f"{'; '.join(parts)}. The table that follows has every visit."
