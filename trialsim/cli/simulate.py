"""`trialsim simulate COHORT --events FILE`: a data set of event records, as NONMEM's, through a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from trialsim.cli import console

MOST_FAILURES = 5


def simulate(
    cohort: Annotated[str, typer.Argument(help="A cohort: a name of the library or a path.")],
    events: Annotated[Path, typer.Option(help="Event records: ID TIME AMT RATE EVID CMT II ADDL SS DV MDV.")],
    individuals: Annotated[
        str, typer.Option(help="typical, sampled, or a CSV file of parameters with a column ID.")
    ] = "typical",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same luck.")] = 1,
    replicates: Annotated[int, typer.Option(min=1, max=100_000, help="How often the data set is simulated.")] = 1,
    residual_error: Annotated[
        bool, typer.Option("--residual-error/--no-residual-error", help="DV with the error of measurement, or without.")
    ] = True,
    carry: Annotated[
        Literal["backward", "forward"],
        typer.Option(help="A covariate holds since the record before (NONMEM), or from its record on."),
    ] = "backward",
    time_unit: Annotated[str | None, typer.Option(help="Unit of TIME and II (default: the cohort's).")] = None,
    amount_unit: Annotated[str | None, typer.Option(help="Unit of AMT (default: that of the state).")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="NAME=COLUMN: the file calls an item or a covariate otherwise.")
    ] = None,
    code: Annotated[
        list[str] | None, typer.Option(help="COVARIATE:CODE=CATEGORY: what a number of the file stands for.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="FILE.csv or FILE.parquet (default: standard output).")] = None,
    fits: Annotated[Path, typer.Option(help="The folder that holds fits.")] = Path("fits"),
    library: Annotated[Path | None, typer.Option(help="Look for names here first.")] = None,
) -> None:
    """Simulate a data set of dose and observation records, and write it back with predictions."""
    from trialsim.api.documents import load_cohort
    from trialsim.api.events import simulate_events, write_events
    from trialsim.cohort.event_output import record_text

    who = individuals if individuals in ("typical", "sampled") else Path(individuals)
    simulated = simulate_events(
        load_cohort(cohort, library), events, individuals=who, seed=seed, replicates=replicates,  # type: ignore[arg-type]
        residual_error=residual_error, carry=carry, time_unit=time_unit, amount_unit=amount_unit,
        columns=named_columns(column or []), codes=named_codes(code or []), fits=fits,
    )  # fmt: skip
    units = ", ".join(f"{name} in {unit}" for name, unit in simulated.units.items())
    console.print_note(f"{len(simulated.frame)} records; {units}")
    if simulated.unused:
        console.print_note(f"carried through, not used: {', '.join(simulated.unused)}")
    if out is None:
        typer.echo(record_text(simulated.frame), nl=False)
    else:
        write_events(simulated, out)
        typer.echo(out)
    for failure in simulated.failures[:MOST_FAILURES]:
        which = f" in replicate {failure.replicate}" if replicates > 1 else ""
        console.print_failure(f"individual {failure.individual}{which} could not be simulated: {failure.reason}")
    if len(simulated.failures) > MOST_FAILURES:
        console.print_note(f"… and {len(simulated.failures) - MOST_FAILURES} more like these: see the column STATUS")
    if simulated.failures:
        raise typer.Exit(4)


def named_columns(given: list[str]) -> dict[str, str]:
    """Return NAME=COLUMN as a mapping."""
    columns = {}
    for text in given:
        name, sign, column = text.partition("=")
        if not (name and sign and column):
            raise typer.BadParameter(f"--column is NAME=COLUMN, such as weight=WT; this is {text!r}")
        columns[name] = column
    return columns


def named_codes(given: list[str]) -> dict[str, dict[str, str]]:
    """Return COVARIATE:CODE=CATEGORY as mappings."""
    codes: dict[str, dict[str, str]] = {}
    for text in given:
        what, sign, category = text.partition("=")
        covariate, colon, number = what.partition(":")
        if not (covariate and colon and number and sign and category):
            raise typer.BadParameter(f"--code is COVARIATE:CODE=CATEGORY, such as sex:1=male; this is {text!r}")
        codes.setdefault(covariate, {})[number] = category
    return codes
