"""Event records: a pharmacometrician's own data set through a cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from trialsim.api.populations import FITS, cohort_of
from trialsim.foundation.errors import Problems, TrialsimError

if TYPE_CHECKING:
    import pandas

    from trialsim.cohort.event_people import Given
    from trialsim.cohort.event_records import EventRecords
    from trialsim.cohort.event_simulation import FailedCourse
    from trialsim.cohort.model import Cohort
    from trialsim.cohort.posterior import PosteriorDraws
    from trialsim.foundation.units import Unit

NAME_IN_PYTHON = "records"  # what messages call a frame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedEvents:
    """`frame` has a row for each record and replicate; `failures` says whose course could not be computed, and why.

    `units` says in which units the columns were understood, `unused` which columns were carried through only.
    """

    frame: pandas.DataFrame
    failures: tuple[FailedCourse, ...]
    units: Mapping[str, str]
    unused: tuple[str, ...]


def simulate_events(
    cohort: Cohort | str | Path,
    events: pandas.DataFrame | str | Path,
    *,
    individuals: Literal["typical", "sampled"] | Path = "typical",
    seed: int = 1,
    replicates: int = 1,
    residual_error: bool = True,
    carry: Literal["backward", "forward"] = "backward",
    time_unit: str | None = None,
    amount_unit: str | None = None,
    columns: Mapping[str, str] | None = None,
    codes: Mapping[str, Mapping[str, str]] | None = None,
    fits: Path = FITS,
) -> SimulatedEvents:
    """Simulate NONMEM-style event records with a cohort and return them with predictions and readings, one row each.

    `individuals` are typical ones with the covariates of the file, sampled ones, or those of a file of parameters.
    Times and amounts are in the cohort's units unless others are named; `columns` says under which name an item or a
    covariate stands in the file, `codes` what its numbers mean for a covariate with categories. InvalidDocument tells
    every fault of the file. What each item does: docs/guide/event-records.md.
    """
    from trialsim.cohort.event_output import record_frame
    from trialsim.cohort.event_people import HowToSimulate
    from trialsim.cohort.event_simulation import simulated_records

    model = cohort_of(cohort)
    if not model.measures:
        raise TrialsimError("records-no-measure", f"the cohort '{model.id}' has no measures: nothing is predicted",
                            ["declare what is measured in its section 'measures'"])  # fmt: skip
    records = read_events(model, events, time_unit, amount_unit, columns or {}, codes or {})
    if replicates > 1 and "REP" in records.table.items:
        raise TrialsimError("records-replicated", "the file holds replicates already: it has a column REP",
                            ["leave --replicates away, or take the column out"], exit_code=2)  # fmt: skip
    how = HowToSimulate(
        is_sampled=individuals == "sampled", given=given_parameters(model, records, individuals), seed=seed,
        replicates=replicates, residual_error=residual_error, carry=carry,
    )  # fmt: skip
    simulated = simulated_records(model, records, how, posterior(model, fits))
    return SimulatedEvents(
        frame=record_frame(simulated),
        failures=simulated.failures,
        units={
            "TIME": time_unit or model.time.text,
            "AMT": amount_unit or ", ".join(dict.fromkeys(s.unit.text or "1" for s in model.states if s.receives)),
            **{f"IPRED_{measure.name}": measure.unit.text or "1" for measure in model.measures},
        },
        unused=unused_columns(records),
    )


def unused_columns(records: EventRecords) -> tuple[str, ...]:
    """Return the columns of the file that mean nothing here, but for those that an earlier simulation wrote."""
    from trialsim.cohort.event_output import is_written_here

    table = records.table
    used = {*table.items.values(), *table.covariates.values()}
    return tuple(name for i, name in enumerate(table.header) if i not in used and not is_written_here(name))


def read_events(
    cohort: Cohort,
    events: pandas.DataFrame | str | Path,
    time_unit: str | None,
    amount_unit: str | None,
    columns: Mapping[str, str],
    codes: Mapping[str, Mapping[str, str]],
) -> EventRecords:
    """Return the records of a file or a frame, in the cohort's units; InvalidDocument with all their faults."""
    from trialsim.cohort.event_output import record_text
    from trialsim.cohort.event_records import Reading, event_records
    from trialsim.cohort.event_table import event_table, event_text
    from trialsim.foundation.units import unit

    problems = Problems()
    if isinstance(events, str | Path):
        text, name = event_text(Path(events)), str(events)
    else:
        text, name = record_text(events), NAME_IN_PYTHON
    how = Reading(
        time_unit=unit(time_unit) if time_unit else None, amount_unit=unit(amount_unit) if amount_unit else None,
        codes=codes,
    )  # fmt: skip
    units_fit(cohort, how.time_unit, how.amount_unit)
    return event_records(event_table(text, name, cohort, columns, problems), cohort, how, problems)


def units_fit(cohort: Cohort, time_unit: Unit | None, amount_unit: Unit | None) -> None:
    """Refuse units that measure something else than the cohort's."""
    from trialsim.foundation.units import Quantity

    if time_unit is not None:
        Quantity(1.0, time_unit).to(cohort.time)
    if amount_unit is not None:
        for state in (state for state in cohort.states if state.receives):
            Quantity(1.0, amount_unit).to(state.unit)


def given_parameters(cohort: Cohort, records: EventRecords, individuals: str | Path) -> Given | None:
    """Return the parameters of a file for the individuals of the records; None where no file is named."""
    from trialsim.cohort.event_parameters import individual_parameters
    from trialsim.cohort.event_table import event_text

    if individuals in ("typical", "sampled"):
        return None
    problems = Problems()
    wanted = [individual.id for individual in records.individuals]
    given = individual_parameters(event_text(Path(individuals)), str(individuals), cohort, wanted, problems)
    problems.raise_if_any()
    return given


def posterior(cohort: Cohort, fits: Path) -> PosteriorDraws | None:
    """Return the posterior that the cohort takes its values from, if it names one."""
    from trialsim.cohort.fits import posterior_of

    return posterior_of(cohort, fits) if cohort.posterior else None


def write_events(simulated: SimulatedEvents, path: Path) -> None:
    """Write simulated records: Parquet where the name ends so, else CSV with `.` for what is missing."""
    from trialsim.cohort.event_output import record_text
    from trialsim.store.write import write_whole

    if path.suffix == ".parquet":
        write_whole(path, simulated.frame.to_parquet(None, index=False))
    else:
        write_whole(path, record_text(simulated.frame).encode())
