"""`trialsim cohort COHORT -n N`: virtual patients, their summary and their pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialsim.cli import console

if TYPE_CHECKING:
    import pandas

    from trialsim.cohort.model import Cohort


def cohort(
    cohort: Annotated[str, typer.Argument(help="A cohort: a name of the library or a path.")],
    n: Annotated[int, typer.Option("-n", "--patients", min=1, max=10_000_000, help="How many patients.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same patients.")] = 1,
    to: Annotated[Path | None, typer.Option(help="The folder to write (default: populations/ID-nN-seedS).")] = None,
    fits: Annotated[Path, typer.Option(help="The folder that holds fits.")] = Path("fits"),
    library: Annotated[Path | None, typer.Option(help="Look for names here first.")] = None,
) -> None:
    """Draw virtual patients from a cohort: a Parquet file, a summary, a picture of every distribution."""
    from trialsim.api.documents import load_cohort
    from trialsim.api.populations import write_population

    model = load_cohort(cohort, library)
    folder = to or Path("populations") / f"{model.id}-n{n}-seed{seed}"
    frame = write_population(model, n, seed, folder, fits)
    print_population(model, frame)
    print_events(model)
    for name in ("patients.parquet", "population.svg"):
        typer.echo(folder / name)


def print_events(model: Cohort) -> None:
    """Print what can happen to patients, a line an event; nothing where there are no events."""
    from trialsim.cohort.event_words import event_words

    if model.events:
        console.print_table("events", ["", "", ""], [list(words) for words in event_words(model)], [])


def print_population(model: Cohort, frame: pandas.DataFrame) -> None:
    """Print one line a covariate and parameter: quantiles and a histogram, or the shares of the categories."""
    from trialsim.report.population import sparkline

    rows = []
    items = [(c.name, "" if c.categories else c.unit.text) for c in model.covariates]
    items += [(p.name, p.unit.text) for p in model.parameters]
    for name, unit in items:
        values = frame[name]
        if str(values.dtype) == "category":
            shares = values.value_counts(normalize=True, sort=False)
            words = " · ".join(f"{label} {100 * share:.0f}%" for label, share in shares.items())
            rows.append([name, "", "", "", "", words])
            continue
        low, median, high = values.quantile([0.05, 0.5, 0.95])
        rows.append([name, unit, f"{median:.4g}", f"{low:.4g}", f"{high:.4g}", sparkline(values.to_numpy())])
    console.print_table(f"{model.id}: {len(frame)} patients", ["", "unit", "median", "5%", "95%", ""], rows, [2, 3, 4])
