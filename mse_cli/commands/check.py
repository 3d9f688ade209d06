"""``mse check``: whether a gradient or a loss that someone else computed is right, and what is wrong with it."""

# No annotations as text: see cli.py.
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli import check as checks
from mse_cli import readers, render
from mse_cli.commands import groups, options
from mse_cli.commands.options import OUTPUT
from mse_cli.errors import UsageError, quote
from mse_cli.render.screens.characters import ColorChoice
from mse_cli.render.screens.messages import note

if TYPE_CHECKING:
    from mse_cli.readers import InputOptions

EXAMPLES = options.examples(
    "mse check preds.csv truth.csv --gradient mine.csv",
    "mse check preds.npy truth.npy --loss 0.125 --gradient grad.npy",
)
CHECK = "Check"


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
    value = None if loss is None else _number(loss)
    pair = readers.open_pair(preds, truth, inputs)
    note(pair.notes, quiet=quiet)
    precision = None if loss is None else checks.precision_of_text(loss, rtol)
    findings = checks.check_pair(pair, inputs, loss=value, loss_precision=precision, gradient=gradient, rtol=rtol)
    note(readers.rows_left_out(pair), quiet=quiet)
    render.write_findings(findings, pair.names, color)
    if not all(finding.holds for finding in findings):
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
