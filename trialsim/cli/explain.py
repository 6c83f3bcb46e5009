"""`trialsim explain SLUG`: what an error means and what to do."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    slug: Annotated[str | None, typer.Argument(help="The word in brackets of an error; none lists them all.")] = None,
) -> None:
    """Explain an error by its slug, the word in the brackets of `error[…]`."""
    from trialsim.api.documents import explanations
    from trialsim.foundation.errors import TrialsimError
    from trialsim.foundation.nearest import nearest

    known = explanations()
    if slug is None:
        width = max(len(name) for name in known)
        for name in sorted(known):
            typer.echo(f"{name:<{width}}  {known[name].title}")
        return
    if slug not in known:
        close = nearest(slug, known)
        raise TrialsimError(
            "unknown-slug",
            f"no error is called '{slug}'",
            [f"nearest name: {close}"] if close else ["`trialsim explain` lists them all"],
            exit_code=2,
        )
    explanation = known[slug]
    typer.echo(f"{slug}: {explanation.title}\n\n{explanation.meaning}\n")
    if explanation.wrong_example:
        example = "\n".join(f"    {line}" for line in explanation.wrong_example.splitlines())
        typer.echo(f"For example:\n\n{example}\n")
    typer.echo(f"What to do: {explanation.remedy}")
