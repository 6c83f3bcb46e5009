"""In-silico clinical trials: a protocol and a cohort go in; power, assurance, bias and their errors come out.

    import trialsim

    ready = trialsim.campaign_of("theophylline-dose-finding")
    result = trialsim.simulate(ready)
    trialsim.Run(result.folder).summary        # a pandas frame

Names are looked up when first used: importing trialsim brings in nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trialsim.foundation.version import VERSION as __version__

if TYPE_CHECKING:
    from trialsim.api.designs import Design, DesignSearch, design_search, find_design
    from trialsim.api.documents import check_document, copy_from_library, load_cohort, load_protocol
    from trialsim.api.events import simulate_events
    from trialsim.api.imports import import_sbml
    from trialsim.api.populations import fit, sample_patients
    from trialsim.api.runs import Campaign, Run, campaign_of, needs_of, replayed, simulate
    from trialsim.foundation.errors import InvalidDocument, TrialsimError
    from trialsim.report.write import write_report

_WHERE = {
    "Design": "trialsim.api.designs",
    "DesignSearch": "trialsim.api.designs",
    "design_search": "trialsim.api.designs",
    "find_design": "trialsim.api.designs",
    "check_document": "trialsim.api.documents",
    "copy_from_library": "trialsim.api.documents",
    "load_cohort": "trialsim.api.documents",
    "load_protocol": "trialsim.api.documents",
    "import_sbml": "trialsim.api.imports",
    "fit": "trialsim.api.populations",
    "sample_patients": "trialsim.api.populations",
    "Campaign": "trialsim.api.runs",
    "Run": "trialsim.api.runs",
    "campaign_of": "trialsim.api.runs",
    "needs_of": "trialsim.api.runs",
    "replayed": "trialsim.api.runs",
    "simulate": "trialsim.api.runs",
    "simulate_events": "trialsim.api.events",
    "InvalidDocument": "trialsim.foundation.errors",
    "TrialsimError": "trialsim.foundation.errors",
    "write_report": "trialsim.report.write",
}

__all__ = [
    "Campaign",
    "Design",
    "DesignSearch",
    "InvalidDocument",
    "Run",
    "TrialsimError",
    "__version__",
    "campaign_of",
    "check_document",
    "copy_from_library",
    "design_search",
    "find_design",
    "fit",
    "import_sbml",
    "load_cohort",
    "load_protocol",
    "needs_of",
    "replayed",
    "sample_patients",
    "simulate",
    "simulate_events",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'trialsim' has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
