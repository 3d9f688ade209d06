"""The ``mse`` command: its subcommands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from mse_cli import __version__
from mse_cli.commands.compute import EXAMPLES, compute
from mse_cli.commands.streams import fail
from mse_cli.errors import MseError

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
# The base of all of Click's own errors, which Typer carries inside and does not export.
USAGE_ERROR: type[typer.BadParameter] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="mse",
    help="Exact mean squared error and its gradient, for CSV and NPY files.",
    no_args_is_help=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mse {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _mse(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command(epilog=EXAMPLES)(compute)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end silently when the reader goes away, as cat does
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of a command line; everything a user can cause ends in one, never in a traceback."""
    try:
        return app(arguments, standalone_mode=False) or DONE
    except MseError as error:
        fail(str(error), error.hint)
    except USAGE_ERROR as error:
        fail(error.format_message(), "mse --help, or mse COMMAND --help")
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return WRONG
