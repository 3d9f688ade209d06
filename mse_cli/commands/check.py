"""``mse check``: whether a gradient or a loss that someone else computed is right, and what is wrong with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli.commands import options
from mse_cli.commands.options import OUTPUT
from mse_cli.commands.streams import note
from mse_cli.errors import UsageError, quote
from mse_cli.render.files.destination import writing

if TYPE_CHECKING:
    from mse_cli.check.finding import Finding
    from mse_cli.readers.pair import Pair

EXAMPLES = options.examples(
    "mse check preds.csv truth.csv --gradient mine.csv",
    "mse check preds.npy truth.npy --loss 0.125 --gradient grad.npy",
)
CHECK = "Check"


def check(
    preds: Annotated[str, typer.Argument(metavar="PREDS", help="The prediction A, as of mse compute.")],
    truth: Annotated[
        str | None, typer.Argument(metavar="TRUTH", help="The target Y, of the same shape.", show_default=False)
    ] = None,
    pred: options.Pred = None,
    true: options.True_ = None,
    key: options.Key = None,
    weights: options.Weights = None,
    weight_column: options.WeightColumn = None,
    missing: options.MissingPolicy = options.MissingChoice.fail,
    header: options.Header = options.HeaderOption.auto,
    delimiter: options.Delimiter = "auto",
    decimal: options.Decimal = "auto",
    na: options.Na = None,
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
        options.ColorOption, typer.Option("--color", help="Colour in a terminal.", rich_help_panel=OUTPUT)
    ] = options.ColorOption.auto,
    quiet: options.Quiet = False,
) -> None:
    """Check a gradient or a loss, and name the convention that it follows if it is not MSE's."""
    # Here and not above: `mse --help` does not need NumPy.
    from mse_cli.check.checking import inspect_pair
    from mse_cli.check.precision import precision_of_text
    from mse_cli.readers.opening import open_pair

    inputs = options.input_options(
        pred, true, key, weights, weight_column, missing, header, delimiter, decimal, na, read_again=True
    )
    if rtol is not None and not 0 <= rtol < 1:
        raise UsageError("--rtol takes a number from 0 to 1")
    if [preds, truth, weights, gradient].count("-") > 1:
        raise UsageError("standard input ('-') can be only one of the files")
    value = None if loss is None else _number(loss)
    pair = open_pair(preds, truth, inputs)
    note(pair.notes, quiet=quiet)
    precision = None if loss is None else precision_of_text(loss, rtol)
    findings = inspect_pair(pair, inputs, loss=value, loss_precision=precision, gradient=gradient, rtol=rtol)
    _write(findings, pair, color.value)
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)


def _number(text: str) -> float:
    """The number of --loss.

    Raises:
        UsageError: if it is none.
    """
    from mse_cli.readers.text.grammar import kind

    if kind(text, ".") == "text" or not text.strip():
        raise UsageError(f"--loss takes a number, not {quote(text)}")
    return float(text)


def _write(findings: list[Finding], pair: Pair, color: str) -> None:
    from mse_cli.render.findings import render_findings
    from mse_cli.render.screens.screen import Screen

    text = render_findings(findings, pair.names, Screen(sys.stdout, color))
    with writing(None) as stream:
        stream.write(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
