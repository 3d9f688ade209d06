"""The ``mse`` command: its subcommands, and the one place where errors become messages and exit codes."""

# Typer reads the annotations of options when the command line is built: those that are kept as text cost start-up time.
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Annotated

import typer

from mse_cli import __version__
from mse_cli.commands import options
from mse_cli.errors import MseError, ReaderGoneError, reason
from mse_cli.render.screens.messages import fail
from mse_cli.render.screens.progress import wipe

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
COMMANDS = ("compute", "compare", "report", "explain", "check", "merge")
# The base of all of Click's own errors, which Typer carries inside and does not export.
USAGE_ERROR: type[typer.BadParameter] = typer.BadParameter.__mro__[2]
EXAMPLES = options.examples(
    "mse compute preds.csv truth.csv --only mse", "mse report preds.csv truth.csv", "mse explain", "mse compute -h"
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mse {__version__}")
        raise typer.Exit


def _mse(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _app(commands: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        name="mse",
        help=f"Exact mean squared error and its gradient, for CSV and NPY files.\n\n{EXAMPLES}",
        no_args_is_help=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True, epilog=options.EXIT_CODES)(_mse)
    for name in commands:
        module = import_module(f"mse_cli.commands.{name}")
        command = getattr(module, name)
        app.command(help=f"{command.__doc__}\n\n{module.EXAMPLES}", epilog=options.EXIT_CODES)(command)
    return app


def _called(arguments: list[str]) -> Sequence[str]:
    """The command that is called; the options of the others would cost start-up time, and only the help lists all."""
    first = arguments[:1]
    return () if first == ["--version"] else [name for name in COMMANDS if name in first] or COMMANDS


def main() -> None:
    """Run the command line and end the process with its exit code."""
    settle()
    code: int | str | None = INTERRUPTED
    try:
        code = run(sys.argv[1:])
    except SystemExit as end:
        code = end.code
    if code not in (DONE, FAILED) and threading.active_count() > 1:
        sys.stderr.flush()
        os._exit(int(code or 0))  # a thread may wait for a server for a while yet, and Python for the thread
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of a command line; everything a user can cause ends in one, never in a traceback."""
    try:
        return _app(_called(arguments))(arguments, prog_name="mse", standalone_mode=False) or DONE
    except MseError as error:
        fail(str(error), error.hint)
    except USAGE_ERROR as error:
        fail(*import_module("mse_cli.commands.usage").in_our_words(error, arguments))
    except ReaderGoneError:
        die_of_broken_pipe()
    except OSError as error:  # Typer's own output, a temporary file
        fail(f"{error.filename or 'standard output'}: {reason(error)}", None)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    finally:
        wipe()
    drop_output()
    return WRONG


def settle() -> None:
    """What a good citizen of a shell does first."""
    _occupy_standard_descriptors()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # Typer writes the help without asking what can be shown
    if "_MSE_COMPLETE" in os.environ:
        os.environ["COLUMNS"] = "10000"  # a description that Rich wraps would be two completions to fish
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end silently when the reader goes away, as cat does
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP
            signal.signal(number, _end_tidily)


def _occupy_standard_descriptors() -> None:
    """A closed standard stream's number must not go to a file that is opened next."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _end_tidily(number: int, frame: FrameType | None) -> None:
    """Unwind, so that half-written files are removed; the exit code is a shell's for this signal."""
    raise SystemExit(128 + number)


def die_of_broken_pipe() -> None:
    """End as ``cat`` does when its reader has gone."""
    drop_output()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)


def drop_output() -> None:
    """Let what standard output could not take go nowhere, so that Python does not complain at its end."""
    if sys.stdout is not None and not sys.stdout.closed:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
