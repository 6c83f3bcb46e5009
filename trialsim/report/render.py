"""Content and figures as one HTML page that needs nothing else; the only place that knows jinja2."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from trialsim.foundation.library import shipped
from trialsim.report.content import Report
from trialsim.report.figures import Figures


def page(report: Report, drawings: Figures, templates: Path | None = None) -> str:
    """Return the whole report as HTML; everything but the drawings and the style is escaped."""
    folder = templates or shipped("reports")
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup((folder / "run.css").read_text("utf-8"))  # our own file
    return environment.get_template("run.html").render(report=report, figures=marked(drawings), style=style) + "\n"


def marked(drawings: Figures) -> dict[str, object]:
    """Return the drawings as text that is HTML already."""
    return {
        "schedule": Markup(drawings.schedule),  # made by us, its words escaped
        "profiles": [Markup(svg) for svg in drawings.profiles],
        "curves": [(scenario, Markup(svg)) for scenario, svg in drawings.curves],
        "found": [(rate, Markup(svg)) for rate, svg in drawings.found],
    }
