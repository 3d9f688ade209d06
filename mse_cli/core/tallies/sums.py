"""What blocks add up to: ``Sums``, exact and mergeable, and the ``Result`` that they finish as."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mse_cli.core.blocks import Block, Floats, masked_difference
from mse_cli.core.exact import LARGEST_ORDINARY, ColumnSums, Total, rounded
from mse_cli.core.result import Column, Reduction, Result
from mse_cli.errors import ParseError, ShapeError

if TYPE_CHECKING:
    from fractions import Fraction


class Sums:
    """What a set of blocks adds up to: exact, mergeable with ``+`` in any order, the same bits for any cut.

    >>> a, y = np.arange(8.0).reshape(4, 2), np.zeros((4, 2))
    >>> top, bottom = Sums(2), Sums(2)
    >>> top.update(Block(0, a[:1], y[:1]))
    >>> bottom.update(Block(1, a[1:], y[1:]))
    >>> (top + bottom).finish().mse
    17.5
    """

    def __init__(self, n_columns: int):
        self.n_columns = n_columns
        self.n_rows = 0
        self.cells_used = np.zeros(n_columns, dtype=np.int64)
        self.errors = ColumnSums(n_columns)  # Σ M·W·E²
        self.weights: ColumnSums | None = None  # Σ M·W, once there are weights
        self.overflow = False
        self._lanes = np.zeros((0, self.errors.width))
        self._scratch = np.zeros((0, self.errors.width))

    def update(self, block: Block) -> None:
        """Add a block of any number of rows."""
        if block.shape[0] == 0:
            return
        self.n_rows += block.shape[0]
        self.cells_used += block.shape[0] if block.used is None else block.used.sum(axis=0)
        if block.weights is None:
            self._add_squares(block)
        else:
            self._add_weighted_squares(block, block.weights)

    def _add_squares(self, block: Block) -> None:
        lanes = self._in_lanes(block)
        with np.errstate(all="ignore"):
            np.multiply(lanes, lanes, out=lanes)
        largest = lanes.max(axis=0)
        if largest.max() < LARGEST_ORDINARY:  # false for NaN too
            self.errors.add_lanes(lanes, self._scratch[: len(lanes)], largest=largest)
        else:
            errors = masked_difference(block)
            self.errors.add_product(errors, errors, smallest_bucket=0)
            self._note_overflow(block, errors)

    def _add_weighted_squares(self, block: Block, weights: Floats) -> None:
        errors = masked_difference(block)
        weights = np.broadcast_to(weights, block.shape)
        self.errors.add_product(errors, errors, weights)
        self._note_overflow(block, errors)
        in_use = weights if block.used is None else np.where(block.used, weights, 0.0)
        self.weights = self.weights or ColumnSums(self.n_columns)
        self.weights.add_product(in_use)

    def _in_lanes(self, block: Block) -> Floats:
        """E of the block, written into the lanes; the cells that it does not fill are 0."""
        rows = -(-block.prediction.size // self.errors.width)
        if len(self._lanes) < rows:
            self._lanes = np.empty((rows, self.errors.width))
            self._scratch = np.empty_like(self._lanes)
        lanes = self._lanes[:rows]
        flat = lanes.reshape(-1)
        flat[block.prediction.size :] = 0.0
        masked_difference(block, flat[: block.prediction.size].reshape(block.shape))
        return lanes

    def _note_overflow(self, block: Block, errors: Floats) -> None:
        with np.errstate(all="ignore"):
            too_large = np.isinf(errors * errors)
        finite = np.isfinite(block.prediction) & np.isfinite(block.target)
        self.overflow = self.overflow or bool((too_large & finite).any())

    def __add__(self, other: Sums) -> Sums:
        """The sums of both sets of blocks together."""
        merged = Sums(self.n_columns)
        for part in (self, other):
            merged.merge(part)
        return merged

    def new(self) -> Sums:
        """Empty sums of the same kind."""
        return Sums(self.n_columns)

    def merge(self, other: Sums) -> None:
        """Take in what another one has summed, exactly."""
        if self.n_columns != other.n_columns:
            raise ShapeError(f"parts of {self.n_columns} and {other.n_columns} columns do not belong together")
        self.n_rows += other.n_rows
        self.cells_used += other.cells_used
        self.errors += other.errors
        self.overflow |= other.overflow
        if other.weights is not None:
            self.weights = self.weights or ColumnSums(self.n_columns)
            self.weights += other.weights

    @classmethod
    def beside(cls, columns: list[Sums]) -> Sums:
        """The sums of a matrix from those of its columns, each as a matrix of its own; without weights."""
        whole = cls(len(columns))
        whole.n_rows = columns[0].n_rows
        whole.cells_used[:] = [column.cells_used[0] for column in columns]
        whole.errors = ColumnSums.of([total for column in columns for total in column.errors.totals()])
        whole.overflow = any(column.overflow for column in columns)
        return whole

    def finish(self, reduction: Reduction = "mean", names: tuple[str | None, ...] | None = None) -> Result:
        """The loss of everything that was added.

        SSE and the columns' sums are rounded once; MSE is SSE / divisor, or the exact quotient where SSE overflows.
        """
        columns = self.errors.totals()
        divisors = self._divisors()
        sse, divisor = Total.of(columns), sum(divisors)
        if math.isinf(rounded(divisor)):
            raise ParseError("the weights add up to more than float64 holds", hint="scale them down")
        mse = _mean(sse, divisor)
        return Result(
            shape=(self.n_rows, self.n_columns),
            cells_used=int(self.cells_used.sum()),
            divisor=rounded(divisor),
            reduction=reduction,
            sse=sse.rounded(),
            mse=mse,
            rmse=_root_of_mean(sse, divisor, mse),
            columns=tuple(
                Column(names[j] if names else None, total.rounded(), _mean(total, divisors[j]))
                for j, total in enumerate(columns)
            ),
            overflow=self.overflow,
            weighted=self.weights is not None,
        )

    def _divisors(self) -> list[int] | list[Fraction]:
        """Σ M·W of each column, exact."""
        if self.weights is None:
            counts: list[int] = self.cells_used.tolist()
            return counts
        return [total.exact() for total in self.weights.totals()]


def _mean(total: Total, divisor: Fraction | int) -> float:
    """SSE / divisor as the two are printed; from the exact sums where float64 holds SSE badly or not at all."""
    if divisor == 0:
        return math.nan
    sse = total.rounded()
    return sse / rounded(divisor) if 2.0**-960 < sse < math.inf else total.rounded(divisor)


def _root_of_mean(total: Total, divisor: Fraction | int, mse: float) -> float:
    """√MSE, also where MSE itself overflows."""
    if math.isfinite(mse) or math.isnan(mse) or total.special:
        return math.sqrt(mse)
    return math.sqrt(total.rounded(divisor * 2**1024)) * 2.0**512
