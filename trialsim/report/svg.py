"""Drawings as SVG that belongs to the page: its colours, its type, a title and a description, no identifier twice."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Colours are names until the page decides: matplotlib draws with stand-ins, the page has them as CSS variables.
NAMES = ("ink", "muted", "grid", "paper", "accent", *(f"arm-{i}" for i in range(8)))
STAND_INS = {name: f"#0000{16 + i:02x}" for i, name in enumerate(NAMES)}
POINTS_PER_INCH = 72.0
ALONE = {  # colours of a drawing without a page, light and dark: those of the page
    "ink": ("#1c1d20", "#e8e6e1"),
    "muted": ("#5d6067", "#a3a6ad"),
    "grid": ("#dcd9d1", "#31353b"),
    "paper": ("#fdfcfa", "#15171a"),
    "accent": ("#14507a", "#7db8e4"),
}


def colour(name: str) -> str:
    """Return the stand-in of a colour of the page."""
    return STAND_INS[name]


def arm_colour(position: int) -> str:
    """Return the stand-in of the colour of an arm by its position in the protocol."""
    return STAND_INS[f"arm-{position % 8}"]


def new_figure(width: float, height: float) -> tuple[Figure, Any]:
    """Return an empty figure of so many points and its axes: no frame, hairlines, small type."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH))
    axes = figure.add_axes((0, 0, 1, 1))
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, pad=4, labelsize=9, labelcolor=colour("muted"))
    axes.set_facecolor("none")
    figure.patch.set_alpha(0)
    return figure, axes


def svg_text(figure: Figure, name: str, title: str, description: str) -> str:
    """Return a figure as inline SVG: the same bytes for the same drawing."""
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "svg.id": None}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return page_svg(out.getvalue(), name, title, description)


def page_svg(text: str, name: str, title: str, description: str) -> str:
    """Return matplotlib's document as an element of a page."""
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'<style type="text/css">.*?</style>', "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", body)
    body = re.sub(r'(?:xlink:)?href="#([^"]+)"', rf'href="#{name}-\1"', body)
    for stand_in, what in ((value, key) for key, value in STAND_INS.items()):
        body = body.replace(stand_in, f"var(--{what})")
    body = re.sub(
        r"font: (?:([0-9]+) )?([0-9.]+)px [^;\"]+", lambda m: f"font-size: {m[2]}px; font-weight: {m[1] or 400}", body
    )
    body = re.sub(r"font-family: [^;\"]+;? ?", "", body)
    box = re.search(r'viewBox="([^"]+)"', body)
    assert box is not None
    opening = (
        f'<svg viewBox="{box[1]}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    )
    return opening + re.sub(r"\s*\n\s*", "\n", body[body.index(">") + 1 :]).strip()


def standalone_svg(element: str) -> str:
    """Return an element of a page as a document of its own, readable on light and dark ground."""
    light = "".join(f"--{name}:{value};" for name, (value, _) in ALONE.items())
    dark = "".join(f"--{name}:{value};" for name, (_, value) in ALONE.items())
    style = (
        f"<style>svg{{{light}background:var(--paper);font-family:Inter,Helvetica,Arial,sans-serif}}"
        f"@media(prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    )
    opening, rest = element.split(">", 1)
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{opening} {names}>{style}{rest}\n'


def labels_apart(heights: list[float], gap: float) -> list[float]:
    """Return heights moved as little as needed to be a gap apart, in the same order.

    >>> labels_apart([0.0, 0.1, 5.0], 1.0)
    [-0.45, 0.55, 5.0]
    """
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    blocks: list[list[float]] = []  # each: centre, number of labels
    for i in order:
        blocks.append([heights[i], 1])
        while len(blocks) > 1 and blocks[-1][0] - blocks[-2][0] < gap * (blocks[-1][1] + blocks[-2][1]) / 2:
            (b, m), (a, n) = blocks.pop(), blocks.pop()
            blocks.append([(a * n + b * m) / (n + m), n + m])
    spread = [centre + gap * (k - (n - 1) / 2) for centre, n in blocks for k in range(int(n))]
    moved = [0.0] * len(heights)
    for place, i in zip(spread, order, strict=True):
        moved[i] = round(place, 9)
    return moved
