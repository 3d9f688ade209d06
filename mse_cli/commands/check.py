"""``mse check``: whether a gradient or a loss that someone else computed is right, and what is wrong with it."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from mse_cli import backends
from mse_cli.commands import options
from mse_cli.commands.options import OUTPUT
from mse_cli.commands.streams import note
from mse_cli.destination import writing
from mse_cli.engine import Floats
from mse_cli.errors import ParseError, UsageError, quote
from mse_cli.evaluate import evaluate_pair
from mse_cli.excerpt import Edges
from mse_cli.readers.columns import match_by_name
from mse_cli.readers.grammar import kind
from mse_cli.readers.npy import NpyMatrix
from mse_cli.readers.opening import InputOptions, Side, open_pair, open_side
from mse_cli.readers.pair import Pair, disagreement
from mse_cli.readers.shards import Shards

if TYPE_CHECKING:
    from mse_cli.finding import Finding, Precision

EXAMPLES = """
Examples:

  mse check preds.csv truth.csv --gradient mine.csv

  mse check preds.npy truth.npy --loss 0.125 --gradient grad.npy
"""
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
    decimal: options.Decimal = ".",
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
    # Imported here, as all that only this command needs: every other command starts without it.
    from mse_cli.check import check_analytic, check_gradient, check_loss
    from mse_cli.precision import precision_of_text

    inputs = options.input_options(
        pred, true, key, weights, weight_column, missing, header, delimiter, decimal, read_again=True
    )
    if rtol is not None and not 0 <= rtol < 1:
        raise UsageError("--rtol takes a number from 0 to 1")
    if [preds, truth, weights, gradient].count("-") > 1:
        raise UsageError("standard input ('-') can be only one of the files")
    value = None if loss is None else _number(loss)
    pair = open_pair(preds, truth, inputs)
    note(pair.notes, quiet=quiet)
    result = evaluate_pair(pair).result
    if not np.isfinite(result.mse):
        raise ParseError("the loss is not a finite number: there is nothing to check against")
    whole = Edges(max(1, result.shape[0]))  # a check looks at all cells together, so it holds them in memory
    backends.run_here(pair, whole)
    block = whole.block()
    findings = [check_analytic(block, result)]
    if loss is not None and value is not None:
        findings.append(check_loss(value, block, result, precision_of_text(loss, rtol)))
    if gradient is not None:
        given, precision = _given(gradient, pair, result.shape, inputs, rtol)
        findings.append(check_gradient(given, block, result, precision))
    _write(findings, pair, color.value)
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)


def _number(text: str) -> float:
    """The number of --loss.

    Raises:
        UsageError: if it is none.
    """
    if kind(text, ".") == "text" or not text.strip():
        raise UsageError(f"--loss takes a number, not {quote(text)}")
    return float(text)


def _given(
    spec: str, pair: Pair, shape: tuple[int, int], inputs: InputOptions, rtol: float | None
) -> tuple[Floats, Precision]:
    """The gradient to check, its columns in the prediction's order, and how exact its numbers are.

    Raises:
        ShapeError: if it is neither N×C nor C×N.
    """
    dialect = replace(inputs.dialect, missing="propagate")
    side = open_side(spec, None, "--gradient", replace(inputs, dialect=dialect))
    order = match_by_name(pair.names, side.names) if side.n_columns == shape[1] else None
    if order is not None:
        side = side.select(tuple(side.positions[k] for k in order))
    chunks = [np.asarray(chunk, dtype=np.float64) for chunk in side.chunks()]
    given = np.concatenate(chunks) if chunks else np.zeros((0, side.n_columns))
    if given.shape not in {shape, shape[::-1]}:
        raise disagreement("the prediction", shape, side.label, (given.shape[0], given.shape[1]))
    return given, _precision_of(side, given, rtol)


def _precision_of(side: Side, given: Floats, rtol: float | None) -> Precision:
    """Of arrays their type says how exact they are; of text only the numbers themselves do."""
    from mse_cli.precision import precision_of_numbers, precision_of_types

    parts = side.parts if isinstance(side, Shards) else (side,)
    types = [part.header.dtype for part in parts if isinstance(part, NpyMatrix)]
    return precision_of_types(types, rtol) if len(types) == len(parts) else precision_of_numbers(given, rtol)


def _write(findings: list[Finding], pair: Pair, color: str) -> None:
    from mse_cli.render.findings_text import render_findings
    from mse_cli.render.screen import Screen

    text = render_findings(findings, pair.names, Screen(sys.stdout, color))
    with writing(None) as stream:
        stream.write(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
