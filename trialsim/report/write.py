"""The report of a run, written into its folder."""

from __future__ import annotations

from pathlib import Path

from trialsim.report.content import report_content
from trialsim.report.figures import figures
from trialsim.report.render import page
from trialsim.store.write import write_whole


def write_report(run: Path) -> Path:
    """Write the report of a finished run and return its path, report.html in the run folder.

    One file, readable without network or scripts. TrialsimError if there is no finished run in the folder.
    """
    report = report_content(run)
    path = run / "report.html"
    write_whole(path, page(report, figures(report)).encode())
    return path
