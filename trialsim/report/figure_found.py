"""The rates of a search along the size, near its answer: open for the search, filled for the fresh trials."""

from __future__ import annotations

from trialsim.foundation.units import number_text
from trialsim.report.found import FoundPanel
from trialsim.report.numbers import percentage, share
from trialsim.report.svg import colour, new_figure, svg_text

WIDTH, HEIGHT = 330.0, 210.0  # points
FEWEST_SHARES = 0.02  # of the axis, above and below


def found_svg(panel: FoundPanel, noun: str, name: str) -> str:
    """Return the panel of one target: its level dashed, the search's curve, every size tried with its interval."""
    figure, axes = new_figure(WIDTH, HEIGHT)
    axes.set_position((0.11, 0.2, 0.85, 0.76))
    rates = [point.rate for point in panel.points]
    low = max(0.0, min([panel.level, *(rate.lower for rate in rates)]) - FEWEST_SHARES)
    high = min(1.0, max([panel.level, *(rate.upper for rate in rates)]) + FEWEST_SHARES)
    axes.set_ylim(low, high)
    ticks = [tick / 20 for tick in range(21) if low <= tick / 20 <= high]
    axes.set_yticks(ticks, [f"{100 * tick:.0f}%" for tick in ticks])
    for tick in ticks:
        axes.axhline(tick, color=colour("grid"), linewidth=0.6, zorder=0)
    axes.axhline(panel.level, color=colour("ink"), linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.axvline(panel.answer, color=colour("accent"), linewidth=6, alpha=0.15, zorder=0)
    fitted = sorted((point.size, point.fitted) for point in panel.points)
    axes.plot([size for size, _ in fitted], [rate for _, rate in fitted], color=colour("muted"), linewidth=1.2)
    for is_fresh in (False, True):
        own = [point for point in panel.points if point.is_fresh == is_fresh]
        drawn = colour("accent") if is_fresh else colour("muted")
        sizes = [point.size for point in own]
        axes.vlines(sizes, [p.rate.lower for p in own], [p.rate.upper for p in own], color=drawn, linewidth=1.2)
        axes.plot(
            sizes, [point.rate.value for point in own], linestyle="none", marker="o", markersize=5, zorder=3,
            markeredgecolor=drawn, markerfacecolor=drawn if is_fresh else colour("paper"), markeredgewidth=1.2,
        )  # fmt: skip
    axes.set_xlabel(noun, fontsize=9, color=colour("muted"), labelpad=4)
    told = "; ".join(
        f"{number_text(point.size)}: {percentage(point.rate)} ({'fresh' if point.is_fresh else 'search'})"
        for point in sorted(panel.points, key=lambda point: (point.size, point.is_fresh))
    )
    title = f"{panel.rate} by {noun}"
    return svg_text(figure, name, title, f"Target {share(panel.level)}, answer {panel.answer}. {told}.")
