"""Pictures of a population: a histogram of every property, as a drawing and as a line of blocks."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from trialsim.report.svg import colour, standalone_svg, svg_text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BLOCKS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
COLUMNS, PANEL_WIDTH, PANEL_HEIGHT, TOP = 3, 190.0, 120.0, 44.0  # points
BINS = 30
OUTER = 0.005  # of the values at either end are left out of a histogram's range


def sparkline(values: np.ndarray[Any, Any], width: int = 16) -> str:
    """Return a histogram as a line of block characters; all alike is a full block.

    >>> import numpy as np
    >>> sparkline(np.array([0.0, 1.0, 1.0, 2.0]), width=3)
    '\u2584\u2588\u2584'
    """
    counts = histogram(values, width)[1]
    largest = max(counts)
    return "".join(BLOCKS[ceil(count / largest * (len(BLOCKS) - 1))] for count in counts)


def histogram(values: np.ndarray[Any, Any], bins: int) -> tuple[float, list[int], float]:
    """Return the left edge, the counts and the right edge; the outermost values are counted at the ends."""
    ordered = sorted(float(value) for value in values)
    skipped = floor(OUTER * len(ordered))
    low, high = ordered[skipped], ordered[-1 - skipped]
    if low == high:
        return low, [len(ordered)], high
    counts = [0] * bins
    for value in ordered:
        counts[min(max(int((value - low) / (high - low) * bins), 0), bins - 1)] += 1
    return low, counts, high


def population_figure(frame: pd.DataFrame, titles: Mapping[str, str], heading: str) -> str:
    """Return an SVG document with a panel for every column that has a title: histograms, bars for categories."""
    from matplotlib.figure import Figure

    names = [name for name in titles if name in frame.columns]
    n_rows = -(-len(names) // COLUMNS)
    width, height = COLUMNS * PANEL_WIDTH, n_rows * PANEL_HEIGHT + TOP
    figure = Figure(figsize=(width / 72, height / 72))
    figure.patch.set_alpha(0)
    lines = "\n".join(textwrap.wrap(heading, 78))
    figure.text(8 / width, 1 - 8 / height, lines, fontsize=11, fontweight="bold", color=colour("ink"), va="top")
    for i, name in enumerate(names):
        row, column = divmod(i, COLUMNS)
        bottom = (height - TOP - (row + 1) * PANEL_HEIGHT + 22) / height
        box = ((column * PANEL_WIDTH + 8) / width, bottom, (PANEL_WIDTH - 24) / width, (PANEL_HEIGHT - 50) / height)
        draw_panel(figure.add_axes(box), frame[name], titles[name])
    words = "; ".join(titles[name] for name in names)
    return standalone_svg(svg_text(figure, "population", heading, f"Distributions of {words}."))


def draw_panel(axes: Any, values: pd.Series[Any], title: str) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(colour("grid"))
    axes.set_facecolor("none")
    axes.set_yticks([])
    axes.tick_params(length=0, labelsize=8, labelcolor=colour("muted"))
    axes.set_title(
        title if len(title) <= 38 else title[:37] + "\u2026", fontsize=8.5, color=colour("ink"), loc="left", pad=6
    )
    if str(values.dtype) == "category":
        shares = values.value_counts(normalize=True, sort=False)
        draw_shares(axes, [str(label) for label in shares.index], [float(share) for share in shares])
        return
    low, counts, high = histogram(values.to_numpy(), BINS)
    if low == high:
        axes.bar([0.5], [1], width=0.08, color=colour("accent"))
        axes.set_xlim(0, 1)
        axes.set_xticks([0.5], [tick(low)])
        return
    step = (high - low) / BINS
    axes.bar([low + (i + 0.5) * step for i in range(BINS)], counts, width=0.9 * step, color=colour("accent"))
    axes.set_xlim(low, high)
    axes.set_xticks([low, (low + high) / 2, high], [tick(low), tick((low + high) / 2), tick(high)])
    for label, side in zip(axes.get_xticklabels(), ("left", "center", "right"), strict=True):
        label.set_horizontalalignment(side)


def draw_shares(axes: Any, labels: Sequence[str], shares: Sequence[float]) -> None:
    axes.bar(range(len(labels)), shares, width=0.6, color=colour("accent"))
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.set_ylim(0, 1.15 * max(shares))
    axes.set_xticks(range(len(labels)), labels)
    for i, share in enumerate(shares):
        axes.text(i, share, f"{100 * share:.0f}%", fontsize=8, color=colour("muted"), ha="center", va="bottom")


def tick(value: float) -> str:
    """Return a number for an axis: three significant digits."""
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - floor(log10(abs(value))))}f}"
