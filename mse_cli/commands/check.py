"""``mse check``: whether a gradient or a loss that someone else computed is right, and what is wrong with it."""

# No annotations as text: see cli.py.
import shlex
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mse_cli import checks, readers, render
from mse_cli.commands import options
from mse_cli.commands.options import OUTPUT, groups
from mse_cli.errors import UsageError, quote
from mse_cli.render.screens.characters import ColorChoice, language_of
from mse_cli.render.screens.messages import note
from mse_cli.render.screens.progress import Phase

if TYPE_CHECKING:
    from mse_cli.readers import InputOptions

EXAMPLES = options.examples(
    "mse check preds.csv truth.csv --gradient mine.csv",
    "mse check preds.npy truth.npy --loss 0.125 --gradient grad.npy",
)
CHECK = "Check"
CheckFormat = Literal["text", "json"]


@groups.grouped(inputs=groups.INPUTS)
def check(
    preds: Annotated[str, typer.Argument(metavar="PREDS", help="The prediction A, as of mse compute.")],
    truth: Annotated[
        str | None, typer.Argument(metavar="TRUTH", help="The target Y, of the same shape.", show_default=False)
    ] = None,
    *,
    gradient: Annotated[
        str | None,
        typer.Option(
            "--gradient", metavar="FILE", help="The gradient to check, in the shape of A.", rich_help_panel=CHECK
        ),
    ] = None,
    loss: Annotated[
        str | None, typer.Option("--loss", metavar="X", help="The loss (MSE) to check.", rich_help_panel=CHECK)
    ] = None,
    rtol: Annotated[
        float | None,
        typer.Option(
            "--rtol",
            metavar="R",
            help="The largest relative error that passes; by default 1e-7, or 1e-4 for float32 and for few digits.",
            rich_help_panel=CHECK,
        ),
    ] = None,
    lang: options.Lang = None,
    format_: Annotated[
        CheckFormat, typer.Option("--format", "-f", help="text for people, json for programs.", rich_help_panel=OUTPUT)
    ] = "text",
    color: Annotated[
        ColorChoice, typer.Option("--color", help="Colour in a terminal.", rich_help_panel=OUTPUT)
    ] = "auto",
    inputs: "InputOptions",
    quiet: options.Quiet = False,
) -> None:
    """Check a gradient or a loss, and name the convention that it follows if it is not MSE's."""
    if rtol is not None and not 0 <= rtol < 1:
        raise UsageError("--rtol takes a number from 0 to 1")
    if [preds, truth, inputs.weights, gradient].count("-") > 1:
        raise UsageError("standard input ('-') can be only one of the files")
    language = language_of(lang, to_terminal=format_ == "text")
    value = None if loss is None else (_number(loss), checks.precision_of_text(loss, rtol))
    phase = partial(Phase, wanted=not quiet)
    with phase("opening"):
        pair = readers.open_pair(preds, truth, inputs)
    note(pair.notes, quiet=quiet)
    with phase("opening"):
        side = None if gradient is None else checks.open_gradient(gradient, inputs)
    with phase("checking", pair.n_rows, readers.n_bytes_of(pair.sources), passes=2) as progress:
        findings = checks.check_pair(pair, loss=value, gradient=side, rtol=rtol, progress=progress)
    left_out = readers.rows_left_out(pair)
    note(left_out, quiet=quiet)
    files = [preds, *([] if truth is None else [truth])]
    plain = inputs == readers.InputOptions(dialect=inputs.dialect) and "-" not in files
    command = shlex.join(["mse", "explain", *files]) if plain else "mse explain …"
    verdicts = render.Verdicts(findings, pair.names, language, command, (*pair.notes, *left_out))
    render.write_findings(verdicts, format_, color)
    if not verdicts.passed:
        raise typer.Exit(1)


def _number(text: str) -> float:
    """The number of --loss.

    Raises:
        UsageError: if it is none.
    """
    try:
        value = None if readers.kind(text, ".") == "text" else float(text)
    except ValueError:  # nothing, NA and the like
        value = None
    if value is None:
        raise UsageError(f"--loss takes a number, not {quote(text)}")
    return value
