"""The ``mse`` command: its subcommands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mse_cli.commands import compute, merge, options, streams
from mse_cli.commands.usage import USAGE_ERROR, in_our_words
from mse_cli.destination import ReaderGoneError
from mse_cli.errors import MseError
from mse_cli.readers.source import reason

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130

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
        from importlib.metadata import version

        typer.echo(f"mse {version('mse-cli')}")
        raise typer.Exit


@app.callback(
    invoke_without_command=True,
    epilog=options.examples("mse compute preds.csv truth.csv", "mse compute -h"),
)
def _mse(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command(epilog=compute.EXAMPLES)(compute.compute)
app.command(epilog=merge.EXAMPLES)(merge.merge)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    streams.settle()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of a command line; everything a user can cause ends in one, never in a traceback."""
    try:
        return app(arguments, prog_name="mse", standalone_mode=False) or DONE
    except MseError as error:
        streams.fail(str(error), error.hint)
    except USAGE_ERROR as error:
        streams.fail(*in_our_words(error))
    except ReaderGoneError:
        streams.die_of_broken_pipe()
    except OSError as error:  # Typer's own output, a temporary file
        streams.fail(f"{error.filename or 'standard output'}: {reason(error)}", None)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    streams.drop_output()
    return WRONG
