"""What is explained: a result, the rows that are shown, the cell that is traced, and the loss after one step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mse_cli.core.blocks import Block, Floats, Mask, Numbers, gradient, masked_difference, squared_error, weights_of
from mse_cli.core.result import Result
from mse_cli.core.tallies.edges import Edges, OneRow, with_row
from mse_cli.errors import UsageError, printable
from mse_cli.explanation.formula import SUM, Formula, Grid, Index, Number, Parentheses, Traced, line
from mse_cli.explanation.one_step import AfterOneStep
from mse_cli.readers.pair import Pair
from mse_cli.running.backend import here
from mse_cli.running.evaluation import Evaluation, evaluate_pair
from mse_cli.running.tallying import Progress, run_here

MOST_ROWS, MOST_COLUMNS, DIGITS = 6, 5, 6
MOST_DIGITS, FEWER_DIGITS = 15, 12  # a number of more digits than these shows the rounding of float64: fewer are meant
LEFT_OUT = "?"


@dataclass(frozen=True)
class Case:
    """A computation and what an explanation shows of it.

    Attributes:
        result: The loss (reduction "mean") of all rows.
        block: The rows that are shown.
        rows: Their numbers in the whole matrix, from 0.
        cell: Row and column of the traced cell, from 0.
        after: The loss of all rows after one step of gradient descent.
        learning_rate: η of that step.
        files: What the user named; empty for arrays, ``None`` for the built-in example.
        chosen: Whether the user chose the traced cell.
        digits: Significant digits of all numbers, ``None`` for as many as are meant.
    """

    result: Result
    block: Block
    rows: tuple[int, ...]
    cell: tuple[int, int]
    after: Result
    learning_rate: float
    files: tuple[str, ...] | None = None
    chosen: bool = False
    digits: int | None = None

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """Which columns are shown, from 0."""
        return shown(self.result.shape[1], MOST_COLUMNS, self.cell[1])

    @cached_property
    def errors(self) -> Floats:
        """E of the rows shown, 0 where a cell is left out."""
        return masked_difference(self.block)

    @cached_property
    def squares(self) -> Floats:
        """SE of the rows shown, NaN where a cell is left out."""
        return squared_error(self.block)

    @cached_property
    def weights(self) -> Floats:
        """M·W of the rows shown."""
        return weights_of(self.block)

    @cached_property
    def gradient(self) -> Floats:
        """The engine's gradient of the rows shown."""
        return gradient(self.block, self.result.divisor)

    @property
    def block_weights(self) -> Floats:
        """W of the rows shown, N×C."""
        return np.ones(self.block.shape) if self.block.weights is None else self.block.weights

    @property
    def _used(self) -> Mask:
        return np.ones(self.block.shape, dtype=bool) if self.block.used is None else self.block.used

    @property
    def shown_exactly(self) -> bool:
        """Whether the inputs' cells are exact with the digits that are shown."""
        matrices = (self.block.prediction, self.block.target, self.errors, self.squares, self.gradient)
        cells = (x for matrix in matrices for x in matrix[:, self.columns][self._used[:, self.columns]].tolist())
        return all(_rounded(x, self.cell_digits) == x for x in cells)

    @property
    def cell_digits(self) -> int:
        """Significant digits of the cells of matrices."""
        return self.digits or DIGITS

    def whole(self, value: float, *, operand: bool = False) -> Number:
        """A cell of the inputs, SSE, MSE or RMSE: as the file and ``mse compute`` give it."""
        return Number(value if self.digits is None else _rounded(value, self.digits), operand=operand)

    def number(self, value: float) -> Number:
        """A number on the way, without the digits that only show the rounding of float64.

        >>> from mse_cli.explanation.example import house_example
        >>> case_of(house_example()).number(300000.1 - 229354.69).value
        70645.41
        """
        digits = self.digits or (FEWER_DIGITS if _rounded(value, MOST_DIGITS) != value else MOST_DIGITS)
        return Number(_rounded(value, digits))

    def operand(self, value: float) -> Number:
        """The same inside a formula, in parentheses if it is negative."""
        return replace(self.number(value), operand=True)

    def base(self, value: float) -> Formula:
        """The same below an exponent: in parentheses too if it has one of its own."""
        number = self.operand(value)
        return Parentheses(number) if "e" in repr(number.value) and number.value > 0 else number

    @property
    def masked(self) -> bool:
        """Whether cells are left out."""
        return self.result.cells_used < self.result.cells_total

    @property
    def factor(self) -> Formula | None:
        """What a squared error is multiplied by in the sum: M, W, M ⊙ W or nothing."""
        letters = [letter for letter, there in (("M", self.masked), ("W", self.result.weighted)) if there]
        if not letters:
            return None
        return letters[0] if len(letters) == 1 else line("M", "⊙", "W")

    @property
    def plain(self) -> bool:
        """Whether every cell is used and counts once."""
        return self.factor is None

    @property
    def divisor_formula(self) -> Formula:
        """What SSE is divided by, in letters."""
        if self.plain:
            return line("N", "·", "C")
        letters = [letter for letter, there in (("M", self.masked), ("W", self.result.weighted)) if there]
        return line(SUM, *(letters if len(letters) == 1 else ("M", "·", "W")))

    @property
    def divisor_numbers(self) -> Formula:
        """What SSE is divided by, in numbers."""
        n_rows, n_columns = self.result.shape
        return line(Number(n_rows), "·", Number(n_columns)) if self.plain else self.number(self.result.divisor)

    def at_cell(self, matrix: Numbers) -> float:
        """The traced cell of a matrix of the rows shown."""
        value: float = matrix[self.rows.index(self.cell[0]), self.cell[1]].item()
        return value

    def indexed(self, letter: str) -> Traced:
        """The traced cell as a symbol: a₁₂."""
        return Traced(Index(letter, (str(self.cell[0] + 1), str(self.cell[1] + 1))))

    def heading(self, column: int) -> str:
        """A column's name, or its number; names come from files, so what could control a terminal is escaped."""
        name = self.result.columns[column].name
        return printable(name) if name else str(column + 1)

    def grid(self, matrix: Numbers, *, given: bool = False) -> Grid:
        """The shown cells of a matrix of the rows shown.

        Cells that are left out stand as ``?``; of a matrix that is ``given``, only those that have no value.
        """
        used = self._used
        if given and self.masked:
            used = ~np.isnan(matrix)
        return self.grid_of(
            [
                [Number(matrix[i, j].item(), self.cell_digits) if used[i, j] else LEFT_OUT for j in self.columns]
                for i in range(len(self.rows))
            ]
        )

    def grid_of(self, cells: list[list[Formula]]) -> Grid:
        """Cells for the rows and columns shown, with the traced one in its colour."""
        row, column = self.rows.index(self.cell[0]), self.columns.index(self.cell[1])
        cells[row][column] = Traced(cells[row][column])
        return Grid(tuple(map(tuple, cells)), gaps(self.rows), gaps(self.columns))

    def row_of_columns(self, values: list[Formula]) -> Grid:
        """One value for each column shown, the traced column's in its colour."""
        column = self.columns.index(self.cell[1])
        values[column] = Traced(values[column])
        return Grid((tuple(values),), column_gaps=gaps(self.columns))


