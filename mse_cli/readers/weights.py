"""What stands beside the matrices: weights from a file of their own (a row, a column or a cell each), labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mse_cli.core.blocks import check_weights
from mse_cli.core.matching import IN_ANOTHER_ORDER, match_names
from mse_cli.errors import ParseError, Place, ShapeError, UsageError, counted, printable
from mse_cli.readers.columns import Positions
from mse_cli.readers.identifiers import compare_rows, identifiers_among, taken_for_a_number
from mse_cli.readers.keys import Joined
from mse_cli.readers.matrix import Matrix
from mse_cli.readers.pair import Pair, StreamColumns, check_axes, disagreement
from mse_cli.readers.side import Side
from mse_cli.readers.sources.files import reading

WEIGHTS_ALONE = "--weight-column COL takes weights from a column of TRUTH; a file of weights holds nothing else"


def with_weights(pair: Pair, side: Side, *, by_position: bool) -> Pair:
    """The pair with the weights of ``--weights FILE``; ``by_position`` if its identifiers do not count.

    Raises:
        ShapeError: if they fit neither rows, columns nor cells.
        ParseError: if a weight is none, or names and positions say different things.
    """
    columns, notes = _columns_of(side, pair)
    matrix = side.matrix.select(columns, weights=columns)
    n_columns, label = pair.n_columns, matrix.label
    for stream in pair.streams:
        if isinstance(stream, Matrix):
            check_axes(matrix, stream, rows=False)
    if matrix.n_columns == n_columns and pair.n_rows != 1 and _has_one_row(matrix):
        row = np.concatenate([chunk.astype(np.float64) for chunk in matrix.chunks()])
        with reading(label):
            return replace(pair, column_weights=check_weights(row), notes=notes)
    if matrix.n_columns not in {1, n_columns}:
        raise ShapeError(
            f"weights of {counted(matrix.n_columns, 'column')} fit neither rows (1 column), columns (1 row of "
            f"{n_columns}) nor cells ({counted(n_columns, 'column')})",
            Place(label),
        )
    if None not in (matrix.n_rows, pair.n_rows) and matrix.n_rows != pair.n_rows:
        shape, other = (pair.n_rows or 0, n_columns), (matrix.n_rows or 0, matrix.n_columns)
        raise disagreement(pair.streams[0].label, shape, label, other)
    prediction = _prediction_of(pair)
    if not by_position:
        notes += _same_rows(prediction, side, columns)
    if pair.key is not None:
        notes += (f"{label}: its rows are taken in the order of {printable(prediction.matrix.label)}",)
    weights = StreamColumns(len(pair.streams), 0, matrix.n_columns)
    return replace(pair, streams=(*pair.streams, matrix), weights=weights, notes=notes)


def _columns_of(side: Side, pair: Pair) -> tuple[Positions, tuple[str, ...]]:
    """The columns in the prediction's order, where names say so, and the notes with one of that."""
    columns = side.columns()
    for column in identifiers_among(side, columns, set(columns)):
        if side.names((column,)) != pair.names:
            raise ParseError(taken_for_a_number(side, column).message, Place(side.label), hint=WEIGHTS_ALONE)
    notes = (*pair.notes, *side.matrix.notes)
    if len(columns) != pair.n_columns:
        return columns, notes
    with reading(side.label):
        order, note = match_names(pair.names, side.names(columns))
    if note is not None:
        notes += (f"{side.label}: {note}",)
    elif side.first.names is None and pair.n_columns > 1 and IN_ANOTHER_ORDER in pair.notes:
        notes += (f"{side.label}: its columns are taken in the order of the prediction's",)
    return (columns if order is None else tuple(columns[i] for i in order)), notes


def _prediction_of(pair: Pair) -> Side:
    """The files whose rows weights stand beside."""
    stream = pair.streams[0]
    while isinstance(stream, Joined):
        stream = stream.first
    assert isinstance(stream, Matrix)  # weights come last
    return Side(stream, None)


def _same_rows(prediction: Side, weights: Side, columns: Positions) -> tuple[str, ...]:
    """Hold identifiers of the two files against each other; a note if other columns of one name differ.

    Raises:
        ParseError: if identifiers do.
    """
    try:
        return compare_rows(prediction, weights, (), columns)
    except ParseError as error:
        raise ParseError(error.message, hint=f"{WEIGHTS_ALONE}; --no-key pairs rows by position all the same") from None


def _has_one_row(matrix: Matrix) -> bool:
    if matrix.n_rows is not None:
        return matrix.n_rows == 1
    rows = 0
    for chunk in matrix.chunks():
        rows += len(chunk)
        if rows > 1:
            return False
    if rows == 0:
        raise ParseError("the file holds no rows", Place(matrix.label))
    return True


def labelled(pair: Pair, labels: Matrix | None) -> Pair:
    """The pair with its rows grouped by labels that stand beside them, if there are any.

    Raises:
        MseError: if they are not as many as the rows, or if rows have no position that they could stand at.
    """
    if labels is None:
        return pair
    if pair.key is not None:
        raise UsageError("labels of rows stand at their positions, not at their keys", hint="by='COLUMN'")
    if pair.n_rows not in {None, labels.n_rows}:
        raise ShapeError(f"by has {counted(labels.n_rows or 0, 'label')} for {counted(pair.n_rows or 0, 'row')}")
    return replace(pair, streams=(*pair.streams, labels), by=labels.files[0].names or ())
