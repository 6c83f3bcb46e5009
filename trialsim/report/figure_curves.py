"""Power along the one number that varies: a line a comparison, filled for typical, open for uncertain parameters."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

from trialsim.foundation.units import number_text
from trialsim.report.numbers import percentage
from trialsim.report.rates import Curve, Curves
from trialsim.report.svg import arm_colour, colour, labels_apart, new_figure, svg_text

WIDTH, HEIGHT = 270.0, 190.0  # points
LEFT, RIGHT, BOTTOM, TOP = 0.1, 0.79, 0.19, 0.95


def curves_svg(curves: Curves, scenario: str, arms: Sequence[str], name: str) -> str:
    """Return the panel of one scenario."""
    figure, axes = new_figure(WIDTH, HEIGHT)
    axes.set_position((LEFT, BOTTOM, RIGHT - LEFT, TOP - BOTTOM))
    chosen = [curve for curve in curves.curves if curve.scenario == scenario]
    xs = sorted({each.x for each in chosen[0].points})
    span = (xs[-1] - xs[0]) or 1.0
    axes.set_xlim(xs[0] - 0.08 * span, xs[-1] + 0.08 * span)
    axes.set_ylim(-0.02, 1.03)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100%"])
    for level in (0, 0.25, 0.5, 0.75, 1.0):
        axes.axhline(level, color=colour("grid"), linewidth=0.6, zorder=0)
    axes.set_xticks(xs, [number_text(x) for x in xs])
    axes.set_xlabel(curves.x_label, fontsize=9, color=colour("muted"), labelpad=4)
    modes = list(dict.fromkeys(curve.mode for curve in chosen))
    for curve in chosen:
        draw_curve(
            axes,
            curve,
            arm_colour(arms.index(curve.arm)),
            (modes.index(curve.mode) - (len(modes) - 1) / 2) * 0.02 * span,
        )
    label_curves(axes, [curve for curve in chosen if curve.mode == modes[0]], arms)
    return svg_text(figure, name, f"Power of {curves.analysis} by {curves.x_label}, {scenario}", description(chosen))


def draw_curve(axes: Any, curve: Curve, drawn: str, shift: float) -> None:
    known = [each for each in curve.points if not isnan(each.rate.value)]
    xs, is_typical = [each.x + shift for each in known], curve.mode == "typical"
    axes.vlines(
        xs,
        [each.rate.lower for each in known],
        [each.rate.upper for each in known],
        color=drawn,
        linewidth=1.2,
        alpha=0.6,
    )
    axes.plot(
        xs, [each.rate.value for each in known], color=drawn, linewidth=1.4,
        linestyle="-" if is_typical else (0, (3, 2)), marker="o", markersize=5, markeredgecolor=drawn,
        markerfacecolor=drawn if is_typical else colour("paper"), markeredgewidth=1.2, zorder=3,
    )  # fmt: skip


def label_curves(axes: Any, curves: Sequence[Curve], arms: Sequence[str]) -> None:
    right = axes.get_xlim()[1]
    ends = [next((each.rate.value for each in reversed(curve.points) if each.rate.is_known), 0.0) for curve in curves]
    for curve, at in zip(curves, labels_apart(ends, 0.08), strict=True):
        axes.text(
            right,
            at,
            curve.short,
            fontsize=9,
            color=arm_colour(arms.index(curve.arm)),
            va="center",
            fontweight="bold",
            clip_on=False,
        )


def description(curves: Sequence[Curve]) -> str:
    """Return every point in words."""
    parts = [
        f"{curve.comparison}, {curve.mode} parameters: "
        + ", ".join(f"{percentage(each.rate)} at {number_text(each.x)}" for each in curve.points)
        for curve in curves
    ]
    return f"{'; '.join(parts)}."
