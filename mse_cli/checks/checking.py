"""A pair of files and what someone else computed from it: read, and held against the right numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mse_cli.checks.diagnosis import check_analytic, check_gradient, check_loss
from mse_cli.checks.finding import Finding, Precision
from mse_cli.checks.precision import precision_of_numbers, precision_of_types
from mse_cli.core.blocks import Floats
from mse_cli.core.matching import match_names
from mse_cli.core.tallies.edges import Edges
from mse_cli.errors import ParseError, Place, UsageError
from mse_cli.readers.arrays.npy import NpyFile
from mse_cli.readers.matrix import Matrix
from mse_cli.readers.opening import InputOptions, open_side
from mse_cli.readers.pair import Pair, check_axes, disagreement
from mse_cli.readers.side import Side
from mse_cli.running.backend import here
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.tallying import Progress, run_here

if TYPE_CHECKING:
    from mse_cli.readers.arrays.values import Named


def check_pair(
    pair: Pair,
    *,
    loss: tuple[float, Precision] | None,
    gradient: Side | None,
    precision: Precision | None = None,
    rtol: float | None,
    progress: Progress | None = None,
) -> list[Finding]:
    """What the loss and the gradient that were given are worth, and then the analytic gradient.

    ``progress`` is told how many more rows are read; all of them are read twice.

    Raises:
        MseError: for files that cannot be read, and for a loss that is no finite number.
    """
    if loss is None and gradient is None:
        raise UsageError("there is nothing to check", hint="give what was computed: --gradient FILE, --loss X or both")
    result = evaluate_pair(here(pair), progress=progress).result
    if not np.isfinite(result.mse):
        raise ParseError("the loss is not a finite number: there is nothing to check against")
    whole = Edges(max(1, result.shape[0]))  # a check looks at all cells together, so it holds them in memory
    run_here(pair, whole, progress=progress)
    block = whole.block()
    findings = []
    if loss is not None:
        findings.append(check_loss(loss[0], block, result, loss[1]))
    if gradient is not None:
        given = _given(gradient, pair, result.shape, block.keys)
        exact = precision or _precision_of(gradient.matrix, given, rtol)
        findings.append(check_gradient(given, block, result, exact))
    return [*findings, check_analytic(block, result)]


def open_gradient(spec: Named, inputs: InputOptions) -> Side:
    """The file of a gradient; a cell that is missing in it is wrong, not an error."""
    return open_side(spec, None, "--gradient", replace(inputs, dialect=replace(inputs.dialect, missing="propagate")))


def _given(side: Side, pair: Pair, shape: tuple[int, int], keys: Sequence[str] | None) -> Floats:
    """The gradient to check, its columns in the prediction's order, and its rows if it holds their key.

    Raises:
        ParseError: if it holds other keys than the prediction.
        ShapeError: if it is neither N×C nor C×N, nor N×N beside N×1.
    """
    of_key = None
    if pair.key is not None and side.first.names is not None and side.holds(pair.key):
        of_key = side.column(pair.key, "--key")
    matrix, columns = side.matrix, side.columns(leave_out=(of_key,))
    order = match_names(pair.names, side.names(columns)).order if len(columns) == shape[1] else None
    for stream in pair.streams:
        if isinstance(stream, Matrix):
            check_axes(matrix, stream)
    matrix = matrix.select(columns if order is None else tuple(columns[k] for k in order), of_key)
    parts = [(rows.checked().astype(np.float64), rows.keys) for rows in matrix.rows()]  # valid until the next
    given = np.concatenate([numbers for numbers, _ in parts]) if parts else np.zeros((0, matrix.n_columns))
    if of_key is not None and keys is not None:
        given = given[_rows_of(keys, [one for _, some in parts for one in some or ()], matrix.label)]
    n_rows, n_columns = shape
    if given.shape not in {shape, shape[::-1]} and not (n_columns == 1 and given.shape == (n_rows, n_rows)):
        raise disagreement("the prediction", shape, matrix.label, (given.shape[0], given.shape[1]))
    return given


def _rows_of(keys: Sequence[str], own: Sequence[str], label: str) -> list[int]:
    """Where the rows with these keys stand among a gradient's own."""
    row_of = {key: row for row, key in enumerate(own)}
    if len(own) != len(keys) or row_of.keys() != set(keys):
        raise ParseError("its keys are not those of the prediction's rows, each once", Place(label))
    return [row_of[key] for key in keys]


def _precision_of(matrix: Matrix, given: Floats, rtol: float | None) -> Precision:
    """Of arrays their type says how exact they are; of text only the numbers themselves do."""
    types = [file.header.dtype for file in matrix.files if isinstance(file, NpyFile)]
    return precision_of_types(types, rtol) if len(types) == len(matrix.files) else precision_of_numbers(given, rtol)