def case_of(
    pair: Pair,
    *,
    cell: tuple[int, int] | None = None,
    learning_rate: float = 0.1,
    files: tuple[str, ...] | None = None,
    digits: int | None = None,
    progress: Progress | None = None,
) -> Case:
    """Compute what is explained: first the sums; then the traced row, and the loss after one step.

    Args:
        pair: Prediction and target, N×C.
        cell: Row and column, from 1, of the cell to trace; ``None``: the one with the largest squared error.
        learning_rate: η of the step of gradient descent.
        files: What the user calls the two sides.
        digits: Significant digits of the numbers shown.
        progress: Told how many more rows are read; all of them are read twice.

    Raises:
        UsageError: if the cell is outside the matrices, or missing.

    >>> from mse_cli.explanation.example import house_example
    >>> case = case_of(house_example())
    >>> case.cell, case.result.mse, case.after.mse
    ((0, 0), 1250000000.5, 1128125000.45125)
    """
    edges = Edges(MOST_ROWS)
    evaluation = evaluate_pair(here(pair), worst=1, progress=progress)
    result, place = evaluation.result, _traced(evaluation, cell)
    row = OneRow(place[0])
    after = AfterOneStep(result.shape[1], divisor=result.divisor, learning_rate=learning_rate)
    run_here(pair, edges, row, after, progress=progress)
    _check_used(row, place)
    rows, block = with_row(edges, row)
    return Case(result, block, rows, place, after.sums.finish(), learning_rate, files, cell is not None, digits)


def _rounded(value: float, digits: int) -> float:
    """A number to so many significant digits."""
    return float(f"{value:.{digits}g}")


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


def shown(count: int, most: int, traced: int) -> tuple[int, ...]:
    """Which of ``count`` columns are shown: all, or the first, the last and the traced one.

    >>> shown(3, 5, 1), shown(100, 5, 57), shown(100, 5, 0)
    ((0, 1, 2), (0, 1, 57, 98, 99), (0, 1, 2, 98, 99))
    """
    if count <= most:
        return tuple(range(count))
    tail = most // 2
    head = most - tail
    if head <= traced < count - tail:
        head -= 1
    return tuple(sorted({*range(head), traced, *range(count - tail, count)}))


def gaps(numbers: tuple[int, ...]) -> frozenset[int]:
    """Before which of these numbers some are left out.

    >>> sorted(gaps((0, 1, 57, 98, 99)))
    [2, 3]
    """
    return frozenset(i for i in range(1, len(numbers)) if numbers[i] != numbers[i - 1] + 1)
