"""Models of other languages as cohort documents."""

from __future__ import annotations

from pathlib import Path

from trialsim.foundation.errors import TrialsimError

LARGEST_FILE = 50_000_000


def import_sbml(path: str | Path, *, without_units: bool = False, time_unit: str | None = None) -> str:
    """Return the cohort document (YAML) of an SBML file, Level 1 to 3: its mathematics, with its units.

    What a cohort cannot say (events, delays, algebraic rules, …) is refused by name. Units are kept where the model
    declares all of them and they agree with its numbers; otherwise the document's limits say that they are not
    checked. `time_unit` is for models that do not say in what time runs. Needs the extra `sbml`.
    """
    from importlib.util import find_spec

    if find_spec("libsbml") is None:
        raise TrialsimError(
            "no-libsbml", "importing SBML needs python-libsbml, which is not installed",
            ["run: pip install 'trialsim[sbml]'"], exit_code=2,
        )  # fmt: skip
    from trialsim.cohort.read import cohort_of_text
    from trialsim.cohort.sbml_document import cohort_of_sbml

    source = Path(path)
    try:
        if source.stat().st_size > LARGEST_FILE:
            raise TrialsimError("sbml-invalid", f"'{path}' is larger than {LARGEST_FILE // 1_000_000} MB")
        text = source.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        told = (fault.strerror if isinstance(fault, OSError) else None) or str(fault)
        raise TrialsimError("sbml-invalid", f"the file '{path}' cannot be read", [told]) from fault
    document = cohort_of_sbml(text, str(path), without_units, time_unit)
    cohort_of_text(document, str(path), source.parent)
    return document
