"""From two sides to a ``Case``: everything that an explanation shows, computed in two passes over the files."""

from __future__ import annotations

from mse_cli.core.tallies.edges import Edges, OneRow, with_row
from mse_cli.errors import UsageError
from mse_cli.explain.case import MOST_ROWS, AfterOneStep, Case
from mse_cli.readers.pair import Pair
from mse_cli.running import tallying
from mse_cli.running.evaluation import Evaluation, evaluate_pair


def examine(
    pair: Pair, *, cell: tuple[int, int] | None = None, learning_rate: float = 0.1, files: tuple[str, ...] = ()
) -> Case:
    """Compute what is explained: first the sums; then the traced row, and the loss after one step.

    Args:
        pair: Prediction and target, N×C.
        cell: Row and column, from 1, of the cell to trace; ``None``: the one with the largest squared error.
        learning_rate: η of the step of gradient descent.
        files: What the user calls the two sides.

    Raises:
        UsageError: if the cell is outside the matrices, or missing.

    >>> from mse_cli.readers.arrays.held import house_example
    >>> case = examine(house_example())
    >>> case.cell, case.result.mse, case.after.mse
    ((0, 0), 1250000000.5, 1128125000.45125)
    """
    edges = Edges(MOST_ROWS)
    evaluation = evaluate_pair(pair, worst=1)
    result, place = evaluation.result, _traced(evaluation, cell)
    row = OneRow(place[0])
    after = AfterOneStep(result.shape[1], divisor=result.divisor, learning_rate=learning_rate)
    tallying.run_here(pair, edges, row, after)
    _check_used(row, place)
    rows, block = with_row(edges, row)
    return Case(result, block, rows, place, after.sums.finish(), learning_rate, files, chosen=cell is not None)


def _traced(evaluation: Evaluation, cell: tuple[int, int] | None) -> tuple[int, int]:
    """The cell that is traced, from 0: the one that was asked for or the worst."""
    n_rows, n_columns = evaluation.result.shape
    if cell is None:
        worst = (evaluation.result.worst or ())[0]
        return worst.row - 1, worst.column - 1
    if cell[0] > n_rows or cell[1] > n_columns:
        raise UsageError(f"--cell {cell[0]},{cell[1]}: the matrices are {n_rows}×{n_columns}")
    return cell[0] - 1, cell[1] - 1


def _check_used(row: OneRow, place: tuple[int, int]) -> None:
    used = None if row.block is None else row.block.used
    if used is not None and not used[0, place[1]]:
        cell = f"--cell {place[0] + 1},{place[1] + 1}"
        raise UsageError(f"{cell}: that cell is missing and left out", hint="trace another one")
