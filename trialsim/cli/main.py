"""The `trialsim` command: its sub-commands, and the one place where an error becomes words and an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from trialsim.cli import console
from trialsim.cli.check import check
from trialsim.cli.cohort import cohort
from trialsim.cli.design import design
from trialsim.cli.explain import explain
from trialsim.cli.fit import fit
from trialsim.cli.import_model import import_model
from trialsim.cli.library import library
from trialsim.cli.replay import replay
from trialsim.cli.report import report
from trialsim.cli.run import run
from trialsim.cli.schema import schema
from trialsim.cli.simulate import simulate
from trialsim.cli.verify import verify
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.version import VERSION

app = typer.Typer(
    name="trialsim",
    help="In-silico clinical trials: a protocol and a cohort go in; power, assurance, bias and their errors come out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, design, fit, cohort, simulate, check, explain, report, verify, replay, schema, library):
    app.command()(command)
app.command("import")(import_model)


@app.callback(invoke_without_command=True)
def trialsim(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"trialsim {VERSION}")
        raise typer.Exit


def main() -> None:
    """Run the command line; a user's mistake ends in words, a fault of ours says that it is one."""
    try:
        app(standalone_mode=True)
    except TrialsimError as error:
        console.print_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        console.print_note("Stopped.")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        console.print_failure(f"the system refused: {error.strerror or error}", str(error.filename or ""))
        sys.exit(4)
    except Exception as error:  # the last line of defence: our fault, said as such
        console.print_internal_fault(error)
        sys.exit(70)


if __name__ == "__main__":
    main()
