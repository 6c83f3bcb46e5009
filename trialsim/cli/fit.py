"""`trialsim fit COHORT`: the population's posterior from the data its document names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialsim.cli import console

if TYPE_CHECKING:
    from trialsim.cohort.fits import Fit


def fit(
    cohort: Annotated[str, typer.Argument(help="A cohort with a `fit` section: a name or a path.")],
    fits: Annotated[Path, typer.Option(help="The folder that holds fits.")] = Path("fits"),
    library: Annotated[Path | None, typer.Option(help="Look for names here first.")] = None,
) -> None:
    """Fit a cohort to data: NUTS on the model its document describes; the posterior as NetCDF."""
    from trialsim.api.documents import load_cohort
    from trialsim.api.populations import fit as fit_cohort

    model = load_cohort(cohort, library)
    with console.progress("draws") as show:
        fitted = fit_cohort(model, fits, show)
    print_fit(fitted)
    if not fitted.converged:
        console.print_failure("the fit has not converged: later steps will refuse it")
        for failure in fitted.failures:
            console.print_note(f"   = {failure}")
        raise typer.Exit(1)


def print_fit(fitted: Fit) -> None:
    """Print what a fit found and how far the sampler may be trusted."""
    console.print_table(
        f"{fitted.cohort}: posterior of {fitted.n_draws} draws",
        ["", "unit", "median", "5%", "95%", "R-hat", "ESS", "ESS tail"],
        [
            [in_words(row.parameter), row.unit, f"{row.median:.4g}", f"{row.low:.4g}", f"{row.high:.4g}",
             f"{row.r_hat:.3f}", f"{row.ess_bulk:.0f}", f"{row.ess_tail:.0f}"]
            for row in fitted.diagnostics
        ],
        right=[2, 3, 4, 5, 6, 7],
    )
    how = "from the cache, nothing sampled" if fitted.cached else f"sampled in {console.time_text(fitted.seconds)}"
    typer.echo(f"{fitted.divergences} divergences; {how}")
    typer.echo(f"{fitted.folder / 'posterior.nc'}")


def in_words(parameter: str) -> str:
    """Return an estimate's name with spaces where a narrow column may break it."""
    for ending in ("between_patients", "additive", "proportional"):
        if parameter.endswith(f"_{ending}"):
            return f"{parameter.removesuffix(f'_{ending}')} {ending.replace('_', ' ')}"
    return parameter
